import secrets
from collections.abc import Iterable

from accounts.enums import TokenScope
from accounts.models import ApiToken, User
from accounts.tokens import PREFIX, hash_token


def make_api_token(user: User, *, name: str = "essai", scopes: Iterable[str] = TokenScope.values) -> str:
    """Create a token of this person with these scopes, entitled or not, and return it."""
    token = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(user=user, name=name, token_hash=hash_token(token), scopes=list(scopes))
    return token
