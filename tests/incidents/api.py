"""A program that calls the API with the token of one person."""

import json
from typing import Any

from django.test import Client

from accounts.models import User
from tests.factories.accounts import make_api_token
from tests.responses import Response

URL = "/api/v1/incidents/"


class Api:
    """A program that holds one person's token."""

    def __init__(self, user: User | None = None) -> None:
        self.client = Client()
        self.headers = {"Authorization": f"Bearer {make_api_token(user)}"} if user else {}

    def get(self, url: str) -> Response:
        return self.client.get(url, headers=self.headers)

    def post(self, url: str, data: Any = None, **headers: str) -> Response:
        extra_headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(url, json.dumps(data or {}), "application/json", headers=self.headers | extra_headers)
