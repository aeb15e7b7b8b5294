"""The export of a whole case, in two parts: what the person gave or received, and what is internal to the centre. A
lead hands the first part to a person who asks for their data, and both to another system of the centre.
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import structlog
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from incidents.access import get_incident, record_accesses
from incidents.enums import Ability, Door, EventKind
from incidents.files import vault
from incidents.models import Evidence, Incident
from incidents.reference import hyphenate
from incidents.services.evidence.files import find_case_key
from incidents.services.handling.hold import is_protected
from incidents.services.handling.readings import record_file_openings
from incidents.services.history.record import record_event
from incidents.services.papers.export_sections import INTERNAL_SECTIONS, PERSON_SECTIONS, describe_exported_rows
from incidents.sharing import PAP_MEANINGS, TLP_MEANINGS, allows_only_link

logger = structlog.get_logger(__name__)

PERSON_FOLDER, INTERNAL_FOLDER = "personne", "interne"
NOT_READABLE = "Ce fichier ne se lit pas dans le dépôt.\n"
UNCONFIRMED = "Ce dossier est TLP:RED : cochez la case pour l’exporter."
READ_ME = """Dossier {reference}, exporté le {day}

{tlp} : {tlp_means}.
{pap} : {pap_means}.
Cette marque vaut pour chaque fichier de l’archive, et pour ce que vous en copiez.

personne/
  Ce que la personne a donné ou reçu : son récit, ses coordonnées, ses réponses, les messages échangés, ses pièces, les
  dates. À remettre à la personne qui déclare ou à sa collectivité, si elle demande ses données, après relecture : un
  récit peut citer quelqu’un d’autre. Une photographie garde ses propres métadonnées, dont le lieu où elle a été prise.

interne/
  Le travail du centre : notes, indicateurs, motifs de gravité, tâches, bilans, transferts et avis, gels, positions des
  photographies, qui a lu quoi, et l’historique. À garder dans le centre : des tiers y sont cités. Ne le remettez à
  quelqu’un d’autre que si la marque ci-dessus le permet. Les pièces que le déclarant a reprises y sont, si le dossier
  est gelé, ou l’était il y a moins de trente jours.

Une pièce peut être dangereuse : ne l’ouvrez pas sur votre poste.
"""

# The name of a file in the archive, and its content.
type Part = tuple[str, Iterable[bytes]]


class CaseExport(NamedTuple):
    """The name of an archive, and what it holds."""

    file_name: str
    parts: list[Part]


@transaction.atomic
def prepare_export(*, reference: str, actor: User, is_red_confirmed: bool = False) -> CaseExport:
    """Return the export, and record the event and the opening of each file.

    The content of a file is decrypted only as it is read. Files that the declarant took back are in it while a legal
    hold protects the case. Raises ValidationError if the case is erased, and on `confirmed` if it is TLP:RED and
    nobody confirmed. May raise Http404 or PermissionDenied.
    """
    incident = get_incident(actor, reference, to=Ability.EXPORT, lock=True)
    if incident.erased_at:
        raise ValidationError("Les mots de ce dossier ont été effacés : il n’y a plus rien à exporter.")
    if allows_only_link(incident.tlp) and not is_red_confirmed:
        raise ValidationError({"confirmed": UNCONFIRMED})
    now = timezone.now()
    record_accesses(actor, [incident], Door.CASE)
    pieces = list_exported_files(incident)
    record_file_openings(pieces=pieces, reader=actor)
    record_event(incident, EventKind.EXPORTED, at=now, actor=actor)
    key = find_key(incident) if pieces else None
    texts = [
        ("LISEZ-MOI.txt", write_read_me(incident, now)),
        (f"{PERSON_FOLDER}/dossier.json", write_json(describe_exported_rows(incident, PERSON_SECTIONS))),
        (f"{INTERNAL_FOLDER}/dossier.json", write_json(describe_exported_rows(incident, INTERNAL_SECTIONS))),
    ]
    parts: list[Part] = [(name, [text.encode()]) for name, text in texts]
    return CaseExport(make_file_name(incident), [*parts, *(make_file_part(piece, key) for piece in pieces)])


def list_exported_files(incident: Incident) -> list[Evidence]:
    files = incident.evidence.order_by("number")
    return list(files if is_protected(incident) else files.filter(taken_back_at=None))


def find_key(incident: Incident) -> bytes | None:
    """Return the key of the files of the case, or None if it has none that can be used."""
    try:
        return find_case_key(incident.pk)
    except vault.NotReadable:
        return None


def make_file_name(incident: Incident) -> str:
    """Return the name of the archive, which says the TLP: « dossier-ABCD2345-TLP-AMBER-STRICT.zip »."""
    label = re.sub(r"[^A-Z]+", "-", incident.get_tlp_display())
    return f"dossier-{incident.reference}-{label}.zip"


def write_read_me(incident: Incident, at: datetime) -> str:
    """Return the text that says what each part holds, to whom it may be given, and the labels of the case."""
    return READ_ME.format(
        reference=hyphenate(incident.reference),
        day=f"{timezone.localtime(at):%d/%m/%Y}",
        tlp=incident.get_tlp_display(),
        tlp_means=TLP_MEANINGS[incident.tlp],
        pap=incident.get_pap_display(),
        pap_means=PAP_MEANINGS[incident.pap],
    )


def write_json(sections: dict[str, list[dict[str, Any]]]) -> str:
    return json.dumps(sections, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)


def make_file_part(piece: Evidence, key: bytes | None) -> Part:
    folder = f"{INTERNAL_FOLDER}/pieces-reprises" if piece.taken_back_at else f"{PERSON_FOLDER}/pieces"
    return f"{folder}/{piece.number:03}-{piece.sha256[:12]}", read_piece(piece, key)


def read_piece(piece: Evidence, key: bytes | None) -> Iterator[bytes]:
    """Yield the content of a file. If it cannot be read to its end, the text says so in its place."""
    try:
        if key is None:
            raise vault.NotReadable
        yield from vault.read_object(piece.storage_name, key)
    except vault.NotReadable:
        logger.error("evidence not readable", evidence=str(piece.uid))  # noqa: TRY400 (its trace says nothing more)
        yield NOT_READABLE.encode()


class ZipSink:
    """What a ZIP archive writes, until it is taken. The archive cannot go back in it, and so is sent as it is made."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: ZipFile calls this."""

    def take(self) -> bytes:
        """Return what was written since the last call."""
        data = b"".join(self.written)
        self.written.clear()
        return data


def stream_archive(parts: Iterable[Part], at: datetime) -> Iterator[bytes]:
    """Yield a ZIP archive of these parts, a few kilobytes at a time. `at` is written as the date of its files."""
    sink = ZipSink()
    with ZipFile(sink, "w", ZIP_STORED) as archive:  # type: ignore[call-overload]  # it only writes
        for name, chunks in parts:
            entry = ZipInfo(name, at.timetuple()[:6])
            with archive.open(entry, "w", force_zip64=True) as file:
                for chunk in chunks:
                    file.write(chunk)
                    yield sink.take()
    yield sink.take()
