"""Visitors who write hostile texts in every form of a case, then open every page that may show them."""

from collections.abc import Sequence
from typing import Any

from accounts import dispatch as account_mails
from accounts.enums import EmergencyContactKind, Role
from csirts.models import Csirt
from incidents.enums import IncidentType
from incidents.services.declarant.share import derive_sentence_secret
from incidents.services.papers.making import make_due_papers as make_papers
from notifications import dispatch as case_mails
from notifications.pulse import record_clock_turn
from stats.reports.making import make_due_reports as make_reports
from tests import harmless
from tests.cast import a_lead, a_person, a_responder, breizh_cyber
from tests.hostile import slice_words
from tests.incidents import hostile_acts
from tests.post import Post
from tests.stats.releases import save_year_of_releases
from tests.walking import Log, Visitor

TYPES = list(IncidentType.values)

PRIVATE = (
    "suivi/",
    "admin/",
    "triage/",
    "compte/",
    "mes-dossiers/",
    "ma-collectivite/",
    "equipe/",
    "statistiques/mon",
)

IN_TURN = ("manager", "agent", "lead", "administrator")

PUBLIC = (
    *("/", "/sante/", "/sante/vivant/", "/api/schema/", "/api/v1/csirts/", "/api/v1/csirts/for/29999/"),
    *("/api/v1/collectivities/?q=plouexemple", "/suivi/ZZZZZZZZ/", "/admin/"),
    *("/statistiques/donnees/", "/api/v1/stats/releases/", "/api/v1/stats/releases/1/"),
    "/api/v1/stats/releases/latest/",
)

REPORT = "/statistiques/publications/5/rapports/53/"


class Crowd:
    """All visitors who write texts in one case and read them. `more` are texts besides those of its type of
    incident.
    """

    def __init__(self, kind: str, *, most: int = 1, more: Sequence[str] = ()) -> None:
        self.most = most
        self.kind, self.number, self.log = kind, TYPES.index(kind), Log()
        self.words = [*slice_words(self.number, of=len(TYPES)), *more]
        self.csirt = breizh_cyber()
        self.holder, self.nobody = self.join(address=f"2001:db8:{self.number}::1"), self.join()
        people = a_responder(self.csirt), a_lead(self.csirt), a_person(Role.ADMINISTRATOR)
        self.responder, self.lead, self.administrator = (self.join(user=person) for person in people)
        self.national = self.join(user=a_person(Role.NATIONAL))
        for person in people:
            page = f"/admin/accounts/user/{person.pk}/change/"
            self.administrator.fill(page, leave="membership", email=person.email)

    def join(self, **options: Any) -> Visitor:
        return Visitor(self.words, self.log, **options)

    def write(self) -> None:
        """Write in every form, as each person who has one."""
        hostile_acts.edit_directory(self.administrator, self.csirt)
        hostile_acts.write_sheet(self.lead, self.kind)
        hostile_acts.edit_centre(self.lead, self.csirt)
        hostile_acts.edit_team(self.lead, self.csirt)
        hostile_acts.write_playbook(self.lead, self.kind)
        hostile_acts.write_template(self.lead)
        self.incident = hostile_acts.declare(self.holder, self.kind, self.number)
        hostile_acts.act_as_declarant(self.holder, self.incident, self.number)
        hostile_acts.resume_declaration(self.holder, self.incident)
        hostile_acts.ask_call_back(self.nobody, self.kind)
        hostile_acts.close_untouched(self.responder)
        manager = a_person(Role.MANAGER, collectivity=self.incident.collectivity)
        self.manager = self.join(user=manager)
        hostile_acts.sign_in_elsewhere(manager, self.manager)
        self.agent = hostile_acts.invite_member(self.manager, self.incident.collectivity)
        hostile_acts.act_as_responder(self.responder, self.incident)
        hostile_acts.add_indicators(self.responder, self.incident)
        hostile_acts.hold_and_release(self.lead, self.incident)
        hostile_acts.note_request(self.lead, self.incident)
        hostile_acts.close_and_reopen(self.responder, self.holder, self.incident)
        taker = a_responder(
            Csirt.objects.create(slug="ailleurs", name="Ailleurs", notification_email="a@ailleurs.example")
        )
        self.taker = self.join(user=taker)
        hostile_acts.transfer_back_and_forth(self.responder, self.taker, self.incident)
        hostile_acts.advise_partner(self.responder, self.incident)
        hostile_acts.open_group(self.responder, self.incident)
        called = hostile_acts.call_api(manager, self.incident.collectivity, self.nobody)
        self.manager.fill(f"/suivi/{called.reference}/retirer/")
        duplicate = hostile_acts.call_api(manager, self.incident.collectivity, self.nobody)
        hostile_acts.merge_cases(self.responder, self.incident, duplicate)

    def read(self) -> None:
        """Open every page as the holder and the responder; for the first type of incident as everybody else too, for
        some others as one more role.
        """
        make_papers()
        body, case = self.incident.collectivity.uid, f"/suivi/{self.incident.reference}/"
        shared = derive_sentence_secret(self.incident.shared.get())
        for address in (f"/phrase/{shared}/", "/annuaire/"):
            self.nobody.get(address)
        if self.number == 0:
            save_year_of_releases()
            self.nobody.crawl(*PUBLIC, REPORT, most=self.most)
            make_reports()
            assert self.nobody.get(f"{REPORT}pdf/").status_code == 200
        self.crawl_as("holder", case)
        self.crawl_as("responder", "/admin/")
        for role in IN_TURN if self.number == 0 else IN_TURN[self.number % 12 :][:1]:
            self.crawl_as(role, "/ma-collectivite/" if role in ("manager", "agent") else "/admin/")

        managed = f"/admin/incidents/incident/{self.incident.reference}/"
        self.responder.get("/admin/incidents/incident/etat/")
        self.responder.get(f"{managed}histoire/")
        self.responder.get(f"/admin/incidents/incident/actes/{hostile_acts.act_on_many(self.incident).uid}/")
        self.agent.get("/mes-dossiers/")
        for address in ("/statistiques/mon-centre/", f"/statistiques/exacts/centre/{self.csirt.slug}/"):
            read_exact_figures(self.lead, address)
        for address in ("/statistiques/exacts/france/", "/statistiques/exacts/region/53/"):
            read_exact_figures(self.national, address)
        self.responder.get(f"/triage/{self.incident.reference}/")
        self.responder.client.post(f"{managed}confirmer/")
        hostile_acts.withdraw_case(self.holder, self.incident)
        assert [self.holder.get(case).status_code, self.responder.get(managed).status_code] == [200, 200]
        for address in (f"/secours/{body}/", f"/secours/{body}/pdf/"):
            assert self.nobody.get(address).status_code == 200

    def crawl_as(self, role: str, start: str) -> None:
        """Open every page as one role. The public routes that it read are then not read again by the others."""
        getattr(self, role).crawl(start, most=self.most)
        getattr(self, role).send_remaining_forms()
        self.log.public |= {route for route in self.log.answered if not route.startswith(PRIVATE)}


def read_exact_figures(visitor: Visitor, address: str) -> None:
    """Read the page and its two files."""
    for name in ("", "chiffres.csv", "chiffres.xlsx"):
        assert visitor.get(f"{address}{name}").status_code == 200


def carry_words(kind: str, post: Post, *, most: int = 1, more: Sequence[str] = ()) -> Crowd:
    """Let a crowd write and read one case of that type of incident, and its mails. Return the crowd.

    `most` is the number of pages of one route that each person reads. `more` are texts besides those of the type.
    """
    crowd = Crowd(kind, most=most, more=more)
    crowd.write()
    record_clock_turn()
    crowd.read()
    read_mails(post)
    untouched = crowd.log.list_untouched_fields() - WITHOUT_WORDS
    assert not untouched, untouched
    return crowd


def read_mails(post: Post) -> None:
    case_mails.announce_all_events()
    case_mails.send_due_deliveries()
    account_mails.send_due_mails()
    assert len(post.received) > 4
    for message in post.received:
        harmless.check_mail(message)


ADD, CSIRT = "admin/{}/add/", "admin/csirts/csirt/<path:object_id>/change/"
NOTICE = "admin/accounts/sitenotice/<path:object_id>/change/"

# Fields that accept no hostile text: those of an address, a code, a number to call, a known body or technique; those
# of forms of the admin that add a row, because the page that changes it has the same fields; the name of a key, which
# is sent with a key only; and the act of a région, which is sent with the role of its analyst and a day.
WITHOUT_WORDS = {
    *(("admin/accounts/user/<path:object_id>/change/", f"membership_set-{number}-exact_act") for number in (0, 1)),
    *((CSIRT, name) for name in ("slug", "contacts--value", "contacts--0-value")),
    *((ADD.format("csirts/csirt"), name) for name in ("slug", "name")),
    *(("admin/incidents/incident/<str:reference>/verifier/", f"verifier-{name}") for name in ("number", "official")),
    ("admin/incidents/incident/<str:reference>/numero-officiel/", "number"),
    *((ADD.format("accounts/user"), name) for name in ("email", "display_name", "membership_set-0-exact_act")),
    ("admin/accounts/user/<path:object_id>/change/", "email"),
    (ADD.format("csirts/coverage"), "source"),
    *((NOTICE, name) for name in ("accessibility_scheme", "accessibility_contact", "security_contact")),
    *((NOTICE, name) for name in ("accessibility_audited_on", "security_expires_on")),
    (ADD.format("retention/datarequest"), "reference"),
    ("compte/cles/", "name"),
    *(("ma-collectivite/<uuid:uid>/urgence/ecrire/", f"{helper}-phone") for helper in EmergencyContactKind),
    ("admin/incidents/incident/<str:reference>/corriger/", "corriger-seat"),
    ("admin/incidents/incident/groupes/<uuid:uid>/ajouter/", "references"),
    ("admin/incidents/incident/<str:reference>/qualifier/", "qualifier-find"),
    *(("connexion/", "login"), ("mot-de-passe/", "email"), ("equipe/inviter/", "email"), ("equipe/adresse/", "email")),
    *(("declarer/qui/nouvelle/", "town"), ("triage/saisir/", "body"), ("declarer/rappel/", "site_web")),
    *(("declarer/rappelez-moi/", name) for name in ("q", "site_web")),
    *(("declarer/reprendre/", "code"), ("suivi/", "code"), ("suivi/", "reference")),
}
