"""The dataclasses of a declaration, which the pages, the API and a responder's form all produce."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field
from datetime import datetime
from typing import Any

from collectivities.models import Collectivity
from incidents.enums import (
    Answer,
    Certainty,
    DataCategory,
    IncidentType,
    InterruptionExtent,
    LeakStatus,
    PersonCategory,
    PersonsBand,
    PublicService,
    Tlp,
)
from incidents.facts.description import MAIL_LIMIT, FactField, FieldKind, Section, describe_field, map_facts


@dataclass(frozen=True, kw_only=True)
class Instant:
    """A moment with a time zone, and how certain it is. A value that nobody gave is empty."""

    at: datetime | None = None
    certainty: str = ""


UNSTATED_INSTANT = Instant()


def describe_instant(question: str, **words: str) -> Any:
    """Return a dataclass field that describes an instant. `words` are the labels of its `FactField`."""
    return describe_field(FieldKind.INSTANT, question, section=Section.MOMENTS, default=UNSTATED_INSTANT, **words)


def read_instant(at: datetime | None, certainty: str, *, has_hour: bool) -> Instant:
    """Return the instant that these values of a form describe. A day without its hour is never exact, whatever
    certainty was chosen.
    """
    if at is None:
        return Instant(certainty=Certainty.UNKNOWN if certainty == Certainty.UNKNOWN else "")
    if certainty == Certainty.UNKNOWN or (certainty == Certainty.EXACT and not has_hour):
        return Instant(at=at, certainty=Certainty.APPROXIMATE)
    return Instant(at=at, certainty=certainty)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The person whom the CSIRT calls back. A telephone number or a mail address is required, and nothing else."""

    name: str = describe_field(FieldKind.LINE, "Nom", section=Section.CALLER)
    role: str = describe_field(FieldKind.LINE, "Fonction", section=Section.CALLER)
    phone: str = describe_field(FieldKind.LINE, "Téléphone", section=Section.CALLER, limit=40)
    email: str = describe_field(
        FieldKind.LINE,
        "Adresse mail",
        short="Mail",
        history_label="Adresse mail",
        section=Section.CALLER,
        limit=MAIL_LIMIT,
    )


@dataclass(frozen=True, kw_only=True)
class Interruption:
    """One public service that is stopped or slowed. A value that nobody gave is empty."""

    service: str = describe_field(FieldKind.CHOICE, "service", default=MISSING, choices=PublicService)
    extent: str = describe_field(FieldKind.CHOICE, "arrêté ou ralenti", default=MISSING, choices=InterruptionExtent)
    started_at: datetime | None = describe_field(FieldKind.MOMENT, "arrêt", default=None)
    ended_at: datetime | None = describe_field(FieldKind.MOMENT, "reprise", default=None)
    people_affected: int | None = describe_field(FieldKind.COUNT, "personnes gênées", default=None)
    workaround: str = describe_field(FieldKind.LINE, "en attendant", limit=300)


@dataclass(frozen=True, kw_only=True)
class Leak:
    """The personal data that are affected. A value that nobody gave is empty."""

    status: str = describe_field(
        FieldKind.CHOICE, "Que savez-vous", short="Fuite", section=Section.DATA, choices=LeakStatus
    )
    categories: tuple[str, ...] = describe_field(
        FieldKind.CHOICES, "Quelles données", section=Section.DATA, default=(), choices=DataCategory
    )
    person_categories: tuple[str, ...] = describe_field(
        FieldKind.CHOICES,
        "Les données de qui",
        short="Quelles personnes",
        section=Section.DATA,
        default=(),
        choices=PersonCategory,
    )
    persons: int | None = describe_field(FieldKind.COUNT, "Leur nombre exact", section=Section.DATA, default=None)
    persons_band: str = describe_field(
        FieldKind.CHOICE,
        "Combien de personnes, à peu près",
        short="Personnes",
        history_label="Combien de personnes",
        section=Section.DATA,
        choices=PersonsBand,
    )
    records: int | None = describe_field(FieldKind.COUNT, "Nombre d’enregistrements", default=None)
    records_band: str = describe_field(FieldKind.CHOICE, "Enregistrements, à peu près", choices=PersonsBand)


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """One declaration. A value that nobody gave is empty. « Je ne sais pas » is an answer, and is never stored as an
    empty value.
    """

    collectivity: Collectivity
    caller: Caller
    type: str = describe_field(FieldKind.CHOICE, "Ce qui arrive", default=IncidentType.UNKNOWN, choices=IncidentType)
    description: str = describe_field(
        FieldKind.TEXT, "Ce qui se passe", history_label="Récit", section=Section.STORY, limit=5_000
    )
    supplier: str = describe_field(
        FieldKind.LINE,
        "Prestataire concerné",
        short="Prestataire",
        history_label="Prestataire concerné",
        help="Si un logiciel ou un prestataire est en cause : son nom. Cela aide à relier les cas.",
        section=Section.STORY,
    )
    occurred: Instant = describe_instant(
        "Quand cela a-t-il commencé", short="Survenu", history_label="Arrivé", term="survenu"
    )
    detected: Instant = describe_instant(
        "Quand l’avez-vous découvert", short="Détecté", history_label="Découvert", term="détecté"
    )
    attack_known: Instant = describe_instant(
        "Quand avez-vous su que c’est une attaque", short="Attaque connue", term="attaque connue"
    )
    breach_known: Instant = describe_instant(
        "Quand avez-vous su que des données personnelles sont touchées",
        short="Fuite de données connue",
        history_label="Atteinte aux données personnelles connue",
        term="violation de données connue",
    )
    service_stopped: str = describe_field(
        FieldKind.CHOICE, "Un service est-il arrêté ou ralenti", short="Un service arrêté ou ralenti", choices=Answer
    )
    data_concerned: str = describe_field(
        FieldKind.CHOICE,
        "Des données de personnes sont-elles touchées",
        short="Des données touchées",
        section=Section.DATA,
        choices=Answer,
    )
    interruptions: tuple[Interruption, ...] = ()
    leak: Leak | None = None
    tlp: str = describe_field(FieldKind.CHOICE, "Partage", default=Tlp.AMBER_STRICT, choices=Tlp)
    # The declarant says that somebody else may read the mailbox. Mails then contain neither the code nor texts of the
    # case.
    mail_without_code: bool = describe_field(
        FieldKind.FLAG,
        "N’envoyer ni lien ni code par mail",
        short="Ni lien ni code par mail",
        section=Section.CALLER,
        default=False,
    )


@dataclass(frozen=True, kw_only=True)
class Submission:
    """How a declaration arrived. `key` is the idempotency key of the form or the request: a declaration that is sent
    twice becomes one incident.

    `key` must be unguessable or bound to the sender, because anybody who sends the same key again gets the incident.
    """

    key: str
    origin: str
    # The caller has locked the key and knows that it was never used, so that no query checks this again.
    is_key_locked: bool = False
    digest: str = field(default="")
    # True for an express declaration, whose declarant only gave a number and asks for a call.
    asks_call_back: bool = False
    # The name that the author gave, because two people may fill in one declaration.
    author: str = ""
    # A digest of the sender's IP address. It is empty for a person with an account.
    source: str = ""
    # What this declaration has in common with too many others (`services/declaring/limits.py`).
    burst: str = ""
    # The author of each section (`services`, `donnees`…) that somebody other than `author` wrote.
    authors: Mapping[str, str] = field(default_factory=dict)


# The answers that are columns of the case itself.
CASE_ANSWERS = ("service_stopped", "data_concerned", "mail_without_code")
INSTANTS = map_facts(Declaration, section=Section.MOMENTS)
# The columns of a story: the texts about the incident, then the person to call back.
STORY_WORDS = map_facts(Declaration, section=Section.STORY)
STORY_LINES = {name: fact for name, fact in STORY_WORDS.items() if fact.kind == FieldKind.LINE}
CALLER_PREFIX = "contact_"
CALLER_COLUMNS = {name: f"{CALLER_PREFIX}{name}" for name in map_facts(Caller)}
STORY_COLUMNS = (*STORY_WORDS, *CALLER_COLUMNS.values())
SERVICE_WORDS = tuple(name for name, fact in map_facts(Interruption).items() if fact.is_free_text)
# Field of a leak → its name in forms. No page asks for the number of records, and no snapshot contains it.
LEAK_INPUTS = {name: "leak_status" if name == "status" else name for name in map_facts(Leak, section=Section.DATA)}


def map_inputs(section: Section) -> dict[str, FactField]:
    """Return the facts of a section by their input names in forms. The facts about the person to call back come
    first.
    """
    caller = {CALLER_COLUMNS[name]: fact for name, fact in map_facts(Caller, section=section).items()}
    return caller | map_facts(Declaration, section=section)


def read_story_texts(source: object) -> dict[str, str]:
    """Return the texts about the incident by name. `source` is a declaration or a `Story` row."""
    return {name: getattr(source, name) for name in STORY_WORDS}


def map_caller_columns(caller: Caller) -> dict[str, str]:
    """Return the facts about the person to call back, by their column names in `Story`."""
    return {column: getattr(caller, name) for name, column in CALLER_COLUMNS.items()}


def read_caller_input(values: Mapping[str, Any]) -> Caller:
    """Return the person to call back, from the cleaned values of a form."""
    return Caller(**{name: values.get(column, "") for name, column in CALLER_COLUMNS.items()})


def map_story_columns(declaration: Declaration) -> dict[str, str]:
    """Return the texts of a declaration and the facts about its person to call back, by column name in `Story`."""
    return read_story_texts(declaration) | map_caller_columns(declaration.caller)


def make_leak(values: Mapping[str, Any]) -> Leak:
    """Return the leak that has these values by field name. Lists become tuples."""
    frozen: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    return Leak(**frozen)


def map_leak_inputs(leak: Leak) -> dict[str, Any]:
    """Return the facts of a leak by their input names in forms."""
    return {field: getattr(leak, name) for name, field in LEAK_INPUTS.items()}


def read_leak_input(values: Mapping[str, Any]) -> Leak | None:
    """Return the leak, from the cleaned values of a form. Return None if the form has no answer about the leak and
    does not say that data are concerned.
    """
    leak_values = {name: values[field] for name, field in LEAK_INPUTS.items() if field in values}
    is_answered = any(
        value for name, value in leak_values.items() if (name, value) != ("persons_band", PersonsBand.UNKNOWN)
    )
    return make_leak(leak_values) if is_answered or values["data_concerned"] == Answer.YES else None
