"""A signed cookie with the cases that this device has opened: reference → access and visit.

It is valid for the whole site, because the declaration pages add the case that was just declared. The cookie does not
prove that an access is still valid, so each page checks it in the database. A visit is what this device holds of a
case from its first opening on. Closing the case here closes the visit on the server too, so that no copy of the cookie
opens the case again.
"""

from contextlib import suppress
from typing import NamedTuple
from uuid import UUID, uuid4

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from incidents.devices.cookies import delete_device_cookie, set_device_cookie
from incidents.services.declarant.visits import VISIT_LIFETIME, close_visit, list_closed_visits

SALT = "incidents.follow_up.visits"
FORMER_SALT = "incidents.follow_up.cookie"  # of cookies without visits, which a version before this one set
LIFETIME_SECONDS = int(VISIT_LIFETIME.total_seconds())
MAX_CASES = 10


class OpenedCase(NamedTuple):
    """The public identifiers of the access to a case and of its visit by this device."""

    access_uid: UUID
    visit_uid: UUID


def read_case_cookie(request: HttpRequest) -> dict[str, OpenedCase]:
    """Return the cases in the cookie that were not closed. Return {} if the cookie is absent, altered or too old. The
    database is asked once a request.
    """
    opened: dict[str, OpenedCase] | None = getattr(request, "opened_cases", None)
    if opened is None:
        signed_cases = parse_case_cookie(request.COOKIES.get(settings.CASE_COOKIE_NAME, ""))
        visits = [case.visit_uid for case in signed_cases.values()]
        closed = list_closed_visits(visits) if visits else set()
        opened = {name: case for name, case in signed_cases.items() if case.visit_uid not in closed}
        request.opened_cases = opened  # type: ignore[attr-defined]  # several functions read it for one request
    return opened


def parse_case_cookie(signed: str) -> dict[str, OpenedCase]:
    """Return the cases in this value of the cookie, or {} if its signature is wrong or too old. In a former cookie,
    each case gets a visit now.
    """
    with suppress(signing.BadSignature):
        cases = signing.loads(signed, salt=SALT, max_age=LIFETIME_SECONDS)
        return {name: OpenedCase(*map(UUID, uids)) for name, uids in cases.items()}
    with suppress(signing.BadSignature):
        cases = signing.loads(signed, salt=FORMER_SALT, max_age=LIFETIME_SECONDS)
        return {name: OpenedCase(UUID(uid), uuid4()) for name, uid in cases.items()}
    return {}


def get_access_uid(request: HttpRequest, reference: str) -> UUID | None:
    """Return the public identifier of the access to this case, or None if the cookie does not contain the case."""
    case = read_case_cookie(request).get(reference)
    return case.access_uid if case else None


def remember_case(request: HttpRequest, response: HttpResponse, reference: str, uid: UUID) -> None:
    """Add the case to the cookie. If the cookie then has more than MAX_CASES cases, the oldest one is dropped.

    A case that is opened again keeps its visit, because copies of the cookie may hold it.
    """
    cases = dict(read_case_cookie(request))
    former = cases.pop(reference, None)
    cases[reference] = OpenedCase(uid, former.visit_uid if former else uuid4())
    write_case_cookie(response, dict(list(cases.items())[-MAX_CASES:]))


def close_opened_case(request: HttpRequest, response: HttpResponse, reference: str) -> None:
    """Close the case on this device: remove it from the cookie, and refuse each copy of the cookie from now on."""
    cases = dict(read_case_cookie(request))
    closed = cases.pop(reference, None)
    if closed:
        close_visit(closed.visit_uid)
    write_case_cookie(response, cases)


def write_case_cookie(response: HttpResponse, cases: dict[str, OpenedCase]) -> None:
    """Set the cookie to these cases, or delete the cookie if there are none."""
    name = settings.CASE_COOKIE_NAME
    if not cases:
        delete_device_cookie(response, name)
        return
    content = {reference: [str(uid) for uid in case] for reference, case in cases.items()}
    set_device_cookie(response, name, signing.dumps(content, salt=SALT), lifetime_seconds=LIFETIME_SECONDS)
