"""Where the messages that a page shows after an act wait: in a cookie, or in the session if they are long."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class MessageCookie(CookieStorage):
    """Django's cookie of messages with the name that the settings give to it. Django's own name is fixed."""

    @property
    def cookie_name(self) -> str:  # type: ignore[override]  # Django reads it only
        return str(settings.MESSAGE_COOKIE_NAME)


class MessageStorage(FallbackStorage):
    """Django's storage of messages with our cookie."""

    storage_classes = (MessageCookie, SessionStorage)
