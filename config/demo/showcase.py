"""Cases for the accounts of the demonstration, made through the services, so that every page has content.

Everything is invented and says so. The texts are always the same, and the dates are counted back from the first start.
"""

import struct
import zlib
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.enums import EmergencyContactKind
from accounts.models import User
from accounts.services.bodies import save_contacts
from accounts.services.invitations import invite_member
from collectivities.enums import Kind
from collectivities.models import Collectivity
from config.demo.accounts import COMMUNE, DOMAIN
from config.demo.cases import CALLER, declare_case, make_submission_key
from config.demo.work import add_case_note, make_day_of_work
from incidents.access import CaseVisitor, get_incident
from incidents.enums import Ability, Answer, Cause, ClosingReason, IncidentType, NoteKind, Outcome, Satisfaction
from incidents.facts.shapes import Interruption, Leak
from incidents.files.deposits import Deposit
from incidents.models import Incident
from incidents.questions.catalogue import get_current_version
from incidents.services.correspondence.correspond import Letter, write_to_csirt, write_to_declarant
from incidents.services.declarant.claim import claim_incident
from incidents.services.declarant.complete import SectionEdit, answer_section
from incidents.services.declarant.correct import end_interruption
from incidents.services.declarant.rate import rate_help
from incidents.services.declarant.share import share_sentence
from incidents.services.declaring.bodies import BodyProposal, propose_body
from incidents.services.declaring.declare import DeclarationResult, hash_submission_key
from incidents.services.evidence.files import FileSubmission, get_writing_key, record_evidence
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import ClosingReport, close_with_report
from incidents.services.handling.readings import record_reading
from incidents.services.handling.verify import verify_incident

NEIGHBOUR = "35288"
RANSOM_NOTE = b"VOS FICHIERS SONT CHIFFRES.\nNe les renommez pas. Ecrivez a exemple@attaquant.example\n"
TRAP_MAIL = (
    b"From: Facturation <compta@fournisseur.example>\r\nTo: accueil@demo.example\r\nSubject: Facture en retard\r\n"
    b"Received: from relais.fournisseur.example (192.0.2.12)\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    b"Bonjour, la facture est dans l'archive jointe.\r\n"
)
LOG_FILE = b"2026-11-24T02:13:07 vpn exemple-prestataire 198.51.100.7 session ouverte\n" * 40
EMERGENCY_CARD = {
    EmergencyContactKind.SUPPLIER: {
        "name": "Exemple Informatique",
        "phone": "06 39 98 00 21",
        "note": "astreinte jour et nuit",
    },
    EmergencyContactKind.DPO: {
        "name": "Sacha Inventé",
        "phone": "06 39 98 00 22",
        "note": "mutualisé avec l’intercommunalité",
    },
    EmergencyContactKind.INSURER: {"name": "Assurances Modèle", "phone": "06 39 98 00 23", "note": "contrat EX-0000"},
    EmergencyContactKind.ELECTED: {"name": "Maxime Imaginaire", "phone": "06 39 98 00 24", "note": ""},
}
ANSWERS: dict[str, dict[str, Any]] = {
    "precisions": {
        "note_vue": "oui",
        "note_texte": "« Vos fichiers sont chiffrés », avec une adresse mail.",
        "extension": ".exemple",
        "echantillon": "oui",
        "continue": "non",
        "contact_attaquant": "non",
    },
    "machines": {
        "postes": 14,
        "serveurs": ["fichiers", "annuaire"],
        "isoles": "partie",
        "eteints": ["rien"],
        "acces_distance": ["vpn"],
        "informatique": "Exemple Informatique, astreinte prévenue à 8 h",
        "informatique_prevenu": "oui",
    },
    "sauvegardes": {
        "sauvegardes_ou": ["reseau", "debranche"],
        "sauvegardes_atteintes": "partie",
        "sauvegardes_isolees": "oui",
        "sauvegardes_essayees": None,
    },
    "demarches": {"elu": "oui", "dpo": "oui", "cnil": "non", "plainte": "non", "assureur": "oui"},
    "suites": {"postes_total": 40},
}


def has_showcase() -> bool:
    """Tell whether this database has the cases of `make_showcase`."""
    key = hash_submission_key(make_submission_key(IncidentType.RANSOMWARE))
    return Incident.objects.filter(submission_key=key).exists()


@transaction.atomic
def make_showcase() -> None:
    """Create the cases of the demonstration in one transaction. The caller has checked `has_showcase`."""
    cast = {user.email.partition("@")[0]: user for user in User.objects.filter(email__endswith=f"@{DOMAIN}")}
    town = Collectivity.objects.with_territory().get(insee_code=COMMUNE)
    now = timezone.now().replace(second=0, microsecond=0)
    save_contacts(
        uid=town.uid, contacts={kind.value: words for kind, words in EMERGENCY_CARD.items()}, actor=cast["manager"]
    )
    invite_member(uid=town.uid, email=f"nouveau@{DOMAIN}", actor=cast["manager"])
    make_ransomware_case(town, cast, now)
    make_mailbox_case(town, cast, now)
    make_closed_case(town, cast, now)
    make_new_body_case(town, now)
    declare_case(IncidentType.DDOS, Collectivity.objects.with_territory().get(insee_code=NEIGHBOUR), now, hours=2)
    make_day_of_work(cast, now)


def make_ransomware_case(town: Collectivity, cast: dict[str, User], now: datetime) -> None:
    """Declare a case of ransomware without an account, and let the centre and the body work on it."""
    since = now - timedelta(hours=6)
    stopped = (
        Interruption(service="civil", extent="stopped", started_at=since, workaround="actes à la main, sur papier"),
        Interruption(service="messagerie", extent="stopped", started_at=since),
        Interruption(service="cantine", extent="degraded", started_at=since, workaround="listes imprimées"),
    )
    leak = Leak(categories=("etat_civil", "coordonnees"), person_categories=("utilisateurs", "employes"))
    declared = declare_case(
        IncidentType.RANSOMWARE,
        town,
        now,
        hours=7,
        description="Les fichiers de l’accueil ne s’ouvrent plus. Un message demande de l’argent.",
        supplier="Exemple Informatique",
        service_stopped=Answer.YES,
        interruptions=stopped,
        data_concerned=Answer.YES,
        leak=leak,
    )
    work_on_ransomware(declared, cast["agent"], cast["responder"])


def work_on_ransomware(declared: DeclarationResult, agent: User, responder: User) -> None:
    """Let the caller, the responder and the agent work on the case. The caller adds evidence files. The responder
    reads, acknowledges and verifies the case. The agent claims it, answers its questions and shares a sentence. The
    responder and the agent exchange messages.
    """
    reference = declared.incident.reference
    add_evidence(reference, CaseVisitor(access_uid=declared.incident.accesses.get().uid))
    case = get_incident(responder, reference, to=Ability.WORK)
    record_reading(incident=case, reader=responder, at=timezone.now())
    acknowledge_incident(reference=reference, actor=responder)
    verify_incident(reference=reference, actor=responder)
    claim_incident(reference=reference, access_uid=declared.incident.accesses.get().uid, actor=agent)
    answer_questions(reference, agent, ANSWERS)
    end_interruption(edit=SectionEdit(visitor=CaseVisitor(user=agent), reference=reference), service="civil")
    exchange_messages(reference, agent, responder)
    share_sentence(reference=reference, visitor=CaseVisitor(user=agent))


def add_evidence(reference: str, visitor: CaseVisitor) -> None:
    """Upload the evidence files of the ransomware to the case, as this visitor."""
    key = get_writing_key(visitor=visitor, reference=reference)
    files = {"LISEZ-MOI.txt": RANSOM_NOTE, "facture.eml": TRAP_MAIL, "écran.png": draw_picture(), "vpn.log": LOG_FILE}
    for name, content in files.items():
        deposit = Deposit(key)
        deposit.write(content)
        submission = FileSubmission(name=name, author=CALLER.name, file=deposit.finish())
        record_evidence(visitor=visitor, reference=reference, submission=submission)


def draw_picture() -> bytes:
    """Return a small grey PNG in place of the photograph of a screen."""
    rows = zlib.compress((b"\0" + b"\x80" * 16) * 16)
    parts = ((b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def answer_questions(reference: str, agent: User, answers: dict[str, dict[str, Any]]) -> None:
    """Answer the questions about the case, as the agent. `answers` maps each section to its answers."""
    for section, values in answers.items():
        edit = SectionEdit(visitor=CaseVisitor(user=agent), reference=reference)
        answer_section(edit=edit, section=section, version=get_current_version().code, values=values)


def exchange_messages(reference: str, agent: User, responder: User) -> None:
    """Exchange messages and record a call. The last message is an open question of the centre."""
    question = Letter(text="Bonjour. Les sauvegardes débranchées sont-elles intactes ?", key="1", asks_answer=True)
    write_to_declarant(reference=reference, actor=responder, letter=question)
    reply = Letter(text="Oui, le disque débranché de vendredi s’ouvre. Nous ne l’avons pas rebranché.", key="2")
    write_to_csirt(reference=reference, visitor=CaseVisitor(user=agent), letter=reply)
    add_case_note(
        reference, responder, NoteKind.CALL_OUT, "Rappelé l’accueil : 14 postes touchés, le réseau est coupé."
    )
    thanks = Letter(
        text="Parfait : gardez-le débranché. Qui peut nous ouvrir le pare-feu ?", key="3", asks_answer=True
    )
    write_to_declarant(reference=reference, actor=responder, letter=thanks)


def make_mailbox_case(town: Collectivity, cast: dict[str, User], now: datetime) -> None:
    """Declare the case of a stolen mailbox. The agent declares it while signed in, so that it is verified. The lead
    acknowledges it and waits for an answer of the body.
    """
    declared = declare_case(
        IncidentType.MAILBOX,
        town,
        now,
        hours=30,
        actor=cast["agent"],
        description="Des mails partent de la boîte de l’accueil sans nous, vers des habitants.",
        data_concerned=Answer.UNKNOWN,
    )
    acknowledge_incident(reference=declared.incident.reference, actor=cast["lead"])
    question = Letter(text="Avez-vous changé le mot de passe, et fermé les sessions ?", key="1", asks_answer=True)
    write_to_declarant(reference=declared.incident.reference, actor=cast["lead"], letter=question)


def make_closed_case(town: Collectivity, cast: dict[str, User], now: datetime) -> None:
    """Declare a case of a defaced site, which the centre closes and the declarant rates."""
    back = Interruption(
        service="site", extent="stopped", started_at=now - timedelta(hours=50), ended_at=now - timedelta(hours=44)
    )
    declared = declare_case(
        IncidentType.DEFACEMENT,
        town,
        now,
        hours=50,
        actor=cast["manager"],
        description="La page d’accueil de notre site affichait un message qui n’est pas de nous.",
        service_stopped=Answer.YES,
        interruptions=(back,),
    )
    acknowledge_incident(reference=declared.incident.reference, actor=cast["responder"])
    answer = Letter(text="Bonjour. Nous regardons votre site avec votre prestataire, et nous vous rappelons.", key="1")
    write_to_declarant(reference=declared.incident.reference, actor=cast["responder"], letter=answer)
    ending = ClosingReport(
        reason=ClosingReason.RESOLVED,
        outcome=Outcome.RESTORED,
        cause=Cause.FLAW,
        summary="Extension du site mise à jour, mots de passe changés, page remise depuis la sauvegarde.",
        lesson="Une extension oubliée suffit. Listez celles du site, retirez celles qui ne servent plus.",
        is_shared=True,
    )
    close_with_report(reference=declared.incident.reference, actor=cast["responder"], ending=ending)
    visitor = CaseVisitor(access_uid=declared.incident.accesses.get().uid)
    words = "Quelqu’un a répondu tout de suite."
    rate_help(reference=declared.incident.reference, visitor=visitor, level=Satisfaction.VERY, words=words)


def make_new_body_case(town: Collectivity, now: datetime) -> None:
    """Declare a case for a body that nobody has confirmed. Nobody has acknowledged the case."""
    proposal = BodyProposal(
        kind=Kind.CCAS, name="CCAS Exemple du Couchant", siren="", has_no_siren=True, seat=str(town.uid)
    )
    declare_case(
        IncidentType.TRANSFER,
        propose_body(proposal=proposal),
        now,
        hours=3,
        description="Un fournisseur a changé de RIB par mail. Le virement est parti ce matin.",
    )
