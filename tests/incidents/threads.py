"""Long threads of messages."""

from incidents.models import Incident, Message


def add_messages(incident: Incident, number: int) -> None:
    Message.objects.bulk_create(
        Message(
            incident=incident,
            text=f"Message {index}.",
            author="Dominique",
            is_from_csirt=False,
            actor_kind="declarant",
            submission_key=f"{incident.pk}-{index}",
        )
        for index in range(number)
    )
