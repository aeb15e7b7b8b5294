"""Settings of the clock in production, which sends tasks to the broker and reads nothing else. It is given no key, no
database and no mail server.
"""

from config.env import Env, read_broker_url
from config.logs import make_logging_settings

CELERY_BROKER_URL = read_broker_url(Env())
LOGGING = make_logging_settings(as_json=True)
