"""The routes of the pages of one case, and of the other pages of the triage. `admin.py` turns them into URLs.

Each feature has its views next to its forms. An act that needs only a button is in `acts.py` and has no route here.
Django's admin itself names the queue and the page of a case: their views are in `admin.py`.
"""

from collections.abc import Callable
from typing import NamedTuple

from django.http import HttpResponseBase

from incidents.enums import CaseFormCode
from incidents.triage.bulk import pages as in_bulk
from incidents.triage.calls.call_back import call_back_view
from incidents.triage.calls.follow_up_code import renew_code_view
from incidents.triage.case import messages
from incidents.triage.case.history import show_case_history
from incidents.triage.case.opened_forms import show_opened_form
from incidents.triage.duplicates import merging
from incidents.triage.groups import message as group_message
from incidents.triage.groups import pages as groups
from incidents.triage.indicators.known_values import serve_known_values, serve_look_up
from incidents.triage.indicators.observable_pages import serve_observables, show_observable
from incidents.triage.judging.closing import close_case_view, reopen_view
from incidents.triage.judging.export import serve_export
from incidents.triage.judging.hold import serve_hold
from incidents.triage.judging.official_number import correct_official_number_view
from incidents.triage.judging.pages import correct_body_view, qualify_view, set_severity_view, verify_view
from incidents.triage.library import message_templates, playbooks
from incidents.triage.partners.advise import advise_view
from incidents.triage.queue import state
from incidents.triage.search.page import show_search_results
from incidents.triage.transfer.former_case import show_former_case
from incidents.triage.transfer.pages import (
    accept_offer_view,
    decline_offer_view,
    propose_transfer_view,
    show_offer,
    show_transfers,
    withdraw_transfer_view,
)
from incidents.triage.work import handover, views
from incidents.triage.work.assign import ASSIGN_PREFIX


class PageRoute(NamedTuple):
    """A page of the triage.

    `path` is its path below the address of a case or of the list. `name` is its URL name in the admin. `form` is the
    code of the form that is posted to it, or "".
    """

    path: str
    view: Callable[..., HttpResponseBase]
    name: str
    form: str = ""


CASE_ROUTES: list[PageRoute] = [
    PageRoute("histoire", show_case_history, "history"),
    PageRoute("qualifier", qualify_view, "qualify", CaseFormCode.QUALIFICATION),
    PageRoute("cloture", close_case_view, "closing", CaseFormCode.CLOSING),
    PageRoute("verifier", verify_view, "verify", CaseFormCode.VERIFICATION),
    PageRoute("numero-officiel", correct_official_number_view, "official_number"),
    PageRoute("rouvrir", reopen_view, "reopen", CaseFormCode.REOPENING),
    PageRoute("appel", call_back_view, "call", CaseFormCode.CALL),
    PageRoute("message", messages.send_message_view, "message", CaseFormCode.REPLY),
    PageRoute("gravite", set_severity_view, "severity", CaseFormCode.SEVERITY),
    PageRoute("corriger", correct_body_view, "correct", CaseFormCode.CORRECTION),
    PageRoute("code", renew_code_view, "code"),
    PageRoute("gel", serve_hold, "hold"),
    PageRoute("export", serve_export, "export"),
    PageRoute("note", views.write_note_view, "note", CaseFormCode.NOTE),
    PageRoute("attribuer", views.assign_view, "assign", ASSIGN_PREFIX),
    PageRoute("presence", views.record_presence_view, "presence"),
    PageRoute("taches", views.add_task_view, "add_task", CaseFormCode.TASK),
    PageRoute("taches/<uuid:uid>", views.set_task_state_view, "task"),
    PageRoute("transfert", propose_transfer_view, "transfer", CaseFormCode.TRANSFER),
    PageRoute("transfert/retirer", withdraw_transfer_view, "withdraw_transfer"),
    PageRoute("avis", advise_view, "advise", CaseFormCode.ADVICE),
    PageRoute("indicateurs", serve_observables, "observables"),
    PageRoute("indicateurs/<uuid:uid>", show_observable, "observable"),
    PageRoute("fusionner", merging.compare_cases_view, "compare"),
    PageRoute("messages", messages.show_case_thread, "messages"),
    PageRoute("formulaire/<slug:form>", show_opened_form, "form"),
]
OTHER_ROUTES: list[PageRoute] = [
    PageRoute("relais", handover.serve_handover, "handover"),
    PageRoute("guides", playbooks.show_playbooks, "playbooks"),
    PageRoute("guides/<slug:slug>/<slug:kind>", playbooks.serve_playbook, "playbook"),
    PageRoute("messages-types", message_templates.show_message_templates, "message_templates"),
    PageRoute(
        "messages-types/<slug:slug>/nouveau", message_templates.serve_new_message_template, "new_message_template"
    ),
    PageRoute("messages-types/<slug:slug>/<uuid:uid>", message_templates.serve_message_template, "message_template"),
    PageRoute("transferts", show_transfers, "transfers"),
    PageRoute("transferts/<uuid:uid>", show_offer, "offer"),
    PageRoute("transferts/<uuid:uid>/accepter", accept_offer_view, "accept_transfer"),
    PageRoute("transferts/<uuid:uid>/refuser", decline_offer_view, "return_transfer"),
    PageRoute("transferts/<uuid:uid>/dossier", show_former_case, "former"),
    PageRoute("indicateurs", serve_look_up, "look_up"),
    PageRoute("valeurs-connues", serve_known_values, "known_values"),
    PageRoute("recherche", show_search_results, "search"),
    PageRoute("groupes", groups.show_groups, "groups"),
    PageRoute("groupes/nouveau", groups.open_new_group_view, "group_new"),
    PageRoute("groupes/prestataire", groups.open_supplier_group_view, "group_supplier"),
    PageRoute("groupes/<uuid:uid>", groups.show_group, "group"),
    PageRoute("groupes/<uuid:uid>/fiche", groups.save_sheet_view, "group_sheet"),
    PageRoute("groupes/<uuid:uid>/ajouter", groups.add_cases_view, "group_add"),
    PageRoute("groupes/<uuid:uid>/reste", groups.add_supplier_cases_view, "group_rest"),
    PageRoute("groupes/<uuid:uid>/etat", groups.set_group_state_view, "group_state"),
    PageRoute("groupes/<uuid:uid>/message", group_message.write_group_message_view, "group_message"),
    PageRoute("etat", state.report_queue_state, "state"),
    PageRoute("actes", in_bulk.act_in_bulk_view, "in_bulk"),
    PageRoute("actes/<uuid:uid>", in_bulk.show_bulk_progress, "bulk"),
    PageRoute("actes/<uuid:uid>/arreter", in_bulk.stop_bulk_view, "bulk_stop"),
]
