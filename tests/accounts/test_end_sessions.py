"""Sessions of people with powers end after 30 minutes without activity, and 12 hours after their sign-in."""

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership, StoredSession
from accounts.session_limits import (
    ADDRESS,
    DEVICE,
    SESSION_UID,
    SIGNED_IN_AT,
    SessionEnd,
    describe_session_end,
    normalise_ip_address,
)
from accounts.tasks import delete_sessions
from core.user_agents import describe_user_agent
from incidents.services.declarant.access import derive_secret
from retention.tasks import purge_short_lived
from tests.cast import (
    PASSWORD,
    a_lead,
    a_person,
    a_responder,
    an_agent,
    breizh_cyber,
    bretagne,
    code_of,
    declare,
    open_session_with_records,
    plouexemple,
)
from tests.incidents.triage_pages import case_url
from tests.reading import read_text

ROOT = Path(__file__).resolve().parents[2]
PAGE = {"Accept": "text/html"}
TIMER = {"X-Timer": "1"}
QUEUE = "/admin/incidents/incident/"
STATE = "/admin/incidents/incident/etat/"
IDLE = "Vous avez été déconnecté après 30 minutes sans activité."
ABSOLUTE = "Vous avez été déconnecté 12 heures après votre connexion."
POWERS = {
    "responder": a_responder,
    "lead": a_lead,
    "analyst": lambda: a_person(Role.ANALYST, region=bretagne()),
    "national": lambda: a_person(Role.NATIONAL),
    "administrator": lambda: a_person(Role.ADMINISTRATOR),
}
# Scripts whose timers only wait for the next key that somebody presses, or try again what somebody sent.
TIMERS_OF_PEOPLE = {"case.js", "evidence.js", "keep.js", "telephone.js"}
FIELDS = r"as_field_group|parts/select\.html|<textarea"
KEEPING = "data-stored=|data-keep=|call_keep"
FORMS_OF_FEW_VALUES = {"hold.html", "look_up.html", "observables.html", "official_number.html"}

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("short_limits")]


def travel_by(**delay):
    return time_machine.travel(timezone.now() + timedelta(**delay), tick=False)


def forget_sign_in(client):
    """Make the session one from before the update."""
    session = client.session
    for name in (SIGNED_IN_AT, SESSION_UID, DEVICE, ADDRESS):
        del session[name]
    session.save()


def is_open(response):
    return response.status_code == 200


def read_end(client, response):
    """Return the sentence of the sign-in page to which the response redirects, and the page to which it leads back."""
    address = urlsplit(response.headers["Location"])
    assert address.path == "/connexion/"
    note = client.get(response.headers["Location"], headers=PAGE)
    reason = next((sentence for sentence in (IDLE, ABSOLUTE) if sentence in read_text(note)), "")
    return reason, parse_qs(address.query).get("next", [""])[0]


@pytest.mark.parametrize("who", POWERS)
def test_a_session_ends_after_thirty_minutes_without_activity(client, who):
    client.force_login(POWERS[who]())
    with travel_by(minutes=29):
        assert is_open(client.get("/compte/?a=1", headers=PAGE))
    with travel_by(minutes=58):
        assert is_open(client.get("/compte/?a=1", headers=PAGE))
    with travel_by(minutes=89):
        assert read_end(client, client.get("/compte/?a=1", headers=PAGE)) == (IDLE, "/compte/?a=1")
        assert not StoredSession.objects.exists()
        assert client.get("/compte/", headers=PAGE).headers["Location"] == "/connexion/?next=/compte/"


def test_a_session_ends_twelve_hours_after_its_sign_in_whatever_the_activity(client):
    client.force_login(a_responder())
    for minutes in range(25, 12 * 60, 25):
        with travel_by(minutes=minutes):
            assert is_open(client.get("/compte/", headers=PAGE))
    with travel_by(hours=12, seconds=1):
        assert read_end(client, client.get(QUEUE, headers=PAGE)) == (ABSOLUTE, QUEUE)


def test_the_limit_that_came_first_is_named(client):
    client.force_login(a_responder())
    with travel_by(hours=14):
        assert read_end(client, client.get(QUEUE, headers=PAGE)) == (IDLE, QUEUE)


def test_people_of_a_body_keep_their_session(client):
    client.force_login(an_agent())
    with travel_by(days=3):
        assert is_open(client.get("/mes-dossiers/", headers=PAGE))


def test_a_role_with_powers_brings_its_limits_at_once(client):
    agent = an_agent()
    client.force_login(agent)
    Membership.objects.create(user=agent, role=Role.LEAD, csirt=breizh_cyber())
    with travel_by(minutes=31):
        assert read_end(client, client.get("/mes-dossiers/", headers=PAGE)) == (IDLE, "/mes-dossiers/")


@pytest.mark.parametrize("path", [QUEUE, STATE])
def test_what_a_script_asks_on_a_timer_is_no_activity(client, path):
    client.force_login(a_responder())
    for minutes in (10, 20, 29):
        with travel_by(minutes=minutes):
            assert is_open(client.get(path, headers=TIMER | PAGE))
    with travel_by(minutes=31):
        assert read_end(client, client.get(QUEUE, headers=PAGE)) == (IDLE, QUEUE)


def test_a_script_is_answered_as_ever_and_the_next_page_says_why(client):
    """The queue of a responder who left finds the end first, and must not swallow the reason."""
    client.force_login(a_responder())
    incident = declare()
    with travel_by(minutes=31):
        for headers in (TIMER, {"Sec-Fetch-Mode": "cors"} | PAGE, {"HX-Request": "true"} | PAGE, {}):
            assert client.get(STATE, headers=headers).headers["Location"].startswith(("/connexion/", "/admin/login/"))
        assert client.get(f"/suivi/{incident.reference}/", headers=TIMER).status_code == 404, "nobody is signed in"
        answer = client.post(case_url(incident, "note"), {"text": "Vu"}, headers={"Sec-Fetch-Mode": "cors"})
        assert answer.headers["Location"].startswith(("/connexion/", "/admin/login/"))
        assert read_end(client, client.get(QUEUE, headers={"Sec-Fetch-Mode": "navigate"})) == (IDLE, QUEUE)


def test_a_page_of_the_public_leads_to_the_sign_in_page_once(client):
    """The follow-up page of a case would otherwise answer its responder that it does not exist."""
    incident = declare()
    client.force_login(a_responder())
    page = f"/suivi/{incident.reference}/"
    with travel_by(minutes=31):
        assert read_end(client, client.get(page, headers=PAGE)) == (IDLE, page)
        assert client.get(page, headers=PAGE).status_code == 404
        assert is_open(client.get("/annuaire/", headers=PAGE))


@pytest.mark.parametrize("page", ["/", "/declarer/", "/annuaire/", "/reflexes/", "/suivi/"])
def test_a_page_for_everybody_asks_nobody_to_sign_in(client, page):
    """Who declares an attack on a browser whose session ended must not be stopped. The next private page says why."""
    client.force_login(a_responder())
    with travel_by(minutes=31):
        answer = client.get(page, headers=PAGE, follow=True)
        assert answer.status_code == 200
        assert not any("/connexion/" in address for address, _status in answer.redirect_chain)
        assert "Se déconnecter" not in read_text(answer)
        assert read_end(client, client.get(QUEUE, headers=PAGE)) == (IDLE, QUEUE)


def test_a_secret_link_is_not_passed_on_to_the_sign_in_page(client):
    secret = derive_secret(declare().accesses.get(revoked_at=None))
    client.force_login(a_responder())
    with travel_by(minutes=31):
        assert is_open(client.get(f"/suivi/acces/{secret}/", headers=PAGE))


def test_the_sign_in_page_says_why_too_and_keeps_its_next_page(client):
    client.force_login(a_responder())
    with travel_by(minutes=31):
        assert read_end(client, client.get(f"/connexion/?next={QUEUE}", headers=PAGE)) == (IDLE, QUEUE)


def test_a_form_that_needs_nobody_is_handled_without_its_person(client):
    client.force_login(a_responder())
    with travel_by(minutes=31):
        assert client.post("/deconnexion/", headers=PAGE).headers["Location"] == "/"
    responder = a_responder()
    client.force_login(responder)
    with travel_by(minutes=31):
        answer = client.post("/connexion/", {"login": responder.email, "password": PASSWORD}, headers=PAGE)
        assert answer.headers["Location"] == "/connexion/code/"


@pytest.mark.parametrize("headers", [{}, PAGE, {"Sec-Fetch-Mode": "cors"}])
def test_a_session_opened_by_passkey_lets_no_password_alone_in_after_its_end(client, headers):
    """Allauth asks for no code if the session remembers a passkey of the same person."""
    responder = a_responder()
    open_session_with_records(client, responder, {"method": "mfa", "type": "webauthn", "passwordless": True})
    with travel_by(minutes=31):
        answer = client.post("/connexion/", {"login": responder.email, "password": PASSWORD}, headers=headers)
        assert answer.headers["Location"] == "/connexion/code/"


def test_a_sign_in_by_passkey_begins_with_nothing_of_the_session_that_ended(client):
    client.force_login(a_responder())
    with travel_by(minutes=31):
        answer = client.get("/connexion/cle/", headers={"X-Requested-With": "XMLHttpRequest"})
        assert "request_options" in answer.json()
        assert SIGNED_IN_AT not in client.session


def test_a_private_form_leads_back_to_its_page(client):
    client.force_login(a_responder())
    with travel_by(minutes=31):
        answer = client.post("/triage/saisir/", {"description": "Tout est bloqué"}, headers=PAGE)
        assert read_end(client, answer) == (IDLE, "/triage/saisir/")


def test_signing_in_again_begins_another_session(client):
    responder = a_responder()
    client.force_login(responder)
    before = client.session.session_key
    with travel_by(minutes=31):
        client.get(STATE, headers=TIMER)  # the ended session stays
        client.post("/connexion/", {"login": responder.email, "password": PASSWORD})
        client.post("/connexion/code/", {"code": code_of(responder)})
        assert client.session[SIGNED_IN_AT] == timezone.now().timestamp()
        assert client.session.session_key != before
        assert not StoredSession.objects.filter(session_key=before).exists()
        assert is_open(client.get(QUEUE, headers=PAGE))


def test_activity_is_saved_once_a_minute(client, django_assert_num_queries):
    client.force_login(a_responder())
    client.get("/annuaire/")
    # The session, the person, the roles; after a minute, one UPDATE too.
    for seconds, queries in {70: 4, 100: 3, 129: 3, 131: 4}.items():
        with travel_by(seconds=seconds), django_assert_num_queries(queries):
            client.get("/reflexes/")


def test_activity_changes_nothing_else_of_the_session(client):
    """Another request of the same browser may be writing into it, or ending it."""
    client.force_login(a_responder())
    before = StoredSession.objects.get()
    with travel_by(minutes=5):
        client.get(QUEUE)
        after = StoredSession.objects.get()
        assert (after.session_data, after.expire_date) == (before.session_data, before.expire_date)
        assert after.seen_at == timezone.now()
    stale = type(client.session)(before.session_key)
    stale["kept"] = "mot"
    with travel_by(minutes=8):
        client.get(QUEUE)
        stale.save()
        assert StoredSession.objects.get().seen_at == timezone.now(), "a slow request takes no activity back"


def test_a_clock_that_steps_back_prolongs_nothing(client):
    with travel_by(hours=5):
        client.force_login(a_responder())
    with travel_by(hours=5, minutes=10):
        client.get(QUEUE, headers=PAGE)
    assert is_open(client.get(QUEUE, headers=PAGE))
    with travel_by(minutes=31):
        assert read_end(client, client.get(QUEUE, headers=PAGE)) == (IDLE, QUEUE)


def test_a_session_from_before_the_limits_gets_them(client):
    client.force_login(a_responder())
    forget_sign_in(client)
    with travel_by(hours=20):
        assert is_open(client.get(QUEUE, headers=PAGE))
        assert set(client.session.keys()) & {DEVICE, ADDRESS, SIGNED_IN_AT} == {SIGNED_IN_AT}
    with travel_by(hours=20, minutes=31):
        assert read_end(client, client.get(QUEUE, headers=PAGE)) == (IDLE, QUEUE)


def test_a_session_of_a_body_from_before_the_limits_is_left_alone(client):
    client.force_login(an_agent())
    forget_sign_in(client)
    before = StoredSession.objects.get().session_data
    assert is_open(client.get("/mes-dossiers/", headers=PAGE))
    assert StoredSession.objects.get().session_data == before


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8:0::5", "2001:db8::5"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", ""),
        ("fe80::1%<script>", ""),
        ("192.0.2.7 ou autre", ""),
        ("", ""),
    ],
)
def test_only_an_address_is_kept_as_an_address(text, address):
    assert normalise_ip_address(text) == address


def test_a_false_reason_says_nothing(client):
    page = read_text(client.get("/connexion/?fin=<b>"))
    assert "déconnecté" not in page


def test_the_sentences_name_the_limits_of_the_installation(settings):
    settings.SESSION_IDLE_LIMIT, settings.SESSION_ABSOLUTE_LIMIT = timedelta(hours=1), timedelta(minutes=90)
    assert describe_session_end(SessionEnd.IDLE) == (
        "Vous avez été déconnecté après 1\N{NO-BREAK SPACE}heure sans activité."
    )
    assert describe_session_end(SessionEnd.ABSOLUTE) == (
        "Vous avez été déconnecté 90\N{NO-BREAK SPACE}minutes après votre connexion."
    )


def test_expired_sessions_are_deleted():
    Client().force_login(an_agent(plouexemple()))
    session = {"session_key": "a" * 32, "session_data": "", "expire_date": timezone.now() + timedelta(days=1)}
    Session.objects.create(**session)
    delete_sessions()
    assert StoredSession.objects.count() == 1
    assert not Session.objects.exists(), "a former version would open sessions by them that were ended since"
    with travel_by(days=15):
        purge_short_lived()
    assert StoredSession.objects.count() == 0


def test_each_script_with_a_timer_says_so_in_its_requests():
    """A new script that asks on a timer fails here until it sends the header, or is judged to follow people."""
    scripts = {path.name: path.read_text() for path in ROOT.glob("*/static/**/*.js")}
    timed = {name for name, text in scripts.items() if re.search(r"set(Timeout|Interval)\(", text)}
    asking = {name for name in timed if re.search(r"fetch\(|sendBeacon\(|htmx\.ajax\(", scripts[name])}
    assert asking - {name for name in asking if "X-Timer" in scripts[name]} == TIMERS_OF_PEOPLE
    templates = "".join(path.read_text() for path in ROOT.glob("*/templates/**/*.html"))
    assert not re.search(r"hx-trigger=\"[^\"]*(every|load)|http-equiv=\"refresh", templates)


def test_each_form_of_a_centre_keeps_what_is_typed():
    """Who types for longer than the idle limit is signed out by the sending. A new form fails here until it keeps its
    words, or is judged to hold but a value or two.
    """
    forms = {
        path: re.findall(r'(<form method="post"(?:[^>"]|"[^"]*")*>)(.*?)</form>', path.read_text(), re.DOTALL)
        for folder in ("incidents/triage", "reflexes")
        for path in ROOT.glob(f"incidents/templates/{folder}/**/*.html")
    }
    written = [(path.name, tag) for path in forms for tag, body in forms[path] if re.search(FIELDS, body)]
    assert len(written) > 10
    assert {name for name, tag in written if not re.search(KEEPING, tag)} == FORMS_OF_FEW_VALUES


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox sur Windows"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 (KHTML, like Gecko) Chrome/142.0 Safari/537 Edg/142.0",
            "Edge sur Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605 (KHTML, like Gecko) Safari/605",
            "Safari sur macOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605 CriOS/142 Mobile/15E Safari/604",
            "Chrome sur iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142 Mobile Safari/537",
            "Chrome sur Android",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36", "Chrome sur Linux"),
        ("curl/8.5.0", ""),
        ("<b>Windows</b>", "Windows"),
        ("", ""),
    ],
)
def test_a_device_is_named_in_plain_words(user_agent, words):
    assert describe_user_agent(user_agent) == words
