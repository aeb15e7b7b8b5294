"""The text that a responder is typing on the page of a case, stored until it is sent.

Only that responder sees this text. Storing it does not change the case and records no event. It is erased with the
texts of the case.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import User
from csirts.models import Csirt
from incidents.access import get_incident
from incidents.enums import Ability, CaseFormCode
from incidents.models import Incident, Reading, UnsentText
from incidents.services.handling.assign import list_centre_responders
from incidents.services.handling.readings import PRESENT_FOR

# How long an unsent text is stored after its last save, like drafts of declarations.
TEXT_LIFETIME = timedelta(days=30)
# How long after the last save a person whose page is still open is shown as writing. A page saves one second after
# each pause.
WRITING_FOR = timedelta(minutes=3)
# The most replies under way that one page names.
MAX_REPLIES_NAMED = 20
# The name of the text field in the forms of the answer and of the note.
TEXT_FIELD = "text"

type Values = dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class Pen:
    """One opening of the page of a case in a browser, and one save of this page.

    `name` identifies the opening, and `opened_at` is the instant at which the page was made. `stroke` is the number of
    the save, or 0 if the page has no script.
    """

    name: str = ""
    opened_at: datetime | None = None
    stroke: int = 0


@transaction.atomic
def save_unsent_texts(
    *,
    reference: str,
    actor: User,
    values_by_form: Mapping[CaseFormCode, Values],
    pen: Pen,
    submitted: CaseFormCode | None = None,
) -> list[CaseFormCode]:
    """Store the values that `actor` has typed in each form. A form without values is emptied.

    Returns the forms that were not stored, because the actor has since typed in them on another page. The form
    `submitted` is always stored. If the page has no script, a text that was not stored is added below the text of the
    other page. Raises Http404, PermissionDenied, and ValidationError if the case is erased.
    """
    incident = get_incident(actor, reference, to=Ability.WORK, lock=True)
    if incident.erased_at:
        raise ValidationError("Les mots de ce dossier ont été effacés : on n’y écrit plus.")
    before = {row.form: row for row in UnsentText.objects.filter(incident=incident, user=actor)}
    newer_forms = [
        form
        for form in values_by_form
        if form != submitted and is_of_later_page(before.get(form), values_by_form[form], pen)
    ]
    stored = {form: values_by_form[form] for form in values_by_form if form not in newer_forms}
    save_unsent_rows(incident, actor, before, stored, pen)
    for form in newer_forms if not pen.stroke else ():
        append_unsent_text(before[form], values_by_form[form])
    return newer_forms


def is_of_later_page(row: UnsentText | None, values: Values, pen: Pen) -> bool:
    """Tell whether another page saved other values in `row` after the page of `pen` was made.

    If the instant at which the page of `pen` was made is unknown, the result is true only if `values` is empty.
    """
    if row is None or row.pen == pen.name or row.values in ({}, values):
        return False
    return row.saved_at > pen.opened_at if pen.opened_at else not values


def append_unsent_text(row: UnsentText, values: Values) -> None:
    """Add the text of `values` below the text of `row`, unless `row` already contains it.

    The row is then detached from its page, which has not shown both texts and must not overwrite them. The caller has
    locked the case.
    """
    stored, text = ("".join(values.get(TEXT_FIELD, [])).strip() for values in (row.values, values))
    if text and text not in stored:
        row.values |= {TEXT_FIELD: [f"{stored}\n\n{text}".strip()]}
        row.pen, row.stroke, row.saved_at = "", 0, timezone.now()
        row.expires_at = row.saved_at + TEXT_LIFETIME
        row.save()


def save_unsent_rows(
    incident: Incident,
    actor: User,
    before: Mapping[str, UnsentText],
    values_by_form: Mapping[CaseFormCode, Values],
    pen: Pen,
) -> None:
    """Save the values of each form, unless a newer save of the same page is stored or the form was sent meanwhile
    (`must_save_values`). `before` holds the stored rows.

    The caller has locked the case.
    """
    now = timezone.now()
    rows = [
        UnsentText(
            incident=incident, user=actor, form=form, values=values, saved_at=now, expires_at=now + TEXT_LIFETIME
        )
        for form, values in values_by_form.items()
        if must_save_values(before.get(form), values, pen)
    ]
    for row in rows:
        row.pen, row.stroke = pen.name, pen.stroke
    UnsentText.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["incident", "user", "form"],
        update_fields=["values", "pen", "stroke", "saved_at", "expires_at"],
    )


def must_save_values(row: UnsentText | None, values: Values, pen: Pen) -> bool:
    """Tell whether to save these values of one form. `row` is the stored row, or None.

    If a later save of the same page is stored, the values are not saved. If the form was sent by a post with the
    number of this save, they are not saved either, since they were sent. If there is no row, empty values are saved
    only if the page has a script.
    """
    if row is None:
        return bool(values) or pen.stroke > 0
    if row.pen != pen.name:
        return True
    was_sent = row.values == {} and pen.stroke == row.stroke > 0
    return pen.stroke >= row.stroke and not was_sent


def load_unsent_texts(incident: Incident, user: User) -> dict[CaseFormCode, Values]:
    """Return a dict from each form of the case to the values that `user` has typed and not sent. Runs one query."""
    live = UnsentText.objects.filter(incident=incident, user=user, expires_at__gt=timezone.now()).exclude(values={})
    return {CaseFormCode(row.form): row.values for row in live}


def has_begun_reply(incident: Incident, user: User) -> bool:
    """Tell whether `user` has typed a message to the declarant and not sent it. Runs one query."""
    return not incident.erased_at and has_unsent_text(load_unsent_texts(incident, user).get(CaseFormCode.REPLY, {}))


def has_unsent_text(values: Values) -> bool:
    """Tell whether the text field of a form holds anything but spaces."""
    return any(text.strip() for text in values.get(TEXT_FIELD, []))


def list_colleagues_writing(incident: Incident, reader: User) -> list[User]:
    """Return the other people of the centre who are writing to the declarant now, sorted by name.

    Runs one query, and a second query if somebody writes.
    """
    writing = list(list_replies_being_written(reader).filter(incident=incident).values_list("user", flat=True))
    return list(list_centre_responders(incident.csirt_id).filter(pk__in=writing)) if writing else []


def list_replies_under_way(cases: QuerySet[Incident], centre: Csirt, reader: User) -> list[UnsentText]:
    """Return the replies that other people of the centre are writing now to the declarants of these cases.

    Each reply is loaded with its author and its case, but without its text. Runs one query.
    """
    replies = list_replies_being_written(reader).filter(
        incident__in=cases.order_by(), user__in=list_centre_responders(centre.pk).order_by()
    )
    replies = replies.select_related("user", "incident").defer("values")
    return list(replies.order_by("user__display_name", "user", "incident")[:MAX_REPLIES_NAMED])


def list_replies_being_written(reader: User) -> QuerySet[UnsentText]:
    """Return the replies that are being written now, except those of `reader`.

    Such a reply is not empty, was saved within `WRITING_FOR`, and is on a page that its author still has open.
    """
    now = timezone.now()
    recent = UnsentText.objects.filter(form=CaseFormCode.REPLY, saved_at__gte=now - WRITING_FOR)
    is_open = Reading.objects.filter(
        incident=OuterRef("incident"), user=OuterRef("user"), present_at__gte=now - PRESENT_FOR
    )
    return recent.filter(Exists(is_open)).exclude(values={}).exclude(user=reader)


def list_expired_unsent_texts(now: datetime) -> QuerySet[UnsentText]:
    return UnsentText.objects.filter(expires_at__lte=now)
