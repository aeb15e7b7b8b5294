"""What the centre judges of a leak is not what was declared: pages, papers and partners are told them apart."""

from uuid import uuid4

import pytest
from django.utils import timezone

from incidents.enums import EventKind
from incidents.facts.shapes import Leak
from incidents.models import Incident
from incidents.services.handling.close import Ending, end_incident
from incidents.services.handling.qualify import Qualification, qualify_incident
from incidents.services.history.erase import erase_personal_data
from incidents.services.history.snapshots import find_first_leak
from incidents.services.papers.dossier import build_dossier
from incidents.services.transfer.advise import describe_advice_facts
from tests.cast import a_lead, declare
from tests.incidents.api import URL, Api
from tests.incidents.devices import opened
from tests.incidents.qualifying import RANSOM, case_url, read_qualify_form
from tests.reading import text_of

pytestmark = pytest.mark.django_db
EMPTY_LEAK = {"status": "", "categories": [], "person_categories": [], "persons": None, "persons_band": ""}


@pytest.fixture
def incident():
    return declare(data_concerned="yes", leak=Leak(status="suspected", categories=("nir",)))


def judged(incident, actor, leak):
    known = Qualification(nature="incident", type=incident.type, leak=leak, **RANSOM)
    return qualify_incident(reference=incident.reference, actor=actor, qualification=known)


@pytest.mark.parametrize("answer", ["", "unknown", "no", "yes"])
@pytest.mark.parametrize("found", ["suspected", "unfounded"])
def test_it_works(client, responder, answer, found):
    """On the case, on the follow-up, in the papers and in the file of a partner."""
    incident = declare(data_concerned=answer)
    declared_before = section_of(build_dossier(incident, at=timezone.now()))
    judged(incident, responder, found)

    incident.refresh_from_db()
    words = {"suspected": "fuite soupçonnée", "unfounded": "fuite sans fondement"}[found]
    assert incident.data_concerned == answer
    dossier = build_dossier(incident, at=timezone.now())
    assert section_of(dossier) == declared_before
    assert f"Breizh Cyber juge : {words}." in dossier["progress"]
    duties = [one["text"] for one in dossier["duties"] if "CNIL" in one["title"]]
    if found == "unfounded":
        assert duties == []
    elif answer == "yes":
        assert duties[0].startswith("Des données personnelles sont touchées.")
    else:
        assert duties[0].startswith("Des données personnelles sont peut-être touchées.")
    file = describe_advice_facts(incident)
    assert file["data"] == {"concerned": answer, "leak": None}
    assert file["centre_judges"] == {"leak": found}
    assert f"Le centre : {words}." in text_of(client.get(case_url(incident)))
    followed = text_of(opened(incident).get(f"/suivi/{incident.reference}/"))
    assert f"Breizh Cyber juge : {words}." in followed
    assert "Fuite" not in followed.replace(words, "")


def section_of(dossier):
    return next(one for one in dossier["declared"] if one["title"] == "Les données touchées")


@pytest.mark.parametrize("found", ["suspected", "unfounded"])
@pytest.mark.parametrize("said", [{"data_concerned": "unknown"}, {}])
def test_what_was_declared_can_be_put_back(client, responder, found, said):
    incident = declare(**said)
    severity = incident.severity_found
    judged(incident, responder, found)
    form = client.get(case_url(incident), {"ouvrir": "qualifier"}).context["qualify"]["form"]
    assert form.fields["leak"].choices[0] == ("as_declared", "comme déclaré : pas dit")

    for _click in range(2):
        client.post(case_url(incident, "qualifier"), read_qualify_form(client, incident) | {"leak": "as_declared"})

    assert not incident.leaks.exists()
    assert read_qualify_form(client, incident)["leak"] == "as_declared"
    assert "Le centre : fuite" not in text_of(client.get(case_url(incident)))
    changes = [one.data["changed"].get("leak") for one in incident.events.filter(kind=EventKind.QUALIFIED)]
    assert [one for one in changes if one] == [["", found], [found, ""]]
    incident.refresh_from_db()
    assert incident.severity_found == severity


def test_a_declared_leak_comes_back_as_it_was(client, responder, incident):
    judged(incident, responder, "confirmed")
    client.post(case_url(incident, "qualifier"), read_qualify_form(client, incident) | {"leak": "as_declared"})
    leak = find_first_leak(incident)
    assert (leak.status, leak.categories) == ("suspected", ["nir"])


def test_the_declarant_corrects_the_rest_and_the_judgement_stays(responder, incident):
    judged(incident, responder, "confirmed")
    declarant, where = opened(incident), f"/suivi/{incident.reference}/completer/donnees/"
    form = declarant.get(where).context["editor"].form
    assert form["leak_status"].value() == "suspected", "what the declarant said, for correction"
    said = {"seen": incident.sheets.get(section="donnees").uid, "data_concerned": "yes", "leak_status": "suspected"}

    assert declarant.post(where, said | {"categories": ["nir", "sante"]}).status_code == 302

    leak = find_first_leak(incident)
    assert (leak.status, leak.categories) == ("confirmed", ["nir", "sante"])
    assert incident.sheets.filter(section="donnees").latest("id").values["leak"]["status"] == "suspected"
    seen = str(incident.sheets.filter(section="donnees").latest("id").uid)
    assert declarant.post(where, said | {"seen": seen, "leak_status": "unfounded"}).status_code == 302
    assert find_first_leak(incident).status == "unfounded", "the newest word counts"


def test_papers_of_cases_judged_before_say_what_was_declared(responder):
    """Judgements once wrote a sheet and changed the answer: rows that have them keep what the declarant said."""
    incident = declare(data_concerned="unknown")
    judged(incident, responder, "suspected")
    event = incident.events.get(kind=EventKind.QUALIFIED)
    first = incident.sheets.get(section="donnees")
    first.pk, first.uid, first.written_at = None, uuid4(), event.at
    first.values = {"concerned": "yes", "leak": {**EMPTY_LEAK, "status": "suspected"}}
    first.save()
    Incident.objects.update(data_concerned="yes")
    incident.refresh_from_db()
    assert section_of(build_dossier(incident, at=timezone.now()))["lines"] == [
        ["Des données touchées", "Je ne sais pas"]
    ]
    assert describe_advice_facts(incident)["data"]["concerned"] == "unknown"


@pytest.mark.parametrize("found", ["", "confirmed"])
def test_an_erased_case_says_no_judgement_as_declared_and_no_declaration_as_judged(responder, found):
    incident = declare(data_concerned="unknown", leak=Leak(status="suspected", categories=("nir",)))
    if found:
        judged(incident, responder, found)
    end_incident(reference=incident.reference, actor=responder, ending=Ending(reason="not_an_incident"))
    erase_personal_data(reference=incident.reference, actor=a_lead())
    incident.refresh_from_db()

    file = describe_advice_facts(incident)

    assert file["data"] == {"concerned": "unknown", "leak": None}
    assert file["centre_judges"] == {"leak": found}
    assert find_first_leak(incident).status == (found or "suspected"), "which the figures count"


@pytest.mark.parametrize(("said", "leaks"), [(None, []), (Leak(status="claimed", categories=("nir",)), ["claimed"])])
def test_the_api_gives_what_was_declared_apart_from_what_the_centre_judges(responder, said, leaks):
    incident = declare(data_concerned="unknown", leak=said)
    judged(incident, responder, "suspected")
    detail = Api(responder).get(f"{URL}{incident.reference}/").json()
    assert detail["data_concerned"] == "unknown"
    assert [one["status"] for one in detail["leaks"]] == leaks
    assert detail["centre_judges"] == {"leak": "suspected"}


def test_data_ticked_after_the_centre_judged_that_none_leaked_leave_the_judgement(responder):
    incident = declare(data_concerned="unknown")
    judged(incident, responder, "unfounded")
    said = {"seen": incident.sheets.get(section="donnees").uid, "data_concerned": "yes", "categories": ["nir"]}

    assert opened(incident).post(f"/suivi/{incident.reference}/completer/donnees/", said).status_code == 302

    leak = find_first_leak(incident)
    assert (leak.status, leak.categories) == ("unfounded", ["nir"])
    assert describe_advice_facts(incident)["centre_judges"] == {"leak": "unfounded"}
    assert describe_advice_facts(incident)["data"]["leak"]["status"] == ""
