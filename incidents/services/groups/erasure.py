"""What the sheets of groups repeat of a case, and its removal when the case is erased.

A sheet is free text about several cases. Nobody can know what a responder had in mind, so a line goes if it names the
case or its people, or if it has a run of words in common with what the declarant or the centre wrote on the case. A
sheet whose last case is erased goes as a whole.
"""

import re
from collections.abc import Iterator
from itertools import chain, dropwhile
from typing import Any, NamedTuple

from django.db.models import Q

from accounts.models import Membership
from core.telephone import list_complete_numbers
from core.text import fold_text
from incidents.enums import EventKind
from incidents.facts.shapes import CALLER_COLUMNS, SERVICE_WORDS, STORY_COLUMNS
from incidents.models import (
    Advice,
    CaseGroup,
    Closing,
    Incident,
    Note,
    Rating,
    ServiceInterruption,
    SeverityChoice,
    Story,
    Transfer,
)
from incidents.reference import hyphenate
from incidents.services.declaring.declare import derive_supplier_key

# The words in a row that show that a line was copied: French needs five before chance no longer explains them.
RUN_LENGTH = 5
SHORTEST_NAME = 3
PHONE_DIGITS = 9  # without the 0 or the +33 in front
WORD = re.compile(r"[^\W_]+")
NAME_END = re.compile(r"[,(/]")  # after which people write a function: « Anne Le Goff (accueil) »
# What people write around a name or instead of it: titles, functions and services.
NOT_NAMES = frozenset(
    fold_text(
        "de du des la le les et ou au aux un une en pour par chez m mr mme mmes mlle dr me maître docteur madame "
        "monsieur maire mairie ville commune communes communauté agglomération métropole département syndicat "
        "saint sainte accueil standard secrétariat secrétaire service services informatique numérique système "
        "systèmes information réseau dsi rssi dpo dgs dga drh ccas directeur directrice direction adjoint "
        "adjointe général générale généraux agent agente technique techniques technicien technicienne responsable "
        "chargé chargée chef cheffe cadre bureau administrateur administratrice administratif administrative "
        "assistant assistante président présidente élu élue conseiller conseillère cabinet comptable comptabilité "
        "finances police école bibliothèque médiathèque urbanisme communication prestataire astreinte référent "
        "référente contact personne poste"
    ).split()
)
# What is written about one case only. Messages and tasks are read with their own conditions.
WRITTEN_COLUMNS: dict[Any, tuple[str, ...]] = {
    Advice: ("motive", "agreement"),
    Closing: ("handed_to", "summary", "lesson"),
    Note: ("text",),
    Rating: ("words",),
    ServiceInterruption: SERVICE_WORDS,
    SeverityChoice: ("motive",),
    Transfer: ("motive", "agreement", "answer"),
}
ERASED_LINE = "[effacé avec un dossier]"


class Traces(NamedTuple):
    """What shows that a line repeats a case: names, words that count with a capital initial, numbers in digits,
    addresses, and runs of words.
    """

    names: set[str]
    capitals: set[str]
    phones: set[str]
    addresses: set[str]
    runs: set[tuple[str, ...]]


def erase_case_from_sheets(incident: Incident) -> None:
    """Remove what the sheets of the groups of the case repeat of it. Groups that the case has left are read too.

    The caller has locked the case and is about to erase its texts.
    """
    uids = incident.events.filter(kind=EventKind.GROUPED).values_list("data__group", flat=True)
    groups = CaseGroup.objects.filter(uid__in=list(uids)).exclude(sheet="")
    for group in groups.select_for_update(no_key=True).order_by("pk"):
        sheet = remove_traces(group.sheet, find_traces(incident, group)) if has_other_case(group, incident) else ""
        if sheet != group.sheet:
            # Whoever is writing the sheet now must not save it as it was.
            group.sheet, group.version = sheet, group.version + 1
            group.save(update_fields=["sheet", "version"])


def has_other_case(group: CaseGroup, incident: Incident) -> bool:
    """Tell whether the group has another case that is not erased."""
    return group.cases.filter(erased_at=None).exclude(pk=incident.pk).exists()


def remove_traces(sheet: str, traces: Traces) -> str:
    """Return the sheet with ERASED_LINE in place of the lines that repeat the case. Lines in a row become one."""
    lines: list[str] = []
    for line in sheet.split("\n"):
        new_line = ERASED_LINE if is_repetition(line, traces) else line
        if new_line != ERASED_LINE or lines[-1:] != [ERASED_LINE]:
            lines.append(new_line)
    return "\n".join(lines)


def is_repetition(line: str, traces: Traces) -> bool:
    """Tell whether the line repeats the case."""
    words = fold_text(line).split()
    padded, digits, plain = f" {' '.join(words)} ", re.sub(r"\D", "", line), line.lower()
    capitals = {fold_text(word) for word in WORD.findall(line) if word[0].isupper()}
    return (
        any(f" {name} " in padded for name in traces.names)
        or not traces.capitals.isdisjoint(capitals)
        or any(phone in digits for phone in traces.phones)
        or any(address in plain for address in traces.addresses)
        or not traces.runs.isdisjoint(list_runs(words))
    )


def find_traces(incident: Incident, group: CaseGroup) -> Traces:
    """Return what shows that a line of the sheet of this group repeats the case."""
    story = Story.objects.get(incident=incident)
    former_values = list(incident.sheets.values_list("values", flat=True))
    declared: list[dict[str, Any]] = [{name: getattr(story, name) for name in STORY_COLUMNS}, *former_values]
    people = [*list_values(declared, CALLER_COLUMNS["name"]), *list_authors(incident)]
    people_words = [list_name_words(name) for name in people]
    names = {fold_text(incident.reference), fold_text(hyphenate(incident.reference))}
    names.update(" ".join(words) for words in people_words if len(words) > 1)
    names.update(list_lost_suppliers(list_values(declared, "supplier"), group, incident))
    phones = chain.from_iterable(map(list_complete_numbers, list_values(declared, CALLER_COLUMNS["phone"])))
    texts = [*list_texts(incident), *list_strings(declared)]
    return Traces(
        names=names - {""},
        capitals={word for word in chain(*people_words) if len(word) >= SHORTEST_NAME} - NOT_NAMES,
        phones={phone[-PHONE_DIGITS:] for phone in phones},
        addresses={address.lower() for address in list_values(declared, CALLER_COLUMNS["email"])},
        runs={run for text in texts for run in list_runs(fold_text(text).split())},
    )


def list_values(declared: list[dict[str, Any]], name: str) -> set[str]:
    """Return the texts that the declaration and its corrections gave under this name."""
    return {value for values in declared if isinstance(value := values.get(name), str) and value}


def list_authors(incident: Incident) -> Iterator[str]:
    """Yield the names under which declarants wrote on the case: people without account, and people of a body who never
    worked for a centre.
    """
    body_roles = Membership.objects.filter(collectivity__isnull=False)
    centre_roles = Membership.objects.filter(csirt__isnull=False, awaits_confirmation=False)
    of_bodies = Q(actor=None) | Q(actor__in=body_roles.values("user"))
    for rows in (incident.messages, incident.sheets, incident.evidence):
        by_declarants = rows.filter(of_bodies).exclude(actor__in=centre_roles.values("user")).exclude(author="")
        yield from by_declarants.values_list("author", flat=True).distinct()


def list_name_words(name: str) -> list[str]:
    """Return the words of what somebody wrote as a name, folded, from the first to the last that names a person. They
    are in the first part that has any, such as the second one of « Accueil, Yann le Bris ».
    """
    return next(filter(None, map(trim_name, NAME_END.split(name))), [])


def trim_name(text: str) -> list[str]:
    """Return the folded words of the text, without those of NOT_NAMES at both ends."""
    words = list(dropwhile(NOT_NAMES.__contains__, fold_text(text).split()))
    while words and words[-1] in NOT_NAMES:
        words.pop()
    return words


def list_lost_suppliers(suppliers: set[str], group: CaseGroup, incident: Incident) -> Iterator[str]:
    """Yield those of the suppliers of the case that no other case of the group names, as lines are compared."""
    for supplier in suppliers:
        other_cases = group.cases.filter(supplier_key=derive_supplier_key(supplier), erased_at=None)
        if not other_cases.exclude(pk=incident.pk).exists():
            yield fold_text(supplier)


def list_texts(incident: Incident) -> Iterator[str]:
    """Yield what the declarant wrote since, and what the centre wrote on the case. Its messages, and the tasks that
    a guide or the platform added, are not read, because they may be advice to everybody.
    """
    rows: list[Any] = [incident.messages.filter(is_from_csirt=False).values_list("text")]
    rows.append(incident.tasks.filter(playbook="", step="").values_list("title", "why"))
    for model, columns in WRITTEN_COLUMNS.items():
        rows.append(model.objects.filter(incident=incident).values_list(*columns))
    for row in chain.from_iterable(rows):
        yield from filter(None, row)


def list_strings(value: Any) -> Iterator[str]:
    """Yield each text in a value of JSON, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from list_strings(inner)


def list_runs(words: list[str]) -> list[tuple[str, ...]]:
    """Return each run of RUN_LENGTH words of the text. A shorter text has none."""
    return [tuple(words[at : at + RUN_LENGTH]) for at in range(len(words) - RUN_LENGTH + 1)]
