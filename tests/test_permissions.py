"""The permissions of each role, asked for each line of the matrix (`tests/permission_matrix.py`).

An object that the role may not see and an object that does not exist give the same 404.
"""

from copy import deepcopy
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import NamedTuple
from urllib.parse import urldefrag, urljoin

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import Settings
from selectolax.lexbor import LexborHTMLParser

from accounts.enums import CENTRE_ABILITIES, STAFF_ROLES, CentreAbility, Role, TokenScope
from accounts.models import Membership, User
from incidents.access import CaseVisitor
from incidents.enums import BulkAct
from incidents.models import BulkJob, CaseAccess, Evidence, Incident, IncidentEvent
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.indicators.ignore import ignore_value
from incidents.services.search.index import index_pending_events
from notifications.pulse import record_clock_turn
from tests.cast import (
    a_person,
    an_agent,
    an_evidence_file,
    breizh_cyber,
    declare,
    sign_in_by_password,
)
from tests.factories.accounts import make_api_token
from tests.incidents.transferring import make_transfers, offer_url
from tests.permission_matrix import ENROL, IN, MATRIX, ROLES
from tests.permission_posts import SCOPES, SENT
from tests.permission_requests import NAMED, Cast, call_api, create_cast, fill_places, make_cookies, send_request
from tests.routes import list_routes, simplify_route

pytestmark = pytest.mark.django_db


# A word that the declarant wrote in each text.
WORD = "mirliflore"
# The routes on which a responder or a lead of the centre reads it.
SHOW_WORDS = {
    ("get", "suivi/{reference}/"),
    ("get", "suivi/{reference}/dossier/"),
    ("get", "suivi/{reference}/messages/"),
    ("get", "suivi/{reference}/pieces/"),
    ("get", "suivi/{reference}/pieces/bordereau/"),
    ("get", "api/v1/incidents/{reference}/"),
    ("get", "admin/incidents/incident/{reference}/"),
    ("get", "admin/incidents/incident/{reference}/appel/"),
    ("post", "admin/incidents/incident/{reference}/export/"),
    ("get", "admin/incidents/incident/{reference}/histoire/"),
    ("get", "admin/incidents/incident/{reference}/indicateurs/"),
    ("get", "admin/incidents/incident/{reference}/messages/"),
    ("get", "admin/incidents/incident/recherche/"),
}


# Pages that show the fields of a form and nothing else, and a file of words.
BARE_FORMS = {
    *("compte/application/retirer/", "compte/codes-de-secours/nouveaux/", "compte/mot-de-passe/"),
    *("compte/confirmer/", "compte/confirmer/code/", "admin/jsi18n/"),
}


@pytest.fixture(scope="module")
def case_with_word(module_rows: None) -> Incident:
    """Return a case with WORD in its story, a message and the name of a file, indexed for the search."""
    breizh_cyber()
    incident = declare(supplier="Exemple SAS", description=f"Le site {WORD}.example demande de l’argent.")
    visitor = CaseVisitor(access_uid=incident.accesses.get(revoked_at=None).uid)
    write_to_csirt(reference=incident.reference, visitor=visitor, letter=Letter(text=f"Et le {WORD} ?", key="k"))
    Evidence.objects.filter(pk=an_evidence_file(incident, number=2).pk).update(name=f"{WORD}.png")
    index_pending_events()
    return incident


@pytest.fixture(autouse=True)
def _look_for_the_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SENT, "admin/incidents/incident/recherche/", {"q": WORD})


@pytest.fixture(autouse=True)
def _let_sign_ins_last(settings: Settings) -> None:
    # The people sign in once for the file, which takes more than these five minutes on a loaded machine.
    settings.IDENTITY_PROOF_LIFE = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _let_the_clock_run() -> None:
    record_clock_turn()


@pytest.fixture(scope="module")
def cast(case_with_word: Incident) -> Cast:
    return create_cast(case_with_word)


@pytest.fixture(scope="module")
def devices(cast: Cast) -> dict[str, SimpleCookie]:
    """Return the cookies of each role, signed in."""
    return {role: make_cookies(user) for role, user in cast.items()}


@pytest.mark.parametrize(("method", "route", "codes"), [(method, route, codes) for method, route, *codes in MATRIX])
def test_each_role_gets_the_status_code_of_the_permission_matrix(case_with_word, cast, devices, method, route, codes):
    """A route on which the centre reads what the declarant wrote also records the access of the reader. A browser may
    store no page that nobody opens without an account.
    """
    expected = dict(zip(ROLES, codes * len(ROLES) if len(codes) == 1 else codes, strict=True))
    url = "/" + route.format(**fill_places(route, case_with_word, cast))

    requests = {role: request_route(method, route, url, cast[role], case_with_word, devices[role]) for role in ROLES}
    assert {role: request.code for role, request in requests.items()} == expected
    readers = {role: requests[role] for role in ("responder", "lead") if requests[role].shows_word}
    assert bool(readers) == ((method, route) in SHOW_WORDS)
    assert all(request.is_recorded for request in readers.values()), readers
    if method == "get" and expected["nobody"] in (IN, 401, 404) and route not in BARE_FORMS:
        assert not [role for role, request in requests.items() if request.code == 200 and request.may_be_stored]


@pytest.mark.parametrize(("method", "route"), SCOPES)
def test_a_token_does_only_what_its_scope_allows(case_with_word, cast, method, route):
    """With the scope of the operation, a role gets the status code of the matrix. With another scope, it gets 403."""
    [codes] = [codes for line_method, line_route, *codes in MATRIX if (line_method, line_route) == (method, route)]
    url = "/" + route.format(**fill_places(route, case_with_word, cast))
    expected, answers = {}, {}
    for role, code in [*zip(ROLES, codes, strict=True)][1:]:
        for scope in TokenScope:
            expected[role, scope] = code if scope == SCOPES[method, route] else 403
            answers[role, scope] = get_code_with_scope(method, route, url, cast[role], case_with_word, scope)
    assert answers == expected


def get_code_with_scope(method, route, url, user, incident, scope):
    """Return the status code for a token with one scope, and undo what was written. A refused request must not
    write.
    """
    with transaction.atomic():
        events = IncidentEvent.objects.count()
        code = call_api(method, route, url, incident, make_api_token(user, scopes=[scope])).status_code
        assert code < 400 or IncidentEvent.objects.count() == events
        transaction.set_rollback(True)
    return code


def test_each_operation_of_the_api_that_asks_for_a_token_has_a_scope():
    """A method that the view lacks has none."""
    operations = {
        (method, route)
        for method, route, *codes in MATRIX
        if route.startswith("api/") and codes[0] == 401 and codes[1] != 405
    }
    assert operations == SCOPES.keys()


# Pages to sign in on, which send back whoever has given no password yet; and two that lead everybody to the account.
FOR_NOBODY = ("connexion/code/", "connexion/cle/")
LEADS_TO_ACCOUNT = ("compte/codes-de-secours/", "compte/codes-de-secours/nouveaux/")
# Enrolling, and leaving, is all that a password alone opens to those whose role asks for a second factor.
ENROLMENT = {
    ("get", "compte/"): 200,
    ("get", "compte/application/"): 200,
    ("post", "compte/application/"): 422,
    ("get", "compte/cles/"): 200,
    ("post", "compte/cles/"): 422,
    ("get", "compte/confirmer/"): 200,
    ("post", "compte/confirmer/"): 422,
    ("get", "compte/codes-de-secours/"): 302,
    ("get", "compte/codes-de-secours/nouveaux/"): 302,
    ("post", "compte/codes-de-secours/nouveaux/"): 302,
    ("get", "connexion/"): ENROL,
    ("post", "connexion/"): ENROL,
    # The trap for machines that have no session is not for them.
    ("post", "declarer/rappelez-moi/"): 422,
}


def test_no_route_opens_without_the_second_factor(case_with_word, monkeypatch):
    """A responder, a lead and the administrator are then anonymous, or sent to enrol."""
    monkeypatch.setattr(Client, "force_login", sign_in_by_password)
    cast = {
        "agent": an_agent(case_with_word.collectivity),
        "responder": a_person(Role.RESPONDER, csirt=case_with_word.csirt, enrolled=False),
        "lead": a_person(Role.LEAD, csirt=case_with_word.csirt, enrolled=False),
        "administrator": a_person(Role.ADMINISTRATOR, enrolled=False),
    }
    devices = {role: make_cookies(user) for role, user in cast.items()}
    for method, route, nobody, *_others in MATRIX:
        if route.startswith("api/"):
            continue  # takes no session
        leads_away = nobody == IN and route not in FOR_NOBODY
        expected = ENROLMENT.get((method, route), ENROL if leads_away else nobody)
        with transaction.atomic():
            url = "/" + route.format(**fill_places(route, case_with_word, cast))
            for role in ("responder", "lead", "administrator"):
                assert get_code(method, route, url, cast[role], case_with_word, devices[role]) == expected, (
                    role,
                    method,
                    route,
                )
            transaction.set_rollback(True)


# It reads: what is looked for may be long, so it is posted.
READING_POSTS = ("admin/incidents/incident/indicateurs/",)


def test_a_role_that_only_reads_changes_nothing(case_with_word, cast, devices, monkeypatch):
    """A role of a centre is one line of CENTRE_ABILITIES: without WORK, each act is refused."""
    done = []
    for method, route, *_codes in MATRIX:
        if method != "post" or not route.startswith(("admin/incidents/", "triage/")) or route in READING_POSTS:
            continue
        with transaction.atomic():
            url = "/" + route.format(**fill_places(route, case_with_word, cast))
            with monkeypatch.context() as patch:
                patch.setitem(CENTRE_ABILITIES, Role.RESPONDER, frozenset({CentreAbility.READ}))
                code = get_code(method, route, url, cast["responder"], case_with_word, devices["responder"])
            done += [] if code in (403, 404, 405) else [(route, code)]
            transaction.set_rollback(True)
    assert done == []


@pytest.mark.parametrize(
    "page", ["admin/incidents/incident/{}/", "admin/incidents/incident/{}/histoire/", "triage/{}/"]
)
def test_a_role_that_only_reads_opens_a_case(case_with_word, cast, devices, monkeypatch, page):
    monkeypatch.setitem(CENTRE_ABILITIES, Role.RESPONDER, frozenset({CentreAbility.READ}))
    client = Client()
    client.cookies = deepcopy(devices["responder"])
    assert client.get("/" + page.format(case_with_word.reference)).status_code == 200


def test_a_new_role_that_reads_needs_only_its_line(case_with_word, devices, monkeypatch):
    """A role that only CENTRE_ABILITIES knows opens the queue, a case and the list of mails. STAFF_ROLES is made from
    that table when it is loaded.
    """
    monkeypatch.setitem(CENTRE_ABILITIES, "reader", frozenset({CentreAbility.READ}))
    monkeypatch.setattr("accounts.models.people.STAFF_ROLES", (*STAFF_ROLES, "reader"))
    monkeypatch.setattr(User, "memberships", [Membership(role="reader", csirt=case_with_word.csirt)])
    client = Client()
    client.cookies = deepcopy(devices["responder"])
    assert case_with_word.reference in client.get("/admin/incidents/incident/").content.decode()
    for page in (f"incidents/incident/{case_with_word.reference}/", "notifications/delivery/"):
        assert client.get(f"/admin/{page}").status_code == 200, page


def test_the_queue_offers_no_act_to_a_role_that_only_reads(case_with_word, cast, devices, monkeypatch):
    """The case is there to read, with nothing to tick or to take."""
    client = Client()
    client.cookies = deepcopy(devices["responder"])
    acts = ('name="prendre"', 'name="dossier"', 'id="en-nombre"', "Saisir un appel")
    page = client.get("/admin/incidents/incident/").content.decode()
    assert all(act in page for act in acts)
    monkeypatch.setitem(CENTRE_ABILITIES, Role.RESPONDER, frozenset({CentreAbility.READ}))
    page = client.get("/admin/incidents/incident/").content.decode()
    assert case_with_word.reference in page
    assert not [act for act in acts if act in page]


def test_a_role_that_only_reads_is_shown_no_assignment_form(case_with_word, cast, devices, monkeypatch):
    """The page of the case opens, without the form that assigns the case to a person."""
    client = Client()
    client.cookies = deepcopy(devices["responder"])
    address = f"/admin/incidents/incident/{case_with_word.reference}/"
    assert 'id="attribution"' in client.get(address).content.decode()
    monkeypatch.setitem(CENTRE_ABILITIES, Role.RESPONDER, frozenset({CentreAbility.READ}))
    assert 'id="attribution"' not in client.get(address).content.decode()


# The pages from which a person who only reads starts. Those that they lead to are opened too.
READ_PAGES = (
    "admin/incidents/incident/",
    "admin/incidents/incident/{reference}/",
    "admin/incidents/incident/recherche/?q=" + WORD,
    "admin/incidents/incident/transferts/",
    "admin/incidents/incident/groupes/",
    "admin/incidents/incident/groupes/{uid}/",
    "admin/incidents/incident/indicateurs/",
    "admin/incidents/incident/valeurs-connues/",
    "admin/incidents/incident/{reference}/indicateurs/",
    "triage/{reference}/",
)


def test_a_role_that_only_reads_is_offered_nothing_that_is_refused(case_with_word, cast, devices, monkeypatch):
    """No link of the pages that it opens, and no form or button of theirs, leads to an address that refuses it."""
    group, _task, _value = [NAMED[part](case_with_word, cast) for part in ("/groupes/", "/taches/", "/indicateurs/")]
    ignore_value(
        csirt=case_with_word.csirt, actor=cast["responder"], kind="domain", value="ville.example", motive="À nous."
    )
    Incident.objects.filter(pk=case_with_word.pk).update(group=group)
    send_letter_to_group(group, cast["responder"])
    offered, former = make_transfers(cast["responder"])
    monkeypatch.setitem(CENTRE_ABILITIES, Role.RESPONDER, frozenset({CentreAbility.READ}))
    client = Client()
    client.cookies = deepcopy(devices["responder"])

    pages = ["/" + page.format(reference=case_with_word.reference, uid=group.uid) for page in READ_PAGES]
    opened, refused = set(), []
    while pages:
        url = pages.pop()
        response = client.get(url)
        opened.add(url.partition("?")[0])
        refused += [(url, response.status_code)] if response.status_code in (403, 404) else []
        if response.headers["Content-Type"].startswith("text/html"):
            page = LexborHTMLParser(response.content).body
            refused += [(url, *post) for post in list_refused_posts(client, url, page)]
            links = {join_address(url, link.attributes["href"]) for link in page.css("a[href]")}
            pages += [link for link in links - {None, *pages} if link.partition("?")[0] not in opened]
    assert refused == []
    assert len(opened) > len(READ_PAGES)
    assert {offer_url(offered), offer_url(former, "dossier")} <= opened


def send_letter_to_group(group, author):
    """Leave a message to all the declarants of the group, whose page then names its job."""
    choices = {"group": str(group.uid)}
    BulkJob.objects.create(csirt=group.csirt, actor=author, act=BulkAct.MESSAGE, choices=choices, total=1)


def list_refused_posts(client, url, page):
    """Return the address and the status code of each form or button of the page that is refused, then undo it."""
    refused = []
    for button in page.css("button:not([type=button])"):
        form = find_form(page, button)
        if form is None or form.attributes.get("method") != "post":
            continue
        address = join_address(url, button.attributes.get("formaction") or form.attributes.get("action") or url)
        hidden = [*form.css("input[type=hidden]"), button]
        fields = {field.attributes.get("name"): field.attributes.get("value") or "" for field in hidden}
        fields.pop(None, None)
        with transaction.atomic():
            code = client.post(address, fields).status_code if address else None
            transaction.set_rollback(True)
        refused += [(address, code)] if code in (403, 404) else []
    return refused


def find_form(page, button):
    """Return the form that the button submits, or None."""
    if name := button.attributes.get("form"):
        return page.css_first(f"form#{name}")
    form = button.parent
    while form is not None and form.tag != "form":
        form = form.parent
    return form


def join_address(url, to):
    """Return the address of a link of the page without its fragment, or None outside the pages of cases."""
    address = urldefrag(urljoin(url, to)).url
    return address if address.startswith(("/admin/incidents/", "/triage/")) else None


class Request(NamedTuple):
    code: int | str  # of the response, IN or ENROL
    shows_word: bool
    is_recorded: bool  # the person is among those who have read the case
    may_be_stored: bool  # in the browser


def request_route(method, route, url, user, incident, cookies):
    """Return what a request of this person did, and undo what it wrote. A refused request must not write."""
    with transaction.atomic():
        events = IncidentEvent.objects.count()
        response = send_request(method, route, url, user, incident, cookies)
        signs_in = response.headers.get("Location", "").startswith(("/connexion/", "/admin/login/"))
        if signs_in or response.status_code >= 400:
            assert IncidentEvent.objects.count() == events
        shows_word = WORD in read_body(response)
        is_recorded = shows_word and CaseAccess.objects.filter(incident=incident, user=user).exists()
        transaction.set_rollback(True)
    code = IN if signs_in else response.status_code
    if response.headers.get("Location") == "/compte/" and route not in LEADS_TO_ACCOUNT:
        code = ENROL
    return Request(code, shows_word, is_recorded, "no-store" not in response.headers.get("Cache-Control", ""))


def get_code(*request):
    return request_route(*request).code


def read_body(response):
    """Return the text of a response, with the file name of a download."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode(errors="replace") + str(response.headers.get("Content-Disposition", ""))


def test_every_route_is_in_the_permission_matrix():
    assert {simplify_route(route) for route in list_routes()} == {route for _, route, *_ in MATRIX}
