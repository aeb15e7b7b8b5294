"""The town, the centre and the people of the tests, and declarations made through the real service.

Everything is invented and says so: Plouexemple, and addresses under `.example`.
"""

from secrets import token_hex

from accounts.enums import Role
from accounts.models import Membership, User
from collectivities.models import Collectivity, Departement, Region
from csirts.models import Contact, Coverage, Csirt
from incidents.declaration import Caller, Declaration, Submission
from incidents.enums import Answer, IncidentType, Origin
from incidents.services.declare import declare_incident

PASSWORD = "demonstration-tocsin"
CALLER = Caller(
    name="Dominique Exemple",
    role="secrétaire de mairie",
    phone="02 99 00 00 00",
    email="mairie@plouexemple.example",
)


def bretagne():
    return Region.objects.get_or_create(
        code="53", defaults={"name": "Bretagne", "zone": "metro", "sort_key": "bretagne"}
    )[0]


def finistere():
    known = {"name": "Finistère", "region": bretagne(), "zone": "metro", "sort_key": "finistere"}
    return Departement.objects.get_or_create(code="29", defaults=known)[0]


def plouexemple(**overrides):
    """A commune of 4 210 people that is on no list, in Finistère."""
    known = {
        "name": "Plouexemple",
        "kind": "commune",
        "sort_key": "plouexemple",
        "stem": "plouexemple",
        "insee_code": "29999",
        "region": bretagne(),
        "departement": finistere(),
        "population": 4210,
    } | overrides
    return Collectivity.objects.get_or_create(insee_code=known["insee_code"], defaults=known)[0]


def breizh_cyber(**overrides):
    """The centre that answers for Plouexemple, with an address set by its lead (`notification_email=""`: none)."""
    known = {"name": "Breizh Cyber", "level": "territorial", "notification_email": "garde@breizh.example"} | overrides
    csirt, _ = Csirt.objects.update_or_create(slug="breizh-cyber", defaults=known)
    Contact.objects.get_or_create(
        csirt=csirt, kind="phone", defaults={"value": "0 800 200 008", "source": "essai", "source_on": "2026-06-23"}
    )
    if not Coverage.objects.filter(region=bretagne(), departement=None, kind="").exists():
        Coverage.objects.create(csirt=csirt, region=bretagne(), valid=("2021-01-01", None), source="essai")
    return csirt


def a_declaration(**overrides):
    """What Plouexemple says of its ransomware, unless told otherwise."""
    said = {
        "caller": CALLER,
        "type": IncidentType.RANSOMWARE,
        "description": "Les fichiers de l’accueil ne s’ouvrent plus et un message demande de l’argent.",
        "service_stopped": Answer.UNKNOWN,
        "data_concerned": Answer.UNKNOWN,
    } | overrides
    return Declaration(**{"collectivity": said.pop("collectivity", None) or plouexemple()} | said)


def declare(*, actor=None, key=None, origin=Origin.WEB, **overrides):
    """Declare through the service; gives the incident. `overrides` are a_declaration's."""
    submission = Submission(key=key or token_hex(8), origin=origin)
    return declare_incident(declaration=a_declaration(**overrides), submission=submission, actor=actor).incident


def a_person(role, *, email=None, **scope):
    """Somebody with one role in force: `a_person(Role.RESPONDER, csirt=breizh_cyber())`."""
    user = User.objects.create_user(
        email or f"{role}-{token_hex(4)}@demo.example", PASSWORD, display_name=f"Camille {token_hex(2)}"
    )
    Membership.objects.create(user=user, role=role, **scope)
    return user


def a_responder(csirt=None):
    return a_person(Role.RESPONDER, csirt=csirt or breizh_cyber())


def a_lead(csirt=None):
    return a_person(Role.LEAD, csirt=csirt or breizh_cyber())


def an_agent(collectivity=None):
    return a_person(Role.AGENT, collectivity=collectivity or plouexemple())
