"""Visitors who write hostile texts in every form of a case, each with their own rights."""

import json
import re
from collections import defaultdict
from typing import Any, cast

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework import serializers

from accounts.enums import LinkPurpose
from accounts.models import AccessLink, Membership, User
from accounts.tokens import derive_link_token
from collectivities.models import Collectivity
from core.text import clean_line
from csirts.enums import ContactKind
from csirts.models import Csirt
from incidents.api.serializers import DeclarationIn
from incidents.enums import BulkAct
from incidents.models import BulkJob, Draft, Incident, MessageTemplate, OfficialNumber
from incidents.questions.catalogue import get_current_version
from incidents.services.bulk.jobs import start_bulk_job
from incidents.services.declarant.access import derive_secret
from incidents.services.declaring.draft import derive_draft_code
from retention.models import DataRequest
from tests.cast import PASSWORD as FIRST_PASSWORD
from tests.cast import a_responder, plouexemple
from tests.factories.accounts import make_api_token, make_break_glass
from tests.factories.collectivities import make_fake_siren
from tests.hostile import FILE_NAMES, MAILBOXES
from tests.walking import Answer, Visitor

SECTIONS = ("recit", "rappel", "services", "donnees", "moments")
TRIAGE = "/admin/incidents/incident/"
PASSWORD = "une phrase assez longue"


def declare(holder: Visitor, kind: str, number: int) -> Incident:
    """Fill in the five screens, for a body that is on no list, and return the case."""
    holder.fill("/declarer/", quoi=kind)
    siren = make_fake_siren(600_000 + number)
    added = holder.fill("/declarer/qui/nouvelle/", kind="ccas", siren=siren, town="29232", town_asked="", seat="")
    holder.fill(added["Location"])
    for screen in ("services", "donnees", "rappel"):
        holder.fill(f"/declarer/{screen}/", site_web="", confirme="oui")
    return holder.get("/declarer/envoyee/").context["incident"]


def ask_call_back(holder: Visitor, kind: str) -> None:
    """Declare by the express screen from another device. Its only text field is the telephone number."""
    other = Visitor(holder.words, holder.log, address="2001:db8:c::1")
    page = f"/declarer/rappelez-moi/?collectivite={plouexemple().uid}"
    assert other.fill(page, quoi=kind, site_web="", confirme="oui").status_code == 303
    other.get("/declarer/envoyee/")


def close_untouched(responder: Visitor) -> None:
    """Close the newest case, on which nobody has worked, so that its report asks why."""
    incident = Incident.objects.latest("id")
    responder.fill(f"{TRIAGE}{incident.reference}/cloture/", reason="handed_over", is_shared="")


def act_on_many(incident: Incident) -> BulkJob:
    """Start a bulk action that changes nothing and is still to run, because its page names cases and bodies."""
    same = {"nature": incident.nature, "type": incident.type}
    actor = a_responder(incident.csirt)
    return start_bulk_job(
        actor=actor, act=BulkAct.CLASSIFY, references=[incident.reference], choices=same, key=incident.reference
    )


def resume_declaration(holder: Visitor, incident: Incident) -> None:
    """Continue a declaration on a second device. The first device then posts an older version of a screen and is
    refused.
    """
    first, second = (Visitor(holder.words, holder.log, address=f"2001:db8:{letter}::1") for letter in ("a", "b"))
    first.fill("/declarer/", quoi=incident.type)
    first.fill(f"/declarer/qui/?collectivite={plouexemple().uid}")
    code = derive_draft_code(Draft.objects.get(incident=None))
    second.fill("/declarer/reprendre/", code=code)
    old = max(first.get("/declarer/services/").forms, key=lambda form: len(form.written))
    second.fill("/declarer/services/")
    assert first.send(old, defaultdict(int), {}).status_code in (409, 422)
    second.get("/declarer/rappel/")


def act_as_declarant(holder: Visitor, incident: Incident, number: int) -> None:
    """Write messages, complete sections, hand evidence over and share a sentence, as the holder of the link."""
    page = f"/suivi/{incident.reference}/"
    holder.fill(f"/suivi/acces/{derive_secret(incident.accesses.get(revoked_at=None))}/")
    for section in (
        *SECTIONS,
        *(extra_section.code for extra_section in get_current_version().list_sections(incident.type)),
    ):
        holder.fill(f"{page}completer/{section}/")
    holder.fill(page, to="/message/")
    holder.get(f"{page}messages/")
    holder.fill(f"{page}pieces/", pieces=SimpleUploadedFile("piege.html", b"<script>piege=1</script>"))
    for name in FILE_NAMES[number % 14 :: 14]:
        hand_over(holder, f"{page}pieces/envoi/", name)
    holder.client.post(f"{page}partager/")
    holder.client.post(f"{page}dossier/")


def hand_over(holder: Visitor, address: str, name: str) -> None:
    """Upload a file as the script of the page does, under a name that a browser would not send."""
    begun = holder.client.post(address, {"nom": name, "taille": 1, "auteur": holder.first_word(100)}).json()
    holder.client.post(f"{address}{begun['uid']}/?debut=0", b"x", "application/octet-stream")
    holder.read(holder.client.post(f"{address}{begun['uid']}/fin/"), f"{address}{begun['uid']}/fin/")


def act_as_responder(responder: Visitor, incident: Incident) -> None:
    """Write what a responder writes to the declarant, on the case and about a call."""
    case = f"/admin/incidents/incident/{incident.reference}/"
    responder.fill(case, to="/garder/")
    responder.fill(case, to="/message/")
    responder.client.post(f"{case}prendre/")
    responder.get(f"{case}messages/")
    responder.fill(f"{case}?ouvrir=gravite", to="/gravite/")
    responder.fill(case, to="/corriger/", leave="corriger-s")
    responder.fill(f"{case}?ouvrir=qualifier", to="/qualifier/", leave="qualifier-seen")
    write_for_colleagues(responder, incident, case)
    correct_official_number(responder, incident, case)
    responder.fill("/triage/saisir/", body="29999", body_asked="", collectivite="", type=incident.type)
    responder.fill(f"{case}appel/", type=incident.type, direction="call_in")


def write_for_colleagues(responder: Visitor, incident: Incident, case: str) -> None:
    """Write a note and a task for colleagues, and hand the shift over."""
    responder.client.post(f"{case}guide/")
    responder.fill(case, to="/note/", kind="note")
    responder.fill(f"{case}?ouvrir=tache", to="/taches/", due="", due_time="")
    responder.fill(f"{TRIAGE}relais/", dossier=incident.reference, colleague="personne")


def correct_official_number(responder: Visitor, incident: Incident, case: str) -> None:
    """Ask to replace the official number by a text that is no number."""
    finder = a_responder(incident.csirt)
    number = {"phone": "02 98 11 22 33", "source": "website", "found_on": "2026-11-03", "noted_by": finder}
    OfficialNumber.objects.create(collectivity=incident.collectivity, **number)
    page = f"{case}numero-officiel/"
    responder.get(page)
    fields = {"number": responder.join_words(40), "seen": "02 98 11 22 33"}
    assert responder.read(responder.client.post(page, fields), page).status_code == 422


def write_playbook(lead: Visitor, kind: str) -> None:
    lead.fill(f"{TRIAGE}guides/breizh-cyber/{kind}/", publier="1")


def write_template(lead: Visitor) -> None:
    """Write a message template, then change it. Only the placeholders that it knows may be in braces."""
    lead.fill(f"{TRIAGE}messages-types/breizh-cyber/nouveau/")
    row = MessageTemplate.objects.latest("id")
    lead.fill(f"{TRIAGE}messages-types/breizh-cyber/{row.uid}/")


def add_indicators(responder: Visitor, incident: Incident) -> None:
    """Add an indicator by hand, ignore a proposed one, and search. The name of a file may be any text."""
    beside, page = "/admin/incidents/incident/", f"/admin/incidents/incident/{incident.reference}/indicateurs/"
    responder.fill(page, to="/?main", kind="file")
    if responder.get(page).context["offers"]:
        responder.fill(page, to="/indicateurs/", acte="ignorer", choix="file|message|piege.exe")
    responder.fill(f"{beside}valeurs-connues/", kind="file")
    responder.fill(f"{beside}indicateurs/")
    row = incident.observables.first()
    assert responder.get(f"{page}{row.uid}/").status_code == 200


def close_and_reopen(responder: Visitor, holder: Visitor, incident: Incident) -> None:
    """Close with a report, rate the help as the holder, and reopen the case with a reason."""
    case = f"/admin/incidents/incident/{incident.reference}/"
    responder.fill(f"{case}cloture/", reason="handed_over", is_shared="")
    holder.fill(f"/suivi/{incident.reference}/", to="/avis/")
    responder.fill(case, to="/rouvrir/")


def hold_and_release(lead: Visitor, incident: Incident) -> None:
    """Protect the case from erasure with a motive, and end this with another one."""
    for _act in ("geler", "lever"):
        lead.fill(f"{TRIAGE}{incident.reference}/gel/")
        lead.get(f"{TRIAGE}{incident.reference}/")


def note_request(lead: Visitor, incident: Incident) -> None:
    """Note the request of a person about the case, and answer it."""
    page = "/admin/retention/datarequest/"
    lead.fill(f"{page}add/", kind="access", reference=incident.reference, received_on="30/11/2026")
    lead.fill(f"{page}{DataRequest.objects.latest('id').pk}/change/", outcome="done")
    lead.get(page)


def transfer_back_and_forth(responder: Visitor, taker: Visitor, incident: Incident) -> None:
    """Propose the case to another centre, which returns it, then accepts it. Bring it back in the same way."""
    case, offers = f"/admin/incidents/incident/{incident.reference}/", "/admin/incidents/incident/transferts/"
    for giver, other, centre in ((responder, taker, "ailleurs"), (taker, responder, "breizh-cyber")):
        giver.fill(f"{case}transfert/", taker=centre)
        other.get(offers)
        returned = incident.transfers.latest("id")
        other.fill(f"{offers}{returned.uid}/", to="/refuser/")
        giver.fill(f"{case}transfert/", taker=centre)
        giver.get(case)
        other.client.post(f"{offers}{incident.transfers.latest('id').uid}/accepter/")
        accepted = incident.transfers.latest("id")
        assert giver.get(f"{offers}{accepted.uid}/dossier/").status_code == 200
        assert (
            giver.read(giver.client.post(f"{case}message/", {"text": giver.join_words(900)}), case).status_code == 409
        )


def advise_partner(responder: Visitor, incident: Incident) -> None:
    """Send the case to a partner, under a label that allows it."""
    page = f"/admin/incidents/incident/{incident.reference}/avis/"
    Incident.objects.filter(pk=incident.pk).update(tlp="green")
    assert send_as_read(responder, page, responder.fill(page, partner="cert-fr")).status_code == 302


def send_as_read(responder: Visitor, page: str, preview: Answer) -> Answer:
    """Press the button that sends what `preview` shows, and return the response."""
    form = preview.context["form"]
    fields = {name: form[name].value() or "" for name in form.fields} | {"envoyer": "1"}
    return responder.read(responder.client.post(page, fields), page)


def open_group(responder: Visitor, incident: Incident) -> None:
    """Open a group with a sheet and write to all its cases. A reference that names no case stays on the page."""
    groups = "/admin/incidents/incident/groupes/"
    responder.fill(f"{groups}nouveau/?dossier={incident.reference}", kind="supplier", csirt="breizh-cyber")
    page = f"{groups}{Incident.objects.get(pk=incident.pk).group.uid}/"
    responder.fill(page, to="/fiche/")
    assert send_as_read(responder, f"{page}message/", responder.fill(f"{page}message/")).status_code == 302
    for address in (f"{page}ajouter/", f"{page}reste/", f"{groups}prestataire/"):
        responder.read(responder.client.post(address, {"references": responder.join_words(300)}), address)
    responder.read(responder.client.get(f"{page}message/"), f"{page}message/")


def merge_cases(responder: Visitor, incident: Incident, duplicate: Incident) -> None:
    """Compare the two cases, merge them, and read the main case, which shows the texts of the duplicate."""
    case = f"/admin/incidents/incident/{incident.reference}/"
    responder.get(f"{case}fusionner/", {"avec": duplicate.reference})
    responder.client.post(f"{case}fusionner/", {"avec": duplicate.reference, "garder": incident.reference})
    responder.get(case)


def withdraw_case(holder: Visitor, incident: Incident) -> None:
    holder.fill(f"/suivi/{incident.reference}/retirer/")


def edit_centre(lead: Visitor, csirt: Csirt) -> None:
    """Edit what a lead publishes of their own centre."""
    lead.words = drop_links(lead.words)
    officer, sites = {"contacts-2-0-value": "dpo@exemple.example"}, {"contacts-3-0-value": "outils.exemple.example"}
    lead.fill(f"/admin/csirts/csirt/{csirt.pk}/change/", **officer, **sites)


def edit_team(lead: Visitor, csirt: Csirt) -> None:
    """Answer on a role, remove and invite people of a lead's centre, and confirm its mailbox."""
    person = a_responder(csirt)
    Membership.objects.filter(user=person).update(awaits_confirmation=True)
    name, reason = (clean_line(lead.join_words(limit), limit=limit, field="") for limit in (60, 200))
    User.objects.filter(pk=person.pk).update(display_name=name)
    make_break_glass(person, reason=reason)
    lead.fill("/equipe/", to="/confirmer/")
    lead.fill(f"/equipe/{a_responder(csirt).uid}/retirer/")
    lead.fill("/equipe/inviter/", email="nour@breizh.example")
    lead.fill("/equipe/", to="/retirer/")
    lead.fill(f"/equipe/adresse/retirer/?csirt={csirt.pk}")
    lead.fill("/equipe/adresse/", email="essai@breizh.example")
    lead.fill("/equipe/adresse/", to="/abandonner/")
    lead.fill("/equipe/adresse/", email="garde@breizh.example")
    link = AccessLink.objects.filter(purpose=LinkPurpose.CHANNEL).latest("id")
    Visitor(lead.words, lead.log).fill(f"/equipe/adresse/confirmer/{derive_link_token(link)}/")


def write_sheet(lead: Visitor, kind: str) -> None:
    """Write a reflex sheet with three acts of two lines. Mark-up is refused, so the sheet is then written
    without it.
    """
    page = f"/admin/incidents/reflexsheet/breizh-cyber/{kind}/"
    plain = [word for word in drop_links(lead.words) if not set(word) & {"<", "\0"}]
    refused = lead.client.post(page, {"words": "<b id=piege>", "title": "x", "hour": "x", "day": "x", "sources": "x"})
    assert lead.read(refused, page).status_code == 422
    writer = Visitor([*plain, "{{ 1337|add:62000 }} %s"], lead.log, client=lead.client)
    acts = "\n\n".join(f"{number} {join_line(writer, 70)}\n{join_line(writer, 290)}" for number in range(3))
    fields = {
        "words": join_line(writer, 60),
        "title": join_line(writer, 100),
        "sources": join_line(writer, 200),
    }
    assert writer.fill(page, hour=acts, day=acts, publier="1", **fields).status_code == 302


def drop_links(words: list[str]) -> list[str]:
    """Return the texts that name no site, because a centre and the directory may publish a link."""
    return [word for word in words if not re.search("://|www\\.", word)]


def join_line(visitor: Visitor, limit: int) -> str:
    return " ".join(visitor.join_words(limit).split())


# The kinds of contact that are free text. The values of the other kinds are checked.
FREE_TEXT_KINDS = ("", ContactKind.ADDRESS, ContactKind.HOURS)


def edit_directory(administrator: Visitor, csirt: Csirt) -> None:
    """Change the published facts of a centre and of the site, correct the région of a body on the list, and choose a
    duration.
    """
    administrator.fill("/admin/retention/retentionchoice/add/", kind="cases", months="24")
    administrator.words = drop_links(administrator.words)
    page = f"/admin/csirts/csirt/{csirt.pk}/change/"
    contacts = administrator.get(page).context["inline_admin_formsets"][0].formset
    checked = {
        contact.add_prefix("value"): contact.instance.value
        for contact in contacts
        if contact.instance.kind not in FREE_TEXT_KINDS
    }
    administrator.fill(page, slug=csirt.slug, **checked)
    administrator.fill(f"/admin/csirts/coverage/{csirt.coverages.first().pk}/change/", last_on="")
    contact = "mailto:garde@exemple.example"
    checked = {"accessibility_scheme": "", "accessibility_contact": contact, "security_contact": contact}
    checked |= {"accessibility_audited_on": "01/06/2026", "security_expires_on": ""}
    notices = "/admin/accounts/sitenotice/1/change/"
    assert administrator.fill(notices, **checked).status_code == 302
    for page in ("/mentions-legales/", "/vos-donnees/", "/accessibilite/", notices.replace("change", "history")):
        administrator.get(page)
    corrected = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    region = str(corrected.region_id)
    administrator.fill(f"/admin/collectivities/collectivity/{corrected.pk}/change/", region_correction=region)


def invite_member(manager: Visitor, body: Collectivity) -> Visitor:
    """Invite a member and write the emergency card as a manager. Return the visitor who joined by the link, under a
    hostile name.
    """
    home = f"/ma-collectivite/{body.uid}/"
    manager.fill("/compte/jetons/nouveau/")
    manager.fill(f"{home}urgence/ecrire/")
    manager.fill(f"{home}inviter/")
    link = AccessLink.objects.get(collectivity=body)
    guest = Visitor(manager.words, manager.log)
    guest.fill(f"/acces/{derive_link_token(link)}/", password=PASSWORD)
    manager.fill(f"{home}inviter/", email="nour@plouexemple.example")
    return Visitor(manager.words, manager.log, user=link.user)


def sign_in_elsewhere(user: User, visitor: Visitor) -> None:
    """Sign the person in on a second browser, which says hostile things of itself, and list both sessions."""
    word = visitor.words[0]
    second = Client(headers={"User-Agent": word, "X-Forwarded-For": word})
    second.post("/connexion/", {"login": user.email, "password": FIRST_PASSWORD})
    assert len(visitor.get("/compte/sessions/").context["sessions"]) == 2


def call_api(user: User, body: Collectivity, visitor: Visitor) -> Incident:
    """Declare with every field of the serializer, and return the case."""
    declaration = fill_serializer(DeclarationIn(), visitor) | {"collectivity": str(body.uid)}
    token = {"Authorization": f"Bearer {make_api_token(user)}"}
    address = "/api/v1/incidents/"
    response = visitor.client.post(address, json.dumps(declaration), "application/json", headers=token)
    visitor.read(response, address)
    assert response.status_code == 201, response.content
    for where in (address, f"{address}{response.json()['reference']}/"):
        visitor.read(visitor.client.get(where, headers=token), where)
    return Incident.objects.get(reference=response.json()["reference"])


def fill_serializer(serializer: serializers.Serializer[Any], visitor: Visitor) -> dict[str, Any]:
    """Return hostile texts for every text field of the serializer."""
    values: dict[str, Any] = {}
    for name, field in serializer.fields.items():
        if isinstance(field, serializers.Serializer):
            values[name] = fill_serializer(field, visitor)
        elif type(field) is serializers.CharField:
            like = {"phone": "02 99 00 00 00 <b id=piege>", "email": MAILBOXES[0]}
            values[name] = like.get(name) or visitor.join_words(cast("int", field.max_length)).replace("\0", "")
    return values
