"""Coming back to a case: the secret becomes a cookie, a GET changes nothing, a foreign case is not found."""

import logging

import pytest
import time_machine
from django.conf import settings
from django.core import signing
from django.template.defaultfilters import linebreaksbr
from django.test import Client
from django.utils import timezone
from structlog.stdlib import ProcessorFormatter

from accounts.models import User
from csirts.models import Contact
from incidents.devices import case_cookie
from incidents.enums import ClosingReason
from incidents.facts.shapes import Interruption, Leak
from incidents.models import FollowUpAccess, Incident, IncidentEvent
from incidents.reference import hyphenate
from incidents.services.declarant.access import LINK_LIFETIME, derive_secret, rotate_access_by_responder
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.assign import assign_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.verify import verify_incident
from incidents.services.papers.answer_pack import build_answer_pack
from tests.cast import a_lead, a_responder, an_agent, breizh_cyber, declare, plouexemple
from tests.incidents.journeys import find_commune
from tests.reading import NBSP, read_text

pytestmark = pytest.mark.django_db


def get_secret(incident):
    return derive_secret(incident.accesses.get(revoked_at=None))


def make_link(incident):
    return f"/suivi/acces/{get_secret(incident)}/"


def page_url(incident):
    return f"/suivi/{incident.reference}/"


def test_the_link_opens_the_case_and_leaves_a_cookie(client, incident):
    entry = client.get(make_link(incident))
    assert "Ouvrir mon dossier" in read_text(entry)
    assert settings.CASE_COOKIE_NAME not in client.cookies
    entered = client.post(make_link(incident))
    assert (entered.status_code, entered["Location"]) == (302, page_url(incident))
    morsel = entered.cookies[settings.CASE_COOKIE_NAME]
    assert (morsel["path"], morsel["httponly"], morsel["samesite"]) == ("/", True, "Lax")
    assert get_secret(incident) not in morsel.value
    content = read_text(client.get(page_url(incident)))
    assert "Breizh Cyber a reçu votre déclaration" in content
    assert "Non vérifiée" in content
    assert "Vous avez déclaré l’incident" in content
    assert "Les fichiers de l’accueil ne s’ouvrent plus" in content
    assert "0 800 200 008" in content


def test_following_the_link_changes_nothing(client, incident):
    before = list(FollowUpAccess.objects.values()), IncidentEvent.objects.count()
    for _ in range(3):
        assert client.get(make_link(incident)).status_code == 200
        assert client.head(make_link(incident)).status_code == 200
    assert (list(FollowUpAccess.objects.values()), IncidentEvent.objects.count()) == before
    assert client.get(page_url(incident)).status_code == 404


def test_the_secret_does_not_leak(client, incident):
    for response in (
        client.get(make_link(incident)),
        client.post(make_link(incident)),
        client.get("/suivi/acces/FAUX/"),
    ):
        assert response["Referrer-Policy"] == "no-referrer"
        assert response["Cache-Control"] == "no-store"
        assert response["X-Robots-Tag"] == "noindex, nofollow"
    follow_up = client.get(page_url(incident))
    assert follow_up["Cache-Control"] == "no-store"
    assert get_secret(incident) not in follow_up.content.decode()


def test_a_browser_without_an_origin_gets_in(incident):
    """With no-referrer, browsers send `Origin: null`; a real browser was refused before."""
    response = Client(enforce_csrf_checks=True).post(make_link(incident), headers={"origin": "null"})
    assert response.status_code == 302


def test_reference_and_code_open_the_case(client, incident):
    fields = {
        "reference": f" {hyphenate(incident.reference).lower()} ",
        "code": hyphenate(get_secret(incident)).lower(),
    }
    assert client.post("/suivi/", fields)["Location"] == page_url(incident)
    assert client.get(page_url(incident)).status_code == 200
    assert hyphenate(incident.reference) in read_text(client.get("/suivi/"))


@pytest.mark.parametrize(
    ("reference", "code"), [("", ""), ("T7K4-9MQX", "AAAA"), ("\x00", "\x00"), ("x" * 99, "😱")], ids=range(4)
)
def test_a_wrong_code_is_refused(client, incident, reference, code):
    response = client.post("/suivi/", {"reference": reference, "code": code})
    assert response.status_code == 422
    assert "Erreur&nbsp;: " in response.content.decode()
    assert settings.CASE_COOKIE_NAME not in client.cookies


def test_another_case_s_code_does_not_open_it(client, incident):
    other = declare(collectivity=find_commune("Ajaccio"))
    response = client.post("/suivi/", {"reference": incident.reference, "code": get_secret(other)})
    assert response.status_code == 422


def test_altered_replaced_and_expired_links_show_one_page(client, incident):
    good = make_link(incident)
    altered = client.get(good[:-2] + ("A" if good[-2] != "A" else "B") + "/")
    rotate_access_by_responder(reference=incident.reference, actor=a_responder())
    replaced = client.post(good)
    with time_machine.travel(timezone.now() + LINK_LIFETIME):
        expired = client.get(make_link(incident))
    unknown = client.get("/suivi/T7K49MQX/")
    for response in (altered, replaced, expired, unknown):
        assert response.status_code == 404
        assert "Ce dossier ne s’ouvre pas ici" in read_text(response)
        assert "Appelez le centre de votre région" in read_text(response)
    assert settings.CASE_COOKIE_NAME not in client.cookies


def test_a_cookie_is_checked_at_each_page(client, incident):
    client.post(make_link(incident))
    assert client.get(page_url(incident)).status_code == 200
    rotate_access_by_responder(reference=incident.reference, actor=a_responder())
    assert client.get(page_url(incident)).status_code == 404


def test_a_forged_cookie_opens_nothing(client, incident):
    forged = signing.dumps({incident.reference: str(incident.accesses.get().uid)}, key="autre", salt=case_cookie.SALT)
    for value in ("", "n'importe quoi", forged):
        client.cookies[settings.CASE_COOKIE_NAME] = value
        assert client.get(page_url(incident)).status_code == 404


def test_one_case_does_not_open_another(client, incident):
    other = declare(collectivity=find_commune("Ajaccio"))
    client.post(make_link(incident))
    assert client.get(page_url(other)).status_code == 404
    client.post(make_link(other))
    assert client.get(page_url(incident)).status_code == client.get(page_url(other)).status_code == 200


def test_the_case_tells_what_happens(client, incident):
    responder = a_responder()
    client.post(make_link(incident))
    acknowledge_incident(reference=incident.reference, actor=responder)
    taken = read_text(client.get(page_url(incident)))
    assert "Breizh Cyber s’occupe de votre incident" in taken
    assert f"{responder.display_name} (Breizh Cyber) a pris votre dossier en charge" in taken
    assert responder.email not in taken
    verify_incident(reference=incident.reference, actor=responder)
    assert "Non vérifiée" not in read_text(client.get(page_url(incident)))
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
    closed = read_text(client.get(page_url(incident)))
    assert "Votre dossier est clos" in closed
    assert f"{responder.display_name} (Breizh Cyber) a clos le dossier : résolu" in closed


def test_the_page_names_who_has_the_case_now(client, incident):
    first, second = a_responder(), a_responder()
    with time_machine.travel("2026-11-24 09:00+01:00", tick=False):
        acknowledge_incident(reference=incident.reference, actor=first)
    client.post(make_link(incident))
    assert f"Par {first.display_name}, Breizh Cyber, depuis le mardi 24 novembre" in read_page_top(client, incident)

    assign_incident(reference=incident.reference, actor=first, assignee=second)
    top = read_page_top(client, incident)
    assert f"{second.display_name}, Breizh Cyber, a votre dossier. Pris en charge depuis le mardi 24 novembre" in top
    assert first.display_name not in top

    assign_incident(reference=incident.reference, actor=first, assignee=None)
    put_back = read_text(client.get(page_url(incident)))
    assert "Breizh Cyber s’occupe de votre incident" not in put_back
    assert "Personne ne l’a encore lue ici." in put_back

    acknowledge_incident(reference=incident.reference, actor=first)
    invited = a_responder()
    User.objects.filter(pk=invited.pk).update(display_name="")
    assign_incident(reference=incident.reference, actor=first, assignee=invited)
    top = read_page_top(client, incident)
    assert "Pris en charge depuis le" in top
    assert invited.email not in top


def read_page_top(client, incident):
    """Return the top of the page; the history below it names everybody."""
    content = read_text(client.get(page_url(incident)))
    return content[content.index("Breizh Cyber s’occupe") : content.index("Votre déclaration est non vérifiée")]


def test_renewing_shows_the_new_code_once(client, incident):
    old = make_link(incident)
    client.post(old)
    answer = client.post(f"{page_url(incident)}lien/")
    assert hyphenate(get_secret(incident)) in read_text(answer)
    assert client.get(old).status_code == 404
    after = client.get(page_url(incident))
    assert after.status_code == 200
    assert hyphenate(get_secret(incident)) not in read_text(after)
    assert "Vous avez renouvelé le code de suivi" in read_text(after)


def test_a_double_click_renews_once(client, incident):
    client.post(make_link(incident))
    twin = Client()
    twin.cookies[settings.CASE_COOKIE_NAME] = client.cookies[settings.CASE_COOKIE_NAME].value
    first, second = client.post(f"{page_url(incident)}lien/"), twin.post(f"{page_url(incident)}lien/")
    assert hyphenate(get_secret(incident)) in read_text(first)
    assert hyphenate(get_secret(incident)) in read_text(second)
    assert incident.events.filter(kind="link_rotated").count() == 1


def test_an_old_cookie_renews_nothing(client, incident):
    client.post(make_link(incident))
    rotate_access_by_responder(reference=incident.reference, actor=a_responder())
    assert client.post(f"{page_url(incident)}lien/").status_code == 404
    assert Client().post(f"{page_url(incident)}lien/").status_code == 404
    assert incident.accesses.count() == 2


def test_an_earlier_renewal_does_not_give_back_what_the_centre_replaced(client, incident):
    client.post(make_link(incident))
    client.post(f"{page_url(incident)}lien/")
    rotate_access_by_responder(reference=incident.reference, actor=a_responder())
    assert client.post(f"{page_url(incident)}lien/").status_code == 404
    assert incident.accesses.count() == 3


def test_renewing_is_asked_about_first(client, incident):
    client.post(make_link(incident))
    warning = client.get(f"{page_url(incident)}lien/")
    assert "L’ancien code et l’ancien lien s’arrêtent aussitôt, partout" in read_text(warning)
    assert incident.accesses.get().revoked_at is None
    assert f'href="{page_url(incident)}lien/"' in client.get(page_url(incident)).content.decode()
    assert client.post(f"{page_url(incident)}lien/").status_code == 200
    assert incident.accesses.count() == 2


def test_nobody_opens_an_erased_case_again(incident):
    lead = a_lead()
    erase_personal_data(reference=incident.reference, actor=lead)
    client = Client()
    client.force_login(lead)
    case = f"/admin/incidents/incident/{incident.reference}/"
    assert "Nouveau code de suivi" not in read_text(client.get(case))
    refused = client.post(f"{case}code/", follow=True)
    assert "son lien fermé pour de bon" in read_text(refused)
    assert not incident.accesses.filter(revoked_at=None).exists()
    assert not incident.events.filter(kind="link_rotated").exists()


def test_leaving_closes_that_case_alone(client, incident):
    other = declare(collectivity=find_commune("Ajaccio"))
    client.post(make_link(incident))
    client.post(make_link(other))
    assert client.post(f"{page_url(incident)}quitter/")["Location"] == "/suivi/"
    assert client.get(page_url(incident)).status_code == 404
    assert client.get(page_url(other)).status_code == 200


def test_an_agent_follows_its_own_body_s_cases(client, incident):
    client.force_login(an_agent())
    assert "Renouveler le code" not in read_text(client.get(page_url(incident)))
    assert client.get(page_url(incident)).status_code == 200
    client.force_login(an_agent(find_commune("Ajaccio")))
    assert client.get(page_url(incident)).status_code == 404


def test_hostile_text_is_escaped_on_the_page_of_the_case(client):
    breizh_cyber()
    incident = declare(description="<script>alert(1)</script> https://exemple.example/piege")
    client.post(make_link(incident))
    content = client.get(page_url(incident)).content.decode()
    assert "<script>" not in content
    assert 'href="https://exemple.example' not in content


def test_logs_hold_no_secret(client, incident, caplog):
    code = get_secret(incident)
    rotate_access_by_responder(reference=incident.reference, actor=a_responder())
    client.get(f"/suivi/acces/{code}/")
    console = next(h for h in logging.getLogger().handlers if isinstance(h.formatter, ProcessorFormatter))
    output = "".join(console.format(record) for record in caplog.records)
    assert "Not Found: /suivi/***" in output
    assert code not in output


def test_the_page_shows_the_local_time_of_the_body(client):
    incident = declare(collectivity=find_commune("Nouméa"))
    client.post(make_link(incident))
    assert "heure de Nouméa" in read_text(client.get(page_url(incident)))
    assert plouexemple().pk != incident.collectivity_id


def test_the_page_starts_with_what_is_urgent(client, incident):
    """The number, the standing, the acts, what is missing, the sentence, the thread, then the folds."""
    client.post(make_link(incident))
    content = client.get(page_url(incident)).content.decode()
    order = [
        f"0{NBSP}800{NBSP}200{NBSP}008",
        "<h1>",
        'id="maintenant"',
        'id="manque"',
        'id="phrase"',
        'id="echanges"',
        'class="folds"',
    ]
    places = [content.index(mark) for mark in order]
    assert places == sorted(places)
    folds = content[places[-1] :]
    for line in (
        "Services touchés</h2> <span>(0)",
        "Fichiers remis</h2> <span>(0)",
        "Ce qui s’est passé</h2> <span>(1)",
    ):
        assert line in folds
    assert "Renouveler le code" in folds
    assert "Débranchez, n’éteignez pas" in read_text(client.get(page_url(incident)))


def test_no_page_asks_to_call_a_centre_without_a_telephone(client, incident):
    client.post(make_link(incident))
    assert "C’est urgent ? Appelez le 0 800 200 008" in read_text(client.get(page_url(incident)))
    Contact.objects.all().delete()
    assert "Appelez" not in read_text(client.get(page_url(incident)))
    assert "C’est urgent ? Allez sur 17cyber.gouv.fr" in read_text(client.get(page_url(incident)))
    Incident.objects.update(csirt=None)
    assert "Appelez" not in read_text(client.get(page_url(incident)))
    withdrawal = read_text(client.get(page_url(incident) + "retirer/"))
    assert "il faudra déclarer de nouveau." in withdrawal
    assert "au centre" not in withdrawal


def test_where_no_centre_answers_the_numbers_of_the_declaration_stay(client):
    incident = declare(collectivity=find_commune("Mamoudzou"))
    client.post(make_link(incident))
    content = read_text(client.get(page_url(incident)))
    assert "Aucun centre ne couvre votre territoire. Demandez de l’aide ici : CERT-FR, +33 9 70 83 32 18" in content
    assert "17cyber.gouv.fr" in content


def test_a_closed_case_asks_for_nothing_more(client, incident):
    client.post(make_link(incident))
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=a_responder())
    content = client.get(page_url(incident)).content.decode()
    assert 'id="maintenant"' not in content
    assert 'id="manque"' not in content
    assert "tant que le centre ne vous a pas rappelé" not in content
    assert "retrait" not in content


@pytest.mark.parametrize(
    ("words", "notice"),
    [("", "Rien n’est envoyé."), ("Bonjour.", "Votre message est gardé plus bas, il n’est pas envoyé.")],
)
def test_the_notice_promises_to_keep_only_a_message_with_text(client, incident, words, notice):
    client.post(make_link(incident))
    refused = client.post(page_url(incident) + "message/", {"text": words, "author": "x" * 500})
    assert refused.status_code == 422
    assert notice in read_text(refused)


def test_the_printed_page_has_the_number(client, incident):
    """The call bar is not printed."""
    fields = {"value": "lun.–ven. 9 h–17 h", "note": "presse, à confirmer", "source": "essai"}
    Contact.objects.update_or_create(csirt=incident.csirt, kind="hours", defaults=fields)
    client.post(make_link(incident))
    content = client.get(page_url(incident)).content.decode()
    number = f"0{NBSP}800{NBSP}200{NBSP}008"
    hours = "Ses horaires&nbsp;: lun.–ven. 9 h–17 h (presse, à confirmer)"
    assert f"<b>Breizh Cyber</b>&nbsp;: {number}. {hours}. Fermé&nbsp;? CERT-FR" in content
    assert f'Appelez le <span class="phone">{number}</span>. {hours}.' in content


def test_all_declared_facts_are_shown_as_in_the_dossier(client):
    """The kinds of data, the people without service and the way round it, in the words of the dossier."""
    breizh_cyber()
    stopped = Interruption(service="civil", extent="stopped", people_affected=40, workaround="Registre <papier>.")
    leak = Leak(status="suspected", categories=("nir", "sante"), person_categories=("mineurs",), persons=12)
    incident = declare(service_stopped="yes", interruptions=(stopped,), data_concerned="yes", leak=leak)
    client.post(make_link(incident))
    content = client.get(page_url(incident)).content.decode()
    for section in build_answer_pack(incident, at=timezone.now())["declared"]:
        for label, words in section["lines"]:
            assert f"<dt>{label}</dt><dd>{linebreaksbr(words)}</dd>" in content
    assert "en attendant\xa0: Registre &lt;papier&gt;." in content
    assert "Numéro de sécurité sociale, Santé" in content
