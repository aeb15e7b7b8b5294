"""The pages that the parts of the triage bring: those under a case, and those beside the list. `admin.py` serves them.

Each part writes its views beside its forms and names them here; an act of one button is in `acts.py` instead.
"""

from incidents.enums import KeptForm
from incidents.triage.bulk import pages as in_bulk
from incidents.triage.calls.call_back import call_view
from incidents.triage.case import messages
from incidents.triage.case.history import history_page
from incidents.triage.case.opened import form_view
from incidents.triage.case.page import Route
from incidents.triage.groups import merging
from incidents.triage.groups import message as group_message
from incidents.triage.groups import pages as groups
from incidents.triage.indicators.known import known_values_view, look_up_view
from incidents.triage.indicators.observe import observable_view, observables_view
from incidents.triage.judging.closing import closing_view, reopen_view
from incidents.triage.judging.pages import qualify_view, verify_view
from incidents.triage.queue import state
from incidents.triage.search.page import search_view
from incidents.triage.transfer.advise import advise_view
from incidents.triage.transfer.former import former_view
from incidents.triage.transfer.pages import accept_view, ask_view, list_view, offer_view, return_view, withdraw_view
from incidents.triage.work import guides, letters, relay, views
from incidents.triage.work.assign import PREFIX

OF_A_CASE: list[Route] = [
    Route("histoire", history_page, "history"),
    Route("qualifier", qualify_view, "qualify", KeptForm.QUALIFICATION),
    Route("cloture", closing_view, "closing", KeptForm.CLOSING),
    Route("verifier", verify_view, "verify", KeptForm.VERIFICATION),
    Route("rouvrir", reopen_view, "reopen", KeptForm.REOPENING),
    Route("appel", call_view, "call", KeptForm.CALL),
    Route("note", views.note_view, "note", KeptForm.NOTE),
    Route("attribuer", views.assign_view, "assign", PREFIX),
    Route("presence", views.presence_view, "presence"),
    Route("taches", views.add_task_view, "add_task", KeptForm.TASK),
    Route("taches/<uuid:uid>", views.task_view, "task"),
    Route("transfert", ask_view, "transfer", KeptForm.TRANSFER),
    Route("transfert/retirer", withdraw_view, "withdraw_transfer"),
    Route("avis", advise_view, "advise", KeptForm.ADVICE),
    Route("indicateurs", observables_view, "observables"),
    Route("indicateurs/<uuid:uid>", observable_view, "observable"),
    Route("fusionner", merging.compare_view, "compare"),
    Route("messages", messages.thread_page, "messages"),
    Route("formulaire/<slug:form>", form_view, "form"),
]
BESIDE: list[Route] = [
    Route("relais", relay.relay_view, "handover"),
    Route("guides", guides.guide_list_view, "playbooks"),
    Route("guides/<slug:slug>/<slug:kind>", guides.guide_view, "playbook"),
    Route("messages-types", letters.letter_list_view, "message_templates"),
    Route("messages-types/<slug:slug>/nouveau", letters.new_letter_view, "new_message_template"),
    Route("messages-types/<slug:slug>/<uuid:uid>", letters.letter_view, "message_template"),
    Route("transferts", list_view, "transfers"),
    Route("transferts/<uuid:uid>", offer_view, "offer"),
    Route("transferts/<uuid:uid>/accepter", accept_view, "accept_transfer"),
    Route("transferts/<uuid:uid>/refuser", return_view, "return_transfer"),
    Route("transferts/<uuid:uid>/dossier", former_view, "former"),
    Route("indicateurs", look_up_view, "look_up"),
    Route("valeurs-connues", known_values_view, "known_values"),
    Route("recherche", search_view, "search"),
    Route("groupes", groups.group_list_view, "groups"),
    Route("groupes/nouveau", groups.new_group_view, "group_new"),
    Route("groupes/prestataire", groups.supplier_group_view, "group_supplier"),
    Route("groupes/<uuid:uid>", groups.group_view, "group"),
    Route("groupes/<uuid:uid>/fiche", groups.save_sheet_view, "group_sheet"),
    Route("groupes/<uuid:uid>/ajouter", groups.add_view, "group_add"),
    Route("groupes/<uuid:uid>/reste", groups.add_rest_view, "group_rest"),
    Route("groupes/<uuid:uid>/etat", groups.state_view, "group_state"),
    Route("groupes/<uuid:uid>/message", group_message.message_view, "group_message"),
    Route("etat", state.queue_state_view, "state"),
    Route("actes", in_bulk.bulk_act_view, "in_bulk"),
    Route("actes/<uuid:uid>", in_bulk.bulk_progress_view, "bulk"),
    Route("actes/<uuid:uid>/arreter", in_bulk.stop_view, "bulk_stop"),
]
