"""The rules that every declaration must satisfy. All problems are reported at once, by field, in plain French."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone

from collectivities.models import Collectivity
from collectivities.telephones import find_phone_problem
from collectivities.zones import find_local_day, find_zone
from core.french import format_day
from core.text import clean_line, clean_text
from incidents.enums import Answer, Certainty, IncidentType
from incidents.facts.description import FactField, FieldKind, map_facts
from incidents.facts.shapes import CALLER_PREFIX, INSTANTS, Caller, Declaration, Instant, Interruption, Leak
from incidents.moments import compute_stored_end, is_before
from incidents.sharing import puts_mailbox_in_doubt

# How far in the future an instant may be, since the clock of a declarant may differ a little from that of the server.
CLOCK_SLACK = timedelta(minutes=5)
MAX_AGE = timedelta(days=366 * 10)
# The types of incidents that may have stopped the declarant's mail.
MAIL_MAY_BE_DOWN = (IncidentType.RANSOMWARE, IncidentType.OUTAGE)
Problem = tuple[str, str]


def check_declaration(declaration: Declaration, *, now: datetime) -> Declaration:
    """Return the declaration with its texts cleaned. Raises ValidationError naming every wrong field."""
    problems: dict[str, list[str]] = {}
    clean = clean_texts(declaration, problems)
    needs_number = needs_complete_phone(clean.type, without_code=clean.mail_without_code)
    raise_problems(
        (
            *flatten_problems(problems),
            *list_caller_problems(clean.caller, clean.collectivity, needs_number=needs_number),
            *list_declared_instant_problems(clean, now),
            *list_interruption_problems(clean, now),
            *list_answer_problems(clean),
        )
    )
    return replace(clean, interruptions=tuple(normalise_end(interruption) for interruption in clean.interruptions))


def raise_problems(problems: Iterable[Problem]) -> None:
    """Raise ValidationError naming every wrong field, if there are problems."""
    messages_by_field: dict[str, list[str]] = {}
    for field, message in problems:
        messages_by_field.setdefault(field, []).append(message)
    if messages_by_field:
        raise ValidationError({field: list(messages) for field, messages in messages_by_field.items()})


def flatten_problems(problems: Mapping[str, Iterable[str]]) -> Iterator[Problem]:
    """Yield each message of `problems`, a dict from field to messages, as (field, message)."""
    return ((field, message) for field, messages in problems.items() for message in messages)


def normalise_end(interruption: Interruption) -> Interruption:
    """Return the interruption with an end that is never before its start (`compute_stored_end`)."""
    return replace(interruption, ended_at=compute_stored_end(interruption.started_at, interruption.ended_at))


def clean_texts(declaration: Declaration, problems: dict[str, list[str]]) -> Declaration:
    """Return the declaration with all its texts cleaned, including those of its interruptions and caller.

    If a text is refused, its reasons are added to `problems` by field.
    """

    def clean_interruption(interruption: Interruption) -> Interruption:
        return clean_shape(interruption, f"interruption_{interruption.service}_", problems)

    return replace(
        clean_shape(declaration, "", problems),
        interruptions=tuple(map(clean_interruption, declaration.interruptions)),
        caller=clean_shape(declaration.caller, CALLER_PREFIX, problems),
    )


def clean_shape[S: (Declaration, Caller, Interruption)](shape: S, prefix: str, problems: dict[str, list[str]]) -> S:
    """Return the declaration, caller or interruption with its texts cleaned.

    If a text is refused, its reasons are added to `problems` under `prefix` and the name of its field.
    """
    clean: dict[str, Any] = {
        name: clean_field(fact, getattr(shape, name), f"{prefix}{name}", problems)
        for name, fact in map_facts(type(shape)).items()
        if fact.is_free_text
    }
    return replace(shape, **clean)


def clean_field(fact: FactField, text: str, field: str, problems: dict[str, list[str]]) -> str:
    """Return the text cleaned. If it is refused, add the reasons to `problems` and return ""."""
    clean = clean_text if fact.kind == FieldKind.TEXT else clean_line
    try:
        return clean(text, limit=fact.limit, field=field)
    except ValidationError as error:
        problems.setdefault(field, []).extend(error.message_dict[field])
        return ""


def needs_complete_phone(incident_type: str, *, without_code: bool) -> bool:
    """Tell whether the caller must give a complete telephone number, even if they give a mail address.

    They must if mails to them hold no follow-up code (`without_code`), or if this type of incident may stop their mail
    or let others read it.
    """
    return without_code or puts_mailbox_in_doubt(incident_type) or incident_type in MAIL_MAY_BE_DOWN


def list_caller_problems(caller: Caller, body: Collectivity | None, *, needs_number: bool) -> Iterator[Problem]:
    """Yield the problems of the caller's telephone number and mail address.

    If `needs_number` is true (see `needs_complete_phone`), the number must be complete even if a mail address is
    given.
    """
    if not caller.phone and not caller.email:
        yield "contact_phone", "Donnez un téléphone ou une adresse mail : sans eux, personne ne peut vous rappeler."
    if (
        caller.phone
        and (problem := find_phone_problem(caller.phone, body))
        and (needs_number or not is_mail_address(caller.email))
    ):
        yield "contact_phone", f"{problem}{'' if needs_number else ', ou donnez une adresse mail'}."
    if caller.email and not is_mail_address(caller.email):
        yield "contact_email", "Cette adresse mail est incomplète. Exemple : mairie@plouexemple.example"


def is_mail_address(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return True


def list_declared_instant_problems(declaration: Declaration, now: datetime) -> Iterator[Problem]:
    """Yield the problems of the dates of a declaration."""
    instants: dict[str, Instant] = {name: getattr(declaration, name) for name in INSTANTS}
    yield from list_instant_problems(instants, instants, find_zone(declaration.collectivity), now)


def list_instant_problems(
    instants: Mapping[str, Instant], all_instants: Mapping[str, Instant], zone: str, now: datetime
) -> Iterator[Problem]:
    """Yield the problems of each date in `instants`, then a problem for each date before the start of the incident.

    `all_instants` are all dates of the case, which are compared with the start. A date that already has a problem is
    not compared.
    """
    wrong = {name: list(list_moment_problems(f"{name}_at", instant.at, now)) for name, instant in instants.items()}
    yield from chain.from_iterable(wrong.values())
    yield from list_order_problems(
        {name: instant for name, instant in all_instants.items() if not wrong.get(name)}, zone
    )


def list_order_problems(instants: Mapping[str, Instant], zone: str) -> Iterator[Problem]:
    """Yield a problem for each date that precedes the start of the incident.

    If one of the two dates is not exact, only their days in the time zone `zone` are compared. The problem of the date
    `breach_known` is reported on the start, because the page asks for the start later.
    """
    start = instants.get("occurred", Instant())
    for name, instant in instants.items():
        if start.at is None or instant.at is None or instant.at >= start.at:
            continue
        if {start.certainty, instant.certainty} == {Certainty.EXACT} or find_local_day(
            instant.at, zone
        ) < find_local_day(start.at, zone):
            yield describe_order_problem(
                name, format_day(timezone.localtime(instant.at)), format_day(timezone.localtime(start.at))
            )


def describe_order_problem(name: str, date: str, start: str) -> Problem:
    """Return the field and the message for a date that precedes the start of the incident.

    `name` is the name of the date. `date` and `start` are the two days, as texts.
    """
    if name == "breach_known":
        return (
            "occurred_at",
            f"Le {start} est après le jour où vous avez su que des données sont touchées, le {date}. "
            "L’une de ces deux dates est fausse : corrigez-la.",
        )
    return f"{name}_at", f"Le {date} est avant le début de l’incident, le {start}. Vérifiez les deux dates."


def list_moment_problems(field: str, at: datetime | None, now: datetime) -> Iterator[Problem]:
    """Yield a problem on `field` if the instant `at` is in the future or more than ten years ago."""
    if at is None:
        return
    if at > now + CLOCK_SLACK:
        yield field, "Cette date est à venir. Vérifiez-la."
    elif at < now - MAX_AGE:
        yield field, f"Le {format_day(timezone.localtime(at))} est il y a plus de dix ans. Vérifiez l’année."


def list_interruption_problems(declaration: Declaration, now: datetime) -> Iterator[Problem]:
    """Yield the problems of the interruptions of a declaration. A service that is given twice is a problem."""
    services = set()
    for interruption in declaration.interruptions:
        prefix = f"interruption_{interruption.service}"
        if interruption.service in services:
            yield f"{prefix}_started_at", "Ce service est donné deux fois."
        services.add(interruption.service)
        yield from list_period_problems(prefix, interruption, now, find_zone(declaration.collectivity))


def list_period_problems(prefix: str, interruption: Interruption, now: datetime, zone: str) -> Iterator[Problem]:
    """Yield the problems of the start and the end of an interruption.

    If one of the two has a problem of its own, their order is not checked.
    """
    wrong = [
        *list_moment_problems(f"{prefix}_started_at", interruption.started_at, now),
        *list_moment_problems(f"{prefix}_ended_at", interruption.ended_at, now),
    ]
    yield from wrong
    if not wrong and ends_before_it_starts(interruption, zone):
        yield f"{prefix}_ended_at", "La reprise ne peut pas précéder l’arrêt. Vérifiez les deux dates."


def ends_before_it_starts(interruption: Interruption, zone: str) -> bool:
    """Tell whether the interruption ends before it starts.

    Dates without an hour are compared by day, in the time zone `zone`.
    """
    started, ended = interruption.started_at, interruption.ended_at
    return started is not None and ended is not None and is_before(ended, started, zone)


def list_answer_problems(declaration: Declaration) -> Iterator[Problem]:
    """Yield a problem if an answer contradicts the services or the data that the declaration describes."""
    if declaration.interruptions and declaration.service_stopped != Answer.YES:
        yield "service_stopped", "Vous donnez des services arrêtés : la réponse doit être « Oui »."
    yield from list_data_problems(declaration.leak, declaration.data_concerned)


def list_data_problems(leak: Leak | None, concerned: str) -> Iterator[Problem]:
    """Yield a problem if affected data are described although `concerned` is « Non »."""
    if leak and concerned == Answer.NO:
        yield "data_concerned", "Vous décrivez des données touchées : la réponse ne peut pas être « Non »."
