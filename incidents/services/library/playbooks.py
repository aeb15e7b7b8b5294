"""The playbook that applies to a case, and how a lead publishes one for the centre."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from accounts.access import get_led_centre
from accounts.models import User
from core.french import format_number
from core.stale import Stale
from core.text import clean_line
from csirts.models import Csirt
from incidents.catalogues.playbooks import PLAYBOOKS, PUBLISHED_ON, VERSION, Step, dump_steps, read_steps
from incidents.enums import IncidentType
from incidents.models import Playbook

TITLE_LIMIT, WHY_LIMIT, SOURCE_LIMIT, CODE_LIMIT = 160, 400, 200, 60
MAX_STEPS, MAX_HOURS = 30, 24 * 90
CODE = re.compile(r"[a-z0-9-]{1,60}\Z")
# The steps that a centre publishes to use the national playbook again.
NATIONAL_STEPS: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class AppliedPlaybook:
    """The playbook that a centre follows for a type of incident. Without `csirt` it is the national playbook."""

    type: IncidentType
    steps: tuple[Step, ...]
    version: int
    published_on: date
    csirt: Csirt | None = None


def get_applied_playbook(kind: str, csirt: Csirt) -> AppliedPlaybook:
    """Return the newest playbook of the centre for this type, or the national playbook. Runs one query."""
    return build_applied_playbook(kind, csirt, find_newest_playbook(kind, csirt))


def build_applied_playbook(kind: str, csirt: Csirt, row: Playbook | None) -> AppliedPlaybook:
    """Return the playbook of this row.

    If there is no row, or the row has no steps, return the national playbook.
    """
    if row is None or not row.steps:
        return AppliedPlaybook(IncidentType(kind), PLAYBOOKS[kind], VERSION, PUBLISHED_ON)
    day = timezone.localdate(row.published_at)
    return AppliedPlaybook(IncidentType(kind), read_steps(row.steps), row.version, day, csirt)


def list_applied_playbooks(csirt: Csirt) -> list[AppliedPlaybook]:
    """Return the playbook that the centre follows for each type of incident. Runs one query."""
    rows = Playbook.objects.filter(csirt=csirt).order_by("type", "-version").distinct("type")
    own = {row.type: row for row in rows}
    return [build_applied_playbook(kind, csirt, own.get(kind)) for kind in IncidentType]


def find_newest_playbook(kind: str, csirt: Csirt) -> Playbook | None:
    """Return the newest version of the centre's own playbook for this type, or None if it never published one."""
    return Playbook.objects.filter(type=kind, csirt=csirt).order_by("-version").first()


@transaction.atomic
def publish_playbook(
    *, kind: str, csirt_slug: str, steps: Iterable[Mapping[str, Any]], based_on: int, actor: User
) -> int:
    """Publish a version of the centre's playbook for this type and return its number.

    `based_on` is the number of the version that the page showed, or 0 if there was none. Publishing NATIONAL_STEPS
    restores the national playbook. Publishing the same steps again makes no version. Raises Http404 if the actor does
    not lead the centre, ValidationError on `steps`, Stale if `based_on` is no longer the newest version.
    """
    csirt = get_led_centre(actor, csirt_slug, lock=True)
    clean = dump_steps(clean_steps(steps))
    row = find_newest_playbook(kind, csirt)
    version = row.version if row else 0
    if clean == (row.steps if row else []):
        return version
    if version != based_on:
        raise Stale
    Playbook.objects.create(type=kind, csirt=csirt, version=version + 1, steps=clean, author=actor)
    return version + 1


def clean_steps(steps: Iterable[Mapping[str, Any]]) -> list[Step]:
    """Return the cleaned steps. Raises ValidationError on `steps`.

    A step keeps its code, and a step without a code gets a code.
    """
    listed = list(steps)
    if len(listed) > MAX_STEPS:
        raise ValidationError({"steps": f"Un guide a au plus {MAX_STEPS} étapes. Regroupez-en."})
    taken: set[str] = set()
    return [clean_step(number, step, taken) for number, step in enumerate(listed, 1)]


def clean_step(number: int, step: Mapping[str, Any], taken: set[str]) -> Step:
    """Return one cleaned step. Its code is added to `taken`, which holds the codes of the earlier steps."""
    try:
        title = clean_line(step["title"], limit=TITLE_LIMIT, field="steps")
        why = clean_line(step["why"], limit=WHY_LIMIT, field="steps")
        source = clean_line(step["source"], limit=SOURCE_LIMIT, field="steps")
    except ValidationError as error:
        raise build_step_error(number, error.messages[0]) from error
    if not title:
        raise build_step_error(number, "écrivez ce qu’il y a à faire.")
    hours = step["within_hours"]
    if hours is not None and not 1 <= hours <= MAX_HOURS:
        raise build_step_error(number, f"le délai va de 1 à {format_number(MAX_HOURS)} heures, ou reste vide.")
    return Step(find_free_code(str(step["step"]) or slugify(title), taken), title, why, source, hours)


def find_free_code(proposed: str, taken: set[str]) -> str:
    """Return a code that is not in `taken`, and add it there. It is the proposed code, with a number if needed.

    A malformed code is replaced by « etape ».
    """
    base = proposed[:CODE_LIMIT] if CODE.match(proposed[:CODE_LIMIT]) else "etape"
    code, number = base, 2
    while code in taken:
        code, number = f"{base[: CODE_LIMIT - 4]}-{number}", number + 1
    taken.add(code)
    return code


def build_step_error(number: int, message: str) -> ValidationError:
    """Return the ValidationError on `steps` that says what is wrong with the step of this number."""
    return ValidationError({"steps": f"Étape {number} : {message}"})
