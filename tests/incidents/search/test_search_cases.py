"""A responder searches the cases of their centre by words, phrases and filters such as « type:fuite »."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import Role
from collectivities.models import Region
from csirts.models import Csirt
from incidents.enums import (
    Answer,
    Cause,
    ClosingReason,
    EventKind,
    IncidentType,
    Nature,
    Severity,
    Tlp,
)
from incidents.facts.shapes import Interruption
from incidents.models import Closing, Evidence, Incident, Note, SearchDocument
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.verify import verify_incident
from incidents.services.history.record import record_event
from incidents.services.search.index import index_pending_events
from tests.cast import a_lead, a_person, an_evidence_file, declare, plouexemple
from tests.incidents.searching import URL, find_references, search
from tests.reading import read_markup

pytestmark = pytest.mark.django_db


def add_note(incident, text, author):
    note = Note.objects.create(
        incident=incident, text=text, author=author, submission_key=f"{incident.pk} {text}"[:64]
    )
    record_event(incident, EventKind.NOTED, at=timezone.now(), actor=author, note=str(note.uid))


def test_a_search_by_words_shows_the_case_and_an_excerpt(client, responder):
    incident = declare(description="Le serveur de paie affiche une tête de mort verte.")
    other = declare(description="La boîte du maire envoie des messages.")

    page = search(client, "mort verte")

    assert [hit.incident for hit in page.context["hits"]] == [incident]
    assert "tête de <mark>mort</mark> <mark>verte</mark>." in read_markup(page)
    assert "<b>Déclaration</b>" in read_markup(page)
    assert f"/admin/incidents/incident/{incident.reference}/" in read_markup(page)
    assert find_references(client, "boite maire") == {other.reference}


@pytest.mark.parametrize(
    ("written", "query"),
    [
        ("Le chiffrement a commencé", "chiffrées"),
        ("Des bases chiffrées", "chiffrement"),
        ("Des bases chiffrées", "chiffrees"),
        ("La télésauvegarde est arrêtée", "telesauvegarde ARRÊTÉE"),
        ("Les sauvegardes manquent", "sauvegarde"),
        ("L’hôpital voisin appelle", "l'hopital"),
        ("Un rançongiciel connu", "rançon"),
        ("Virus vu dans devis.exe", "virus les à dans"),
    ],
)
def test_words_are_found_whatever_their_accents_and_endings(client, responder, written, query):
    incident = declare(type=IncidentType.OUTAGE, description=written)
    declare(type=IncidentType.OUTAGE, description="Rien de tel ici")

    assert find_references(client, query) == {incident.reference}


def test_every_word_and_phrase_must_match_and_no_exclusion_may(client, responder):
    first = declare(description="Alerte du pare-feu puis coupure du réseau")
    second = declare(description="Coupure puis alerte, exercice annuel")

    assert find_references(client, "alerte coupure") == {first.reference, second.reference}
    assert find_references(client, '"coupure puis alerte"') == {second.reference}
    assert find_references(client, "« coupure du réseau »") == {first.reference}
    assert find_references(client, "alerte -exercice") == {first.reference}
    assert find_references(client, '-"exercice annuel"') == {first.reference}
    assert find_references(client, "alerte coupure introuvable") == set()


def test_an_excluded_word_may_stand_in_another_text_of_the_case(client, responder):
    first, second = declare(description="Alerte"), declare(description="Alerte")
    add_note(second, "Simple exercice", responder)

    assert find_references(client, "alerte -exercice") == {first.reference}


def test_each_place_filter_searches_one_kind_of_text(client, responder):
    incident = declare()
    add_note(incident, "Rappelé le zouave", responder)
    write_to_declarant(reference=incident.reference, actor=responder, letter=Letter(text="Pensez au yacht", key="k"))
    piece = an_evidence_file(incident)
    Evidence.objects.filter(pk=piece.pk).update(name="devis_kangourou.pdf")
    record_event(incident, EventKind.FILE, at=timezone.now(), actor=responder)
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
    Closing.objects.create(incident=incident, summary="Bilan du wapiti", actor=responder)

    for word, place, label in [
        ("zouave", "note", "Note interne"),
        ("yacht", "message", "Message"),
        ("kangourou", "piece", "Nom de pièce"),
        ("wapiti", "cloture", "Clôture"),
    ]:
        page = search(client, f"{word} dans:{place}")
        assert f"<b>{label}</b>" in read_markup(page), word
        assert f"<mark>{word}</mark>" in read_markup(page)
        assert find_references(client, f"{word} dans:declaration") == set()
    assert find_references(client, "dans:note") == {incident.reference}


def declare_matching_case(responder):
    """Declare a case that matches every filter of the test below, and one that matches none; return the first."""
    village = plouexemple(insee_code="29998", name="Bourgexemple", population=312, stem="bourgexemple")
    matching = declare(
        collectivity=village,
        type=IncidentType.LEAK,
        data_concerned=Answer.YES,
        service_stopped=Answer.YES,
        interruptions=(Interruption(service="civil", extent="stopped"),),
        supplier="Éditeur Exemple",
    )
    Incident.objects.filter(pk=matching.pk).update(
        severity=Severity.CRITICAL,
        nature=Nature.REPORT,
        cause=Cause.PHISHING,
        tlp=Tlp.GREEN,
        techniques=["T1566.001"],
        received_at=datetime(2026, 3, 14, 22, 30, tzinfo=UTC),  # 23 h 30 in Paris
    )
    city = plouexemple(insee_code="29997", name="Grandexemple", population=90_000, kind="ca", stem="grandexemple")
    other = declare(collectivity=city, type=IncidentType.OUTAGE, data_concerned=Answer.NO)
    acknowledge_incident(reference=other.reference, actor=responder)
    verify_incident(reference=other.reference, actor=responder)
    Incident.objects.filter(pk=other.pk).update(received_at=datetime(2026, 5, 2, 8, tzinfo=UTC))
    return matching


@pytest.mark.parametrize(
    "query",
    [
        *["type:fuite", "type:FUITE", "type : fuite", 'type:"fuite de données"', "-type:panne"],
        *["corps:commune", "pop<500", "pop:100..500", "pop<=312", "-pop>10 000"],
        *[
            "etat:aprendre",
            'etat:"à prendre"',
            "gravite:critique",
            "gravité>=4",
            "gravite>modérée",
            "nature:signalement",
        ],
        *[
            "resp:personne",
            "-resp:moi",
            "du:2026-03-14 au:14/03/2026",
            "jour:2026-03-14",
            "jour:03/2026",
            "au:2026-04",
        ],
        *["tlp:green", "cause:hameçonnage", "service:etat-civil", "donnees:oui", "verifie:non"],
        *['prestataire:"editeur exemple"', "technique:T1566", "technique:t1566.001"],
    ],
)
def test_each_typed_filter_narrows_the_search(client, responder, query):
    matching = declare_matching_case(responder)
    assert find_references(client, query) == {matching.reference}
    assert find_references(client, f"exemple {query}") <= {matching.reference}
    assert find_references(client, f"finistere dept:29 {query}") <= {matching.reference}


def test_filters_and_words_combine(client, responder):
    declare(description="Alerte", type=IncidentType.OUTAGE)
    incident = declare(description="Alerte", type=IncidentType.LEAK)

    assert find_references(client, "alerte type:fuite") == {incident.reference}
    assert find_references(client, "alerte type:fuite etat:clos") == set()
    assert find_references(client, "alerte dept:29") == {row.reference for row in Incident.objects.all()}
    assert find_references(client, "alerte dept:75") == set()


def test_a_dash_excludes_a_kind_of_text(client, responder):
    declared, written = declare(description="Un zygomatique"), declare()
    add_note(written, "Le zygomatique", responder)

    assert find_references(client, "dans:note zygomatique") == {written.reference}
    assert find_references(client, "-dans:note zygomatique") == {declared.reference}
    assert find_references(client, "-dans:note -dans:déclaration zygomatique") == set()
    assert find_references(client, "dans:note -dans:note zygomatique") == set()


def test_cases_are_found_by_their_assignee(client, responder):
    assigned, other = declare(), declare()
    acknowledge_incident(reference=assigned.reference, actor=responder)

    assert find_references(client, "resp:moi") == {assigned.reference}
    assert find_references(client, f'resp:"{responder.display_name}"') == {assigned.reference}
    assert find_references(client, "resp:personne") == {other.reference}


def test_a_case_of_the_named_body_comes_before_cases_that_mention_it(client, responder):
    of_body = declare(description="Panne")
    mentioning = declare(
        collectivity=plouexemple(insee_code="35998", name="Ailleurs", stem="ailleurs"),
        description="Plouexemple a été prévenue, Plouexemple répond.",
    )

    page = search(client, "Plouexemple")

    assert [hit.incident for hit in page.context["hits"]] == [of_body, mentioning]


def test_cases_of_another_centre_are_neither_found_nor_counted(client, responder):
    declare(description="Un okapi chez nous")
    page = search(client, "okapi")
    assert page.context["count"] == 1

    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs", level="territorial")
    client.force_login(a_person(Role.RESPONDER, csirt=elsewhere))
    for query in ("okapi", "type:rançongiciel", "-rien", Incident.objects.get().reference, "Plouexemple", "29999"):
        page = search(client, query)
        assert (page.status_code, page.context["hits"], page.context["count"]) == (200, [], 0), query
    assert "okapi chez" not in read_markup(search(client, "okapi"))


def test_an_agent_who_responds_elsewhere_does_not_search_their_own_body(client):
    declare(description="Un okapi chez nous")
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs", level="territorial")
    person = a_person(Role.RESPONDER, csirt=elsewhere)
    person.membership_set.create(role=Role.AGENT, collectivity=plouexemple(), since_on="2021-01-01")
    client.force_login(person)

    assert find_references(client, "okapi") == set()


def test_a_transferred_case_leaves_the_search_before_it_is_indexed_again(client, responder):
    incident = declare(description="Un okapi chez nous")
    index_pending_events()
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs", level="territorial")
    Incident.objects.filter(pk=incident.pk).update(csirt=elsewhere)

    page = client.get(URL, {"q": "okapi"})

    assert (page.context["hits"], page.context["count"]) == ([], 0)


def test_an_erased_text_is_not_found(client, responder):
    incident = declare(description="Un okapi chez nous")
    assert find_references(client, "okapi") == {incident.reference}
    erase_personal_data(reference=incident.reference, actor=a_lead())

    assert find_references(client, "okapi") == set()
    assert not SearchDocument.objects.exists()
    assert find_references(client, "type:rançongiciel") == {incident.reference}


def test_excerpts_are_harmless(client, responder):
    declare(description="Avant <script>alert(1)</script> okapi <img src=x onerror=y> http://mal.exemple/okapi\x0b fin")

    page = read_markup(search(client, "okapi"))

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; <mark>okapi</mark> &lt;img src=x onerror=y&gt;" in page
    assert "hxxp://mal[.]exemple/<mark>okapi</mark>" in page
    assert "http://mal.exemple" not in page


def test_a_long_text_gives_a_short_excerpt_around_the_word(client, responder):
    declare(description="mot " * 700 + "okapi " + "suite " * 100)

    page = search(client, "okapi")

    (excerpt,) = page.context["hits"][0].excerpts
    whole = "".join(piece.text for piece in excerpt.pieces)
    assert "okapi" in whole
    assert whole.startswith("… ")
    assert whole.endswith(" …")
    assert len(whole) < 500


@pytest.mark.parametrize(
    ("query", "at", "word", "close"),
    [
        ("alerte gravit:critique", 8, "gravit:critique", "gravite:"),
        ("gravite:critik", 1, "gravite:critik", "gravite:critique"),
        ("a etat:ouvret", 3, "etat:ouvret", "etat:ouvert"),
        ("du:hier", 1, "du:hier", None),
        ("pop>beaucoup", 1, "pop>beaucoup", None),
        ('mot "sans fin', 5, '"sans fin', None),
    ],
)
def test_an_error_gives_the_place_and_the_word_and_keeps_the_query(client, responder, query, at, word, close):
    declare()
    page = search(client, query)

    assert page.status_code == 422
    problem = page.context["problem"]
    assert (problem.at, problem.word) == (at, word)
    assert f"Au caractère {at}" in read_markup(page)
    assert page.context["query_text"] == query
    if close:
        assert close in problem.close
        assert f"<code>{close}</code>" in read_markup(page)


def test_the_place_of_an_error_is_counted_in_the_query_as_shown(client, responder):
    page = search(client, "  alerte   objet:facture")
    problem = page.context["problem"]
    assert page.context["query_text"][problem.at - 1 :] == problem.word == "objet:facture"


def test_a_query_too_long_is_refused(client, responder):
    page = search(client, "x" * 10_000)
    assert page.status_code == 422
    assert "300 suffisent" in read_markup(page)


def test_a_query_of_stop_words_asks_for_another_word(client, responder):
    declare()
    assert "dans tous les textes" in read_markup(search(client, "les de la"))


def test_each_chip_links_to_the_query_without_its_filter(client, responder):
    declare()
    page = search(client, "alerte type:panne pop<500")

    assert [(chip.text, chip.without) for chip in page.context["chips"]] == [
        ("type:panne", "?q=alerte+pop%3C500"),
        ("pop<500", "?q=alerte+type%3Apanne"),
    ]


def test_hours_are_shown_in_the_time_zone_of_the_body(client, responder):
    reunion, _is_new = Region.objects.get_or_create(
        code="04", defaults={"name": "La Réunion", "zone": "drom", "sort_key": "la reunion"}
    )
    body = plouexemple(insee_code="97499", name="Saint-Exemple", region=reunion, departement=None)
    incident = declare(description="Un zygomatique", collectivity=body)
    Incident.objects.filter(pk=incident.pk).update(
        csirt=responder.membership_set.get().csirt, received_at=datetime(2025, 12, 31, 21, 30, tzinfo=UTC)
    )
    with time_machine.travel(datetime(2026, 1, 1, 12, tzinfo=UTC), tick=False):
        page = read_markup(search(client, "zygomatique"))

    assert "1 h 30</time> heure de La Réunion" in page.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("number", [2, 50])
def test_a_search_costs_at_most_ten_queries(client, responder, number):
    for i in range(number):
        incident = declare(description="Alerte générale")
        add_note(incident, f"Alerte notée {i}", responder)
        write_to_declarant(
            reference=incident.reference, actor=responder, letter=Letter(text=f"Alerte écrite {i}", key=f"k{i}")
        )
    index_pending_events()
    for query in ("alerte", "alerte type:rançongiciel -exercice dans:note", "Plouexemple", "type:rançongiciel"):
        client.get(URL, {"q": query})
        with CaptureQueriesContext(connection) as queries:
            page = client.get(URL, {"q": query})
        assert page.context["count"] == number
        assert len(queries) <= 10, (query, len(queries))


@pytest.mark.parametrize("query", ["au:9999", "jour:31/12/9999", "-au:9999", "du:9999-12-31", "du:0001", "jour:0001"])
def test_the_first_and_last_possible_days_can_be_searched(client, responder, query):
    incident = declare()
    is_match = not query.startswith(("-", "j", "du:9999"))
    assert (incident.reference in find_references(client, query)) == is_match


@pytest.mark.parametrize("filter_", ["pop<0", f"pop>{'0' * 12}{10**12}"])
def test_an_impossible_filter_matches_no_case(client, responder, filter_):
    incident = declare(description="Une tête de mort")
    assert find_references(client, f"{filter_} tête") == set()
    assert find_references(client, f"-{filter_} tête") == {incident.reference}
