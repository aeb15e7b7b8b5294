"""An hour after signing in, each powerful act first asks who is there, and is then done."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest
import time_machine
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from accounts.enums import Role
from accounts.models import (
    AccessLink,
    ApiToken,
    FactorReset,
    Membership,
    PendingMail,
    SiteNotice,
    StoredSession,
    User,
)
from accounts.services.confirmations import stamp_role
from accounts.session_limits import SESSION_UID
from csirts.models import Contact, Coverage, Csirt
from incidents.models import IncidentEvent, Story
from incidents.triage.acts import ACTS, POWERFUL_ACTS
from tests.accounts.acts.directory_forms import (
    find_other_centre,
    make_centre_fields,
    make_coverage_address,
    make_coverage_fields,
)
from tests.accounts.lead_pages import MAILBOX, NOUR, read_plain_markup
from tests.cast import (
    PASSWORD,
    a_lead,
    a_person,
    a_responder,
    an_agent,
    breizh_cyber,
    code_of,
    declare,
    sign_in_by_password,
    signed_in,
)
from tests.pages.notices import FILLED
from tests.permission_matrix import MATRIX
from tests.reading import read_text
from tests.responses import Response

pytestmark = pytest.mark.django_db
CONFIRM = "/compte/confirmer/?next="
# The pages that change what signs somebody in.
MEANS_OF_SIGN_IN = (
    *("compte/application/", "compte/cles/", "compte/codes-de-secours/"),
    *("admin/accounts/user/add/", "admin/accounts/user/{object_id}/"),
)
# What an act could change.
MODELS = (User, Membership, AccessLink, PendingMail, LogEntry, FactorReset, ApiToken, Authenticator)
MODELS += (Csirt, Contact, Coverage, SiteNotice)  # what the site publishes


class Scene(NamedTuple):
    """The people and the objects of the acts."""

    lead: User
    administrator: User
    responder: User
    key: Authenticator
    awaited: Membership
    reference: str
    agent: User
    session: str


class Act(NamedTuple):
    """A powerful act: its method and route in the matrix, who does it, its address, what is sent, and what the page
    says afterwards. Those that change what signs in ask somebody with a second factor for it too.
    """

    method: str
    route: str
    who: str
    words: str
    address: Callable[[Scene], str] | None = None
    fields: Callable[[Scene], dict[str, Any]] = lambda scene: {}

    @property
    def asks_for_factor(self) -> bool:
        return self.route.startswith(MEANS_OF_SIGN_IN) and self.who != "agent"

    def make_address(self, scene: Scene) -> str:
        return "/" + (self.address(scene) if self.address else self.route)


def make_role_fields(number: int, **values: object) -> dict[str, object]:
    empty = {"collectivity": "", "csirt": "", "region": "", "since_on": timezone.localdate(), "ended_on": ""}
    return {f"membership_set-{number}-{name}": value for name, value in (empty | values).items()}


def make_account_fields(scene: Scene) -> dict[str, object]:
    """Return the fields that give the responder a second role, in a centre that nobody leads."""
    role = scene.responder.membership_set.get()
    other = find_other_centre()
    values = {"id": role.pk, "user": scene.responder.pk, "role": role.role, "csirt": role.csirt_id}
    fields = {"email": scene.responder.email, "display_name": "Un nom", "is_active": "on"}
    forms = {"membership_set-TOTAL_FORMS": 2, "membership_set-INITIAL_FORMS": 1}
    own_role = make_role_fields(0, since_on=role.since_on, **values)
    return fields | forms | own_role | make_role_fields(1, user=scene.responder.pk, role=Role.LEAD, csirt=other.pk)


def make_new_account_fields(scene: Scene) -> dict[str, object]:
    forms = {"membership_set-TOTAL_FORMS": 1, "membership_set-INITIAL_FORMS": 0}
    role = make_role_fields(0, role=Role.RESPONDER, csirt=breizh_cyber().pk)
    return {"email": NOUR, "display_name": "Nour Exemple"} | forms | role


def make_change_address(scene: Scene) -> str:
    return f"admin/accounts/user/{scene.responder.pk}/change/"


def name_centre(scene: Scene) -> dict[str, Any]:
    return {"csirt": breizh_cyber().pk}


CENTRE, COVERAGE = "admin/csirts/csirt/{object_id}/", "admin/csirts/coverage/{object_id}/change/"
NOTICES = "admin/accounts/sitenotice/{object_id}/change/"
ACCOUNT, CASE = "admin/accounts/user/{object_id}/change/", "admin/incidents/incident/{reference}/"
POWERFUL = [
    Act("post", "equipe/inviter/", "lead", "part par mail", None, lambda s: {"email": NOUR} | name_centre(s)),
    Act("post", "equipe/adresse/", "lead", "mail d’essai", None, lambda s: {"email": MAILBOX} | name_centre(s)),
    Act("post", "equipe/adresse/retirer/", "lead", "Plus aucune déclaration", None, name_centre),
    *(
        Act(
            "post",
            f"equipe/roles/{{role}}/{act}/",
            "lead",
            words,
            lambda s, act=act: f"equipe/roles/{s.awaited.pk}/{act}/",
            lambda s: {"seen": stamp_role(s.awaited)},
        )
        for act, words in (("confirmer", "est confirmé. Un mail"), ("refuser", "est refusé"))
    ),
    *(
        Act(
            "post",
            f"equipe/{{uid}}/{act}/",
            "lead",
            words,
            lambda s, act=act: f"equipe/{s.responder.uid}/{act}/",
            name_centre,
        )
        for act, words in (
            ("retirer", "ne voit plus"),
            ("second-facteur", "ajoutera un nouveau"),
            ("lien", "Le lien part"),
        )
    ),
    Act("get", "compte/jetons/nouveau/", "lead", "Faire un jeton d’API"),
    Act(
        *("post", "compte/jetons/nouveau/", "lead", "Votre jeton, SIEM", None),
        lambda s: {"key": "k" * 32, "name": "SIEM", "scopes": ["read"], "days": 90},
    ),
    Act("get", "compte/application/", "agent", "Ajouter une application de codes"),
    Act("post", "compte/application/", "agent", "Ajouter une application de codes"),
    Act("post", "compte/application/retirer/", "lead", "Mon compte"),
    Act("get", "compte/cles/", "responder", "Ajouter une clé d’accès"),
    Act("post", "compte/cles/", "responder", "Ajouter une clé d’accès"),
    Act("post", "compte/cles/{pk}/retirer/", "lead", "Mon compte", lambda s: f"compte/cles/{s.key.pk}/retirer/"),
    Act("get", "compte/codes-de-secours/nouveaux/", "lead", "codes"),
    Act("post", "compte/codes-de-secours/nouveaux/", "lead", "codes"),
    Act("post", "compte/sessions/autres/terminer/", "lead", "n’est plus ouvert que sur cet appareil"),
    Act(
        *("post", "compte/sessions/{uid}/terminer/", "lead", "Cette session est terminée"),
        lambda s: f"compte/sessions/{s.session}/terminer/",
    ),
    Act(
        *("post", "admin/accounts/user/", "administrator", "Fermer ce compte", None),
        lambda s: {"action": "close_accounts", "_selected_action": [s.responder.pk]},
    ),
    Act("get", "admin/accounts/user/add/", "administrator", "Ajouter"),
    Act("post", "admin/accounts/user/add/", "administrator", "avec succès", None, make_new_account_fields),
    Act("post", ACCOUNT, "administrator", "Un nom", make_change_address, make_account_fields),
    Act("get", ACCOUNT, "administrator", "Modif", make_change_address),
    *(
        Act(*act, lambda s, act=act: act[1].format(object_id=find_other_centre().pk), fields)
        for act, fields in (
            (("get", f"{CENTRE}change/", "administrator", "Modif"), lambda s: {}),
            (("post", f"{CENTRE}change/", "administrator", "avec succès"), lambda s: make_centre_fields()),
            (("get", f"{CENTRE}delete/", "administrator", "Supprimer"), lambda s: {}),
            (("post", f"{CENTRE}delete/", "administrator", "avec succès"), lambda s: {"post": "yes"}),
            (("get", "admin/csirts/csirt/add/", "administrator", "Ajouter"), lambda s: {}),
            (("get", "admin/csirts/coverage/add/", "administrator", "Ajouter"), lambda s: {}),
        )
    ),
    Act("get", COVERAGE, "administrator", "Modif", lambda s: make_coverage_address()),
    Act(
        "post",
        COVERAGE,
        "administrator",
        "avec succès",
        lambda s: make_coverage_address(),
        lambda s: make_coverage_fields(),
    ),
    *(
        Act(*act, lambda s: "admin/accounts/sitenotice/1/change/", lambda s: FILLED | {"accessibility_state": "none"})
        for act in (
            ("get", NOTICES, "administrator", "Mentions du site"),
            ("post", NOTICES, "administrator", "avec succès"),
        )
    ),
    *(
        Act(*act, lambda s, act=act: act[1].format(**s._asdict()), lambda s: {"motive": "Plainte", "hold": ""})
        for act in (
            ("get", f"{CASE}effacer/demande/", "lead", "Effacer"),
            ("get", f"{CASE}gel/", "lead", "Geler"),
            ("post", f"{CASE}gel/", "lead", "Dossier gelé"),
        )
    ),
    Act("post", f"{CASE}{{act}}/", "lead", "sont effacés", lambda s: f"{CASE}effacer/".format(**s._asdict())),
]
# The other posts on these pages, with the reason why they ask nothing.
HARMLESS = {
    "compte/confirmer/": "is the proof",
    "compte/confirmer/code/": "is the proof",
    "compte/mot-de-passe/": "asks for the present password, after the second factor (test_ask_all_proofs.py)",
    "compte/jetons/{uid}/revoquer/": "takes away",
    "equipe/adresse/abandonner/": "leaves the address as it is",
    "equipe/adresse/confirmer/{token}/": "is public: the link proves that its reader has the mailbox",
    "equipe/invitations/{uid}/retirer/": "takes away",
}

# The codes of the buttons of a case that ask nothing, with the reason.
HARMLESS_ACTS = {
    "prendre": "a colleague takes the case over",
    "clore": "the case is reopened",
    "confirmer": "the confirmation is withdrawn",
    "retirer-confirmation": "the body is confirmed again",
    "rattacher": "moves cases between two names of one body, and its event names both",
    "guide": "a task is ended",
    "defusionner": "the cases are merged again",
    "grouper": "the case leaves the group",
    "degrouper": "the case joins the group again",
}


@pytest.fixture
def scene() -> Scene:
    lead, responder = a_lead(), a_responder()
    key = Authenticator.objects.create(user=lead, type=Authenticator.Type.WEBAUTHN, data={"name": "Clé"})
    Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    person = User.objects.create_user("alix@demo.example", display_name="Alix Exemple")
    awaited = Membership.objects.create(
        user=person, role=Role.RESPONDER, csirt=breizh_cyber(), awaits_confirmation=True
    )
    session = signed_in(Client(), lead).session[SESSION_UID]
    return Scene(lead, a_person(Role.ADMINISTRATOR), responder, key, awaited, declare().reference, an_agent(), session)


def sign_in_an_hour_ago(user: User) -> Client:
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        return signed_in(Client(), user)


def read_rows() -> list[object]:
    """Return what the powerful acts could change: the rows of accounts, how many sessions are open, what a case says
    and what it went through.
    """
    rows = [[*model.objects.order_by("pk").values()] for model in MODELS]
    return [*rows, StoredSession.objects.count(), [*Story.objects.values()], IncidentEvent.objects.count()]


def confirm(client: Client, address: str, user: User | None = None) -> Response:
    """Give the password on the page of the proof, then the code of `user` if another page asks for it. Return the page
    to which they lead.
    """
    next_page = client.get(address).context["redirect_field_value"]
    page = client.post("/compte/confirmer/", {"password": PASSWORD, "next": next_page}, follow=True)
    if user is None:
        return page
    assert "il reste à montrer votre second facteur" in read_text(page)
    next_page = page.context["redirect_field_value"]
    return client.post("/compte/confirmer/code/", {"code": code_of(user), "next": next_page}, follow=True)


@pytest.mark.parametrize("act", POWERFUL, ids=lambda act: f"{act.method}-{act.route}")
def test_an_old_session_proves_who_is_there_before_a_powerful_act(scene, act):
    """The act changes nothing before the proof, or the two proofs. Afterwards it is done, and the page says so."""
    person = getattr(scene, act.who)
    client = sign_in_an_hour_ago(person)
    before = read_rows()
    response = getattr(client, act.method)(act.make_address(scene), act.fields(scene))
    assert response.status_code == 302
    assert response.headers["Location"].startswith(CONFIRM)
    assert read_rows() == before

    page = confirm(client, response.headers["Location"], person if act.asks_for_factor else None)
    assert page.status_code in (200, 422)
    assert act.words in read_text(page)


def test_each_post_on_the_pages_of_accounts_and_of_the_directory_asks_or_has_a_reason_not_to():
    pages = ("equipe/", "compte/", "admin/accounts/", "admin/csirts/")
    posts = {route for method, route, *_codes in MATRIX if method == "post" and route.startswith(pages)}
    asking = {act.route for act in POWERFUL if act.method == "post" and act.route.startswith(pages)}
    assert posts - asking == HARMLESS.keys()
    assert {(act.method, act.route) for act in POWERFUL} <= {(method, route) for method, route, *_ in MATRIX}


def test_each_button_of_a_case_asks_or_has_a_reason_not_to():
    assert ACTS.keys() - POWERFUL_ACTS == HARMLESS_ACTS.keys()


def test_a_session_that_has_just_begun_is_asked_nothing(client, scene):
    signed_in(client, scene.lead)
    assert client.post(f"/equipe/{scene.responder.uid}/lien/").headers["Location"] == f"/equipe/{scene.responder.uid}/"


def test_other_acts_on_a_case_ask_nothing(scene):
    client = sign_in_an_hour_ago(scene.lead)
    assert (
        client.post(f"/admin/incidents/incident/{scene.reference}/prendre/").headers["Location"].startswith("/admin/")
    )


# What was typed


def test_a_form_whose_address_has_a_query_is_sent_again_too(scene):
    client = sign_in_an_hour_ago(scene.administrator)
    page = f"/admin/accounts/user/{scene.responder.pk}/change/?_changelist_filters=is_active__exact%3D1"
    response = client.post(page, make_account_fields(scene))
    done = confirm(client, response.headers["Location"], scene.administrator)
    assert done.redirect_chain[-1][0] == "/admin/accounts/user/?is_active__exact=1"
    assert User.objects.get(pk=scene.responder.pk).display_name == "Un nom"
    assert User.objects.get(pk=scene.responder.pk).leads_centre(Csirt.objects.get(slug="ailleurs").pk)


@pytest.mark.parametrize("who", ["lead", "administrator"])
def test_a_form_that_is_refused_after_the_proof_keeps_what_was_typed_and_is_sent_to_its_own_address(scene, who):
    """It is shown at the address of the proof, which would not take it."""
    client = sign_in_an_hour_ago(getattr(scene, who))
    change = f"/admin/accounts/user/{scene.responder.pk}/change/"
    page, fields = {
        "lead": ("/equipe/inviter/", {"email": "pas une adresse"} | name_centre(scene)),
        "administrator": (change, make_account_fields(scene) | {"email": "pas une adresse"}),
    }[who]
    proof_page = client.post(page, fields).headers["Location"]
    markup = read_plain_markup(confirm(client, proof_page, scene.administrator if who == "administrator" else None))
    assert 'value="pas une adresse"' in markup
    assert f'action="{page}"' in markup


def test_an_answer_to_one_form_sends_no_other_form(scene):
    """Only the form whose address the page of the proof names is sent."""
    client = sign_in_an_hour_ago(scene.lead)
    client.post(f"/equipe/{scene.responder.uid}/second-facteur/")
    confirm(client, f"{CONFIRM}/equipe/")
    assert not FactorReset.objects.exists()


@pytest.mark.parametrize("page", ["/equipe/inviter/", "/equipe/adresse/"])
def test_the_short_forms_of_a_team_ask_only_when_they_are_sent(scene, page):
    assert sign_in_an_hour_ago(scene.lead).get(page).status_code == 200


# What is kept meanwhile


@pytest.mark.parametrize("page", ["/equipe/inviter/", "/compte/application/"])
def test_the_kept_form_holds_no_cookie(scene, page):
    """The cookies of cases, drafts and the session are secrets, which the stored session would hold."""
    client = sign_in_an_hour_ago(scene.lead)
    client.cookies["tocsin_suivi"] = "secret-of-a-case"
    client.post(page, {"email": NOUR} | name_centre(scene))
    stored_form = client.session[STATE_SESSION_KEY]["request"]
    assert NOUR in unquote(stored_form)
    assert "HTTP_COOKIE" not in stored_form
    assert "secret-of-a-case" not in stored_form


def test_a_kept_form_is_not_sent_again_for_a_person_who_has_yet_to_add_a_factor(scene):
    """The person sent it before getting a role that needs a factor. It is sent again without the middleware that asks
    for the factor, so the page of the proof asks itself.
    """
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        client = sign_in_by_password(Client(), scene.agent)
    response = client.post(f"/equipe/{scene.responder.uid}/second-facteur/")
    assert response.headers["Location"].startswith(CONFIRM)
    Membership.objects.create(user=scene.agent, role=Role.LEAD, csirt=breizh_cyber())
    done = confirm(client, response.headers["Location"])
    assert done.redirect_chain[-1][0] == "/compte/"
    assert not FactorReset.objects.exists()
    assert STATE_SESSION_KEY not in client.session
