"""Pages, papers and partners are told apart what was declared of a leak and what the centre judges of it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from incidents.enums import EventKind
from incidents.facts.shapes import Interruption, Leak
from incidents.models import Incident
from incidents.services.handling.close import ClosingReport, close_with_report
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.qualify import Qualification, qualify_incident
from incidents.services.history.snapshots import find_leak_row
from incidents.services.papers.answer_pack import build_answer_pack
from incidents.services.partners.advise import describe_advice_facts
from tests.cast import a_lead, declare
from tests.incidents.api import URL, Api
from tests.incidents.devices import open_by_link
from tests.incidents.qualifying import RANSOM, read_qualify_form
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db
EMPTY_LEAK = {"status": "", "categories": [], "person_categories": [], "persons": None, "persons_band": ""}


@pytest.fixture
def case_with_suspected_leak() -> Incident:
    return declare(data_concerned="yes", leak=Leak(status="suspected", categories=("nir",)))


def judge_leak(incident, actor, leak):
    qualification = Qualification(nature="incident", type=incident.type, leak=leak, **RANSOM)
    return qualify_incident(reference=incident.reference, actor=actor, qualification=qualification)


@pytest.mark.parametrize("answer", ["", "unknown", "no", "yes"])
@pytest.mark.parametrize("judgement", ["suspected", "unfounded"])
def test_a_judgement_changes_nothing_that_was_declared(client, responder, answer, judgement):
    """It is shown apart on the case, on the follow-up page, in the papers and in the file for a partner."""
    incident = declare(data_concerned=answer)
    declared_before = get_data_section(build_answer_pack(incident, at=timezone.now()))
    judge_leak(incident, responder, judgement)

    incident.refresh_from_db()
    words = {"suspected": "fuite soupçonnée", "unfounded": "fuite sans fondement"}[judgement]
    assert incident.data_concerned == answer
    dossier = build_answer_pack(incident, at=timezone.now())
    assert get_data_section(dossier) == declared_before
    assert f"Breizh Cyber juge : {words}." in dossier["progress"]
    duties = [duty["text"] for duty in dossier["duties"] if "CNIL" in duty["title"]]
    if judgement == "unfounded":
        assert duties == []
    elif answer == "yes":
        assert duties[0].startswith("Des données personnelles sont touchées.")
    else:
        assert duties[0].startswith("Des données personnelles sont peut-être touchées.")
    file = describe_advice_facts(incident)
    assert file["data"] == {"concerned": answer, "leak": None}
    assert file["centre_judges"] == {"leak": judgement}
    assert f"Le centre : {words}." in read_markup(client.get(case_url(incident)))
    follow_up = read_markup(open_by_link(incident).get(f"/suivi/{incident.reference}/"))
    assert f"Breizh Cyber juge : {words}." in follow_up
    assert "Fuite" not in follow_up.replace(words, "")


def get_data_section(dossier):
    return next(section for section in dossier["declared"] if section["title"] == "Les données touchées")


@pytest.mark.parametrize("judgement", ["suspected", "unfounded"])
@pytest.mark.parametrize("fields", [{"data_concerned": "unknown"}, {}])
def test_a_responder_returns_to_what_was_declared(client, responder, judgement, fields):
    incident = declare(**fields)
    severity = incident.severity_found
    judge_leak(incident, responder, judgement)
    form = client.get(case_url(incident), {"ouvrir": "qualifier"}).context["qualify"]["form"]
    assert form.fields["leak"].choices[0] == ("as_declared", "comme déclaré\N{NO-BREAK SPACE}: pas dit")

    for _click in range(2):
        client.post(case_url(incident, "qualifier"), read_qualify_form(client, incident) | {"leak": "as_declared"})

    assert not incident.leaks.exists()
    assert read_qualify_form(client, incident)["leak"] == "as_declared"
    assert "Le centre : fuite" not in read_markup(client.get(case_url(incident)))
    events = incident.events.filter(kind=EventKind.QUALIFIED).order_by("pk")
    changes = [event.data["changed"].get("leak") for event in events]
    assert [change for change in changes if change] == [["", judgement], [judgement, ""]]
    incident.refresh_from_db()
    assert incident.severity_found == severity


def test_a_declared_leak_comes_back_as_it_was(client, responder, case_with_suspected_leak):
    judge_leak(case_with_suspected_leak, responder, "confirmed")
    client.post(
        case_url(case_with_suspected_leak, "qualifier"),
        read_qualify_form(client, case_with_suspected_leak) | {"leak": "as_declared"},
    )
    leak = find_leak_row(case_with_suspected_leak)
    assert (leak.status, leak.categories) == ("suspected", ["nir"])


def test_a_correction_keeps_the_judgement_unless_it_changes_the_declared_leak(responder, case_with_suspected_leak):
    judge_leak(case_with_suspected_leak, responder, "confirmed")
    declarant, address = (
        open_by_link(case_with_suspected_leak),
        f"/suivi/{case_with_suspected_leak.reference}/completer/donnees/",
    )
    form = declarant.get(address).context["editor"].form
    assert form["leak_status"].value() == "suspected", "the form shows what the declarant said"
    fields = {
        "seen": case_with_suspected_leak.sheets.get(section="donnees").uid,
        "data_concerned": "yes",
        "leak_status": "suspected",
    }

    assert declarant.post(address, fields | {"categories": ["nir", "sante"]}).status_code == 302

    leak = find_leak_row(case_with_suspected_leak)
    assert (leak.status, leak.categories) == ("confirmed", ["nir", "sante"])
    assert (
        case_with_suspected_leak.sheets.filter(section="donnees").latest("id").values["leak"]["status"] == "suspected"
    )
    version = str(case_with_suspected_leak.sheets.filter(section="donnees").latest("id").uid)
    assert declarant.post(address, fields | {"seen": version, "leak_status": "unfounded"}).status_code == 302
    assert find_leak_row(case_with_suspected_leak).status == "unfounded", "the newest word counts"


def test_papers_of_older_judgements_say_what_was_declared(responder):
    """Judgements once wrote a sheet and changed the answer; papers of such rows still say what was declared."""
    incident = declare(data_concerned="unknown")
    judge_leak(incident, responder, "suspected")
    event = incident.events.get(kind=EventKind.QUALIFIED)
    first = incident.sheets.get(section="donnees")
    first.pk, first.uid, first.written_at = None, uuid4(), event.at
    first.values = {"concerned": "yes", "leak": {**EMPTY_LEAK, "status": "suspected"}}
    first.save()
    Incident.objects.update(data_concerned="yes")
    incident.refresh_from_db()
    assert get_data_section(build_answer_pack(incident, at=timezone.now()))["lines"] == [
        ["Des données touchées", "Je ne sais pas"]
    ]
    assert describe_advice_facts(incident)["data"]["concerned"] == "unknown"


@pytest.mark.parametrize("judgement", ["", "confirmed"])
def test_an_erased_case_keeps_declaration_and_judgement_apart(responder, judgement):
    incident = declare(data_concerned="unknown", leak=Leak(status="suspected", categories=("nir",)))
    if judgement:
        judge_leak(incident, responder, judgement)
    close_with_report(reference=incident.reference, actor=responder, ending=ClosingReport(reason="not_an_incident"))
    erase_personal_data(reference=incident.reference, actor=a_lead())
    incident.refresh_from_db()

    file = describe_advice_facts(incident)

    assert file["data"] == {"concerned": "unknown", "leak": None}
    assert file["centre_judges"] == {"leak": judgement}
    assert find_leak_row(incident).status == (judgement or "suspected"), "the figures count this one"


@pytest.mark.parametrize(
    ("declared_leak", "leaks"), [(None, []), (Leak(status="claimed", categories=("nir",)), ["claimed"])]
)
def test_the_api_returns_declaration_and_judgement_apart(responder, declared_leak, leaks):
    incident = declare(data_concerned="unknown", leak=declared_leak)
    judge_leak(incident, responder, "suspected")
    detail = Api(responder).get(f"{URL}{incident.reference}/").json()
    assert detail["data_concerned"] == "unknown"
    assert [leak["status"] for leak in detail["leaks"]] == leaks
    assert detail["centre_judges"] == {"leak": "suspected"}


def test_categories_declared_later_leave_the_judgement(responder):
    incident = declare(data_concerned="unknown")
    judge_leak(incident, responder, "unfounded")
    fields = {"seen": incident.sheets.get(section="donnees").uid, "data_concerned": "yes", "categories": ["nir"]}

    assert open_by_link(incident).post(f"/suivi/{incident.reference}/completer/donnees/", fields).status_code == 302

    leak = find_leak_row(incident)
    assert (leak.status, leak.categories) == ("unfounded", ["nir"])
    assert describe_advice_facts(incident)["centre_judges"] == {"leak": "unfounded"}
    assert describe_advice_facts(incident)["data"]["leak"]["status"] == ""


def test_a_closing_with_the_end_of_a_service_completes_what_was_declared():
    stopped = Interruption(service="civil", extent="stopped", started_at=timezone.now() - timedelta(days=1))
    incident = declare(service_stopped="yes", interruptions=(stopped,))
    ending = ClosingReport(reason="not_an_incident", ended={"civil": timezone.now() - timedelta(hours=1)})
    close_with_report(reference=incident.reference, actor=a_lead(), ending=ending)
    incident.refresh_from_db()
    sections = build_answer_pack(incident, at=timezone.now())["declared"]
    services = next(section for section in sections if section["code"] == "services")
    assert [note.partition(", le ")[0] for note in services["notes"]] == ["Complété par Breizh Cyber"]
