"""A responder records observables from the words of the case or by hand, and removes them."""

from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from incidents.access import CaseVisitor
from incidents.enums import Door, EventKind
from incidents.indicators.observables import TEXT_LIMIT
from incidents.models import CaseKey, Incident, Observable, Opening
from incidents.services.correspondence.correspond import Letter, write_to_csirt, write_to_declarant
from incidents.services.declarant.correct import correct_story
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.indicators.observe import (
    MAX_OBSERVABLES,
    ChosenValue,
    remove_observable,
    save_observables,
    save_typed_observable,
)
from incidents.sharing import PAP_MEANINGS
from tests.cast import a_lead, declare
from tests.incidents.completing import make_edit
from tests.incidents.merging import merge
from tests.incidents.observing import EMAIL, STORY, URL, a_text, an_observable, declare_elsewhere
from tests.incidents.triage_pages import case_url
from tests.reading import NBSP, read_markup

pytestmark = pytest.mark.django_db
# Queries of the page of a case's observables and of the page of one observable, whatever they hold.
COST_OF_PAGE, COST_OF_ONE = 16, 10


@pytest.fixture
def case_with_suspect_link(responder: User) -> Incident:
    return declare(description=STORY)


def list_offered_ticks(response):
    return [offer.tick for offer in response.context["offers"] if not offer.row.is_recorded]


def list_observables(incident):
    return {(row.kind, row.value, row.origin) for row in incident.observables.all()}


def list_observed_data(incident):
    return [event.data for event in incident.events.filter(kind=EventKind.OBSERVED).order_by("id")]


def test_a_responder_records_the_proposed_observables(client, responder, case_with_suspect_link):
    answer = client.get(case_url(case_with_suspect_link, "indicateurs"))
    assert list_offered_ticks(answer) == [f"url|declaration|{URL}", f"email|declaration|{EMAIL}"]
    page_text = read_markup(answer)
    assert "hxxps://banque[.]evil[.]example/payer" in page_text
    assert f"PAP:AMBER</b> : {PAP_MEANINGS['amber'].replace(NBSP, ' ')}" in page_text
    assert "1 valeur sans intérêt" in page_text, "the declarant's own address is not proposed"

    form = {"acte": "relever", "choix": list_offered_ticks(answer)}
    answer = client.post(case_url(case_with_suspect_link, "indicateurs"), form, follow=True)

    assert "2 indicateurs relevés." in read_markup(answer)
    assert "Relever les valeurs cochées" in page_text
    for words in ("Relever les valeurs cochées", "Tout cocher", "Ne plus proposer les valeurs cochées"):
        assert words not in read_markup(answer), "nothing is left to tick"
    assert list_observables(case_with_suspect_link) == {("url", URL, "declaration"), ("email", EMAIL, "declaration")}
    assert list_observed_data(case_with_suspect_link) == [{"added": 2, "kinds": ["email", "url"]}]
    assert list_offered_ticks(answer) == []
    case = read_markup(client.get(case_url(case_with_suspect_link)))
    assert "hxxps://banque[.]evil[.]example/payer" in case
    assert "escroc[@]evil[.]example" in case
    assert f'href="{URL}' not in case
    assert "Indicateurs relevés</b> (2 relevés : adresse mail, adresse web)" in case


def test_a_link_in_a_message_of_the_centre_is_not_proposed(client, responder, case_with_suspect_link):
    centre_letter = Letter(text="Suivez https://aide.evil.example/fiche.", key="k")
    write_to_declarant(reference=case_with_suspect_link.reference, actor=responder, letter=centre_letter)
    visitor = CaseVisitor(access_uid=case_with_suspect_link.accesses.get().uid)
    declarant_letter = Letter(text="Vu https://piege.evil.example/a", key="k")
    write_to_csirt(reference=case_with_suspect_link.reference, visitor=visitor, letter=declarant_letter)
    answer = client.get(case_url(case_with_suspect_link, "indicateurs"))
    assert "url|message|https://piege.evil.example/a" in list_offered_ticks(answer)
    assert "aide.evil.example" not in " ".join(list_offered_ticks(answer))


def test_what_stood_in_the_declaration_before_a_correction_is_proposed(client, responder, case_with_suspect_link):
    correct_story(edit=make_edit(case_with_suspect_link, "recit"), description="Un mail, et rien d’autre.")
    answer = client.get(case_url(case_with_suspect_link, "indicateurs"))
    assert list_offered_ticks(answer) == [f"url|declaration|{URL}", f"email|declaration|{EMAIL}"]
    assert "adresse web, déclaration avant correction." in read_markup(answer)


def test_what_stands_in_the_words_of_a_duplicate_is_proposed_in_the_case_that_is_kept(client, responder):
    """The mailbox of the duplicate's declarant is innocent, and the reading of its words is recorded."""
    main = declare()
    duplicate = declare(key="double", description="Vu à l’adresse 198.51.100.44, dit mairie@plouexemple.example.")
    write_to_csirt(
        reference=duplicate.reference,
        visitor=CaseVisitor(access_uid=duplicate.accesses.get().uid),
        letter=Letter(text="Et 198.51.100.45.", key="k"),
    )
    merge(duplicate, main, responder)
    answer = client.get(case_url(main, "indicateurs"))
    assert list_offered_ticks(answer) == ["ip|declaration|198.51.100.44", "ip|message|198.51.100.45"]
    text = read_markup(answer)
    assert "198[.]51[.]100[.]44</bdi> <small>adresse IP, déclaration d’un double, réponses d’un double." in text
    assert "message d’un double." in text
    assert duplicate.read_log.filter(user=responder, door=Door.BESIDE).exists()

    form = {"acte": "relever", "choix": list_offered_ticks(answer)}
    client.post(case_url(main, "indicateurs"), form)
    assert main.observables.count() == 2
    Incident.objects.filter(pk=duplicate.pk).update(erased_at=timezone.now())
    assert not client.get(case_url(main, "indicateurs")).context["offers"], "an erased duplicate gives nothing"


def test_a_double_click_records_one_observable(client, responder, case_with_suspect_link):
    form = {"acte": "relever", "choix": [f"url|declaration|{URL}"]}
    for _ in range(2):
        client.post(case_url(case_with_suspect_link, "indicateurs"), form)
    assert case_with_suspect_link.observables.count() == len(list_observed_data(case_with_suspect_link)) == 1


def test_an_observable_is_added_by_hand_in_any_spelling(client, responder, case_with_suspect_link):
    form = {"acte": "ajouter", "kind": "url", "value": " hxxps://BANQUE[.]evil[.]example/payer "}
    for _ in range(2):
        assert client.post(case_url(case_with_suspect_link, "indicateurs"), form).status_code == 302
    assert list_observables(case_with_suspect_link) == {("url", URL, "hand")}
    assert len(list_observed_data(case_with_suspect_link)) == 1


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
def test_a_wrong_value_is_refused_by_its_field_and_shown_again(
    client, responder, case_with_suspect_link, kind, value, field
):
    answer = client.post(
        case_url(case_with_suspect_link, "indicateurs"), {"acte": "ajouter", "kind": kind, "value": value}
    )

    assert answer.status_code == 422
    assert list(answer.context["typed_form"].errors) == [field]
    assert answer.context["typed_form"]["value"].value() == value
    assert not Observable.objects.exists()
    assert list_observed_data(case_with_suspect_link) == []


@pytest.mark.parametrize(
    "form",
    [
        {"acte": "relever"},
        {"acte": "relever", "choix": ["url"]},
        {"acte": "relever", "choix": ["ip|message|nulle part"]},
        {"acte": "relever", "choix": ["inconnu|message|x"]},
        {"acte": "autre"},
        {},
    ],
)
def test_an_invalid_form_records_nothing(client, responder, case_with_suspect_link, form):
    answer = client.post(case_url(case_with_suspect_link, "indicateurs"), form)
    assert answer.status_code == 422
    assert 'role="alert"' in read_markup(answer)
    assert not Observable.objects.exists()


def test_a_responder_removes_an_observable(client, responder, case_with_suspect_link):
    row = an_observable(case_with_suspect_link)
    for _ in range(2):
        answer = client.post(case_url(case_with_suspect_link, "indicateurs"), {"acte": "retirer", "uid": row.uid})
        assert answer.status_code == 302
    assert not case_with_suspect_link.observables.exists()
    assert list_observed_data(case_with_suspect_link) == [{"removed": 1, "kinds": ["domain"]}]
    assert "(1 retiré : nom de domaine)" in read_markup(client.get(case_url(case_with_suspect_link)))


def test_an_observable_of_another_case_cannot_be_removed(client, responder, case_with_suspect_link):
    row = an_observable(declare())
    client.post(case_url(case_with_suspect_link, "indicateurs"), {"acte": "retirer", "uid": row.uid})
    assert Observable.objects.filter(pk=row.pk).exists()
    answer = client.post(case_url(case_with_suspect_link, "indicateurs"), {"acte": "retirer", "uid": "x"})
    assert answer.status_code == 404


def test_adding_an_observable_counts_as_work_on_the_case(responder, case_with_suspect_link):
    acknowledge_incident(reference=case_with_suspect_link.reference, actor=responder)
    save_typed_observable(reference=case_with_suspect_link.reference, actor=responder, kind="domain", value="evil.com")
    assert (
        Incident.objects.get(pk=case_with_suspect_link.pk).worked_at == case_with_suspect_link.events.latest("id").at
    )


def test_a_case_holds_at_most_five_hundred_observables(responder, case_with_suspect_link):
    many = [ChosenValue("ip", f"198.51.100.{number % 250}", "hand") for number in range(200)]
    assert save_observables(reference=case_with_suspect_link.reference, actor=responder, chosen=many) == 200
    full = [ChosenValue("domain", f"evil{number}.com", "hand") for number in range(MAX_OBSERVABLES - 199)]
    with pytest.raises(ValidationError, match="500"):
        save_observables(reference=case_with_suspect_link.reference, actor=responder, chosen=full)
    assert case_with_suspect_link.observables.count() == 200
    assert save_observables(reference=case_with_suspect_link.reference, actor=responder, chosen=full[1:]) == 300


def test_a_case_of_another_centre_is_not_found(client, responder):
    other = declare_elsewhere()
    row = an_observable(other)
    for answer in (
        client.get(case_url(other, "indicateurs")),
        client.get(case_url(other, "indicateurs", str(row.uid))),
        client.post(case_url(other, "indicateurs"), {"acte": "ajouter", "kind": "domain", "value": "x.com"}),
        client.get("/admin/incidents/incident/ZZZZZZZZ/indicateurs/"),
    ):
        assert answer.status_code == 404
    assert other.observables.count() == 1


def test_an_unknown_observable_is_not_found(client, responder, case_with_suspect_link):
    assert client.get(case_url(case_with_suspect_link, "indicateurs", str(uuid4()))).status_code == 404
    answer = client.get(case_url(case_with_suspect_link, "indicateurs", str(an_observable(declare()).uid)))
    assert answer.status_code == 404


def test_a_file_is_read_on_demand_and_its_opening_is_recorded(client, responder, case_with_suspect_link):
    piece = a_text(case_with_suspect_link, b"connexion depuis 203.0.113.7 vers evil.example")
    assert not Opening.objects.exists()

    answer = client.post(case_url(case_with_suspect_link, "indicateurs"), {"acte": "lire", "uid": piece.uid})

    assert list_offered_ticks(answer) == ["domain|file|evil.example", "ip|file|203.0.113.7"]
    assert "Vous êtes noté comme ayant ouvert cette pièce" in read_markup(answer)
    opening = Opening.objects.get()
    assert (opening.evidence, opening.user) == (piece, responder)
    client.get(case_url(case_with_suspect_link, "indicateurs"))
    assert Opening.objects.count() == 1


@pytest.mark.parametrize("change", [{"media_type": "image/jpeg"}, {"size": 1_000_001}])
def test_only_small_text_files_are_read(client, responder, case_with_suspect_link, change):
    piece = a_text(case_with_suspect_link, b"evil.example", media_type=change.get("media_type", "text/plain"))
    if "size" in change:
        piece = a_text(case_with_suspect_link, b"evil.example" + b" " * 1_000_000, number=2)
    answer = client.post(case_url(case_with_suspect_link, "indicateurs"), {"acte": "lire", "uid": piece.uid})
    assert answer.status_code == 404
    assert not Opening.objects.exists()


def test_a_file_that_cannot_be_opened_is_reported(client, responder, case_with_suspect_link):
    piece = a_text(case_with_suspect_link, b"evil.example")
    CaseKey.objects.filter(incident=case_with_suspect_link).delete()
    answer = client.post(
        case_url(case_with_suspect_link, "indicateurs"), {"acte": "lire", "uid": piece.uid}, follow=True
    )
    assert "Cette pièce ne s’ouvre pas" in read_markup(answer)
    assert not Opening.objects.exists()


def test_a_file_read_only_in_part_is_reported(client, responder):
    incident = declare(description="evil.example")
    piece = a_text(incident, b"a.example " + b"x " * TEXT_LIMIT + b" b.example")
    answer = client.post(case_url(incident, "indicateurs"), {"acte": "lire", "uid": piece.uid})
    assert list_offered_ticks(answer) == ["domain|file|a.example"]
    assert "Pas lu jusqu’au bout : nom de pièce" in read_markup(answer)


def test_a_mail_that_is_decoded_only_in_part_is_reported(client, responder):
    incident = declare(description="evil.example")
    nested = b"From: a@evil.example\nSubject: RIB\n" + b"Content-Type: message/rfc822\n\n" * 100
    whole, deep = (
        a_text(incident, mail, number=number, media_type="message/rfc822")
        for number, mail in enumerate([nested[:150], nested], 1)
    )
    answers = [
        read_markup(client.post(case_url(incident, "indicateurs"), {"acte": "lire", "uid": piece.uid}))
        for piece in (whole, deep)
    ]
    assert ["Une partie de ce mail n’a pas été décodée." in answer for answer in answers] == [False, True]


def test_erasing_a_case_removes_its_observables(client, responder, case_with_suspect_link):
    an_observable(case_with_suspect_link)
    erase_personal_data(reference=case_with_suspect_link.reference, actor=a_lead())

    assert not Observable.objects.exists()
    assert "effacés, et ses indicateurs avec eux" in read_markup(
        client.get(case_url(case_with_suspect_link, "indicateurs"))
    )
    for form in (
        {"acte": "ajouter", "kind": "domain", "value": "x.com"},
        {"acte": "relever", "choix": [f"url|declaration|{URL}"]},
    ):
        answer = client.post(case_url(case_with_suspect_link, "indicateurs"), form)
        assert answer.status_code == 422
        assert "ont été effacés" in read_markup(answer)
    with pytest.raises(ValidationError):
        remove_observable(reference=case_with_suspect_link.reference, actor=responder, uid=uuid4())
    assert not Observable.objects.exists()


@pytest.mark.parametrize("many", [2, 50])
def test_the_pages_cost_the_same_with_fifty_observables(client, responder, many):
    words = " ".join(f"evil{number}.example" for number in range(many))
    incident, other = declare(description=words), declare()
    for number in range(many):
        for case in (incident, other):
            an_observable(case, f"seen{number}.example", actor=responder)
        a_text(incident, b"x", number=number + 1)
    client.get(case_url(incident, "indicateurs"))
    costs = []
    first = str(incident.observables.first().uid)
    for address in (case_url(incident, "indicateurs"), case_url(incident, "indicateurs", first)):
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(address)
        assert answer.status_code == 200
        costs.append(len(queries))
    assert len(list_offered_ticks(client.get(case_url(incident, "indicateurs")))) == many
    assert costs == [COST_OF_PAGE, COST_OF_ONE]
