import pytest
from django.utils import timezone

from tests.post import Post


@pytest.fixture
def post(settings):
    post = Post()
    post.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", post.port
    yield post
    post.stop()


@pytest.fixture
def clock(time_machine):
    """Now, which a test may shift."""
    time_machine.move_to(timezone.now(), tick=False)
    return time_machine
