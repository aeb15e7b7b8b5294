"""The values of a case that a text for other readers must not hold."""

from incidents.identifying_words import IdentifyingValues
from incidents.models import Incident

# The columns that identify a case, without its description.
IDENTIFYING_COLUMNS = (
    *("reference", "collectivity__name", "collectivity__siren", "collectivity__insee_code"),
    *("story__contact_name", "story__contact_phone", "story__contact_email"),
)


def collect_identifying_values(incident: Incident) -> IdentifyingValues:
    """Return the names, numbers and addresses that would identify the body or the declarant of the case."""
    body, story = incident.collectivity, incident.story
    return IdentifyingValues(
        body=body.name,
        contact_name=story.contact_name,
        contact_phone=story.contact_phone,
        contact_email=story.contact_email,
        siren=body.siren or "",
        insee_code=body.insee_code or "",
        reference=incident.reference,
    )
