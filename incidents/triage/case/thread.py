"""The thread with the declarant, on a responder's page. The declarant reads everything in it."""

import secrets
from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import QueryDict

from accounts.models import User
from incidents.enums import CaseFormCode, EventKind
from incidents.models import Incident, IncidentEvent, Message, Reading
from incidents.services.correspondence.correspond import (
    NO_MESSAGE,
    Letter,
    SeenThread,
    ThreadChanged,
    load_thread_page,
)
from incidents.services.handling.assign import format_person_tag
from incidents.services.handling.readings import has_news
from incidents.services.handling.unsent_text import list_colleagues_writing
from incidents.services.library.templates import check_blanks_filled, check_placeholders
from incidents.triage.case_form import CaseForm

# The anchors of the page at which it shows what the declarant added, other than messages.
ANCHORS = {EventKind.FILE: "pieces", EventKind.FACTS: "reponses"}


class ReplyForm(CaseForm):
    """The form of a message to the declarant. The service checks its text, and reports errors by field."""

    code = CaseFormCode.REPLY
    # A tick that lifts a question is about the question that the page showed, so it is not kept with the text.
    page_state_fields = frozenset({"seen", "confirmed", "lifts_question"})

    text = forms.CharField(
        label="Votre message au déclarant",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4, "aria-describedby": "reponse-aide"}),
    )
    asks_answer = forms.BooleanField(label="J’attends une réponse", required=False)
    lifts_question = forms.BooleanField(label="La question posée n’attend plus de réponse", required=False)
    to_doubles = forms.BooleanField(label="L’envoyer aussi aux déclarants des doubles", required=False)
    key = forms.CharField(max_length=100, initial=secrets.token_urlsafe, required=False, widget=forms.HiddenInput)
    # The newest message that the page showed, and the colleagues whom it showed as writing.
    seen = forms.CharField(max_length=100, required=False, widget=forms.HiddenInput)
    confirmed = forms.CharField(max_length=2000, required=False, widget=forms.HiddenInput)

    def clean(self) -> None:
        """Refuse a text that still contains a placeholder or a blank of a template."""
        check_placeholders(self.cleaned_data.get("text", ""))
        check_blanks_filled(self.cleaned_data.get("text", ""))

    def make_letter(self) -> Letter:
        """Return the message. The form must be valid."""
        cleaned = self.cleaned_data
        key = cleaned["key"] or secrets.token_urlsafe()
        choices = {name: cleaned[name] for name in ("asks_answer", "lifts_question")}
        return Letter(text=cleaned["text"], key=key, **choices)

    def read_seen_thread(self) -> SeenThread | None:
        """Return the newest message that the page showed, and the colleagues that it showed as writing.

        Return None if the form names no message. The form must be valid.
        """
        cleaned = self.cleaned_data
        return (
            SeenThread(newest=cleaned["seen"], writers=frozenset(cleaned["confirmed"].split()))
            if cleaned["seen"]
            else None
        )

    def update_seen_thread(self, moved: ThreadChanged) -> None:
        """Store in the form what the page now shows, so that submitting the form again is accepted."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data[self.add_prefix("seen")] = moved.newest
        data[self.add_prefix("confirmed")] = " ".join(format_person_tag(writer) for writer in moved.writers)
        self.data = data


def build_thread_context(incident: Incident, user: User, readings: list[Reading]) -> dict[str, Any]:
    """Return the messages as (message, is_new) pairs, and the readings of the centre.

    A message is new if the declarant wrote it after the user's last reading.
    """
    own_reading = next((reading for reading in readings if reading.user_id == user.pk), None)
    read_at = own_reading.last_at if own_reading else None
    thread_page = load_thread_page(incident)
    messages = [
        (message, not message.is_from_csirt and (read_at is None or message.written_at > read_at))
        for message in thread_page.messages
    ]
    newest = str(messages[-1][0].uid) if messages else NO_MESSAGE
    return {
        "messages": messages,
        "before": messages[0][0].uid if thread_page.has_earlier else None,
        "readings": readings,
        "own_reading": own_reading,
        "has_news": has_news(incident, read_at),
        "has_new_message": any(is_new for _message, is_new in messages),
        "read_at": read_at,
        "form": ReplyForm(initial={"seen": newest}),
        "writing": list_colleagues_writing(incident, user),
    }


def choose_news_anchor(
    thread: dict[str, Any], events: Iterable[IncidentEvent], duplicates: Iterable[tuple[Incident, bool]]
) -> str:
    """Return the anchor of the declarant's news on the page, such as « echanges » for new messages."""
    if thread["has_new_message"]:
        return "echanges"
    read_at = thread["read_at"]
    new = {event.kind for event in events if read_at is None or event.at > read_at}
    for kind, anchor in ANCHORS.items():
        if kind in new:
            return anchor
    return "doubles" if any(is_new for _duplicate, is_new in duplicates) else "echanges"


def list_messages_since(thread: dict[str, Any], newest_seen: str) -> list[Message]:
    """Return the messages of `build_thread_context` after the message with the uid `newest_seen`.

    Return all of them if no message has this uid.
    """
    messages = [message for message, _is_new in thread["messages"]]
    names = [str(message.uid) for message in messages]
    return messages[names.index(newest_seen) + 1 :] if newest_seen in names else messages
