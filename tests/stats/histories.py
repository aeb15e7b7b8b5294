"""Random histories of cases, made of raw changes and of the acts of real services."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404

from accounts.enums import Role
from accounts.models import User
from collectivities.enums import Kind
from collectivities.models import Region
from collectivities.services import create_proposed_body
from core.stale import Stale
from incidents.access import CaseVisitor
from incidents.enums import (
    Cause,
    ClosingReason,
    DataCategory,
    IncidentType,
    LeakStatus,
    Nature,
    PersonsBand,
    UnconfirmingReason,
)
from incidents.facts.shapes import Instant, Interruption, Leak
from incidents.models import DataLeak, Incident, ServiceInterruption, Story
from incidents.services.correspondence.correspond import Letter
from incidents.services.declarant.complete import CannotComplete, SectionEdit, find_newest_sheet
from incidents.services.declarant.correct import correct_data, correct_moments, correct_services, end_interruption
from incidents.services.declarant.withdraw import withdraw_incident
from incidents.services.declaring.bodies import confirm_body, merge_body, unconfirm_body
from incidents.services.duplicates.merge import merge_incident, unmerge_incident
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.assign import assign_incident
from incidents.services.handling.close import ClosingReport, close_incident, close_with_report
from incidents.services.handling.qualify import classify_incident, qualify_incident, read_qualification
from incidents.services.handling.reopen import reopen_incident
from incidents.services.handling.verify import verify_incident
from incidents.services.transfer.agreements import Agreement
from incidents.services.transfer.proposal import accept_transfer, create_proposal
from incidents.workflow import InvalidTransition
from tests.cast import a_person, breizh_cyber, declare, plouexemple
from tests.factories.collectivities import make_fake_siren
from tests.incidents.transferring import create_other_centre
from tests.stats.cases import Case, bodies, change_cases, store

REFUSALS = (ValidationError, InvalidTransition, CannotComplete, Stale, PermissionDenied, Http404)
SERVICES = ("civil", "paie", "eau", "telephonie", "autre")
TYPES = ("rancon", "boite", "panne", "fuite", "inconnu")
FIRST_DAY = datetime(2024, 12, 1, tzinfo=UTC)
# Moments around the end of a month and of a year, in Paris and overseas, and on an ordinary day.
MOMENTS = (
    datetime(2024, 12, 31, 22, 30, tzinfo=UTC),
    datetime(2025, 1, 1, 3, 30, tzinfo=UTC),
    datetime(2025, 6, 15, tzinfo=UTC),
)


class History:
    """Some town halls, two centres and the history of their cases. Each act takes a random.Random."""

    def __init__(self) -> None:
        self.centre, self.other_centre = breizh_cyber(), create_other_centre()
        self.leads: dict[int | None, User] = {
            centre.pk: a_person(Role.LEAD, csirt=centre) for centre in (self.centre, self.other_centre)
        }
        self.town = plouexemple()
        self.bodies = [self.town, *bodies("53", 6), *bodies("11", 4), *bodies("03", 2)]
        self.ccas = [
            create_proposed_body(
                kind=Kind.CCAS, name=f"CCAS no {n}", siren=make_fake_siren(717_000 + n), seat=self.town
            )
            for n in range(2)
        ]
        self.regions = list(Region.objects.filter(code__in=["53", "11", "03"]))
        self.ids: list[int] = []
        self.declared: list[int] = []
        self.done: Counter[str] = Counter()

    def draw_case(self, rng: Random) -> Incident:
        """Return a case, often one that the service declared, because only these have a link by which facts are
        corrected.
        """
        ids = self.declared if self.declared and rng.random() < 0.6 else self.ids
        return Incident.objects.select_related("collectivity").get(pk=rng.choice(ids))

    def find_lead(self, incident: Incident) -> User:
        return self.leads.get(incident.csirt_id, self.leads[self.centre.pk])

    def run_act(self, name: str, rng: Random) -> None:
        """Run the act of this name. If the service refuses it, nothing changes. If there is no case yet, store one
        instead.
        """
        if not self.ids and name not in ("declare_case", "store_cases"):
            name = "store_cases"
        try:
            with transaction.atomic():
                getattr(self, name)(rng)
                self.done[name] += 1
        except REFUSALS:
            self.done["refused"] += 1

    # Acts of the real services

    def declare_case(self, rng: Random) -> None:
        incident = declare(
            collectivity=rng.choice([*self.bodies[:7], *(body for body in self.ccas if body.vanished_on is None)]),
            type=rng.choice(TYPES),
            service_stopped="yes",
            interruptions=draw_interruptions(rng, datetime.now(UTC)),
            data_concerned="yes",
            leak=a_leak(rng),
        )
        self.ids.append(incident.pk)
        self.declared.append(incident.pk)

    def verify_case(self, rng: Random) -> None:
        incident = self.draw_case(rng)
        if incident.collectivity.is_unconfirmed and rng.random() < 0.7:
            confirm_body(reference=incident.reference, actor=self.find_lead(incident))
        verify_incident(reference=incident.reference, actor=self.find_lead(incident))

    def acknowledge_case(self, rng: Random) -> None:
        incident = self.draw_case(rng)
        acknowledge_incident(reference=incident.reference, actor=self.find_lead(incident))

    def put_case_back(self, rng: Random) -> None:
        incident = self.draw_case(rng)
        assign_incident(reference=incident.reference, actor=self.find_lead(incident), assignee=None)

    def classify_case(self, rng: Random) -> None:
        incident = self.draw_case(rng)
        fields = {"nature": Nature(rng.choice(Nature.values)), "type": IncidentType(rng.choice(TYPES))}
        classify_incident(reference=incident.reference, actor=self.find_lead(incident), **fields)

    def qualify_case(self, rng: Random) -> None:
        incident = self.draw_case(rng)
        current = read_qualification(incident, incident.leaks.order_by("id").first()).__dict__
        fields = {"cause": rng.choice(["", *Cause.values]), "leak": rng.choice(["", *LeakStatus.values])}
        qualification = type(read_qualification(incident, None))(**current | fields)
        qualify_incident(reference=incident.reference, actor=self.find_lead(incident), qualification=qualification)

    def close_case(self, rng: Random) -> None:
        incident = self.draw_case(rng)
        close_incident(
            reference=incident.reference,
            reason=ClosingReason(rng.choice(ClosingReason.values)),
            actor=self.find_lead(incident),
            why="Vu.",
        )

    def close_case_with_report(self, rng: Random) -> None:
        incident = self.draw_case(rng)
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        stopped = incident.interruptions.filter(ended_at=None)
        ending = ClosingReport(
            reason=ClosingReason.RESOLVED,
            why="Vu.",
            outcome="restored",
            cause=rng.choice(Cause.values),
            leak=rng.choice(["confirmed", "unfounded"]),
            ended={interruption.service: now for interruption in stopped},
            moot=frozenset(str(task.uid) for task in incident.tasks.filter(done_at=None)),
        )
        close_with_report(reference=incident.reference, actor=self.find_lead(incident), ending=ending)

    def reopen_case(self, rng: Random) -> None:
        incident = self.draw_case(rng)
        reopen_incident(reference=incident.reference, actor=self.find_lead(incident), motive="Cela recommence")

    def correct_case_services(self, rng: Random) -> None:
        edit = self.make_section_edit(self.draw_case(rng), "services")
        correct_services(edit=edit, stopped="yes", interruptions=draw_interruptions(rng, datetime.now(UTC)))

    def resume_service(self, rng: Random) -> None:
        incident = self.draw_case(rng)
        end_interruption(edit=self.make_section_edit(incident, "services"), service=rng.choice(SERVICES))

    def correct_case_data(self, rng: Random) -> None:
        concerned = rng.choice(["yes", "yes", "no"])
        leak = a_leak(rng) if concerned == "yes" else None
        correct_data(edit=self.make_section_edit(self.draw_case(rng), "donnees"), concerned=concerned, leak=leak)

    def correct_case_moments(self, rng: Random) -> None:
        incident = self.draw_case(rng)
        at = incident.received_at - timedelta(hours=rng.choice([-1, 0, 0.5, 3, 30, 200]))
        moment = Instant(at=min(at, datetime.now(UTC) - timedelta(minutes=2)), certainty="exact")
        correct_moments(edit=self.make_section_edit(incident, "moments"), instants={"detected": moment})

    def merge_duplicate(self, rng: Random) -> None:
        duplicate = self.draw_case(rng)
        alike = Incident.objects.filter(collectivity=duplicate.collectivity, csirt=duplicate.csirt).exclude(
            pk=duplicate.pk
        )
        if candidates := list(alike.order_by("pk")[:5]):
            main = rng.choice(candidates)
            merge_incident(reference=duplicate.reference, into=main.reference, actor=self.find_lead(duplicate))

    def unmerge_duplicate(self, rng: Random) -> None:
        duplicates = list(Incident.objects.filter(merged_into__isnull=False).order_by("pk"))
        if duplicates:
            duplicate = rng.choice(duplicates)
            unmerge_incident(reference=duplicate.reference, actor=self.find_lead(duplicate))

    def transfer_case(self, rng: Random) -> None:
        incident = self.draw_case(rng)
        taker = self.other_centre if incident.csirt_id == self.centre.pk else self.centre
        newest = incident.transfers.order_by("-id").first()
        transfer = create_proposal(
            reference=incident.reference,
            taker=taker.slug,
            motive="Leur territoire",
            agreement=Agreement(is_given=True, words="La mairie, au téléphone.", label=incident.tlp),
            actor=self.find_lead(incident),
            seen=str(newest.uid) if newest else "",
        )
        accept_transfer(uid=transfer.uid, actor=self.leads[taker.pk])

    def withdraw_case(self, rng: Random) -> None:
        incident = self.draw_case(rng)
        letter = Letter(text="", author="Dominique", key=str(rng.random()))
        withdraw_incident(reference=incident.reference, visitor=self.find_visitor(incident), letter=letter)

    def unconfirm_case_body(self, rng: Random) -> None:
        incident = self.draw_case(rng)
        unconfirm_body(reference=incident.reference, reason=UnconfirmingReason.SLIP, actor=self.find_lead(incident))

    def merge_case_body(self, rng: Random) -> None:
        incident = self.draw_case(rng)
        merge_body(reference=incident.reference, into=self.town.uid, actor=self.find_lead(incident))
        for body in self.ccas:
            body.refresh_from_db()

    def find_visitor(self, incident: Incident) -> CaseVisitor:
        access = incident.accesses.filter(revoked_at=None).first()
        if access is None:
            raise Http404
        return CaseVisitor(access_uid=access.uid)

    def make_section_edit(self, incident: Incident, section: str) -> SectionEdit:
        newest = find_newest_sheet(incident, section)
        newest_uid = str(newest.uid) if newest else ""
        return SectionEdit(
            visitor=self.find_visitor(incident), reference=incident.reference, author="Dominique", seen=newest_uid
        )

    # Raw changes, in one transaction with the event that a service would write

    @transaction.atomic
    def store_cases(self, rng: Random, number: int = 1) -> None:
        incidents = store(
            Case(
                body=rng.choice(self.bodies),
                at=rng.choice(MOMENTS) + timedelta(minutes=rng.randrange(-60, 60)),
                verified=rng.random() < 0.6,
                closing_reason=rng.choice(["", "", "", *ClosingReason.values]),
                nature=rng.choice(Nature.values),
                hours=tuple(rng.choice([1, 4, 23, 24, 100, 500]) for _ in range(rng.randrange(3))),
                leaks=tuple(
                    (rng.choice(LeakStatus.values), rng.choice(["", *PersonsBand.values]))
                    for _ in range(rng.randrange(2))
                ),
                csirt=rng.choice([self.centre, self.other_centre, None]),
            )
            for _ in range(number)
        )
        Story.objects.bulk_create(Story(incident=incident) for incident in incidents)  # services read it
        self.ids += [incident.pk for incident in incidents]

    @transaction.atomic
    def change_case_columns(self, rng: Random, number: int = 1) -> None:
        """Change a column that figures read, as services do."""
        incidents = [Incident(pk=pk) for pk in rng.sample(self.ids, min(number, len(self.ids)))]
        at = FIRST_DAY + timedelta(days=rng.randrange(600))
        values: dict[str, Any] = rng.choice(
            [
                {"verification": "call_back", "verified_at": at},
                {"verification": "unverified", "verified_at": None},
                {"type": rng.choice(TYPES)},
                {"nature": rng.choice(Nature.values)},
                {"cause": rng.choice(Cause.values)},
                {"region": rng.choice([*self.regions, None])},
                {"collectivity": rng.choice(self.bodies)},
                {"csirt": rng.choice([self.centre, self.other_centre, None])},
                {"first_acknowledged_at": at, "acknowledged_at": at + timedelta(days=rng.choice([0, 2, 40]))},
                {"detected_at": at, "detected_certainty": "exact"},
            ]
        )
        change_cases(incidents, **values)

    @transaction.atomic
    def close_or_reopen_rows(self, rng: Random, number: int = 1) -> None:
        """Close cases, or reopen them, except duplicates."""
        chosen = rng.sample(self.ids, min(number, len(self.ids)))
        incidents = list(Incident.objects.filter(pk__in=chosen, merged_into=None))
        if rng.random() < 0.4:
            at = FIRST_DAY + timedelta(days=rng.randrange(600))
            change_cases(incidents, status="closed", closed_at=at, closing_reason=rng.choice(ClosingReason.values))
        else:
            change_cases(incidents, status="declared", closed_at=None, closing_reason="", due_for="acknowledge")

    @transaction.atomic
    def change_fact_rows(self, rng: Random, number: int = 1) -> None:
        incidents = [Incident(pk=pk) for pk in rng.sample(self.ids, min(number, len(self.ids)))]
        stopped = ServiceInterruption.objects.filter(incident__in=incidents)
        leaks = DataLeak.objects.filter(incident__in=incidents)
        kind = rng.randrange(4)
        if kind == 0:
            at = FIRST_DAY - timedelta(days=10)
            stopped.update(started_at=at, ended_at=at + timedelta(hours=rng.choice([1, 5, 50, 100, 300])))
        elif kind == 1:
            stopped.filter(ended_at__isnull=False).update(service=rng.choice(SERVICES), started_at=None)
        elif kind == 2:
            leaks.update(status=rng.choice(LeakStatus.values), persons=rng.choice([None, 5, 6, 300, 5001]))
        else:
            leaks.update(categories=rng.sample(DataCategory.values, 3))
        change_cases(incidents, severity=2)


SERVICE_ACTS = (
    *("declare_case", "verify_case", "acknowledge_case", "classify_case", "qualify_case", "close_case"),
    *("close_case_with_report", "reopen_case", "correct_case_services", "resume_service", "correct_case_data"),
    *("correct_case_moments", "merge_duplicate", "unmerge_duplicate", "transfer_case", "withdraw_case"),
    *("unconfirm_case_body", "merge_case_body", "put_case_back"),
)
RAW_ACTS = ("store_cases", "change_case_columns", "close_or_reopen_rows", "change_fact_rows")


def draw_interruptions(rng: Random, now: datetime) -> tuple[Interruption, ...]:
    interruptions = []
    for service in rng.sample(SERVICES, rng.randrange(4)):
        started = rng.choice([None, now - timedelta(hours=rng.choice([1, 5, 50, 100, 300]))])
        ended = rng.choice([None, now - timedelta(minutes=5)]) if started else None
        interruptions.append(Interruption(service=service, extent="stopped", started_at=started, ended_at=ended))
    return tuple(interruptions)


def a_leak(rng: Random) -> Leak:
    return Leak(
        status=rng.choice(LeakStatus.values),
        categories=tuple(rng.sample(DataCategory.values, rng.randrange(3))),
        persons=rng.choice([None, 0, 5, 6, 50, 51, 300, 301, 5000, 5001]),
        persons_band=rng.choice(PersonsBand.values),
    )
