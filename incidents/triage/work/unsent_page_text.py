"""Unsent text on the pages beside that of a case: the report of its closing, a transfer, a file to a partner, a call.

Such a page has one form without prefix, whose fields are saved by their names. A script saves them between two posts.
"""

from collections.abc import Collection

from django.forms import BooleanField, Form, MultipleChoiceField
from django.http import QueryDict

from accounts.models import User
from core.text import strip_control_characters
from incidents.enums import CaseFormCode
from incidents.models import Incident
from incidents.services.handling.unsent_text import Pen, Values, load_unsent_texts, save_unsent_texts
from incidents.triage.work.typed_fields import HIDDEN_FIELDS, STATE_FIELDS

PAGES = (CaseFormCode.CLOSING, CaseFormCode.TRANSFER, CaseFormCode.ADVICE, CaseFormCode.CALL)


def read_page_values(posted: QueryDict) -> Values:
    """Return the posted fields of a page by their names, without HIDDEN_FIELDS.

    The state of the case when the page was opened is among them, so that a later change is noticed.
    """
    return {
        name: [strip_control_characters(value) for value in values]
        for name, values in posted.lists()
        if name not in HIDDEN_FIELDS
    }


def save_page_text(user: User, reference: str, code: CaseFormCode, posted: QueryDict, pen: Pen) -> bool:
    """Save what is typed on a page.

    Return True if nothing was saved, because a later page of `user` has saved another text. Raises Http404 or
    PermissionDenied. Raises ValidationError if the case is erased.
    """
    values = read_page_values(posted)
    is_blank = not any(value.strip() for name, texts in values.items() if name not in STATE_FIELDS for value in texts)
    return bool(
        save_unsent_texts(reference=reference, actor=user, values_by_form={code: {} if is_blank else values}, pen=pen)
    )


def restore_page_text(
    form: Form, incident: Incident, user: User, code: CaseFormCode, *, except_fields: Collection[str] = ()
) -> Values:
    """Fill the unbound `form` with what `user` typed on the page `code` and did not send, except for `except_fields`.

    Return all that was typed, or {} if nothing was. Runs one query.
    """
    values = {} if incident.erased_at else load_unsent_texts(incident, user).get(code, {})
    posted = QueryDict(mutable=True)
    for name, texts in values.items():
        posted.setlist(name, texts)
    for name, field in form.fields.items() if values else ():
        # A browser does not send an empty checkbox.
        is_tick = isinstance(field, BooleanField | MultipleChoiceField)
        if name not in except_fields and (name in values or is_tick):
            form.initial[name] = field.widget.value_from_datadict(posted, {}, name)
    return values
