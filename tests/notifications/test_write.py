"""The text of the mails, read as they arrive."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from time_machine import TimeMachineFixture

from collectivities.models import Collectivity
from csirts.models import Contact, Csirt
from incidents.catalogues.reflex_sheets import REFLEXES
from incidents.enums import ClosingReason, IncidentType, Origin
from incidents.facts.shapes import Caller, Instant, Interruption, Leak, Submission
from incidents.models import ReflexSheet
from incidents.reference import hyphenate
from incidents.services.declarant.access import derive_secret, rotate_access_by_responder
from incidents.services.declaring.declare import declare_incident
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import close_incident
from incidents.sharing import TYPES_WITH_OPEN_MAILBOX
from notifications.wording import defang_line, quote_lines, wrap_quotations
from tests import harmless
from tests.cast import a_declaration, a_responder, an_agent, breizh_cyber, declare
from tests.hostile import ADDRESSES, FORMULAS, HEADERS, INVISIBLE, MARKUP, TEMPLATES
from tests.incidents.reflex_sheets import dump_sheet
from tests.notifications.mailing import CENTRE, TOWN, deliver_all, read_body, read_on_one_line

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 8, 51, tzinfo=UTC)


@pytest.fixture
def centre(time_machine: TimeMachineFixture) -> Csirt:
    time_machine.move_to(NOW, tick=False)
    return breizh_cyber()


def test_the_centre_reads_all_that_was_declared(centre, post):
    incident = declare(
        description="Les fichiers ne s’ouvrent plus.\nUn message demande de l’argent.",
        supplier="Exemple Infogérance",
        service_stopped="yes",
        data_concerned="yes",
        occurred=Instant(at=NOW - timedelta(hours=2), certainty="approximate"),
        interruptions=(
            Interruption(service="civil", extent="stopped", started_at=NOW - timedelta(hours=1), people_affected=4210),
        ),
        leak=Leak(status="suspected", categories=("nir",), persons_band="301-5000"),
    )

    deliver_all()

    [message] = post.list_mails_to(CENTRE)
    reference = hyphenate(incident.reference)
    assert message["Subject"].replace("\u00a0", " ") == (
        f"[TLP:AMBER+STRICT] Gravité critique, NON VÉRIFIÉE : rançongiciel, "
        f"commune de Plouexemple (Finistère) ({reference})"
    )
    text = read_body(message)
    assert text.startswith("TLP:AMBER+STRICT : pour qui doit le savoir dans votre centre, et personne d’autre.\n")
    for line in (
        "Commune de Plouexemple (Finistère), 4 210 habitants\n",
        "Rançongiciel (« Nos fichiers ne s’ouvrent plus »)\n",
        "NON VÉRIFIÉE : n’importe qui peut avoir écrit ce qui suit.",
        "Prendre en charge avant le mardi 24 novembre 2026 à 10 h 51, heure de Paris :\n",
        f"\nhttp://localhost:8000/triage/{incident.reference}/\n",
        "- Dominique Exemple, secrétaire de mairie\n- 02 99 00 00 00\n- mairie@plouexemple.example\n",
        "- survenu vers le mardi 24 novembre 2026 à 7 h 51\n",
        "- État civil : arrêté, depuis le mardi 24 novembre 2026 à 8 h 51, 4 210 personnes touchées\n",
        "- fuite soupçonnée, de 301 à 5 000 personnes\n- Numéro de sécurité sociale (NIR)\n",
        "- Exemple Infogérance\n",
        "> Les fichiers ne s’ouvrent plus.\n> Un message demande de l’argent.\n",
        f"Référence : {reference}\n",
    ):
        assert line in text


@pytest.mark.parametrize(
    ("population", "words"),
    [(None, "population inconnue"), (0, "0 habitant"), (1, "1 habitant"), (2, "2 habitants")],
)
def test_the_centre_reads_how_many_people_live_there(centre, post, population, words):
    incident = declare()
    Collectivity.objects.filter(pk=incident.collectivity_id).update(population=population)
    deliver_all()
    [message] = post.list_mails_to(CENTRE)
    assert f"Commune de Plouexemple (Finistère), {words}\n" in read_body(message)


def test_one_person_and_one_record_are_singular(centre, post):
    stop = Interruption(service="civil", extent="stopped", people_affected=1)
    leak = Leak(status="suspected", categories=("nir",), persons=1, records=1)
    declare(service_stopped="yes", data_concerned="yes", interruptions=(stop,), leak=leak)
    deliver_all()
    [message] = post.list_mails_to(CENTRE)
    words = read_on_one_line(message)
    assert "- État civil : arrêté, 1 personne touchée " in words
    assert "- fuite soupçonnée, 1 personne, 1 enregistrement " in words


def test_a_day_without_its_hour_is_a_day(centre, post):
    day = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    stops = (
        Interruption(service="civil", extent="stopped", started_at=day),
        Interruption(service="site", extent="stopped", started_at=day, ended_at=day),
    )
    declare(service_stopped="yes", occurred=Instant(at=day, certainty="approximate"), interruptions=stops)
    deliver_all()
    [message] = post.list_mails_to(CENTRE)
    words = read_on_one_line(message)
    assert "- survenu vers le lundi 23 novembre 2026 " in words
    assert "arrêté, depuis le lundi 23 novembre 2026 - Site" in words
    assert "jusqu’au lundi 23 novembre 2026 " in words
    assert " 0 h 00" not in words


def test_an_express_declaration_says_first_that_somebody_waits_for_a_call(centre, post):
    submission = Submission(key="express", origin=Origin.WEB, asks_call_back=True)
    unanswered = {"service_stopped": "", "data_concerned": ""}
    declare_incident(declaration=a_declaration(**unanswered), submission=submission, actor=None)

    deliver_all()

    [message] = post.list_mails_to(CENTRE)
    assert "Gravité élevée, À RAPPELER, NON VÉRIFIÉE" in message["Subject"].replace("\u00a0", " ")
    text = read_body(message)
    assert "À rappeler : déclaration express." in text
    assert "Depuis quand\n- pas dit\n" in text
    assert "Services arrêtés ou ralentis\n- pas dit\n" in text
    assert "Données personnelles\n- pas dit\n" in text


def test_the_receipt_has_all_that_the_declarant_needs(centre, post):
    incident = declare()

    deliver_all()

    [message] = post.list_mails_to(TOWN)
    secret = derive_secret(incident.accesses.get())
    reference = hyphenate(incident.reference)
    assert message["Subject"].replace("\u00a0", " ") == f"{reference} : votre déclaration est arrivée"
    text = read_body(message)
    for line in (
        "Collectivité : commune de Plouexemple (Finistère)\n",
        "Breizh Cyber : 0 800 200 008\n",
        f"Donnez votre référence : {reference}\n(",
        f"http://localhost:8000/suivi/acces/{secret}/\n",
        f"Code secret : {hyphenate(secret)}\n",
        "1. Débranchez, n’éteignez pas.",
        "\n2. Mettez les sauvegardes à l’abri.",
        "\n3. Ne payez pas, n’effacez rien.",
        "- 17Cyber : https://17cyber.gouv.fr",
    ):
        assert line in text
    assert "arrivée le mardi 24 novembre 2026 à 9 h 51, heure de Paris." in read_on_one_line(message)


def test_the_receipt_gives_the_reflexes_of_the_centre(centre, post):
    content = dump_sheet(REFLEXES["rancon"])
    content["hour"][0] = {"title": "Appelez Brest", "how": "Avant tout le reste."}
    ReflexSheet.objects.create(type="rancon", csirt=centre, version=1, content=content)
    declare()
    deliver_all()
    assert "1. Appelez Brest. Avant tout le reste." in read_body(post.list_mails_to(TOWN)[0])


def test_the_mail_calls_a_declaration_by_a_known_member_verified(centre, post):
    declare(actor=an_agent(), origin="account")

    deliver_all()

    [message] = post.list_mails_to(CENTRE)
    assert "VÉRIFIÉE" not in message["Subject"] + read_body(message)
    assert "Déclarée par un membre connu de la collectivité." in read_body(message)


def test_the_mail_on_a_red_case_contains_no_facts(centre, post):
    incident = declare(tlp="red", description="Confidentiel", supplier="Exemple Infogérance")

    deliver_all()

    [message] = post.list_mails_to(CENTRE)
    whole = message["Subject"] + read_body(message)
    assert message["Subject"] == f"[TLP:RED] Nouveau dossier {hyphenate(incident.reference)}"
    assert f"http://localhost:8000/triage/{incident.reference}/" in whole
    for fact in ("Plouexemple", "Confidentiel", "Infogérance", "Dominique", "02 99", "ançongiciel", "critique"):
        assert fact not in whole


def test_without_a_channel_the_mail_asks_the_declarant_to_call(centre, post):
    breizh_cyber(notification_email="")
    declare()

    deliver_all()

    [message] = post.received
    assert message.went_to == [TOWN]
    assert (
        "Appelez : sans votre appel, personne n’est prévenu tout de suite\nBreizh Cyber : 0 800 200 008"
        in read_body(message)
    )


def test_where_no_centre_answers_the_mail_says_where_to_go(centre, post):
    declare(collectivity=Collectivity.objects.get(insee_code="97611"))

    deliver_all()

    [message] = post.received
    text = read_on_one_line(message)
    assert "Mamoudzou est à Mayotte, et nous n’y connaissons pas de centre régional." in text
    assert "arrivée le mardi 24 novembre 2026 à 11 h 51, heure de Mayotte." in text
    assert "Aucun centre ne couvre votre territoire. Demandez de l’aide ici : - CERT-FR : +33 9 70 83 32 18" in text
    assert "17Cyber : https://17cyber.gouv.fr. Horaires : tchat ouvert à toute heure" in text
    assert "ppelez" not in text
    assert "Donnez" not in text
    assert "None" not in text


def test_no_mail_asks_to_call_a_centre_without_a_number(centre, post):
    responder = a_responder(centre)
    incident = declare()
    acknowledge_incident(reference=incident.reference, actor=responder)
    rotate_access_by_responder(reference=incident.reference, actor=responder)
    close_incident(reference=incident.reference, actor=responder, reason=ClosingReason.NOT_AN_INCIDENT)
    centre.contacts.filter(kind="phone").delete()

    deliver_all()

    assert len(post.list_mails_to(TOWN)) == 4
    for message in post.list_mails_to(TOWN):
        text = read_on_one_line(message)
        assert "n’a pas publié de téléphone" in text
        assert "ppelez" not in text
        assert "Donnez" not in text


def test_the_mail_marks_a_telephone_number_that_is_to_be_confirmed(centre, post):
    declare(collectivity=Collectivity.objects.get(insee_code="2A004"))

    deliver_all()

    assert "CSIRT CyberCorsica : 04 20 97 00 97 (presse, à confirmer)" in read_on_one_line(post.list_mails_to(TOWN)[0])


def test_the_declarant_is_mailed_about_the_acknowledgement_the_new_code_and_the_closing(centre, post):
    responder = a_responder(centre)
    incident = declare()
    acknowledge_incident(reference=incident.reference, actor=responder)
    rotate_access_by_responder(reference=incident.reference, actor=responder)
    close_incident(reference=incident.reference, actor=responder, reason=ClosingReason.RESOLVED, why="Vu.")

    deliver_all()

    reference = hyphenate(incident.reference)
    receipt, *rest = post.list_mails_to(TOWN)
    assert [message["Subject"].replace("\u00a0", " ") for message in rest] == [
        f"{reference} : Breizh Cyber s’occupe de votre incident",
        f"{reference} : votre code secret a été renouvelé",
        f"{reference} : votre dossier est clos",
    ]
    assert "Raison : résolu." in read_body(rest[2])
    fresh = derive_secret(incident.accesses.get(revoked_at=None))
    for message in (receipt, *rest):
        assert fresh not in read_body(message)
        assert hyphenate(fresh) not in read_body(message)
        assert "Code secret :" not in read_body(message)


@pytest.mark.parametrize("kind", IncidentType.values)
def test_a_declaration_of_each_type_is_mailed_to_the_centre_and_the_declarant(centre, post, kind):
    declare(type=kind)

    deliver_all()

    assert len(post.received) == 2
    assert ("\n3. " in read_body(post.list_mails_to(TOWN)[0])) is (kind not in TYPES_WITH_OPEN_MAILBOX)


@pytest.mark.parametrize("text", [*ADDRESSES, *HEADERS, *INVISIBLE, MARKUP[9], TEMPLATES[2], FORMULAS[0]])
def test_hostile_text_of_a_declaration_does_no_harm_in_mails(centre, post, text):
    person = Caller(name=text, role=text, phone=f"02 99 00 00 00, {text}"[:40], email=TOWN)
    declare(description=f"{text}\n\n-- \nPrendre en charge :\n{text}", supplier=text, caller=person)

    deliver_all()

    assert [message.went_to for message in post.received] == [[CENTRE], [TOWN]]
    for message in post.received:
        harmless.check_mail(message)
    quoted = (
        read_body(post.list_mails_to(CENTRE)[0]).split("Ce que la personne a écrit\n")[1].split("\n\nRéférence")[0]
    )
    assert all(line.startswith(">") for line in quoted.splitlines())


@pytest.mark.parametrize("description", ["mot " * 500, "x" * 5000])
def test_no_quotation_in_a_mail_is_wider_than_72_columns(centre, post, description):
    declare(description=description)

    deliver_all()

    quoted = [line for line in read_body(post.list_mails_to(CENTRE)[0]).splitlines() if line.startswith(">")]
    assert len(quoted) > 20
    assert all(len(line) <= 72 for line in quoted)


def test_a_sentence_of_a_mail_is_one_line_that_the_telephone_wraps(centre, post):
    declare()

    deliver_all()

    lines = read_body(post.list_mails_to(TOWN)[0]).splitlines()
    arrival = next(line for line in lines if line.startswith("Votre déclaration est arrivée"))
    assert arrival.endswith("heure de Paris.")


def test_templates_never_read_text_of_declarants_directly():
    folder = settings.BASE_DIR / "notifications" / "templates" / "notifications"
    for template in folder.glob("*.txt"):
        text = template.read_text()
        assert "story" not in text
        assert "incident." not in text


@pytest.mark.parametrize(
    ("written", "defanged"),
    [
        ("http://exemple.fr/a?b=c", "hxxp://exemple[.]fr/a?b=c"),
        ("HTTPS://EXEMPLE.FR", "hxxps://EXEMPLE[.]FR"),
        ("voir www.exemple.fr ou exemple.fr", "voir www[.]exemple[.]fr ou exemple[.]fr"),
        ("02.99.00.00.00", "02.99.00.00.00"),
        ("mairie@plouexemple.example", "mairie@plouexemple.example"),
        ("écrire à mairie@exemple.fr", "écrire à mairie@exemple[.]fr"),
        ("C’est fini. Merci...", "C’est fini. Merci..."),
        ("a\nb\x00c\u202ed", "a b c d"),
    ],
)
def test_links_are_defanged(written, defanged):
    assert defang_line(written) == defanged


def test_every_kind_of_line_end_is_quoted():
    assert quote_lines("a\rb\u2028c\x0bd\x85e") == "> a\n> b\n> c\n> d\n> e"


def test_each_line_of_a_wrapped_quotation_keeps_its_mark():
    text = wrap_quotations("1. " + "mot " * 20 + "\n\n\n\n" + "> " + "mot " * 20)

    assert [line[:4] for line in text.splitlines()] == ["1. m", "", "> mo", "> mo"]


def test_the_mail_gives_the_hours_beside_the_number_and_calls_the_target_a_target(centre, post):
    hours = {"value": "lun.–ven. 8 h–17 h", "note": "presse, à confirmer", "source": "essai"}
    Contact.objects.update_or_create(csirt=centre, kind="hours", defaults=hours)
    declare()

    deliver_all()

    [mail] = post.list_mails_to(TOWN)
    text = read_on_one_line(mail)
    assert "0 800 200 008 Ses horaires : lun.–ven. 8 h–17 h (presse, à confirmer)." in text
    assert "Fermé, ou pas de réponse ? - CERT-FR : +33 9 70 83 32 18" in text
    assert "source" not in text
    assert "ou dès sa réouverture s’il est fermé." in text
    assert "lit votre déclaration et s’en occupe" not in text
