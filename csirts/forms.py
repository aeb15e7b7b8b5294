from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone
from django.utils.functional import cached_property

from core.admin_forms import ConflictCheckedForm
from core.fields import DayField
from csirts import wording
from csirts.enums import ContactKind
from csirts.models import Contact, Coverage
from csirts.sites import SITE, split_sites

ONE_DAY = timedelta(days=1)


class CoverageForm(ConflictCheckedForm):
    """The form of a coverage. It asks for the last day of the period, but the row stores the first day after it."""

    first_on = DayField(needs_year=True, label="premier jour", required=False, help_text="Vide : depuis toujours.")
    last_on = DayField(needs_year=True, label="dernier jour", required=False, help_text="Vide : sans fin prévue.")

    class Meta:
        model = Coverage
        fields = ["csirt", "region", "departement", "kind", "source", "source_on"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if valid := self.instance.valid:
            self.initial["first_on"] = valid.lower
            self.initial["last_on"] = valid.upper - ONE_DAY if valid.upper else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first_day, last_day = cleaned.get("first_on"), cleaned.get("last_on")
        if first_day and last_day and last_day < first_day:
            self.add_error("last_on", "Le dernier jour vient avant le premier.")
        else:
            self.instance.valid = DateRange(first_day, last_day + ONE_DAY if last_day else None)
        region, departement = cleaned.get("region"), cleaned.get("departement")
        if region and departement and departement.region_id != region.pk:
            self.add_error("departement", "Ce département n’est pas dans cette région.")
        if not self.errors and (overlapping := self.find_overlapping_coverage(cleaned)):
            self.add_error("region", describe_overlap(overlapping))
        return cleaned

    def find_overlapping_coverage(self, cleaned: dict[str, Any]) -> Coverage | None:
        """Return the first other coverage of this territory whose period overlaps that of the form, or None."""
        territory = {name: cleaned[name] for name in ("region", "departement", "kind")}
        overlapping = Coverage.objects.filter(**territory, valid__overlap=self.instance.valid).exclude(
            pk=self.instance.pk
        )
        return overlapping.select_related("csirt").order_by("valid").first()

    def _get_validation_exclusions(self) -> set[str]:
        """Return the fields that the validation leaves out.

        The period is validated, although this form has other names for it, so that the exclusion constraint of
        PostgreSQL is checked.
        """
        checked = {"valid"} if self.instance.valid else set()
        return super()._get_validation_exclusions() - checked  # type: ignore[misc, no-any-return]


def describe_overlap(overlapping: Coverage) -> str:
    """Return the sentence on an overlap.

    It reads « Breizh Cyber répond déjà pour ce territoire et cette période (depuis le 1er janvier 2021). ».
    """
    centre = wording.format_centre(overlapping.csirt.name)
    period = wording.format_validity(overlapping.valid)
    return f"{centre[:1].upper()}{centre[1:]} répond déjà pour ce territoire et cette période ({period})."


class OwnContactForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form with which a lead edits one contact of the centre.

    The stored source is the centre itself, and the date of the source is today.
    """

    kind: ContactKind
    conflict_message: Any

    class Meta:
        model = Contact
        fields = ["value", "note"]

    def clean(self) -> dict[str, Any]:
        """Raise ValidationError if somebody else has added this contact since the page was opened."""
        if self.concurrent_contact:
            raise ValidationError(self.conflict_message)
        self.instance.kind = self.kind
        return super().clean() or {}

    def has_changed(self) -> bool:
        """Tell whether the typed values differ from the stored ones. After a double click they are equal, because the
        first click has stored them.
        """
        if self.concurrent_contact:
            values = [self.data.get(self.add_prefix(name), "").strip() for name in ("value", "note")]
            return values != [self.concurrent_contact.value, self.concurrent_contact.note]
        return super().has_changed()

    @cached_property
    def concurrent_contact(self) -> Contact | None:
        """The contact that somebody added since this form was rendered without one, or None."""
        if self.instance.pk or not self.is_bound:
            return None
        return Contact.objects.filter(csirt=self.instance.csirt_id, kind=self.kind).first()

    def save(self, commit: bool = True) -> Any:
        self.instance.source = "le centre lui-même"
        self.instance.source_on = timezone.localdate()
        return super().save(commit)


class HoursForm(OwnContactForm):
    kind = ContactKind.HOURS
    conflict_message = "Les horaires ont été écrits entre-temps. Rouvrez cette page pour les changer."

    class Meta(OwnContactForm.Meta):
        labels = {"value": "Horaires"}

    def clean_note(self) -> str:
        """Return the note without the source of the former hours, because the centre itself now publishes them."""
        return wording.strip_origin(self.cleaned_data["note"])


class DpoForm(OwnContactForm):
    """The form of the contact of the data protection officer. Its note says how long the centre keeps a case."""

    kind = ContactKind.DPO
    conflict_message = "Ce contact a été écrit entre-temps. Rouvrez cette page pour le changer."

    class Meta(OwnContactForm.Meta):
        labels = {"value": "Adresse mail ou page", "note": "Durée de conservation des dossiers"}


class SitesForm(OwnContactForm):
    """The form of the host names of the centre's own sites. Links to these sites stay clickable in its messages."""

    kind = ContactKind.SITES
    conflict_message = "Ces sites ont été écrits entre-temps. Rouvrez cette page pour les changer."

    class Meta(OwnContactForm.Meta):
        labels = {"value": "Noms des sites, séparés par des espaces"}
        help_texts = {"value": "Par exemple : aide.exemple.example outils.exemple.example"}

    def clean_value(self) -> str:
        sites = split_sites(self.cleaned_data["value"])
        if wrong := [site for site in sites if not SITE.fullmatch(site)]:
            raise ValidationError(f"« {wrong[0]} » n’est pas le nom d’un site : ni https://, ni barre oblique.")
        return " ".join(sites)
