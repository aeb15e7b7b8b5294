"""A responder keeps traces of an attack that the words of the case hold, or types them, and takes them away."""

from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.access import Guest
from incidents.enums import EventKind
from incidents.indicators.observables import TEXT_LIMIT
from incidents.models import CaseKey, Incident, Observable, Opening
from incidents.services.correspondence.correspond import Letter, write_to_csirt, write_to_declarant
from incidents.services.handling.triage import acknowledge_incident
from incidents.services.history.erase import erase_personal_data
from incidents.services.indicators.observe import (
    MAX_OBSERVABLES,
    Chosen,
    add_observable,
    keep_observables,
    remove_observable,
)
from tests.cast import a_lead, declare
from tests.incidents.observing import EMAIL, STORY, URL, a_case_elsewhere, a_text, an_observable, page
from tests.reading import text_of

pytestmark = pytest.mark.django_db
# Of the page of a case's observables and of that of one, whatever they hold.
COST_OF_PAGE, COST_OF_ONE = 15, 8


@pytest.fixture
def incident(responder):
    return declare(description=STORY)


def offered(response):
    return [one.tick for one in response.context["offers"] if not one.row.is_kept]


def kept(incident):
    return {(row.kind, row.value, row.origin) for row in incident.observables.all()}


def observed(incident):
    return [event.data for event in incident.events.filter(kind=EventKind.OBSERVED).order_by("id")]


def test_it_works(client, responder, incident):
    answer = client.get(page(incident, "indicateurs"))
    assert offered(answer) == [f"url|declaration|{URL}", f"email|declaration|{EMAIL}"]
    shown = text_of(answer)
    assert "hxxps://banque[.]evil[.]example/payer" in shown
    assert "PAP:AMBER</b> : recoupements passifs seulement" in shown
    assert "1 valeur sans intérêt" in shown, "the declarant's own address"

    sent = {"acte": "relever", "choix": offered(answer)}
    answer = client.post(page(incident, "indicateurs"), sent, follow=True)

    assert "2 indicateurs relevés." in text_of(answer)
    assert kept(incident) == {("url", URL, "declaration"), ("email", EMAIL, "declaration")}
    assert observed(incident) == [{"added": 2, "kinds": ["email", "url"]}]
    assert offered(answer) == []
    case = text_of(client.get(page(incident)))
    assert "hxxps://banque[.]evil[.]example/payer" in case
    assert "escroc[@]evil[.]example" in case
    assert f'href="{URL}' not in case
    assert "Indicateurs relevés</b> (2 relevés : adresse mail, adresse web)" in case


def test_a_link_in_our_own_message_is_no_trace(client, responder, incident):
    ours = Letter(text="Suivez https://aide.evil.example/fiche.", key="k")
    write_to_declarant(reference=incident.reference, actor=responder, letter=ours)
    guest = Guest(access_uid=incident.accesses.get().uid)
    theirs = Letter(text="Vu https://piege.evil.example/a", key="k")
    write_to_csirt(reference=incident.reference, guest=guest, letter=theirs)
    answer = client.get(page(incident, "indicateurs"))
    assert "url|message|https://piege.evil.example/a" in offered(answer)
    assert "aide.evil.example" not in " ".join(offered(answer))


def test_a_double_click_is_one(client, responder, incident):
    sent = {"acte": "relever", "choix": [f"url|declaration|{URL}"]}
    for _ in range(2):
        client.post(page(incident, "indicateurs"), sent)
    assert incident.observables.count() == len(observed(incident)) == 1


def test_one_by_hand_in_any_spelling(client, responder, incident):
    sent = {"acte": "ajouter", "kind": "url", "value": " hxxps://BANQUE[.]evil[.]example/payer "}
    for _ in range(2):
        assert client.post(page(incident, "indicateurs"), sent).status_code == 302
    assert kept(incident) == {("url", URL, "hand")}
    assert len(observed(incident)) == 1


@pytest.mark.parametrize(
    ("kind", "value", "field"),
    [
        ("iban", "FR7630006000011234567890188", "value"),
        ("ip", "999.1.1.1", "value"),
        ("url", "javascript:alert(1)", "value"),
        ("domain", "  ", "value"),
        ("", "evil.com", "kind"),
        ("phone", "02 99", "kind"),
        ("file", "\0", "value"),
    ],
)
def test_what_is_no_such_value_is_named_and_stays(client, responder, incident, kind, value, field):
    answer = client.post(page(incident, "indicateurs"), {"acte": "ajouter", "kind": kind, "value": value})

    assert answer.status_code == 422
    assert list(answer.context["hand"].errors) == [field]
    assert answer.context["hand"]["value"].value() == value
    assert not Observable.objects.exists()
    assert observed(incident) == []


@pytest.mark.parametrize(
    "sent",
    [
        {"acte": "relever"},
        {"acte": "relever", "choix": ["url"]},
        {"acte": "relever", "choix": ["ip|message|nulle part"]},
        {"acte": "relever", "choix": ["inconnu|message|x"]},
        {"acte": "autre"},
        {},
    ],
)
def test_what_makes_no_sense_keeps_nothing(client, responder, incident, sent):
    answer = client.post(page(incident, "indicateurs"), sent)
    assert answer.status_code == 422
    assert 'role="alert"' in text_of(answer)
    assert not Observable.objects.exists()


def test_one_is_taken_away(client, responder, incident):
    row = an_observable(incident)
    for _ in range(2):
        assert client.post(page(incident, "indicateurs"), {"acte": "retirer", "uid": row.uid}).status_code == 302
    assert not incident.observables.exists()
    assert observed(incident) == [{"removed": 1, "kinds": ["domain"]}]
    assert "(1 retiré : nom de domaine)" in text_of(client.get(page(incident)))


def test_that_of_another_case_stays(client, responder, incident):
    row = an_observable(declare())
    client.post(page(incident, "indicateurs"), {"acte": "retirer", "uid": row.uid})
    assert Observable.objects.filter(pk=row.pk).exists()
    assert client.post(page(incident, "indicateurs"), {"acte": "retirer", "uid": "x"}).status_code == 404


def test_it_is_work_of_the_centre(responder, incident):
    acknowledge_incident(reference=incident.reference, actor=responder)
    add_observable(reference=incident.reference, actor=responder, kind="domain", value="evil.com")
    assert Incident.objects.get(pk=incident.pk).worked_at == incident.events.latest("id").at


def test_a_case_is_full_at_five_hundred(responder, incident):
    many = [Chosen("ip", f"198.51.100.{number % 250}", "hand") for number in range(200)]
    assert keep_observables(reference=incident.reference, actor=responder, chosen=many) == 200
    full = [Chosen("domain", f"evil{number}.com", "hand") for number in range(MAX_OBSERVABLES - 199)]
    with pytest.raises(ValidationError, match="500"):
        keep_observables(reference=incident.reference, actor=responder, chosen=full)
    assert incident.observables.count() == 200
    assert keep_observables(reference=incident.reference, actor=responder, chosen=full[1:]) == 300


def test_nobody_elses(client, responder):
    other = a_case_elsewhere()
    row = an_observable(other)
    for answer in (
        client.get(page(other, "indicateurs")),
        client.get(page(other, "indicateurs", str(row.uid))),
        client.post(page(other, "indicateurs"), {"acte": "ajouter", "kind": "domain", "value": "x.com"}),
        client.get("/admin/incidents/incident/ZZZZZZZZ/indicateurs/"),
    ):
        assert answer.status_code == 404
    assert other.observables.count() == 1


def test_what_is_not_there_is_not_found(client, responder, incident):
    assert client.get(page(incident, "indicateurs", str(uuid4()))).status_code == 404
    assert client.get(page(incident, "indicateurs", str(an_observable(declare()).uid))).status_code == 404


def test_a_piece_is_read_on_demand_and_its_opening_told(client, responder, incident):
    piece = a_text(incident, b"connexion depuis 203.0.113.7 vers evil.example")
    assert not Opening.objects.exists()

    answer = client.post(page(incident, "indicateurs"), {"acte": "lire", "uid": piece.uid})

    assert offered(answer) == ["domain|file|evil.example", "ip|file|203.0.113.7"]
    assert "Vous êtes noté comme ayant ouvert cette pièce" in text_of(answer)
    opening = Opening.objects.get()
    assert (opening.evidence, opening.user) == (piece, responder)
    client.get(page(incident, "indicateurs"))
    assert Opening.objects.count() == 1


@pytest.mark.parametrize("change", [{"media_type": "image/jpeg"}, {"size": 1_000_001}])
def test_no_other_piece_is_read(client, responder, incident, change):
    piece = a_text(incident, b"evil.example", media_type=change.get("media_type", "text/plain"))
    if "size" in change:
        piece = a_text(incident, b"evil.example" + b" " * 1_000_000, number=2)
    assert client.post(page(incident, "indicateurs"), {"acte": "lire", "uid": piece.uid}).status_code == 404
    assert not Opening.objects.exists()


def test_a_piece_that_does_not_open_is_said(client, responder, incident):
    piece = a_text(incident, b"evil.example")
    CaseKey.objects.filter(incident=incident).delete()
    answer = client.post(page(incident, "indicateurs"), {"acte": "lire", "uid": piece.uid}, follow=True)
    assert "Cette pièce ne s’ouvre pas" in text_of(answer)
    assert not Opening.objects.exists()


def test_what_was_not_read_is_said(client, responder):
    incident = declare(description="evil.example")
    piece = a_text(incident, b"a.example " + b"x " * TEXT_LIMIT + b" b.example")
    answer = client.post(page(incident, "indicateurs"), {"acte": "lire", "uid": piece.uid})
    assert offered(answer) == ["domain|file|a.example"]
    assert "Pas lu jusqu’au bout : nom de pièce" in text_of(answer)


def test_erasing_takes_them_away(client, responder, incident):
    an_observable(incident)
    erase_personal_data(reference=incident.reference, actor=a_lead())

    assert not Observable.objects.exists()
    assert "effacés, et ses indicateurs avec eux" in text_of(client.get(page(incident, "indicateurs")))
    for sent in (
        {"acte": "ajouter", "kind": "domain", "value": "x.com"},
        {"acte": "relever", "choix": [f"url|declaration|{URL}"]},
    ):
        answer = client.post(page(incident, "indicateurs"), sent)
        assert answer.status_code == 422
        assert "ont été effacés" in text_of(answer)
    with pytest.raises(ValidationError):
        remove_observable(reference=incident.reference, actor=responder, uid=uuid4())
    assert not Observable.objects.exists()


@pytest.mark.parametrize("many", [2, 50])
def test_the_pages_cost_the_same(client, responder, many):
    words = " ".join(f"evil{number}.example" for number in range(many))
    incident, other = declare(description=words), declare()
    for number in range(many):
        for case in (incident, other):
            an_observable(case, f"seen{number}.example", actor=responder)
        a_text(incident, b"x", number=number + 1)
    client.get(page(incident, "indicateurs"))
    costs = []
    for where in (page(incident, "indicateurs"), page(incident, "indicateurs", str(incident.observables.first().uid))):
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(where)
        assert answer.status_code == 200
        costs.append(len(queries))
    assert len(offered(client.get(page(incident, "indicateurs")))) == many
    assert costs == [COST_OF_PAGE, COST_OF_ONE]
