"""A day of work of the demonstration's centre: notes, tasks, a wave, a duplicate, transfers and a hand-over.

It is made through the services after the cases of `config/demo/showcase.py`, except that the dates of one task are
moved back to make it late.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership, User
from collectivities.models import Collectivity
from config.demo.accounts import CSIRT, DOMAIN
from config.demo.cases import declare_case, declare_case_with_key, make_submission_key
from csirts.models import Csirt
from incidents.catalogues.rsit import RsitClass, RsitType
from incidents.enums import (
    Cause,
    ClosingReason,
    GroupKind,
    IncidentType,
    LeakStatus,
    Nature,
    NoteKind,
    ObservableKind,
    Outcome,
    Pap,
    Tlp,
)
from incidents.models import Incident, Task
from incidents.services.declaring.declare import hash_submission_key
from incidents.services.duplicates.merge import merge_incident
from incidents.services.groups.group import add_to_group, open_group, save_group_sheet
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.assign import assign_incident
from incidents.services.handling.close import ClosingReport, close_with_report
from incidents.services.handling.handover import HandoverRequest, hand_shift_over
from incidents.services.handling.notes import write_note
from incidents.services.handling.qualify import Qualification, qualify_incident
from incidents.services.handling.reopen import reopen_incident
from incidents.services.handling.tasks import (
    NewTask,
    TaskState,
    add_task,
    apply_playbook,
    save_next_due,
    set_task_state,
)
from incidents.services.indicators.observe import save_typed_observable
from incidents.services.transfer.agreements import Agreement
from incidents.services.transfer.proposal import accept_transfer, create_proposal

OTHER_CENTRE = "pays-de-la-loire-cyber-assistance"
OTHER_CENTRE_TOWN = "44184"
DOUBLED_TOWN = "35288"
WAVE_TOWNS = ("35047", "35281")
GIVEN_TOWN = "35236"
REOPENED_TOWN = "35051"
SUPPLIER = "Exemple Informatique"
ADDRESS = "203.0.113.77"
DONE_STEPS = ("rappeler", "rancon-isoler", "rancon-sauvegardes", "qualifier")
LATE_TASK = "Rappeler le déclarant : que disent les journaux ?"
LATE_BY, RECEIVED_BEFORE = timedelta(hours=3), timedelta(hours=12)
SHEET = """Ce que nous savons
Le prestataire a été attaqué avant-hier soir. Son outil de prise en main à distance a servi à entrer chez ses clients.

Ce que nous conseillons
Couper l’accès du prestataire et changer les mots de passe qu’il connaît.
Chercher l’adresse 203.0.113.77 dans les journaux."""


def make_day_of_work(cast: dict[str, User], now: datetime) -> None:
    """Create the notes, tasks, wave, duplicate, transfers and hand-over of one day. `cast` maps a name
    to its account.
    """
    neighbour = create_neighbour()
    fill_case(get_case_of_type(IncidentType.RANSOMWARE), cast["responder"], cast["lead"])
    make_late_task(cast["responder"], now)
    make_wave(cast, now)
    make_duplicate(cast["lead"], cast["responder"], now)
    make_incoming_transfer(neighbour, now)
    make_outgoing_transfer(cast["responder"], neighbour, now)
    make_reopened_case(cast["responder"], cast["lead"], now)
    write_handover(get_case_of_type(IncidentType.MAILBOX), cast["lead"], cast["responder"])


def create_neighbour() -> User:
    """Create a responder of the neighbouring centre who cannot sign in."""
    user = User.objects.create_user(f"voisin@{DOMAIN}", None, display_name="Lou Voisin")
    since = timezone.localdate() - timedelta(days=365)
    centre = Csirt.objects.get(slug=OTHER_CENTRE)
    Membership.objects.create(user=user, role=Role.RESPONDER, since_on=since, csirt=centre)
    return user


def get_case_of_type(kind: IncidentType) -> Incident:
    """Return the case of this type that `declare_case` declared."""
    return Incident.objects.get(submission_key=hash_submission_key(make_submission_key(kind)))


def get_town(insee_code: str) -> Collectivity:
    """Return the commune with this INSEE code."""
    return Collectivity.objects.with_territory().get(insee_code=insee_code)


def fill_case(case: Incident, responder: User, lead: User) -> None:
    """Add to a case what only the centre reads: notes, tasks, a qualification and indicators."""
    reference = case.reference
    add_case_note(reference, responder, NoteKind.NOTE, "La connexion de 2 h 13 vient du compte du prestataire.")
    add_case_note(reference, lead, NoteKind.NOTE, "Je préviens l’astreinte du centre pour cette nuit.")
    complete_tasks(case, responder)
    qualification = Qualification(
        nature=Nature.INCIDENT,
        type=IncidentType.RANSOMWARE,
        rsit_class=RsitClass.MALICIOUS_CODE,
        rsit_type=RsitType.INFECTED_SYSTEM,
        techniques=("T1133", "T1199", "T1486", "T1490"),
        cause=Cause.SUPPLIER,
        leak=LeakStatus.SUSPECTED,
        tlp=Tlp.AMBER,
        pap=Pap.AMBER,
    )
    qualify_incident(reference=reference, actor=responder, qualification=qualification)
    for kind, value in (
        (ObservableKind.IP, ADDRESS),
        (ObservableKind.EMAIL, "exemple@attaquant.example"),
        (ObservableKind.DOMAIN, "relais.fournisseur.example"),
        (ObservableKind.FILE, "LISEZ-MOI.txt"),
    ):
        save_typed_observable(reference=reference, actor=responder, kind=kind, value=value)


def add_case_note(reference: str, actor: User, kind: NoteKind, text: str) -> None:
    write_note(reference=reference, actor=actor, kind=kind, text=text, key=text)


def complete_tasks(case: Incident, actor: User) -> None:
    """Apply the playbook to the case, complete some of its tasks, and add a task for tomorrow."""
    apply_playbook(reference=case.reference, actor=actor)
    for task in case.tasks.filter(step__in=DONE_STEPS):
        set_task_state(reference=case.reference, actor=actor, uid=task.uid, state=TaskState.DONE)
    due_at = timezone.now() + timedelta(days=1)
    tomorrow = NewTask(title="Demander au prestataire les journaux de sa prise en main", due_at=due_at)
    add_task(reference=case.reference, actor=actor, new_task=tomorrow)


def make_late_task(responder: User, now: datetime) -> None:
    """Add a late task to a case that was received long before the task was due. Do nothing if there is
    no such case.
    """
    centre = Csirt.objects.get(slug=CSIRT)
    old = Incident.objects.open().filter(csirt=centre, received_at__lt=now - RECEIVED_BEFORE)
    case = old.exclude(acknowledged_at=None).order_by("-received_at").first()
    if case is None:
        return
    assign_incident(reference=case.reference, actor=responder, assignee=responder)
    errand = NewTask(title=LATE_TASK, due_at=now + timedelta(days=1))
    task = add_task(reference=case.reference, actor=responder, new_task=errand)
    Task.objects.filter(pk=task.pk).update(added_at=now - 2 * LATE_BY, due_at=now - LATE_BY)
    case.refresh_from_db()
    save_next_due(case, at=now)


def make_wave(cast: dict[str, User], now: datetime) -> None:
    """Declare two cases of this morning, whose supplier is that of yesterday's cases. Put all cases of this supplier
    except the newest into a group.
    """
    centre = Csirt.objects.get(slug=CSIRT)
    supplier = find_wave_supplier(centre)
    for number, town in enumerate(WAVE_TOWNS):
        words = "Notre prestataire nous dit qu’il est attaqué. Nous avons coupé son accès."
        kind, found_at = IncidentType.SUPPLIER, now - timedelta(hours=5 - number)
        declare_case_with_key(
            make_submission_key(f"vague {town}"), kind, get_town(town), found_at, description=words, supplier=supplier
        )
    responder = cast["responder"]
    group = open_group(
        csirt=centre, kind=GroupKind.SUPPLIER, title=supplier, actor=responder, key=make_submission_key("vague")
    )
    wave = list_wave(centre).filter(story__supplier=supplier).order_by("received_at", "pk")
    first_case, *other_cases = list(wave)
    for case in (first_case, *other_cases[:-1]):
        add_to_group(reference=case.reference, group=group.uid, actor=responder)
    save_typed_observable(reference=first_case.reference, actor=responder, kind=ObservableKind.IP, value=ADDRESS)
    save_group_sheet(group=group.uid, sheet=SHEET, seen=group.version, actor=responder)


def list_wave(centre: Csirt) -> QuerySet[Incident]:
    """Return the open cases of the centre that come from an attacked supplier."""
    return Incident.objects.open().filter(csirt=centre, type=IncidentType.SUPPLIER)


def find_wave_supplier(centre: Csirt) -> str:
    """Return the supplier of the newest case of the wave, or SUPPLIER if there is none."""
    newest = list_wave(centre).exclude(supplier_key="").select_related("story").order_by("-received_at").first()
    return newest.story.supplier if newest else SUPPLIER


def make_duplicate(lead: User, responder: User, now: datetime) -> None:
    """Declare the case of the neighbouring town a second time, and merge this second case into the first. The lead
    assigns the first case to a colleague, who has not acknowledged it yet.
    """
    main_case = get_case_of_type(IncidentType.DDOS)
    words = "Le site de la ville ne répond plus. Je crois qu’un collègue l’a déjà signalé."
    duplicate = declare_case_with_key(
        make_submission_key("double"),
        IncidentType.DDOS,
        get_town(DOUBLED_TOWN),
        now - timedelta(hours=1),
        description=words,
    )
    merge_incident(reference=duplicate.incident.reference, into=main_case.reference, actor=lead)
    assign_incident(reference=main_case.reference, actor=lead, assignee=responder)


def make_incoming_transfer(neighbour: User, now: datetime) -> None:
    """Declare a case of the neighbouring centre, which proposes it to the centre of the demonstration."""
    words = "Des mails piégés sont partis de chez nous vers trois communes bretonnes."
    declared = declare_case(IncidentType.PHISHING, get_town(OTHER_CENTRE_TOWN), now, hours=8, description=words)
    reason = "Les trois communes visées sont dans votre région, et vous suivez déjà la même campagne."
    propose_transfer(declared.incident.reference, neighbour, taker=CSIRT, motive=reason)


def make_outgoing_transfer(responder: User, neighbour: User, now: datetime) -> None:
    """Declare a case of the centre of the demonstration, which transfers it to the neighbouring centre."""
    words = "Notre syndicat, de l’autre côté de la limite, héberge le serveur touché."
    declared = declare_case(IncidentType.ADMIN_ACCOUNT, get_town(GIVEN_TOWN), now, hours=20, description=words)
    reference = declared.incident.reference
    add_case_note(reference, responder, NoteKind.CALL_OUT, "Le serveur est chez le syndicat, hors de la région.")
    reason = "Le serveur et ceux qui s’en occupent sont dans votre région. La mairie est d’accord."
    accept_transfer(uid=propose_transfer(reference, responder, taker=OTHER_CENTRE, motive=reason), actor=neighbour)


def propose_transfer(reference: str, actor: User, *, taker: str, motive: str) -> UUID:
    """Acknowledge the case and propose it to the centre with the slug `taker`. Return the uid of the transfer."""
    acknowledge_incident(reference=reference, actor=actor)
    label = Incident.objects.get(reference=reference).tlp
    agreement = Agreement(is_given=True, words="La secrétaire, au téléphone, ce matin.", label=label)
    transfer = create_proposal(
        reference=reference, taker=taker, motive=motive, actor=actor, seen="", agreement=agreement
    )
    return transfer.uid


def make_reopened_case(responder: User, lead: User, now: datetime) -> None:
    """Declare and close a case, which the lead opens again."""
    words = "Un agent a donné son mot de passe sur une fausse page."
    name = make_submission_key("rouvert")
    declared = declare_case_with_key(
        name, IncidentType.PHISHING, get_town(REOPENED_TOWN), now - timedelta(hours=40), description=words
    )
    reference = declared.incident.reference
    acknowledge_incident(reference=reference, actor=responder)
    add_case_note(
        reference, responder, NoteKind.CALL_OUT, "L’agent a changé son mot de passe, les sessions sont fermées."
    )
    ended = ClosingReport(
        reason=ClosingReason.RESOLVED,
        outcome=Outcome.STOPPED_IN_TIME,
        cause=Cause.PHISHING,
        summary="Mot de passe changé, sessions fermées.",
    )
    close_with_report(reference=reference, actor=responder, ending=ended)
    reopen_incident(reference=reference, actor=lead, motive="Une règle de transfert a été trouvée dans la boîte.")


def write_handover(case: Incident, lead: User, responder: User) -> None:
    """Hand the case over to the responder at the end of the lead's shift."""
    words = "La mairie doit rappeler avant 17 h. Sans nouvelle, téléphonez. La boîte envoie peut-être encore."
    hand_shift_over(
        actor=lead,
        references=[case.reference],
        handover=HandoverRequest(to=responder, text=words, key=make_submission_key("relais")),
    )
