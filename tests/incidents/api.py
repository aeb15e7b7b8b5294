"""A program that calls the API."""

import json

from django.test import Client

from accounts.tokens import issue_token

URL = "/api/v1/incidents/"


class Api:
    """A program that holds one person's token."""

    def __init__(self, user=None):
        self.client = Client()
        self.headers = {"Authorization": f"Bearer {issue_token(user, name='essai')}"} if user else {}

    def get(self, url):
        return self.client.get(url, headers=self.headers)

    def post(self, url, data=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(url, json.dumps(data or {}), "application/json", headers=self.headers | named)
