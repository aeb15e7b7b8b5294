from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from csirts.enums import ContactKind
from csirts.models import Contact, Coverage
from csirts.sites import SITE, split_sites

ONE_DAY = timedelta(days=1)


class CoverageForm(forms.ModelForm):  # type: ignore[type-arg]
    """Asks the period as people say it, last day included; the row holds the first day that is out of it."""

    first_on = forms.DateField(label=_("premier jour"), required=False, help_text=_("Vide : depuis toujours."))
    last_on = forms.DateField(label=_("dernier jour"), required=False, help_text=_("Vide : sans fin prévue."))

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
        first, last = cleaned.get("first_on"), cleaned.get("last_on")
        if first and last and last < first:
            self.add_error("last_on", _("Le dernier jour vient avant le premier."))
        else:
            self.instance.valid = DateRange(first, last + ONE_DAY if last else None)
        region, departement = cleaned.get("region"), cleaned.get("departement")
        if region and departement and departement.region_id != region.pk:
            self.add_error("departement", _("Ce département n’est pas dans cette région."))
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        """The period is in the form under two other names: PostgreSQL's exclusion is to be checked with it."""
        checked = {"valid"} if self.instance.valid else set()
        return super()._get_validation_exclusions() - checked  # type: ignore[misc, no-any-return]


class OwnContactForm(forms.ModelForm):  # type: ignore[type-arg]
    """What the CSIRT's own lead says of it today, one value of one kind."""

    kind: ContactKind
    written_meanwhile: Any

    class Meta:
        model = Contact
        fields = ["value", "note"]

    def clean(self) -> dict[str, Any]:
        """A first value is written once: another, written since the page was opened, is told."""
        if self.meanwhile:
            raise ValidationError(self.written_meanwhile)
        return super().clean() or {}

    def has_changed(self) -> bool:
        """The same words, sent twice, are no news."""
        if self.meanwhile:
            said = [self.data.get(self.add_prefix(name), "").strip() for name in ("value", "note")]
            return said != [self.meanwhile.value, self.meanwhile.note]
        return super().has_changed()

    @cached_property
    def meanwhile(self) -> Contact | None:
        """The value that is there although this form has none yet."""
        if self.instance.pk or not self.is_bound:
            return None
        return Contact.objects.filter(csirt=self.instance.csirt_id, kind=self.kind).first()

    def save(self, commit: bool = True) -> Any:
        self.instance.kind = self.kind
        self.instance.source = _("le centre lui-même")
        self.instance.source_on = timezone.localdate()
        return super().save(commit)


class HoursForm(OwnContactForm):
    kind = ContactKind.HOURS
    written_meanwhile = _("Les horaires ont été écrits entre-temps. Rouvrez cette page pour les changer.")

    class Meta(OwnContactForm.Meta):
        labels = {"value": _("horaires")}


class DpoForm(OwnContactForm):
    """Whom to ask about personal data, and in the note how long the centre keeps a case."""

    kind = ContactKind.DPO
    written_meanwhile = _("Ce contact a été écrit entre-temps. Rouvrez cette page pour le changer.")

    class Meta(OwnContactForm.Meta):
        labels = {"value": _("adresse ou page"), "note": _("durée de conservation des dossiers")}


class SitesForm(OwnContactForm):
    """The centre's own sites: links to them, in its messages, reach declarants whole."""

    kind = ContactKind.SITES
    written_meanwhile = _("Ces sites ont été écrits entre-temps. Rouvrez cette page pour les changer.")

    class Meta(OwnContactForm.Meta):
        labels = {"value": _("noms des sites, séparés par des espaces")}
        help_texts = {"value": _("Par exemple : aide.exemple.example outils.exemple.example")}

    def clean_value(self) -> str:
        sites = split_sites(self.cleaned_data["value"])
        if wrong := [site for site in sites if not SITE.fullmatch(site)]:
            raise ValidationError(_("« %s » n’est pas le nom d’un site : ni https://, ni barre oblique.") % wrong[0])
        return " ".join(sites)
