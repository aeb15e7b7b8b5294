"""All keys are replaced while everything that they made is in use: nothing stops before its key is removed."""

import hashlib
import os
import re
from datetime import timedelta
from io import StringIO

import psycopg
import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from accounts.dispatch import send_due_mails
from accounts.enums import LinkPurpose, MailStatus, Trouble
from accounts.factors import list_recovery_hashes
from accounts.models import AccessLink, PendingMail, StoredSession, User
from accounts.services.links import find_live_link, send_link
from accounts.services.recovery_codes import is_hash_of, make_recovery_codes
from accounts.services.tokens import make_token
from accounts.tokens import derive_link_token, find_live_token
from core.rotation import SLICE
from core.secrets import DERIVED, KeyUse
from incidents.access import CaseVisitor
from incidents.files import vault
from incidents.models import CaseKey, Draft, FollowUpAccess, SharedSentence
from incidents.services.declarant.access import derive_secret, find_access, rotate_access_by_responder
from incidents.services.declarant.share import derive_sentence_secret, find_shared_case, share_sentence
from incidents.services.declaring.draft import build_draft, derive_draft_code, find_draft
from incidents.services.evidence.files import get_reading_key
from tests.cast import a_responder, an_agent, code_of, declare
from tests.incidents.devices import follow_up_url, open_by_link
from tests.incidents.evidence_files import hand_over
from tests.stats.releases import is_intact, save_first_release

NEW_SECRET = "a new secret, long enough for production, of the drill"
KEPT_IN_DATABASE = ["follow-up code", "share code", "draft code", "factor", "recovery codes", "evidence"]


class Installation:
    """One of each value that a key makes, as their holders have noted them."""

    def __init__(self) -> None:
        self.incident = declare()
        self.access = self.incident.accesses.get()
        self.code = derive_secret(self.access)
        visitor = CaseVisitor(access_uid=self.access.uid)
        self.share_code = derive_sentence_secret(share_sentence(reference=self.incident.reference, visitor=visitor))
        self.draft_code = make_draft_code()
        self.responder = a_responder()
        self.recovery_codes = make_recovery_codes(self.responder)
        agent = an_agent(self.incident.collectivity)
        self.token = make_token(actor=agent, name="essai", key="k", scopes=["read"])
        self.link = send_link(LinkPurpose.PASSWORD, user=agent, made_by=None)
        self.link_token = derive_link_token(self.link)
        self.holder = open_by_link(self.incident)
        self.piece = hand_over(self.holder, self.incident, b"piece")
        self.signed_in, self.idle = Client(), Client()
        for client in (self.signed_in, self.idle):
            client.force_login(self.responder)
        self.release = save_first_release()

    def list_working(self) -> dict[str, bool]:
        """Tell what works now, by name."""
        return {
            "follow-up code": find_access(self.code) == self.access
            and derive_secret(FollowUpAccess.objects.get(pk=self.access.pk)) == self.code,
            "share code": find_shared_case(self.share_code) == self.incident
            and derive_sentence_secret(SharedSentence.objects.get()) == self.share_code,
            "draft code": (draft := find_draft(self.draft_code)) is not None
            and derive_draft_code(draft) == self.draft_code,
            "factor": opens(self.responder, Authenticator.Type.TOTP, code_of(self.responder)),
            "recovery codes": opens(self.responder, Authenticator.Type.RECOVERY_CODES, self.recovery_codes[0]),
            "evidence": self.reads_evidence(),
            "token": find_live_token(self.token) is not None,
            "link": find_live_link(self.link_token) == self.link,
            "mail of the link": derive_link_token(AccessLink.objects.get(pk=self.link.pk)) == self.link_token,
            "release": is_intact(self.release),
            "cookie": self.holder.get(follow_up_url(self.incident)).status_code == 200,
            "session": self.signed_in.get("/compte/").status_code == 200,
        }

    def reads_evidence(self) -> bool:
        try:
            key = get_reading_key(self.incident)
        except vault.NotReadable:
            return False
        return b"".join(vault.read_object(self.piece.storage_name, key)) == b"piece"


def make_draft_code() -> str:
    draft = build_draft()
    draft.saved_at = timezone.now()
    draft.expires_at = timezone.now() + timedelta(days=2)
    draft.save()
    return derive_draft_code(draft)


def opens(user: User, kind: str, code: str) -> bool:
    """Tell whether a factor of this person can be read and accepts the code. No recovery code is used up."""
    factor = Authenticator.objects.get(user=user, type=kind)
    try:
        if kind == Authenticator.Type.RECOVERY_CODES:
            return any(is_hash_of(sealed, code) for sealed in list_recovery_hashes(factor))
        return bool(factor.wrap().validate_code(code))
    except CryptoError:
        return False


@pytest.fixture
def installation(db: None) -> Installation:
    return Installation()


@pytest.fixture
def new_keys() -> dict[str, list[bytes | str]]:
    """Return one new key for each use."""
    return {use.value: [os.urandom(32)] for use in KeyUse}


def add_keys(settings, keys):
    """Put new keys in front of those of the installation."""
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], NEW_SECRET
    settings.KEYS_BY_USE = {use: [*added, DERIVED] for use, added in keys.items()}
    settings.EVIDENCE_KEYS = [os.urandom(32), *settings.EVIDENCE_KEYS]


def remove_old_keys(settings, keys):
    settings.SECRET_KEY_FALLBACKS, settings.KEYS_BY_USE = [], keys
    settings.EVIDENCE_KEYS = settings.EVIDENCE_KEYS[:1]


def rotate(*options):
    """Run the command, and return by label how many values it renewed and how many still wait for an old key."""
    output = StringIO()
    call_command("rotate_keys", *options, stdout=output)
    lines = re.findall(r"^  (.+?) : (\d+) renouvelés ; (\d+) demandent", output.getvalue(), re.MULTILINE)
    return {label: (int(renewed), int(waiting)) for label, renewed, waiting in lines}, output.getvalue()


def test_all_keys_are_replaced_and_everything_works_until_the_old_ones_go(installation, settings, new_keys):
    assert all(installation.list_working().values())
    add_keys(settings, new_keys)
    assert set(installation.list_working().values()) == {True}, installation.list_working()

    counts, output = rotate()

    assert counts == {
        **dict.fromkeys(["codes de suivi", "phrases partagées", "codes de brouillons", "clés des dossiers"], (1, 0)),
        "seconds facteurs": (2, 0),
        "mails de comptes à envoyer": (0, 1),
        "sessions ouvertes": (0, 1),
    }
    assert set(installation.list_working().values()) == {True}
    assert output.count("les anciennes clés peuvent être retirées") == 4
    assert output.count("gardez les anciennes clés aussi longtemps que durent les événements de sécurité") == 1
    assert output.count("gardez encore les anciennes clés") == 2

    remove_old_keys(settings, new_keys)

    working = installation.list_working()
    assert [name for name, works in working.items() if not works] == ["mail of the link", "cookie"]
    assert installation.idle.get("/compte/").status_code == 302


def test_without_the_command_removing_the_old_keys_stops_what_it_names(installation, settings, new_keys):
    add_keys(settings, new_keys)
    counts, _output = rotate("--dry-run")
    assert {label: waiting for label, (_renewed, waiting) in counts.items()} == {
        **dict.fromkeys(["codes de suivi", "phrases partagées", "codes de brouillons", "clés des dossiers"], 1),
        "seconds facteurs": 2,
        "mails de comptes à envoyer": 1,
        "sessions ouvertes": 2,
    }
    remove_old_keys(settings, new_keys)
    stopped = [name for name, works in installation.list_working().items() if not works]
    assert stopped == [*KEPT_IN_DATABASE, "mail of the link", "cookie", "session"]


def test_a_dry_run_writes_nothing(installation, settings, new_keys):
    def read_rows():
        tables = [FollowUpAccess, SharedSentence, Draft, Authenticator, StoredSession]
        return [list(table.objects.order_by("pk").values()) for table in tables]

    add_keys(settings, new_keys)
    before = read_rows()
    rotate("--dry-run")
    assert read_rows() == before


def test_a_key_of_a_case_that_an_earlier_version_wrapped_opens_and_is_wrapped_anew(installation, settings):
    """With the same key of the installation: what the command renews is the method."""
    [first] = settings.EVIDENCE_KEYS
    row = CaseKey.objects.get()
    key_id = hashlib.blake2b(first, digest_size=8, person=b"tocsin.evidence").digest()
    before = key_id + SecretBox(first).encrypt(get_reading_key(installation.incident))
    CaseKey.objects.update(wrapped=before)
    assert installation.reads_evidence()
    assert rotate("--dry-run")[0]["clés des dossiers"] == (0, 1)

    assert rotate()[0]["clés des dossiers"] == (1, 0)

    row.refresh_from_db()
    assert (len(before), len(row.wrapped)) == (80, 48)
    assert installation.reads_evidence()
    assert rotate()[0]["clés des dossiers"] == (0, 0)


def test_the_one_key_of_an_installation_is_kept_for_its_security_events(installation, settings):
    """Otherwise the events of a year would no longer name an account."""
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], NEW_SECRET
    PendingMail.objects.all().delete()
    StoredSession.objects.all().delete()
    _counts, output = rotate()
    assert output.splitlines()[-1].endswith("aussi longtemps que durent les événements de sécurité, un an")


def test_a_second_run_renews_nothing(installation, settings, new_keys):
    add_keys(settings, new_keys)
    rotate()
    counts, _output = rotate()
    assert {renewed for renewed, _waiting in counts.values()} == {0}


def test_an_installation_with_one_key_changes_it_too(installation, settings):
    """SECRET_KEY serves all uses until they have keys of their own."""
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], NEW_SECRET
    assert set(installation.list_working().values()) == {True}
    counts, output = rotate()
    assert [counts[label][0] for label in ("codes de suivi", "seconds facteurs")] == [1, 2]
    assert "gardez encore les anciennes clés, aussi pour TOKEN_KEY" in output
    settings.SECRET_KEY_FALLBACKS = []
    assert all(works for name, works in installation.list_working().items() if name in KEPT_IN_DATABASE)


def test_a_rotated_code_is_rotated_again(installation, settings, new_keys):
    add_keys(settings, new_keys)
    rotate()
    first, second = new_keys[KeyUse.FOLLOW_UP][0], os.urandom(32)
    settings.KEYS_BY_USE = settings.KEYS_BY_USE | {KeyUse.FOLLOW_UP: [second, first]}
    counts, _output = rotate()
    assert counts["codes de suivi"] == (1, 0)
    settings.KEYS_BY_USE = settings.KEYS_BY_USE | {KeyUse.FOLLOW_UP: [second]}
    assert find_access(installation.code) == installation.access
    assert derive_secret(FollowUpAccess.objects.get()) == installation.code


def test_the_old_key_and_the_rotated_row_give_no_code(installation, settings, new_keys):
    """Who read the old key, and later a copy of the database, has no code."""
    add_keys(settings, new_keys)
    rotate()
    row = FollowUpAccess.objects.get()
    assert (row.nonce, installation.code in row.encrypted_code) == ("", False)
    settings.KEYS_BY_USE, settings.SECRET_KEY = {use: [DERIVED] for use in KeyUse}, settings.SECRET_KEY_FALLBACKS[0]
    assert derive_secret(row) == ""
    assert find_access(installation.code) is None


def test_nothing_may_be_removed_while_a_value_opens_with_no_key(installation, settings, new_keys):
    """The key that was removed may be a former SECRET_KEY, whether or not `derived` still stands in the list."""
    add_keys(settings, new_keys)
    settings.KEYS_BY_USE = settings.KEYS_BY_USE | {KeyUse.FOLLOW_UP: new_keys[KeyUse.FOLLOW_UP]}
    sections = re.split(r"^(?=[A-Z])", rotate()[1], flags=re.MULTILINE)
    advice = {section.split()[0]: section.splitlines()[-1].strip() for section in sections if section}
    lost = "→ ne retirez rien : des valeurs ne s’ouvrent avec aucune clé"
    assert (advice["FOLLOW_UP_KEY"], advice["SECRET_KEY"]) == (lost, f"{lost}, pour FOLLOW_UP_KEY")
    assert advice["FACTOR_KEY"] == "→ les anciennes clés peuvent être retirées"


def test_a_code_that_was_replaced_is_not_renewed(installation, settings, new_keys):
    rotate_access_by_responder(reference=installation.incident.reference, actor=installation.responder)
    add_keys(settings, new_keys)
    counts, _output = rotate()
    assert counts["codes de suivi"] == (1, 0)
    assert FollowUpAccess.objects.get(pk=installation.access.pk).nonce == installation.access.nonce


def test_a_form_that_is_sent_again_after_the_new_key_gives_the_same_token(db, settings):
    agent = an_agent()
    token = make_token(actor=agent, name="essai", key="k", scopes=["read"])
    settings.KEYS_BY_USE = settings.KEYS_BY_USE | {KeyUse.TOKEN: [os.urandom(32), DERIVED]}
    assert make_token(actor=agent, name="essai", key="k", scopes=["read"]) == token
    assert agent.api_tokens.count() == 1


def test_a_mail_whose_key_was_removed_waits_for_it(db, settings):
    send_link(LinkPurpose.PASSWORD, user=an_agent(), made_by=None)
    settings.KEYS_BY_USE = settings.KEYS_BY_USE | {KeyUse.TOKEN: [os.urandom(32)]}
    assert send_due_mails() == 0
    mail = PendingMail.objects.get()
    assert (mail.status, mail.last_error, mail.attempts) == (MailStatus.DUE, Trouble.UNWRITABLE, 1)


def test_all_slices_are_renewed(db, settings):
    Draft.objects.bulk_create(
        [prolong(build_draft()) for _number in range(SLICE + 2)],
    )
    settings.KEYS_BY_USE = settings.KEYS_BY_USE | {KeyUse.FOLLOW_UP: [os.urandom(32), DERIVED]}
    assert rotate()[0]["codes de brouillons"] == (SLICE + 2, 0)


def prolong(draft):
    draft.expires_at = timezone.now() + timedelta(days=2)
    return draft


def test_a_row_that_somebody_holds_is_skipped_and_named(transactional_db, settings):
    """The command holds other rows of the slice, and must not wait for somebody who may wait for them."""
    codes = [make_draft_code(), make_draft_code()]
    settings.KEYS_BY_USE = settings.KEYS_BY_USE | {KeyUse.FOLLOW_UP: [os.urandom(32), DERIVED]}
    with psycopg.connect(transactional_db) as other:
        other.execute("SELECT 1 FROM incidents_draft ORDER BY id LIMIT 1 FOR UPDATE")
        counts, output = rotate()
        assert counts["codes de brouillons"] == (1, 0)
        assert "1 étaient occupés : relancez la commande" in output
    assert rotate()[0]["codes de brouillons"] == (1, 0)
    assert all(find_draft(code) for code in codes)
