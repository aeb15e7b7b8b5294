"""What an installation publishes about itself on its legal pages."""

from datetime import date

from django.db import models
from django.db.models import Field, Q

from accounts.enums import Accessibility
from csirts.models import track_changes

# An address that a page may link to. RFC 9116, 2.5.3, asks for such an address in security.txt.
CONTACT_ADDRESS = r"^(mailto:[^\s@<>]+@[^\s@<>]+|https://\S+)$"
WRONG_CONTACT = "Écrivez une adresse mail, ou celle d’une page en https://."
# The names of the fields that may stay empty, with the state of accessibility that allows it.
OPTIONAL_FIELDS = {"accessibility_gaps": Accessibility.FULL}


def make_contact_constraint(name: str) -> models.CheckConstraint:
    """Return the constraint that a column is empty or holds an address that a page may link to."""
    return models.CheckConstraint(
        condition=Q(**{name: ""}) | Q(**{f"{name}__regex": CONTACT_ADDRESS}),
        name=f"site_notice_{name}",
        violation_error_message=WRONG_CONTACT,
    )


@track_changes(
    "version des mentions du site",
    models.CheckConstraint(
        name="sitenoticeevent_state_known", condition=Q(accessibility_state__in=Accessibility.values)
    ),
)
class SiteNotice(models.Model):
    """The single row with what the legal pages and security.txt say of this installation. A migration inserts it
    empty, the administrator fills it in, and PostgreSQL keeps each version.

    The fields follow the law no. 2004-575, article 1-1 (article 6, III, before May 2024), articles 13 and 14 of the
    GDPR, the declaration of accessibility of the RGAA, and RFC 9116.
    """

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    publisher = models.CharField("nom de l’éditeur", max_length=200, blank=True)
    publisher_address = models.CharField("adresse de l’éditeur", max_length=300, blank=True)
    publisher_phone = models.CharField("téléphone de l’éditeur", max_length=60, blank=True)
    director = models.CharField("directeur de la publication", max_length=200, blank=True)
    host = models.CharField("nom de l’hébergeur", max_length=200, blank=True)
    host_address = models.CharField("adresse de l’hébergeur", max_length=300, blank=True)
    host_phone = models.CharField("téléphone de l’hébergeur", max_length=60, blank=True)
    dpo_contact = models.CharField("délégué à la protection des données", max_length=300, blank=True)
    data_transfers = models.CharField("transferts hors de l’Union européenne", max_length=500, blank=True)
    accessibility_state = models.CharField(
        "état de conformité", max_length=8, choices=Accessibility, default=Accessibility.NONE
    )
    accessibility_audited_on = models.DateField("date du dernier audit d’accessibilité", null=True, blank=True)
    accessibility_result = models.CharField("résultat de l’audit d’accessibilité", max_length=500, blank=True)
    accessibility_gaps = models.TextField("contenus non accessibles", max_length=5000, blank=True)
    accessibility_scheme = models.CharField("schéma pluriannuel d’accessibilité", max_length=300, blank=True)
    accessibility_contact = models.CharField("contact pour l’accessibilité", max_length=300, blank=True)
    security_contact = models.CharField("contact pour signaler une faille", max_length=300, blank=True)
    security_expires_on = models.DateField("dernier jour de security.txt", null=True, blank=True)

    class Meta:
        verbose_name = "mentions du site"
        verbose_name_plural = "mentions du site"
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="site_notice_one_row"),
            models.CheckConstraint(
                condition=Q(accessibility_state__in=Accessibility.values), name="site_notice_state_known"
            ),
            models.CheckConstraint(
                condition=Q(accessibility_state=Accessibility.NONE)
                | (Q(accessibility_audited_on__isnull=False) & Q(accessibility_result__regex=r"\S")),
                name="site_notice_state_audited",
                violation_error_message=(
                    "Sans la date et le résultat d’un audit, l’état est\N{NO-BREAK SPACE}: non conforme."
                ),
            ),
            models.CheckConstraint(
                condition=Q(accessibility_scheme="") | Q(accessibility_scheme__regex=r"^https?://\S+$"),
                name="site_notice_accessibility_scheme",
                violation_error_message="Écrivez l’adresse complète de la page.",
            ),
            make_contact_constraint("accessibility_contact"),
            make_contact_constraint("security_contact"),
        ]

    def __str__(self) -> str:
        return "mentions du site"

    def list_empty_labels(self) -> list[str]:
        """Return the labels of the fields that are still to be filled in, in the order of the form."""
        return [str(field.verbose_name) for field in self._meta.local_concrete_fields if self.is_missing(field)]

    def is_missing(self, field: "Field[object, object]") -> bool:
        """Tell whether this field is empty and must not be."""
        if OPTIONAL_FIELDS.get(field.name) == self.accessibility_state:
            return False
        value = getattr(self, field.name)
        return value is None or value == ""

    def get_accessibility(self) -> dict[str, object]:
        """Return what the notices say of accessibility, by the name of each field."""
        names = [field.name for field in self._meta.local_concrete_fields]
        return {name: getattr(self, name) for name in names if name.startswith("accessibility_")}

    def has_expired(self, today: date) -> bool:
        """Tell whether the last day of security.txt has passed."""
        return self.security_expires_on is not None and self.security_expires_on < today
