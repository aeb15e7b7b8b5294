"""A case is sent to CERT-FR: the message is previewed, holds only what its TLP lets out, and is sealed."""

import hashlib
import json
from dataclasses import replace

import pytest
from django.utils import timezone

from accounts.models import User
from incidents.catalogues.partners import PARTNERS, PARTNERS_WITH_MAIL
from incidents.enums import Cause, EventKind, IncidentType, PublicService, Tlp
from incidents.facts.shapes import Instant, Interruption, Leak
from incidents.models import Advice, Incident, Observable
from incidents.services.handling.erase import erase_personal_data
from incidents.services.partners.advise import AdviceRequest, advise_partner, format_advice
from incidents.sharing import may_mail_to_partner
from notifications.dispatch import announce_all_events
from notifications.enums import DeliveryStatus, Recipient, Trouble
from notifications.models import Delivery
from tests import harmless
from tests.cast import a_lead, a_responder, breizh_cyber, declare
from tests.hostile import MARKUP
from tests.incidents.devices import sign_in_as
from tests.incidents.transferring import AGREED, make_agreement_fields
from tests.incidents.triage_pages import case_url
from tests.reading import NBSP, read_markup

pytestmark = pytest.mark.django_db
WHY = "Même rançongiciel que dans l’alerte de la semaine."
GREEN = AdviceRequest(partner="cert-fr", motive=WHY, tlp=Tlp.GREEN, key="k")
PERSONAL = ("Dominique Exemple", "02 99 00 00 00", "mairie@plouexemple.example", "qui@quelqu-un.example")


@pytest.fixture
def new_responder() -> User:
    return a_responder(breizh_cyber())


@pytest.fixture
def green_case(new_responder: User) -> Incident:
    incident = declare()
    Incident.objects.update(tlp=Tlp.GREEN)
    for kind, value in (("ip", "192.0.2.1"), ("email", "qui@quelqu-un.example")):
        Observable.objects.create(incident=incident, kind=kind, value=value, actor=new_responder)
    incident.refresh_from_db()
    return incident


def open_preview(client, incident, **fields):
    """Preview the message. Return the page and the fields that it would send."""
    defaults = {"partner": "cert-fr", "motive": WHY, "tlp": "green", "key": "k", "voir": "1"}
    page = client.post(case_url(incident, "avis"), defaults | fields)
    assert page.status_code == 200
    form = page.context["form"]
    return page, {name: form[name].value() or "" for name in form.fields} | {"envoyer": "1"}


def test_a_case_is_sent_to_cert_fr_as_previewed_and_sealed(new_responder, green_case):
    client = sign_in_as(new_responder)
    page, fields = open_preview(client, green_case)

    content = page.context["preview"]["content"]
    assert content == format_advice(green_case, PARTNERS["cert-fr"], GREEN)
    assert hashlib.sha256(content.encode()).hexdigest() in read_markup(page)
    facts = json.loads(content)
    assert facts["body"]["insee"] == "29999"
    assert facts["tlp"] == "TLP:GREEN"
    assert facts["observables"] == [{"kind": "ip", "value": "192.0.2.1"}]
    for word in (*PERSONAL, "Les fichiers de l’accueil", WHY):
        assert word not in content

    fields.pop("with_persons")
    assert client.post(case_url(green_case, "avis"), fields).status_code == 302

    advice = Advice.objects.get()
    assert (advice.content, advice.motive, advice.tlp) == (content, WHY, Tlp.GREEN)
    assert advice.sha256 == hashlib.sha256(content.encode()).hexdigest()
    event = green_case.events.get(kind=EventKind.ADVISED)
    sealed = {"partner": "cert-fr", "sha256": advice.sha256, "advice": str(advice.uid)}
    assert event.data == sealed | {"tlp": "green", "agreed": False}
    assert "Envoyé à un partenaire</b> (CERT-FR, TLP:GREEN)" in read_markup(client.get(case_url(green_case)))
    assert advice.sha256 in read_markup(client.get(case_url(green_case, "avis")))


def test_the_file_is_read_in_french_before_it_is_sent(new_responder):
    """From the file itself, without the codes that it holds; the file is folded below."""
    at = timezone.now().replace(year=2026, month=11, day=24, hour=8, minute=10, second=0, microsecond=0)
    stopped = Interruption(service="cantine", extent="stopped", started_at=at)
    incident = declare(
        occurred=Instant(at=at, certainty="exact"),
        service_stopped="yes",
        interruptions=(stopped,),
        data_concerned="yes",
        leak=Leak(status="suspected"),
    )
    Incident.objects.update(tlp=Tlp.GREEN, cause=Cause.REMOTE_ACCESS)
    Observable.objects.create(incident=incident, kind="ip", value="192.0.2.1", actor=new_responder)
    page, _fields = open_preview(sign_in_as(new_responder), incident, with_persons="on")
    lines = dict(page.context["preview"]["lines"])
    assert lines["Type"] == IncidentType(incident.type).label
    assert lines["Cause"] == Cause.REMOTE_ACCESS.label
    assert lines["Survenu"].replace(NBSP, " ") == "mardi 24 novembre 2026 à 9 h 10"
    service = lines[PublicService.CANTEEN.label].replace(NBSP, " ")
    assert service == "arrêté, depuis : mardi 24 novembre 2026 à 9 h 10"
    assert lines["Indicateur, adresse IP"] == "192[.]0[.]2[.]1"
    assert lines["Qui rappeler"].startswith("Dominique Exemple")
    codes = {"suspected", "remote_access", "cantine", "stopped", "yes", "", "None"}
    assert not codes & set(lines.values())
    summary, file = read_markup(page).split('<summary id="fichier">')
    assert "remote_access" not in summary
    assert "remote_access" in file


def test_a_refused_mail_is_not_shown_as_sent(new_responder, green_case):
    client = sign_in_as(new_responder)
    _page, fields = open_preview(client, green_case)
    fields.pop("with_persons")
    client.post(case_url(green_case, "avis"), fields)
    announce_all_events()
    assert "Envoyé à un partenaire</b>" in read_markup(client.get(case_url(green_case)))
    assert "Pas parti" not in read_markup(client.get(case_url(green_case, "avis")))
    lost = {"status": DeliveryStatus.REFUSED, "last_error": Trouble.REFUSED}
    assert Delivery.objects.filter(recipient=Recipient.PARTNER).update(**lost) == 1

    for where in (case_url(green_case), case_url(green_case, "histoire")):
        page = read_markup(client.get(where))
        assert '<b class="late">Pas parti à un partenaire</b>' in page
        assert "Envoyé à un partenaire" not in page
    case = read_markup(client.get(case_url(green_case)))
    assert "<b>L’envoi au CERT-FR n’est pas parti</b> : refusé (refusé par le serveur du destinataire)." in case
    assert f'<a href="{case_url(green_case, "avis")}">Refaire l’envoi</a>' in case
    mails = read_markup(client.get("/admin/notifications/delivery/", {"q": green_case.reference}))
    assert "avis à un partenaire" in mails
    assert "envoyé à un partenaire" not in mails
    listing = read_markup(client.get(case_url(green_case, "avis")))
    assert '<b class="late">Pas parti : refusé (refusé par le serveur du destinataire)</b> CERT-FR' in listing


def test_the_case_no_longer_warns_when_the_file_left_the_second_time(new_responder, green_case):
    client = sign_in_as(new_responder)
    for key in ("k", "l"):
        Delivery.objects.filter(recipient=Recipient.PARTNER).update(status=DeliveryStatus.DEAD)
        _page, fields = open_preview(client, green_case, key=key)
        fields.pop("with_persons")
        client.post(case_url(green_case, "avis"), fields)
        announce_all_events()
    assert Delivery.objects.filter(recipient=Recipient.PARTNER).count() == 2
    assert "n’est pas parti" not in read_markup(client.get(case_url(green_case)))
    Delivery.objects.filter(recipient=Recipient.PARTNER).update(status=DeliveryStatus.DEAD)
    assert read_markup(client.get(case_url(green_case))).count("L’envoi au CERT-FR n’est pas parti") == 1


def test_persons_are_sent_only_when_ticked(new_responder, green_case):
    page, fields = open_preview(sign_in_as(new_responder), green_case, with_persons="on")
    for word in PERSONAL:
        assert word in page.context["preview"]["content"]
    sign_in_as(new_responder).post(case_url(green_case, "avis"), fields | {"with_persons": "on"})
    assert "Dominique Exemple" in Advice.objects.get().content


@pytest.mark.parametrize("with_persons", ["", "on"])
def test_without_a_reason_nothing_is_shown_or_sent(new_responder, green_case, with_persons):
    fields = {"partner": "cert-fr", "motive": " ", "key": "k", "with_persons": with_persons}
    for button in ("voir", "envoyer"):
        answer = sign_in_as(new_responder).post(case_url(green_case, "avis"), fields | {button: "1"})
        assert answer.status_code == 422
        assert "Écrivez pourquoi" in read_markup(answer)
    assert not Advice.objects.exists()


def test_a_case_labelled_tlp_red_cannot_be_sent(new_responder, green_case):
    client = sign_in_as(new_responder)
    _page, fields = open_preview(client, green_case)
    Incident.objects.update(tlp=Tlp.RED)

    for button in ("voir", "envoyer"):
        answer = client.post(case_url(green_case, "avis"), fields | {button: "1"} | make_agreement_fields(green_case))
        assert answer.status_code == 422
        assert "TLP:RED" in read_markup(answer)
        assert WHY in read_markup(answer)
    assert "<textarea" not in read_markup(client.get(case_url(green_case, "avis")))
    assert not Advice.objects.exists()
    assert not green_case.events.filter(kind=EventKind.ADVISED).exists()


@pytest.mark.parametrize("tlp", [Tlp.AMBER_STRICT, Tlp.AMBER])
def test_a_narrow_tlp_asks_for_the_agreement_of_the_declarant(new_responder, green_case, tlp):
    """The message has a label of its own; the label of the case does not change."""
    Incident.objects.update(tlp=tlp)
    client = sign_in_as(new_responder)
    first = client.get(case_url(green_case, "avis"))
    assert first.context["form"]["tlp"].value() == Tlp.AMBER_STRICT
    assert "Demandez d’abord au déclarant s’il est d’accord" in read_markup(first)
    for button in ("voir", "envoyer"):
        answer = client.post(
            case_url(green_case, "avis"), {"partner": "cert-fr", "motive": WHY, "key": "k", button: "1"}
        )
        assert answer.status_code == 422
        assert "notez qui a dit oui" in read_markup(answer)
    assert not Advice.objects.exists()

    page, fields = open_preview(client, green_case, tlp="amber+strict", **make_agreement_fields(green_case))
    fields.pop("with_persons")
    facts = json.loads(page.context["preview"]["content"])
    assert (facts["tlp"], facts["declarant_agreed"]) == ("TLP:AMBER+STRICT", True)
    assert AGREED not in page.context["preview"]["content"]
    assert client.post(case_url(green_case, "avis"), fields).status_code == 302

    advice = Advice.objects.get()
    assert (advice.tlp, advice.agreement) == (Tlp.AMBER_STRICT, AGREED)
    green_case.refresh_from_db()
    assert green_case.tlp == tlp
    event = green_case.events.get(kind=EventKind.ADVISED)
    assert (event.data["tlp"], event.data["agreed"]) == ("amber+strict", True)
    assert "(CERT-FR, TLP:AMBER+STRICT, avec l’accord du déclarant)" in read_markup(client.get(case_url(green_case)))
    assert AGREED in read_markup(client.get(case_url(green_case, "avis")))


def test_a_label_wider_than_that_of_the_case_asks_for_the_agreement(new_responder, green_case):
    fields = {"partner": "cert-fr", "motive": WHY, "key": "k", "tlp": "clear", "voir": "1"}
    answer = sign_in_as(new_responder).post(case_url(green_case, "avis"), fields)
    assert answer.status_code == 422
    assert "notez qui a dit oui" in read_markup(answer)
    open_preview(sign_in_as(new_responder), green_case, tlp="clear", **make_agreement_fields(green_case))


@pytest.mark.parametrize("hollow", ["\u200b", "\u3164", "…"])
def test_an_agreement_without_an_explanation_is_refused(new_responder, green_case, hollow):
    Incident.objects.update(tlp=Tlp.AMBER)
    fields = {"partner": "cert-fr", "motive": WHY, "key": "k", "envoyer": "1"} | make_agreement_fields(
        green_case, hollow
    )
    answer = sign_in_as(new_responder).post(case_url(green_case, "avis"), fields)
    assert answer.status_code == 422
    assert "Notez qui a dit oui" in read_markup(answer)


@pytest.mark.parametrize("tlp", [Tlp.AMBER, Tlp.GREEN])
def test_a_refusal_is_no_agreement(new_responder, green_case, tlp):
    Incident.objects.update(tlp=tlp)
    fields = {"partner": "cert-fr", "motive": WHY, "tlp": "green", "key": "k", "label": tlp}
    for button in ("voir", "envoyer"):
        refused = fields | {"agreement": "Non, la maire refuse.", button: "1"}
        answer = sign_in_as(new_responder).post(case_url(green_case, "avis"), refused)
        assert answer.status_code == 422
        assert "ochez la case" in read_markup(answer)
        assert "Non, la maire refuse." in read_markup(answer)
    assert not Advice.objects.exists()


def test_a_label_that_changed_since_the_agreement_asks_for_it_again(new_responder, green_case):
    Incident.objects.update(tlp=Tlp.AMBER)
    client = sign_in_as(new_responder)
    _page, fields = open_preview(client, green_case, tlp="amber", **make_agreement_fields(green_case))
    fields.pop("with_persons")
    Incident.objects.update(tlp=Tlp.AMBER_STRICT)
    answer = client.post(case_url(green_case, "avis"), fields)
    assert answer.status_code == 422
    assert "il est TLP:AMBER+STRICT. Demandez de nouveau" in read_markup(answer)
    form = answer.context["form"]
    assert (form["agreed"].value(), form["label"].value()) == (False, Tlp.AMBER_STRICT)
    assert not Advice.objects.exists()
    assert client.post(case_url(green_case, "avis"), fields | {"label": "amber+strict"}).status_code == 302


def test_a_draft_never_ticks_the_agreement(new_responder, green_case):
    client = sign_in_as(new_responder)
    draft = {"motive": WHY, "agreed": "on", "agreement": AGREED, "label": "clear"}
    marks = {"stylo": "a", "trait": "1", "ouverte": timezone.now().isoformat()}
    for page in ("avis", "transfert"):
        client.post(f"{case_url(green_case, 'garder')}?page={page}", draft | marks)
        form = client.get(case_url(green_case, page)).context["form"]
        assert form["motive"].value() == WHY
        assert form["agreement"].value() == AGREED
        assert not form["agreed"].value()
        assert form["label"].value() == Tlp.GREEN


def test_the_tlp_decides_which_partner_may_get_the_case():
    partner, without_mail = PARTNERS["cert-fr"], PARTNERS["cert-sante"]
    assert [tlp for tlp in Tlp if may_mail_to_partner(tlp, partner)] == [Tlp.GREEN, Tlp.CLEAR]
    assert [tlp for tlp in Tlp if may_mail_to_partner(tlp, partner, is_agreed=True)] == [
        tlp for tlp in Tlp if tlp != Tlp.RED
    ]
    assert not any(may_mail_to_partner(tlp, without_mail, is_agreed=True) for tlp in Tlp)
    assert [tlp for tlp in Tlp if may_mail_to_partner(tlp, partner, label=Tlp.CLEAR)] == [Tlp.CLEAR]


def test_a_message_that_changed_since_the_preview_is_shown_again(new_responder, green_case):
    client = sign_in_as(new_responder)
    _page, fields = open_preview(client, green_case)
    Observable.objects.create(incident=green_case, kind="ip", value="192.0.2.2", actor=new_responder)
    fields.pop("with_persons")

    answer = client.post(case_url(green_case, "avis"), fields)

    assert answer.status_code == 409
    assert "192.0.2.2" in read_markup(answer)
    assert WHY in read_markup(answer)
    assert not Advice.objects.exists()
    again = answer.context["form"]["seen"].value()
    assert client.post(case_url(green_case, "avis"), fields | {"seen": again}).status_code == 302


def test_a_double_click_sends_one_message(new_responder, green_case):
    seen = hashlib.sha256(format_advice(green_case, PARTNERS["cert-fr"], GREEN).encode()).hexdigest()
    request = replace(GREEN, seen=seen)
    for _ in range(2):
        advise_partner(reference=green_case.reference, request=request, actor=new_responder)
    assert Advice.objects.count() == 1
    assert green_case.events.filter(kind=EventKind.ADVISED).count() == 1


@pytest.mark.parametrize("other", [{"motive": "Avec qui rappeler"}, {"with_persons": "on"}])
def test_a_used_form_sends_no_other_message_before_its_preview(new_responder, green_case, other):
    client = sign_in_as(new_responder)
    _page, fields = open_preview(client, green_case)
    fields.pop("with_persons")
    client.post(case_url(green_case, "avis"), fields)
    _page, changed = open_preview(client, green_case, **other)
    changed = {name: value for name, value in changed.items() if value} | other

    refusal = client.post(case_url(green_case, "avis"), changed)

    assert refusal.status_code == 409
    assert "celui-ci n’est pas parti" in read_markup(refusal)
    assert changed["motive"] in read_markup(refusal)
    assert refusal.context["form"]["with_persons"].value() == ("with_persons" in other)
    assert Advice.objects.count() == 1
    again = {"key": refusal.context["form"]["key"].value(), "seen": refusal.context["form"]["seen"].value()}
    for _ in range(2):
        assert client.post(case_url(green_case, "avis"), changed | again).status_code == 302
    assert [advice.motive for advice in Advice.objects.order_by("id")] == [WHY, changed["motive"]]


@pytest.mark.parametrize("partner", ["", "cert-sante", "inconnu", "\0"])
def test_a_partner_without_a_mail_is_never_written_to(new_responder, green_case, partner):
    answer = sign_in_as(new_responder).post(
        case_url(green_case, "avis"), {"partner": partner, "motive": WHY, "envoyer": "1"}
    )
    assert answer.status_code == 422
    assert WHY in read_markup(answer)
    assert not Advice.objects.exists()


def test_partners_without_a_mail_are_shown_with_their_site(new_responder, green_case):
    page = read_markup(sign_in_as(new_responder).get(case_url(green_case, "avis")))
    for partner in PARTNERS.values():
        assert partner.website in page
        assert partner.name in page
    assert list(PARTNERS_WITH_MAIL) == ["cert-fr"]
    assert "cert-fr@ssi.gouv.fr <small>(source secondaire" in page


def test_an_erased_case_is_not_sent(new_responder, green_case):
    client = sign_in_as(new_responder)
    _page, fields = open_preview(client, green_case)
    erase_personal_data(reference=green_case.reference, actor=a_lead())

    assert client.post(case_url(green_case, "avis"), fields).status_code == 422
    assert not Advice.objects.exists()


def test_erasing_empties_the_message_and_keeps_its_seal(new_responder, green_case):
    client = sign_in_as(new_responder)
    _page, fields = open_preview(client, green_case)
    fields.pop("with_persons")
    client.post(case_url(green_case, "avis"), fields)
    erase_personal_data(reference=green_case.reference, actor=a_lead())

    advice = Advice.objects.get()
    assert (advice.content, advice.motive, advice.agreement) == ("", "", "")
    assert advice.sha256 in read_markup(client.get(case_url(green_case, "avis")))


def test_hostile_text_is_escaped_in_the_preview(new_responder, green_case):
    Incident.objects.filter(pk=green_case.pk).update(tlp=Tlp.GREEN)
    for number, word in enumerate(MARKUP):
        Observable.objects.create(incident=green_case, kind="url", value=f"{number}{word}"[:500], actor=new_responder)
    page, _fields = open_preview(sign_in_as(new_responder), green_case, motive=" ".join(MARKUP)[:400])
    harmless.check_response(page)
    assert json.loads(page.context["preview"]["content"])["observables"][-1]["kind"] == "url"
