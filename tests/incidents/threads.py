"""Long threads of messages."""

from incidents.models import Message


def talk(incident, number):
    Message.objects.bulk_create(
        Message(
            incident=incident,
            text=f"Message {each}.",
            author="Dominique",
            is_from_csirt=False,
            actor_kind="declarant",
            submission_key=f"{incident.pk}-{each}",
        )
        for each in range(number)
    )
