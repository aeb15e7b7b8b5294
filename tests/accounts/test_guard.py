"""Behind the password: those whose role asks for a second factor reach nothing before it is shown."""

import pytest
from allauth.mfa.models import Authenticator

from accounts.enums import Role
from accounts.models import Membership
from tests.cast import (
    PASSWORD,
    a_lead,
    a_person,
    a_responder,
    an_agent,
    breizh_cyber,
    bretagne,
    code_of,
    declare,
    open_session,
    plouexemple,
)

pytestmark = pytest.mark.django_db
PRIVATE = [
    *["/admin/", "/admin/incidents/incident/", "/mes-dossiers/", "/statistiques/mon-centre/"],
    *["/equipe/", "/connexion/"],
]
MUST = {
    "responder": lambda: a_person(Role.RESPONDER, csirt=breizh_cyber(), enrolled=False),
    "lead": lambda: a_person(Role.LEAD, csirt=breizh_cyber(), enrolled=False),
    "analyst": lambda: a_person(Role.ANALYST, region=bretagne(), enrolled=False),
    "national": lambda: a_person(Role.NATIONAL, enrolled=False),
    "administrator": lambda: a_person(Role.ADMINISTRATOR, enrolled=False),
}


def post_password(client, user):
    return client.post("/connexion/", {"login": user.email, "password": PASSWORD})


@pytest.mark.parametrize("who", MUST)
def test_a_role_without_its_second_factor_reaches_only_enrolment(client, who):
    post_password(client, MUST[who]())
    for path in PRIVATE:
        assert client.get(path).headers["Location"] == "/compte/", path
    page = client.get("/compte/").content.decode()
    assert "Ajoutez un second facteur" in page
    assert client.get("/compte/application/").status_code == 200
    assert client.get("/compte/cles/").status_code == 200
    for path in ("/compte/mot-de-passe/", "/compte/codes-de-secours/"):
        assert client.get(path).headers["Location"] == "/compte/", path


def test_a_responder_without_second_factor_is_anonymous_on_public_pages(client):
    """The follow-up of a case opens to the responder of its centre, who has shown the factor."""
    incident, responder = declare(), a_person(Role.RESPONDER, csirt=breizh_cyber(), enrolled=False)
    post_password(client, responder)
    assert client.get(f"/suivi/{incident.reference}/").status_code == 404
    assert client.get("/").context["user"].is_anonymous
    assert client.get("/api/v1/incidents/").status_code == 401
    client.force_login(responder)
    assert client.get(f"/suivi/{incident.reference}/").status_code == 200


def test_a_post_from_a_session_without_second_factor_does_nothing(client):
    incident, lead = declare(), a_person(Role.LEAD, csirt=breizh_cyber(), enrolled=False)
    post_password(client, lead)
    for path in (f"/admin/incidents/incident/{incident.reference}/clore/", f"/triage/{incident.reference}/"):
        assert client.post(path, {"raison": "resolved"}).headers["Location"] == "/compte/"
    incident.refresh_from_db()
    assert incident.status == "declared"


def test_a_session_that_has_shown_no_second_factor_is_stopped(client):
    """An enrolled person must sign in again. Django's own `force_login` opens such a session without a
    second factor, which is why tests/conftest.py replaces it.
    """
    responder = a_responder()
    open_session(client, responder)
    assert client.get("/admin/incidents/incident/").headers["Location"].startswith(("/admin/login/", "/connexion/"))
    assert not client.session.get("_auth_user_id")


def test_the_password_alone_leaves_an_enrolled_person_outside(client):
    responder = a_responder()
    assert post_password(client, responder).headers["Location"] == "/connexion/code/"
    assert not client.session.get("_auth_user_id")
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/connexion/code/")
    assert client.get("/compte/application/").headers["Location"].startswith("/connexion/")


def test_a_factor_shown_by_another_person_does_not_count(client):
    lead, responder = a_lead(), a_person(Role.RESPONDER, csirt=breizh_cyber(), enrolled=False)
    client.force_login(responder)
    session = client.session
    session["account_authentication_methods_user"] = str(lead.pk)
    session.save()
    assert client.get("/admin/").headers["Location"] == "/compte/"


def test_a_role_given_in_the_middle_of_a_session_counts_at_once(client):
    agent = an_agent()
    post_password(client, agent)
    assert client.get("/mes-dossiers/").status_code == 200
    Membership.objects.create(user=agent, role=Role.LEAD, csirt=breizh_cyber())
    assert client.get("/mes-dossiers/").headers["Location"] == "/compte/"


def test_agents_may_work_without_a_second_factor(client):
    agent = an_agent(plouexemple())
    post_password(client, agent)
    assert client.get("/mes-dossiers/").status_code == 200
    assert "Aucune." in client.get("/compte/").content.decode()


def test_the_guard_costs_no_query_once_the_factor_is_shown(client, django_assert_num_queries):
    client.force_login(a_responder())
    client.get("/annuaire/")
    with django_assert_num_queries(3):  # the session, the person, the roles
        client.get("/reflexes/")


def test_a_responder_reaches_every_page_after_the_code(client):
    responder = a_responder()
    post_password(client, responder)
    assert client.post("/connexion/code/", {"code": code_of(responder)}).headers["Location"] == "/admin/"
    assert client.get("/admin/incidents/incident/").status_code == 200


def test_deleting_the_factor_in_the_database_ends_the_sign_in(client):
    """A code then leads back to the sign-in page, and nobody is signed in."""
    responder = a_responder()
    post_password(client, responder)
    Authenticator.objects.filter(user=responder).delete()
    assert client.post("/connexion/code/", {"code": "123456"}).headers["Location"] == "/connexion/"
    assert not client.session.get("_auth_user_id")


def test_the_admin_signs_nobody_in_by_itself(client):
    """Its own sign-in page would not ask for the second factor."""
    answer = client.get("/admin/login/?next=/admin/incidents/")
    assert answer.headers["Location"] == "/connexion/?next=/admin/incidents/"
    client.force_login(an_agent(plouexemple()))
    assert client.get("/admin/login/").status_code == 403
    client.force_login(a_responder())
    assert client.get("/admin/login/").headers["Location"] == "/admin/"
