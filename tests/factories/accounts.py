import secrets

from accounts.models import ApiToken, User
from accounts.tokens import PREFIX, hash_token


def make_api_token(user: User, *, name: str = "essai") -> str:
    """Create a token of this person, entitled or not, and return it."""
    token = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(user=user, name=name, token_hash=hash_token(token))
    return token
