"""The message templates of a centre, which its lead writes and its responders use."""

from collections.abc import Container
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from accounts.access import get_led_centre
from accounts.models import User
from core.stale import Stale
from core.telephone import format_phone
from core.text import clean_line, clean_text
from csirts.models import Csirt
from csirts.queries import query_published_phone
from incidents.catalogues.message_templates import (
    find_blanks_problem,
    list_names_in_braces,
    list_unknown_placeholders,
)
from incidents.enums import IncidentType
from incidents.models import Incident, MessageTemplate
from incidents.reference import hyphenate

TITLE_LIMIT, TEXT_LIMIT = 80, 5_000
# The most templates of one centre, because nobody finds a template in a longer list.
MAX_TEMPLATES = 60


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The title, text and types of a message template, as the lead of a centre writes them.

    A template without `types` is offered on cases of every type.
    """

    title: str
    text: str
    types: list[str]


@transaction.atomic
def write_template(
    *, csirt_slug: str, actor: User, wording: Wording, uid: UUID | None = None, seen: int = 0
) -> MessageTemplate:
    """Create a template of the centre, or change the template `uid` if it is given.

    A template that is changed must still have the version `seen`. Saving the same content again changes nothing.
    Raises Http404 if the actor does not lead the centre, ValidationError by field, Stale if the template was changed
    or withdrawn meanwhile.
    """
    csirt = get_led_centre(actor, csirt_slug, lock=True)
    clean = clean_wording(wording)
    live = MessageTemplate.objects.filter(csirt=csirt, withdrawn_at=None)
    row = get_template(csirt, uid) if uid else live.filter(title=clean.title).first()
    if row and (row.title, row.text, row.types) == (clean.title, clean.text, clean.types):
        return row
    if uid and row and (row.version != seen or row.withdrawn_at):
        raise Stale
    if any(other.uid != uid for other in live.filter(title=clean.title)):
        raise ValidationError({"title": "Un autre message du centre a ce titre. Choisissez-en un autre."})
    if row is None and live.count() >= MAX_TEMPLATES:
        raise ValidationError({"title": f"Le centre a déjà {MAX_TEMPLATES} messages types. Retirez-en un."})
    row = row or MessageTemplate(csirt=csirt, version=0)
    row.title, row.text, row.types = clean.title, clean.text, clean.types
    row.version, row.author, row.written_at = row.version + 1, actor, timezone.now()
    row.save()
    return row


@transaction.atomic
def withdraw_template(*, csirt_slug: str, actor: User, uid: UUID, seen: int) -> None:
    """Withdraw the template, so that it is not offered any more. Messages that were sent with it do not change.

    A repeated call changes nothing. Raises Http404 if the user does not lead the centre or it has no such template,
    and Stale if the template was changed after the user read it.
    """
    row = get_template(get_led_centre(actor, csirt_slug, lock=True), uid)
    if row.withdrawn_at:
        return
    if row.version != seen:
        raise Stale
    row.withdrawn_at = timezone.now()
    row.save(update_fields=["withdrawn_at"])


def get_template(csirt: Csirt, uid: UUID) -> MessageTemplate:
    """Return the template of the centre, even if it is withdrawn. Raises Http404."""
    row = MessageTemplate.objects.filter(csirt=csirt, uid=uid).select_related("author").first()
    if row is None:
        raise Http404
    return row


def map_placeholder_values(incident: Incident, user: User, phone: str) -> dict[str, str]:
    """Return a dict from the name of each placeholder to its value for this case and user.

    `phone` is the published telephone number of the centre, or "".
    """
    return {
        "collectivite": str(incident.collectivity),
        "reference": hyphenate(incident.reference),
        "type": str(incident.get_type_display()),
        "centre": incident.csirt.name if incident.csirt else "",
        "telephone": phone,
        "prenom_nom": str(user),
    }


def check_placeholders(text: str, allowed: Container[str] = ()) -> None:
    """Raise ValidationError on `text` if the text has a name in braces that is not in `allowed`."""
    if names := [f"{{{name}}}" for name in list_names_in_braces(text) if name not in allowed]:
        message = "Ces mots entre accolades partiraient tels quels : %(placeholders)s. Écrivez ce qu’ils veulent dire."
        raise ValidationError({"text": message % {"placeholders": ", ".join(names)}})


def check_blanks_filled(text: str) -> None:
    """Raise ValidationError on `text` if the text still has blanks that the author must fill in."""
    if problem := find_blanks_problem(text):
        raise ValidationError({"text": problem})


def format_centre_phone(csirt: int | None) -> str:
    """Return the published telephone number of a centre, with its note in brackets, or "".

    `csirt` is the id of the centre, or None.
    """
    value, note = query_published_phone(csirt).values_list("value", "note").first() or ("", "")
    phone = format_phone(value)
    return f"{phone} ({note})" if note else phone


def clean_wording(wording: Wording) -> Wording:
    """Return the wording with its texts cleaned. Raises ValidationError by field."""
    title = clean_line(wording.title, limit=TITLE_LIMIT, field="title")
    text = clean_text(wording.text, limit=TEXT_LIMIT, field="text")
    if not title:
        raise ValidationError({"title": "Donnez un titre, celui de la liste de choix."})
    if not text:
        raise ValidationError({"text": "Écrivez le message."})
    if unknown := list_unknown_placeholders(text):
        names = ", ".join(f"{{{name}}}" for name in unknown)
        message = f"Ces mots entre accolades ne sont pas connus : {names}."
        raise ValidationError({"text": message})
    types = [kind for kind in IncidentType.values if kind in wording.types]
    if len(types) != len(set(wording.types)):
        raise ValidationError({"types": "Choisissez parmi les types proposés."})
    return Wording(title=title, text=text, types=types)
