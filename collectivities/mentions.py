"""Phrases typed in the search that name no body of the list: kinds of bodies that no open list contains (declarants
add them with their SIREN), and victims whom another service helps.
"""

from dataclasses import dataclass
from enum import StrEnum

from collectivities.enums import Kind
from collectivities.wording import normalise_text, split_words


class OtherVictim(StrEnum):
    """The victims whom another service helps, because the centres help local authorities only."""

    HEALTH = "health"
    FIRM = "firm"
    ASSOCIATION = "association"
    PERSON = "person"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Mention:
    """The kind of body or of victim that the words of a search mention.

    `kind` is the nature under which such a body can be added, or None if it is not a local public body. `elsewhere` is
    the kind of victim if another service helps such victims. `place` holds the other words of the search, except those
    about an activity.
    """

    label: str
    kind: Kind | None
    elsewhere: OtherVictim | None
    place: str


type MentionRow = tuple[str, str, Kind | None, OtherVictim | None]
# The phrases have no small words, as `split_words` returns them. The longest phrase that begins the words typed is
# chosen, or else the longest phrase that ends them.
MENTIONED_KINDS: tuple[MentionRow, ...] = (
    ("syndicat|syndicat mixte|syndicat intercommunal|syndicat departemental", "un syndicat", Kind.SYNDICATE, None),
    ("sictom|smictom|siaep|smitom|siaepa", "un syndicat", Kind.SYNDICATE, None),
    ("sivu", "un syndicat", Kind.SIVU, None),
    ("sivom", "un syndicat", Kind.SIVOM, None),
    (
        "ccas|cias|centre communal action sociale|centre intercommunal action sociale|centre action sociale",
        "un centre d’action sociale",
        Kind.CCAS,
        None,
    ),
    (
        "sdis|sis|pompiers|sapeurs pompiers|service incendie|service departemental incendie|caserne pompiers",
        "un service d’incendie et de secours",
        Kind.SDIS,
        None,
    ),
    ("centre gestion|cdg", "un centre de gestion", Kind.CDG, None),
    ("office public habitat|office habitat|office hlm|oph|opac|hlm", "un office de l’habitat", Kind.HOUSING, None),
    ("regie", "une régie", Kind.REGIE, None),
    ("caisse ecoles", "une caisse des écoles", Kind.SCHOOL_FUND, None),
    ("petr|pole metropolitain|pole equilibre territorial", "un pôle territorial", Kind.POLE, None),
    (
        "spl|semop|societe publique locale|societe economie mixte",
        "une société publique locale",
        Kind.LOCAL_COMPANY,
        None,
    ),
    (
        "hopital|hopitaux|centre hospitalier|centre hospitalier universitaire|chu|chru|ghu",
        "un hôpital",
        Kind.PUBLIC_BODY,
        OtherVictim.HEALTH,
    ),
    ("lycee|college|cite scolaire", "un collège ou un lycée", Kind.PUBLIC_BODY, None),
    (
        "office tourisme|office municipal tourisme|syndicat initiative",
        "un office de tourisme",
        Kind.PUBLIC_BODY,
        None,
    ),
    ("ehpad|maison retraite", "une maison de retraite", Kind.PUBLIC_BODY, OtherVictim.HEALTH),
    (
        "clinique|cabinet medical|maison sante|laboratoire|pharmacie",
        "un établissement de santé",
        None,
        OtherVictim.HEALTH,
    ),
    ("entreprise|societe|sarl|sas|sasu|eurl|auto entrepreneur|artisan", "une entreprise", None, OtherVictim.FIRM),
    ("association|asso|amicale", "une association", None, OtherVictim.ASSOCIATION),
    ("particulier|citoyen|citoyenne", "un particulier", None, OtherVictim.PERSON),
    (
        "prefecture|sous prefecture|ministere|tribunal|rectorat|gendarmerie|commissariat|police nationale|dgfip|"
        "universite",
        "un service de l’État",
        None,
        OtherVictim.STATE,
    ),
)
PHRASES: dict[tuple[str, ...], MentionRow] = {
    tuple(phrase.split()): line for line in MENTIONED_KINDS for phrase in line[0].split("|")
}
LONGEST_PHRASE = max(map(len, PHRASES))
# Words about the activity of a body, between its nature and its place: « syndicat des eaux du Léon ».
TRADES = frozenset(
    {
        *("eau", "eaux", "potable", "assainissement", "energie", "electricite", "ordures", "menageres", "dechets"),
        *("incendie", "secours", "mixte", "intercommunal", "departemental", "departementale", "communal"),
        *("social", "sociale", "public", "publique"),
    }
)


def find_mention(text: str) -> Mention | None:
    """Return the kind of body or of victim that the text mentions, or None.

    The mention is at the beginning of the text, or else at its end: « hôpital de Brest », « Brest hôpital ».
    """
    words = split_words(text)
    span = _find_phrase_at_start(words) or _find_phrase_at_end(words)
    if span is None:
        return None
    _phrases, label, kind, elsewhere = PHRASES[tuple(words[span])]
    other_words = words[: span.start] + words[span.stop :]
    place = " ".join(word for word in other_words if word not in TRADES)
    return Mention(label=label, kind=kind, elsewhere=elsewhere, place=place)


def _find_phrase_at_start(words: list[str]) -> slice | None:
    """Return the slice of the longest phrase with which the words begin, or None."""
    sizes = range(min(LONGEST_PHRASE, len(words)), 0, -1)
    return next((slice(0, size) for size in sizes if tuple(words[:size]) in PHRASES), None)


def _find_phrase_at_end(words: list[str]) -> slice | None:
    """Return the slice of the longest phrase at the end of the words, before any words about an activity, or None."""
    for end in range(len(words), 0, -1):
        for size in range(min(LONGEST_PHRASE, end), 0, -1):
            if tuple(words[end - size : end]) in PHRASES:
                return slice(end - size, end)
        if words[end - 1] not in TRADES:
            return None
    return None


def begins_body_name(mention: Mention | None, name: str, text: str) -> bool:
    """Tell whether the text mentions a kind and is also the beginning of `name`, the name of a body.

    The text then probably means that body: « Hôpital-Camfrout » is a commune and not a hospital.
    """
    return mention is not None and normalise_text(" ".join(split_words(name))).startswith(" ".join(split_words(text)))
