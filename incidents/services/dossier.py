"""The answer pack of a case: what it says, the same on the page and in the PDF.

Its QR code leads to the page where a reference and its code are typed, with the reference filled in. The secret is
never in it: a pack is printed, photocopied, joined to a mail, and whoever held one would hold the case.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collectivities.zones import CLOCKS, zone_of
from csirts.queries import published_ways
from csirts.routing import csirt_for
from incidents.enums import InterruptionExtent
from incidents.models import DataLeak, Incident, ServiceInterruption
from incidents.questions.facts import SNAPSHOT_TITLES, sheet_said, title_of
from incidents.questions.saying import said_moment
from incidents.reference import spaced
from incidents.services.centres import centre_said, fallbacks_said, site_said
from incidents.services.duties import duties_of
from incidents.services.reflexes import Sheet, sheet_for
from incidents.typeset import qr_code

type Pair = tuple[str, str]

NO_MORE = gettext_lazy(
    "Cette liste ne dit pas tout ce que la loi peut demander. Votre DPO, votre assureur et la préfecture répondent "
    "pour votre cas."
)


def dossier_of(incident: Incident, *, at: datetime) -> dict[str, Any]:
    """Words only: they go to a template, or inert to typst. `incident` comes `with_words`."""
    if incident.csirt:
        prefetch_related_objects([incident.csirt], "contacts")
    zone = zone_of(incident.collectivity)
    address = settings.SITE_URL + reverse("follow_up_start", query={"reference": spaced(incident.reference)})
    return {
        "reference": spaced(incident.reference),
        "body": incident.collectivity.label,
        "received": moment(incident.received_at, zone),
        "made": moment(at, zone),
        "centre": centre_said(incident.csirt),
        "reason": incident.route_reason,
        "fallbacks": fallbacks_said(csirt_for(incident.collectivity, on=timezone.localdate(at)).fallbacks),
        "checklist": checklist(sheet_for(incident.type, incident.csirt)),
        "duties": [duty._asdict() for duty in duties_of(incident, zone)],
        "no_more": str(NO_MORE),
        "declared": [*declared(incident, zone), *answered(incident, zone)],
        "receipt": receipt(incident, zone),
        "address": address,
        "qr": qr_code(address),
    }


def moment(at: datetime, zone: str) -> str:
    local = said_moment(at, zone)
    return f"{local}, {CLOCKS.get(zone, zone)}"


def checklist(sheet: Sheet) -> dict[str, Any]:
    whose = _("Fiche de %(csirt)s") % {"csirt": sheet.csirt.name} if sheet.csirt else _("Fiche nationale")
    day = date_format(sheet.published_on, "j F Y")
    return {
        "hour_title": _("La première heure"),
        "hour": [list(act) for act in sheet.text.hour],
        "day_title": _("La première journée"),
        "day": [list(act) for act in sheet.text.day],
        "sources": " ; ".join(sheet.text.sources),
        "version": _("%(whose)s, version %(version)s du %(day)s.")
        % {"whose": whose, "version": sheet.version, "day": day},
    }


def declared(incident: Incident, zone: str) -> Iterator[Pair]:
    """What the rows of the case say. An empty value is left out."""
    story = incident.story
    unknown = _("Date pas connue")
    pairs = [
        (_("Ce qui se passe"), str(incident.get_type_display())),
        (_("Avec les mots de la déclaration"), story.description),
        (_("Survenu"), said_moment(incident.occurred_at, zone) or unknown),
        (_("Découvert"), said_moment(incident.detected_at, zone) or unknown),
        (_("Attaque connue"), said_moment(incident.attack_known_at, zone)),
        (_("Atteinte aux données connue"), said_moment(incident.breach_known_at, zone)),
        *((_("Service touché"), interruption_said(one, zone)) for one in incident.interruptions.order_by("id")),
        (_("Données touchées"), data_said(incident)),
        (_("Prestataire"), story.supplier),
        (_("Qui rappeler"), caller_said(incident)),
    ]
    return ((label, words) for label, words in pairs if words)


def interruption_said(one: ServiceInterruption, zone: str) -> str:
    extent = _("arrêté ou ralenti") if one.extent == InterruptionExtent.UNKNOWN else one.get_extent_display()
    since = _("depuis le %s") % said_moment(one.started_at, zone) if one.started_at else ""
    until = _("repris le %s") % said_moment(one.ended_at, zone) if one.ended_at else ""
    return ", ".join(part for part in (one.get_service_display(), str(extent), since, until, one.workaround) if part)


def data_said(incident: Incident) -> str:
    leaks = [leak_said(leak) for leak in incident.leaks.order_by("id")]
    return " ; ".join(leaks) or str(incident.get_data_concerned_display())


def leak_said(leak: DataLeak) -> str:
    words = {"status": leak.get_status_display(), "persons": leak.get_persons_band_display()}
    return _("fuite %(status)s, personnes : %(persons)s") % words


def caller_said(incident: Incident) -> str:
    story = incident.story
    parts = (story.contact_name, story.contact_role, story.contact_phone, story.contact_email)
    return ", ".join(part for part in parts if part)


def answered(incident: Incident, zone: str) -> Iterator[Pair]:
    """The newest answers to the questions of the type, section by section. What the rows say is not said again."""
    questions = incident.sheets.exclude(section__in=SNAPSHOT_TITLES)
    newest = questions.order_by("section", "-id").distinct("section")
    for sheet in newest:
        for one in sheet_said(sheet.section, sheet.version, sheet.values, zone):
            yield f"{title_of(sheet.section, sheet.version)} : {one.label}", one.words


def receipt(incident: Incident, zone: str) -> list[str]:
    """The acknowledgement of an electronic sending: what arrived, when, who deals with it. It says nothing more."""
    words = {"reference": spaced(incident.reference), "at": moment(incident.received_at, zone)}
    lines = [
        _("La déclaration électronique %(reference)s a été reçue le %(at)s.") % words,
        service_in_charge(incident),
        _(
            "Cet accusé de réception est délivré au titre de l’article L112-11 du code des relations entre le public "
            "et l’administration. Il constate que l’envoi est arrivé. Il ne vaut ni plainte, ni "
            "notification à la CNIL."
        ),
    ]
    return [line for line in lines if line]


def service_in_charge(incident: Incident) -> str:
    csirt = incident.csirt
    if csirt is None:
        return _("Aucun centre de réponse connu ne répond pour ce territoire : aucun service n’est désigné à ce jour.")
    reached = [part for part in (*published_ways(csirt), site_said(csirt.website)) if part]
    return _("Service chargé du dossier : %(who)s.") % {"who": ", ".join([csirt.name, *reached])}
