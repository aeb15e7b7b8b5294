"""Declaration of an incident, which becomes a case in the queue of the right CSIRT, in one transaction."""

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from psycopg.errors import UniqueViolation

from accounts.access import is_member
from accounts.models import User
from collectivities.models import Collectivity
from collectivities.zones import find_local_day, find_zone
from core.locks import lock_key
from core.text import clean_line, fold_text
from csirts.routing import Route, find_route
from incidents.catalogues.rsit import FIRST_CLASSIFICATION
from incidents.due import compute_first_deadlines
from incidents.enums import ActorKind, EventKind, Severity, Verification
from incidents.facts.description import LINE_LIMIT
from incidents.facts.shapes import CASE_ANSWERS, INSTANTS, Declaration, Instant, Submission, map_story_columns
from incidents.models import DataLeak, FollowUpAccess, Incident, ServiceInterruption, Story
from incidents.reference import make_reference
from incidents.services.declarant.access import create_access
from incidents.services.declaring.bodies import lock_current_body
from incidents.services.declaring.check import check_declaration
from incidents.services.declaring.limits import register_declaration
from incidents.services.history.record import record_event
from incidents.services.history.snapshots import snapshot_declaration, store_first_sheets
from incidents.severity import Situation, assess_situation

SUPPLIER_KEY_LENGTH = 80
MAX_REFERENCE_DRAWS = 5


class SubmissionConflict(Exception):
    """The submission key was already used with other content. Nothing was saved.

    `incident` is the case of the first submission.
    """

    def __init__(self, incident: Incident) -> None:
        super().__init__(incident.reference)
        self.incident = incident


@dataclass(frozen=True, kw_only=True)
class DeclarationResult:
    """The case of a submission, and the access for its declarant, which is None if the case was erased since.

    `is_new` is False if an earlier submission made the case.
    """

    incident: Incident
    access: FollowUpAccess | None
    is_new: bool


def declare_incident(*, declaration: Declaration, submission: Submission, actor: User | None) -> DeclarationResult:
    """Save a declaration as a case and record its event, or save nothing at all.

    The same submission sent again returns the same case. Raises ValidationError by field, SubmissionConflict if the
    key was used with other content.
    """
    for _ in range(MAX_REFERENCE_DRAWS):
        try:
            return declare_with_new_reference(declaration, submission, actor)
        except IntegrityError as error:
            if not is_reference_taken(error):
                raise
    raise IntegrityError("no free reference")


def is_reference_taken(error: IntegrityError) -> bool:
    """Tell whether the database refused the randomly drawn reference because another case has it."""
    return isinstance(error.__cause__, UniqueViolation) and "reference" in (error.__cause__.diag.constraint_name or "")


@transaction.atomic
def declare_with_new_reference(
    declaration: Declaration, submission: Submission, actor: User | None
) -> DeclarationResult:
    """Save a declaration as a case with a randomly drawn reference. Raises like `declare_incident`.

    Also raises IntegrityError if the reference is taken (`is_reference_taken`).
    """
    now = timezone.now()
    digest = digest_declaration(declaration)
    if earlier := None if submission.is_key_locked else find_submitted_case(submission.key):
        return repeat_result(earlier, digest)

    clean = check_declaration(declaration, now=now)
    clean = replace(clean, collectivity=lock_current_body(clean.collectivity))
    route = find_route(clean.collectivity, on=timezone.localdate(now))
    is_counted = submission.source and actor is None
    burst = register_declaration(clean, source=submission.source, now=now) if is_counted else None
    submission = replace(submission, digest=digest, burst=burst or "")
    incident = save_incident(clean, submission, route, actor=actor, now=now)
    save_declared_facts(incident, clean)
    by = ActorKind.USER if actor else ActorKind.DECLARANT
    author = clean_line(submission.author, limit=LINE_LIMIT, field="author") or clean.caller.name
    sections = snapshot_declaration(clean)
    store_first_sheets(
        incident, sections, authors=dict.fromkeys(sections, author) | dict(submission.authors), by=by, actor=actor
    )
    record_event(incident, EventKind.DECLARED, at=now, actor=actor, by=by, origin=submission.origin)
    return DeclarationResult(incident=incident, access=create_access(incident, at=now), is_new=True)


def repeat_result(earlier: Incident, digest: str) -> DeclarationResult:
    """Return the case that the same submission made before. Raises SubmissionConflict if its content was another one.
    An erased case has no digest any more, and its program or person still gets it.
    """
    if earlier.submission_digest not in ("", digest):
        raise SubmissionConflict(earlier)
    return DeclarationResult(incident=earlier, access=earlier.accesses.order_by("created_at").first(), is_new=False)


def find_submitted_case(key: str) -> Incident | None:
    """Return the case that was submitted with this key, or None.

    The key is locked, so the second of two simultaneous posts waits for the first.
    """
    lock_key(key)
    return Incident.objects.filter(submission_key=hash_submission_key(key)).first()


def is_submitted(key: str) -> bool:
    """Tell whether a case was submitted with this key."""
    return Incident.objects.filter(submission_key=hash_submission_key(key)).exists()


def hash_submission_key(key: str) -> str:
    """Return the hash under which a submission key is stored.

    The key itself is not stored, because it would open the case to anybody who reads the database.
    """
    return hashlib.sha256(key.encode()).hexdigest()


def derive_supplier_key(supplier: str) -> str:
    """Return a key that is the same for several spellings of the name of one supplier."""
    return fold_text(supplier)[:SUPPLIER_KEY_LENGTH]


def digest_declaration(declaration: Declaration) -> str:
    """Return a digest of the content of the declaration, by which a repeated submission is recognised."""
    content = asdict(replace(declaration, collectivity=None)) | {"body": str(declaration.collectivity.uid)}  # type: ignore[arg-type]
    return hashlib.sha256(repr(sorted(content.items())).encode("utf-8", "surrogatepass")).hexdigest()


def save_incident(
    clean: Declaration, submission: Submission, route: Route, *, actor: User | None, now: datetime
) -> Incident:
    rsit_class, rsit_type = FIRST_CLASSIFICATION[clean.type]
    severity = assess_first_severity(clean, now)
    is_member = is_verified_by_membership(actor, clean.collectivity)
    return Incident.objects.create(
        reference=make_reference(),
        collectivity=clean.collectivity,
        csirt=route.csirt,
        region=clean.collectivity.home_region,
        route_reason=route.reason,
        origin=submission.origin,
        burst=submission.burst,
        type=clean.type,
        rsit_class=rsit_class,
        rsit_type=rsit_type,
        tlp=clean.tlp,
        severity=severity,
        severity_found=severity,
        received_at=now,
        is_to_call_back=submission.asks_call_back,
        verification=Verification.MEMBER if is_member else Verification.UNVERIFIED,
        verified_at=now if is_member else None,
        submission_key=hash_submission_key(submission.key),
        submission_digest=submission.digest,
        **compute_first_deadlines(severity, now),
        **read_answer_columns(clean),
        **read_instant_columns(clean),
    )


def is_verified_by_membership(actor: User | None, body: Collectivity) -> bool:
    """Tell whether the case is verified at once because the actor is a member of the body.

    Returns False for an unconfirmed body.
    """
    return actor is not None and not body.is_unconfirmed and is_member(actor, body)


def assess_first_severity(clean: Declaration, now: datetime) -> Severity:
    """Return the severity that follows from the facts of a declaration."""
    today = find_local_day(now, find_zone(clean.collectivity))
    situation = Situation(type=clean.type, interruptions=clean.interruptions, leak=clean.leak, on=today)
    return assess_situation(situation).severity


def read_answer_columns(clean: Declaration) -> dict[str, object]:
    """Return the columns of the case that hold answers of the declaration, with their values."""
    answers = {name: getattr(clean, name) for name in CASE_ANSWERS}
    return answers | {"supplier_key": derive_supplier_key(clean.supplier)}


def read_instant_columns(clean: Declaration) -> dict[str, object]:
    """Return the columns of the case that hold dates and their certainty, with their values."""
    instants: dict[str, Instant] = {name: getattr(clean, name) for name in INSTANTS}
    ats = {f"{name}_at": instant.at for name, instant in instants.items()}
    return ats | {f"{name}_certainty": instant.certainty for name, instant in instants.items()}


def save_declared_facts(incident: Incident, clean: Declaration) -> None:
    """Create the rows of the texts, interruptions and leak of a new case."""
    Story.objects.create(incident=incident, **map_story_columns(clean))
    ServiceInterruption.objects.bulk_create(
        ServiceInterruption(incident=incident, **asdict(interruption)) for interruption in clean.interruptions
    )
    if clean.leak:
        lists = {name: list(getattr(clean.leak, name)) for name in ("categories", "person_categories")}
        DataLeak.objects.create(incident=incident, **asdict(clean.leak) | lists)
