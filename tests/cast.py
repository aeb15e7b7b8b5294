"""The town, the centre and the people of the tests, and declarations made through the real service.

Everything is invented and says so: Plouexemple, and addresses under `.example`.
"""

import time
from datetime import date
from secrets import token_hex
from typing import Any
from uuid import uuid4

from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.cache import cache
from django.test import Client

from accounts.enums import Role
from accounts.forms import make_used_code_key
from accounts.models import Membership, SessionStore, StoredSession, User
from accounts.session_limits import ADDRESS, DEVICE, SESSION_UID, SIGNED_IN_AT
from collectivities.models import Collectivity, Departement, Region
from csirts.models import Contact, Coverage, Csirt
from incidents.enums import Answer, IncidentType, Origin
from incidents.facts.shapes import Caller, Declaration, Submission
from incidents.files import vault
from incidents.models import Evidence, EvidenceUpload, Incident
from incidents.services.declaring.declare import declare_incident
from incidents.services.evidence.files import get_or_create_case_key

PASSWORD = "demonstration-tocsin"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # of the application that makes codes, for all people of the tests
CALLER = Caller(
    name="Dominique Exemple",
    role="secrétaire de mairie",
    phone="02 99 00 00 00",
    email="mairie@plouexemple.example",
)


def bretagne() -> Region:
    return Region.objects.get_or_create(
        code="53", defaults={"name": "Bretagne", "zone": "metro", "sort_key": "bretagne"}
    )[0]


def finistere() -> Departement:
    if existing := Departement.objects.filter(code="29").first():
        return existing
    fields = {"name": "Finistère", "region": bretagne(), "zone": "metro", "sort_key": "finistere"}
    return Departement.objects.create(code="29", **fields)


def plouexemple(**overrides: Any) -> Collectivity:
    """Return a commune of 4 210 people in Finistère that is on no list."""
    code = overrides.get("insee_code", "29999")
    if existing := Collectivity.objects.filter(insee_code=code).first():
        return existing
    fields = {
        "name": "Plouexemple",
        "kind": "commune",
        "sort_key": "plouexemple",
        "stem": "plouexemple",
        "insee_code": code,
        "region": bretagne(),
        "departement": finistere(),
        "population": 4210,
    } | overrides
    return Collectivity.objects.create(**fields)


def breizh_cyber(**overrides: Any) -> Csirt:
    """Return the centre of Plouexemple, with an address set by its lead. `notification_email=""` gives a centre
    without address.
    """
    fields = {"name": "Breizh Cyber", "level": "territorial", "notification_email": "garde@breizh.example"} | overrides
    # Most tests call this several times, so the usual call only reads: three queries.
    csirt = Csirt.objects.filter(slug="breizh-cyber", **fields).first()
    if csirt is None:
        csirt, _ = Csirt.objects.update_or_create(slug="breizh-cyber", defaults=fields)
    Contact.objects.get_or_create(
        csirt=csirt, kind="phone", defaults={"value": "0 800 200 008", "source": "essai", "source_on": "2026-06-23"}
    )
    if not Coverage.objects.filter(region__code="53", departement=None, kind="").exists():
        Coverage.objects.create(csirt=csirt, region=bretagne(), valid=("2021-01-01", None), source="essai")
    return csirt


def a_declaration(**overrides: Any) -> Declaration:
    """Return a declaration of ransomware by Plouexemple, changed by `overrides`."""
    fields: dict[str, Any] = {
        "caller": CALLER,
        "type": IncidentType.RANSOMWARE,
        "description": "Les fichiers de l’accueil ne s’ouvrent plus et un message demande de l’argent.",
        "service_stopped": Answer.UNKNOWN,
        "data_concerned": Answer.UNKNOWN,
    } | overrides
    fields["collectivity"] = fields.pop("collectivity", None) or plouexemple()
    return Declaration(**fields)


def declare(
    *, actor: User | None = None, key: str | None = None, origin: str = Origin.WEB, **overrides: Any
) -> Incident:
    """Declare through the service and return the incident. `overrides` are passed to `a_declaration`."""
    submission = Submission(key=key or token_hex(8), origin=origin)
    return declare_incident(declaration=a_declaration(**overrides), submission=submission, actor=actor).incident


def a_person(
    role: Role | str, *, email: str | None = None, enrolled: bool = True, **scope: Csirt | Collectivity | Region
) -> User:
    """Create a person with one role in force: `a_person(Role.RESPONDER, csirt=breizh_cyber())`.

    If the role needs a second factor, the person has one (`code_of` returns its code), unless `enrolled` is False.
    """
    user = User.objects.create_user(
        email or f"{role}-{token_hex(4)}@demo.example", PASSWORD, display_name=f"Camille {token_hex(2)}"
    )
    # Far in the past, because many tests travel to an earlier day.
    Membership.objects.create(user=user, role=role, since_on=date(2021, 1, 1), **scope)
    if enrolled and user.needs_second_factor:
        TOTP.activate(user, SECRET)
    return user


def code_of(user: User) -> str:
    """Return the code that the application of `user` shows now. A test may use it several times."""
    code = format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))
    for key in (make_used_code_key(user, code), f"allauth.mfa.totp.used?user={user.pk}&code={code}"):
        cache.delete(key)
    return code


open_session = Client.force_login  # Django's own


def signed_in(client: Client, user: User, backend: str | None = None) -> Client:
    """Sign `client` in as `user`, with the second factor. tests/conftest.py replaces `force_login` with this
    function.
    """
    return open_session_with_records(client, user, {"method": "password"}, {"method": "mfa", "type": "totp"})


def sign_in_by_password(client: Client, user: User, backend: str | None = None) -> Client:
    """Sign in with the password alone, without the second factor."""
    return open_session_with_records(client, user, {"method": "password"})


def open_session_with_records(client: Client, user: User, *proofs: dict[str, str]) -> Client:
    """Sign in with these records of allauth. A client without a session gets one by a single query, which sets no
    `last_login` and sends no `user_logged_in`: Django's own `force_login` runs nineteen. A client that has a session
    signs in by it and keeps what it holds.
    """
    now = time.time()
    records = {
        SIGNED_IN_AT: now,
        SESSION_UID: str(uuid4()),
        DEVICE: "Firefox sur Windows",
        ADDRESS: "192.0.2.7",
        "account_authentication_methods": [proof | {"at": now} for proof in proofs],
        "account_authentication_methods_user": str(user.pk),
    }
    if settings.SESSION_COOKIE_NAME in client.cookies:
        open_session(client, user)
        session = client.session
        session.update(records)
        session.save()
        return client
    signed_in_as = {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: user.get_session_auth_hash(),
    }
    store, key = SessionStore(), token_hex(16)
    StoredSession.objects.create(
        session_key=key,
        session_data=store.encode(signed_in_as | records),
        expire_date=store.get_expiry_date(),
        user=user,
    )
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    return client


def a_responder(csirt: Csirt | None = None) -> User:
    return a_person(Role.RESPONDER, csirt=csirt or breizh_cyber())


def a_lead(csirt: Csirt | None = None) -> User:
    return a_person(Role.LEAD, csirt=csirt or breizh_cyber())


def an_agent(collectivity: Collectivity | None = None) -> User:
    return a_person(Role.AGENT, collectivity=collectivity or plouexemple())


def an_upload(incident: Incident) -> EvidenceUpload:
    """Create an upload of which no slice has arrived."""
    get_or_create_case_key(incident)
    return EvidenceUpload.objects.create(incident=incident, name="photo.jpg", size=9)


def an_evidence_file(incident: Incident, number: int = 1) -> Evidence:
    """Create an evidence file of one byte."""
    name = vault.make_object_name()
    vault.write_object(name, get_or_create_case_key(incident), b"x")
    fields = {"number": number, "size": 1, "sha256": "0" * 64, "storage_name": name, "actor_kind": "declarant"}
    return Evidence.objects.create(incident=incident, **fields)
