# One image for web, workers and beat; docker-compose.yml says which of them a container is.
# docker-compose.yml says how to pin the digest of this version too.
FROM python:3.13.11-slim-trixie

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 DJANGO_SETTINGS_MODULE=config.settings.prod
WORKDIR /srv/tocsin

COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

COPY . .
# The values are for this one command, which reads the settings and no database, and no key of it is written anywhere.
RUN SECRET_KEY="$(head -c 32 /dev/urandom | base64)" EVIDENCE_KEY="$(head -c 32 /dev/urandom | base64)" \
    ALLOWED_HOSTS=localhost EMAIL_URL=smtp://localhost EVIDENCE_DIR=/srv/evidence \
    DATABASE_URL=postgresql://nobody:nothing@localhost/none REDIS_URL=redis://:nothing@localhost \
    python manage.py collectstatic --noinput --verbosity 0 \
    && useradd --system --no-create-home tocsin \
    && install --directory --owner tocsin --mode 700 /srv/evidence

USER tocsin
EXPOSE 8000
CMD ["granian", "--interface", "asginl", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--respawn-failed-workers", "--no-ws", "config.asgi:application"]
