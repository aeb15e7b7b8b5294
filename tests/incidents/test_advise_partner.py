"""CERT-FR is told of a case: what leaves is shown first, is what its TLP lets out, and is sealed."""

import hashlib
import json
from dataclasses import replace

import pytest
from django.utils import timezone

from incidents.catalogues.partners import MAILED, PARTNERS
from incidents.enums import EventKind, Tlp
from incidents.models import Advice, Incident, Observable
from incidents.services.history.erase import erase_personal_data
from incidents.services.transfer.advise import AdviceRequest, advise_partner, format_advice
from incidents.sharing import may_go_to
from notifications.dispatch import announce_all_events
from notifications.enums import DeliveryStatus, Recipient, Trouble
from notifications.models import Delivery
from tests import harmless
from tests.cast import a_lead, a_responder, breizh_cyber, declare
from tests.hostile import MARKUP
from tests.incidents.desk import url
from tests.incidents.transferring import AGREED, agreed_on_page, as_person
from tests.reading import text_of

pytestmark = pytest.mark.django_db
WHY = "Même rançongiciel que dans l’alerte de la semaine."
GREEN = AdviceRequest(partner="cert-fr", motive=WHY, tlp=Tlp.GREEN, key="k")
PERSONAL = ("Dominique Exemple", "02 99 00 00 00", "mairie@plouexemple.example", "qui@quelqu-un.example")


@pytest.fixture
def responder():
    return a_responder(breizh_cyber())


@pytest.fixture
def incident(responder):
    incident = declare()
    Incident.objects.update(tlp=Tlp.GREEN)
    for kind, value in (("ip", "192.0.2.1"), ("email", "qui@quelqu-un.example")):
        Observable.objects.create(incident=incident, kind=kind, value=value, actor=responder)
    incident.refresh_from_db()
    return incident


def shown(client, incident, **said):
    """Asks to see what would leave. Gives what the page would send."""
    asked = {"partner": "cert-fr", "motive": WHY, "tlp": "green", "key": "k", "voir": "1"}
    page = client.post(url(incident, "avis"), asked | said)
    assert page.status_code == 200
    form = page.context["form"]
    return page, {name: form[name].value() or "" for name in form.fields} | {"envoyer": "1"}


def test_it_works(responder, incident):
    client = as_person(responder)
    page, said = shown(client, incident)

    content = page.context["preview"]["content"]
    assert content == format_advice(incident, PARTNERS["cert-fr"], GREEN)
    assert hashlib.sha256(content.encode()).hexdigest() in text_of(page)
    facts = json.loads(content)
    assert facts["body"]["insee"] == "29999"
    assert facts["tlp"] == "TLP:GREEN"
    assert facts["observables"] == [{"kind": "ip", "value": "192.0.2.1"}]
    for word in (*PERSONAL, "Les fichiers de l’accueil", WHY):
        assert word not in content

    said.pop("with_persons")
    assert client.post(url(incident, "avis"), said).status_code == 302

    advice = Advice.objects.get()
    assert (advice.content, advice.motive, advice.tlp) == (content, WHY, Tlp.GREEN)
    assert advice.sha256 == hashlib.sha256(content.encode()).hexdigest()
    event = incident.events.get(kind=EventKind.ADVISED)
    sealed = {"partner": "cert-fr", "sha256": advice.sha256, "advice": str(advice.uid)}
    assert event.data == sealed | {"tlp": "green", "agreed": False}
    assert "Envoyé à un partenaire</b> (CERT-FR, TLP:GREEN)" in text_of(client.get(url(incident)))
    assert advice.sha256 in text_of(client.get(url(incident, "avis")))


def test_what_did_not_leave_is_not_said_to_be_sent(responder, incident):
    client = as_person(responder)
    _page, said = shown(client, incident)
    said.pop("with_persons")
    client.post(url(incident, "avis"), said)
    announce_all_events()
    assert "Envoyé à un partenaire</b>" in text_of(client.get(url(incident)))
    assert "Pas parti" not in text_of(client.get(url(incident, "avis")))
    lost = {"status": DeliveryStatus.REFUSED, "last_error": Trouble.REFUSED}
    assert Delivery.objects.filter(recipient=Recipient.PARTNER).update(**lost) == 1

    for where in (url(incident), url(incident, "histoire")):
        page = text_of(client.get(where))
        assert '<b class="late">Pas parti à un partenaire</b>' in page
        assert "Envoyé à un partenaire" not in page
    sent = text_of(client.get(url(incident, "avis")))
    assert '<b class="late">Pas parti : refusé (refusé par le serveur du destinataire)</b> CERT-FR' in sent


def test_persons_go_only_where_it_was_ticked(responder, incident):
    page, said = shown(as_person(responder), incident, with_persons="on")
    for word in PERSONAL:
        assert word in page.context["preview"]["content"]
    as_person(responder).post(url(incident, "avis"), said | {"with_persons": "on"})
    assert "Dominique Exemple" in Advice.objects.get().content


@pytest.mark.parametrize("with_persons", ["", "on"])
def test_without_a_motive_nothing_is_shown_or_sent(responder, incident, with_persons):
    said = {"partner": "cert-fr", "motive": " ", "key": "k", "with_persons": with_persons}
    for button in ("voir", "envoyer"):
        answer = as_person(responder).post(url(incident, "avis"), said | {button: "1"})
        assert answer.status_code == 422
        assert "Écrivez pourquoi" in text_of(answer)
    assert not Advice.objects.exists()


def test_tlp_red_lets_nothing_out(responder, incident):
    client = as_person(responder)
    _page, said = shown(client, incident)
    Incident.objects.update(tlp=Tlp.RED)

    for button in ("voir", "envoyer"):
        answer = client.post(url(incident, "avis"), said | {button: "1"} | agreed_on_page(incident))
        assert answer.status_code == 422
        assert "TLP:RED" in text_of(answer)
        assert WHY in text_of(answer)
    assert "<textarea" not in text_of(client.get(url(incident, "avis")))
    assert not Advice.objects.exists()
    assert not incident.events.filter(kind=EventKind.ADVISED).exists()


@pytest.mark.parametrize("tlp", [Tlp.AMBER_STRICT, Tlp.AMBER])
def test_a_narrow_tlp_asks_for_the_agreement_of_the_declarant(responder, incident, tlp):
    """A message is made for CERT-FR, under a label of its own; that of the case does not move."""
    Incident.objects.update(tlp=tlp)
    client = as_person(responder)
    first = client.get(url(incident, "avis"))
    assert first.context["form"]["tlp"].value() == Tlp.AMBER_STRICT
    assert "Demandez d’abord au déclarant s’il est d’accord" in text_of(first)
    for button in ("voir", "envoyer"):
        answer = client.post(url(incident, "avis"), {"partner": "cert-fr", "motive": WHY, "key": "k", button: "1"})
        assert answer.status_code == 422
        assert "notez qui a dit oui" in text_of(answer)
    assert not Advice.objects.exists()

    page, said = shown(client, incident, tlp="amber+strict", **agreed_on_page(incident))
    said.pop("with_persons")
    facts = json.loads(page.context["preview"]["content"])
    assert (facts["tlp"], facts["declarant_agreed"]) == ("TLP:AMBER+STRICT", True)
    assert AGREED not in page.context["preview"]["content"]
    assert client.post(url(incident, "avis"), said).status_code == 302

    advice = Advice.objects.get()
    assert (advice.tlp, advice.agreement) == (Tlp.AMBER_STRICT, AGREED)
    incident.refresh_from_db()
    assert incident.tlp == tlp
    event = incident.events.get(kind=EventKind.ADVISED)
    assert (event.data["tlp"], event.data["agreed"]) == ("amber+strict", True)
    assert "(CERT-FR, TLP:AMBER+STRICT, avec l’accord du déclarant)" in text_of(client.get(url(incident)))
    assert AGREED in text_of(client.get(url(incident, "avis")))


def test_a_wider_label_than_that_of_the_case_is_asked_for(responder, incident):
    said = {"partner": "cert-fr", "motive": WHY, "key": "k", "tlp": "clear", "voir": "1"}
    answer = as_person(responder).post(url(incident, "avis"), said)
    assert answer.status_code == 422
    assert "notez qui a dit oui" in text_of(answer)
    shown(as_person(responder), incident, tlp="clear", **agreed_on_page(incident))


@pytest.mark.parametrize("hollow", ["\u200b", "\u3164", "…"])
def test_what_nobody_reads_notes_nothing(responder, incident, hollow):
    Incident.objects.update(tlp=Tlp.AMBER)
    said = {"partner": "cert-fr", "motive": WHY, "key": "k", "envoyer": "1"} | agreed_on_page(incident, hollow)
    answer = as_person(responder).post(url(incident, "avis"), said)
    assert answer.status_code == 422
    assert "Notez qui a dit oui" in text_of(answer)


@pytest.mark.parametrize("tlp", [Tlp.AMBER, Tlp.GREEN])
def test_a_refusal_is_no_agreement(responder, incident, tlp):
    Incident.objects.update(tlp=tlp)
    said = {"partner": "cert-fr", "motive": WHY, "tlp": "green", "key": "k", "label": tlp}
    for button in ("voir", "envoyer"):
        refused = said | {"agreement": "Non, la maire refuse.", button: "1"}
        answer = as_person(responder).post(url(incident, "avis"), refused)
        assert answer.status_code == 422
        assert "ochez la case" in text_of(answer)
        assert "Non, la maire refuse." in text_of(answer)
    assert not Advice.objects.exists()


def test_a_label_that_changed_since_is_shown_and_asked_again(responder, incident):
    Incident.objects.update(tlp=Tlp.AMBER)
    client = as_person(responder)
    _page, said = shown(client, incident, tlp="amber", **agreed_on_page(incident))
    said.pop("with_persons")
    Incident.objects.update(tlp=Tlp.AMBER_STRICT)
    answer = client.post(url(incident, "avis"), said)
    assert answer.status_code == 422
    assert "il est TLP:AMBER+STRICT. Demandez de nouveau" in text_of(answer)
    form = answer.context["form"]
    assert (form["agreed"].value(), form["label"].value()) == (False, Tlp.AMBER_STRICT)
    assert not Advice.objects.exists()
    assert client.post(url(incident, "avis"), said | {"label": "amber+strict"}).status_code == 302


def test_a_box_is_never_ticked_from_what_was_kept(responder, incident):
    client = as_person(responder)
    kept = {"motive": WHY, "agreed": "on", "agreement": AGREED, "label": "clear"}
    marks = {"stylo": "a", "trait": "1", "ouverte": timezone.now().isoformat()}
    for page in ("avis", "transfert"):
        client.post(f"{url(incident, 'garder')}?page={page}", kept | marks)
        form = client.get(url(incident, page)).context["form"]
        assert form["motive"].value() == WHY
        assert form["agreement"].value() == AGREED
        assert not form["agreed"].value()
        assert form["label"].value() == Tlp.GREEN


def test_the_rule_by_tlp():
    partner, without_mail = PARTNERS["cert-fr"], PARTNERS["cert-sante"]
    assert [tlp for tlp in Tlp if may_go_to(tlp, partner)] == [Tlp.GREEN, Tlp.CLEAR]
    assert [tlp for tlp in Tlp if may_go_to(tlp, partner, is_agreed=True)] == [tlp for tlp in Tlp if tlp != Tlp.RED]
    assert not any(may_go_to(tlp, without_mail, is_agreed=True) for tlp in Tlp)
    assert [tlp for tlp in Tlp if may_go_to(tlp, partner, label=Tlp.CLEAR)] == [Tlp.CLEAR]


def test_what_changed_since_is_shown_again(responder, incident):
    client = as_person(responder)
    _page, said = shown(client, incident)
    Observable.objects.create(incident=incident, kind="ip", value="192.0.2.2", actor=responder)
    said.pop("with_persons")

    answer = client.post(url(incident, "avis"), said)

    assert answer.status_code == 409
    assert "192.0.2.2" in text_of(answer)
    assert WHY in text_of(answer)
    assert not Advice.objects.exists()
    again = answer.context["form"]["seen"].value()
    assert client.post(url(incident, "avis"), said | {"seen": again}).status_code == 302


def test_a_double_click_is_one(responder, incident):
    seen = hashlib.sha256(format_advice(incident, PARTNERS["cert-fr"], GREEN).encode()).hexdigest()
    asked = replace(GREEN, seen=seen)
    for _ in range(2):
        advise_partner(reference=incident.reference, request=asked, actor=responder)
    assert Advice.objects.count() == 1
    assert incident.events.filter(kind=EventKind.ADVISED).count() == 1


@pytest.mark.parametrize("other", [{"motive": "Avec qui rappeler"}, {"with_persons": "on"}])
def test_a_form_that_served_sends_nothing_else_unseen(responder, incident, other):
    client = as_person(responder)
    _page, said = shown(client, incident)
    said.pop("with_persons")
    client.post(url(incident, "avis"), said)
    _page, changed = shown(client, incident, **other)
    changed = {name: value for name, value in changed.items() if value} | other

    told = client.post(url(incident, "avis"), changed)

    assert told.status_code == 409
    assert "celui-ci n’est pas parti" in text_of(told)
    assert changed["motive"] in text_of(told)
    assert told.context["form"]["with_persons"].value() == ("with_persons" in other)
    assert Advice.objects.count() == 1
    again = {"key": told.context["form"]["key"].value(), "seen": told.context["form"]["seen"].value()}
    for _ in range(2):
        assert client.post(url(incident, "avis"), changed | again).status_code == 302
    assert [one.motive for one in Advice.objects.order_by("id")] == [WHY, changed["motive"]]


@pytest.mark.parametrize("partner", ["", "cert-sante", "inconnu", "\0"])
def test_a_partner_without_a_mail_is_never_written_to(responder, incident, partner):
    answer = as_person(responder).post(url(incident, "avis"), {"partner": partner, "motive": WHY, "envoyer": "1"})
    assert answer.status_code == 422
    assert WHY in text_of(answer)
    assert not Advice.objects.exists()


def test_those_without_a_mail_are_shown_with_their_site(responder, incident):
    page = text_of(as_person(responder).get(url(incident, "avis")))
    for partner in PARTNERS.values():
        assert partner.website in page
        assert partner.name in page
    assert list(MAILED) == ["cert-fr"]
    assert "cert-fr@ssi.gouv.fr <small>(source secondaire" in page


def test_an_erased_case_is_not_sent(responder, incident):
    client = as_person(responder)
    _page, said = shown(client, incident)
    erase_personal_data(reference=incident.reference, actor=a_lead())

    assert client.post(url(incident, "avis"), said).status_code == 422
    assert not Advice.objects.exists()


def test_erasing_empties_what_was_sent_and_keeps_its_seal(responder, incident):
    client = as_person(responder)
    _page, said = shown(client, incident)
    said.pop("with_persons")
    client.post(url(incident, "avis"), said)
    erase_personal_data(reference=incident.reference, actor=a_lead())

    advice = Advice.objects.get()
    assert (advice.content, advice.motive, advice.agreement) == ("", "", "")
    assert advice.sha256 in text_of(client.get(url(incident, "avis")))


def test_hostile_words_stay_words(responder, incident):
    Incident.objects.filter(pk=incident.pk).update(tlp=Tlp.GREEN)
    for number, word in enumerate(MARKUP):
        Observable.objects.create(incident=incident, kind="url", value=f"{number}{word}"[:500], actor=responder)
    page, _said = shown(as_person(responder), incident, motive=" ".join(MARKUP)[:400])
    harmless.answer(page)
    assert json.loads(page.context["preview"]["content"])["observables"][-1]["kind"] == "url"
