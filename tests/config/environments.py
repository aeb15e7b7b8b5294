"""The environment variables of an installation in production."""

from base64 import b64encode

PRODUCTION = {
    "SECRET_KEY": "kX9pQ2rL7vT4bN8mJ5sD1wZ6yH3cF0gAeU",
    "ALLOWED_HOSTS": "tocsin.example",
    "DATABASE_URL": "postgresql://tocsin:secret@db/tocsin",
    "REDIS_URL": "redis://:secret@redis/0",
    "EMAIL_URL": "smtp+starttls://user:secret@mail.example:587",
    "EVIDENCE_KEY": b64encode(bytes(range(32))).decode(),
    "EVIDENCE_DIR": "/srv/evidence",
}
