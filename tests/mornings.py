"""An instant for tests whose pages would read otherwise at midnight."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone


def make_next_morning() -> datetime:
    """Return 9:51 of tomorrow in Paris. The users of the test already hold their roles then."""
    tomorrow = timezone.localdate() + timedelta(days=1)
    return datetime.combine(tomorrow, time(9, 51), tzinfo=ZoneInfo("Europe/Paris"))
