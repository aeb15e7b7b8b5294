"""A program fills neither the disk nor the list of drafts: each screen is bounded, and each start is counted, whether
it is confirmed or not. A person who meets a limit waits a moment and loses nothing.
"""

import re

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from collectivities.models import Collectivity
from core.request_counter import hash_address
from incidents.bodies import views as body_views
from incidents.declare import bot_limits
from incidents.declare.screens import INPUTS_BY_SCREEN, SCREEN_ORDER
from incidents.enums import PublicService, Screen
from incidents.facts.shapes import Declaration, map_facts
from incidents.models import Draft, DraftPage, Incident, RecentCount
from incidents.services.declaring.draft import (
    DRAFT_SCREEN_LIMIT,
    DRAFT_VALUE_LIMIT,
    MAX_DRAFT_VALUES,
    EntryTooLarge,
    ScreenEntry,
)
from incidents.services.declaring.limits import BURST_WINDOW
from tests.cast import plouexemple
from tests.factories.collectivities import make_fake_siren
from tests.incidents.express import URL as EXPRESS_URL
from tests.incidents.express import post_express
from tests.incidents.journeys import SENT, START, WHERE, begin, make_address
from tests.reading import read_field_errors, read_hidden_value, read_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("town")]
MEGABYTE = "a" * 1_000_000
TOO_LONG = "é" * 21_000
ANSWER_OF = {Screen.SERVICES: "civil-workaround", Screen.DATA: "persons_band", Screen.CALLER: "description"}


@pytest.fixture
def few_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot_limits, "MAX_UNCONFIRMED_STARTS", 1)
    monkeypatch.setattr(bot_limits, "MAX_CONFIRMED_STARTS", 2)


@pytest.fixture
def few_declarations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot_limits, "MAX_UNCONFIRMED_DECLARATIONS", 0)
    monkeypatch.setattr(bot_limits, "MAX_CONFIRMED_DECLARATIONS", 1)


def start(address: str, screen: Screen = Screen.WHAT, **fields: str):
    """Start a draft on a device without cookies but one."""
    client = Client(REMOTE_ADDR=address)
    client.get(START)
    answer = {Screen.WHAT: {"quoi": "rancon"}, Screen.WHO: {"collectivite": str(plouexemple().uid)}}
    return client.post(WHERE[screen], answer.get(screen, {"contact_phone": "02 99 00 00 00"}) | fields)


def wait(address: str, purpose: str) -> None:
    """Let the seconds pass after which this address may act again. The cache has a clock of its own."""
    cache.delete(f"{purpose}:confirmed:next:{hash_address(RequestFactory(REMOTE_ADDR=address).get('/'))}")


@pytest.mark.parametrize("screen", ANSWER_OF)
def test_a_screen_of_a_megabyte_is_not_saved_and_the_page_says_why(client, screen):
    begin(client)
    client.post(WHERE[screen], {ANSWER_OF[screen]: "avant"})
    response = client.post(WHERE[screen], {ANSWER_OF[screen]: MEGABYTE})
    assert response.status_code == 413
    assert "Votre texte est trop long" in read_text(response)
    assert len(response.content) < 50_000
    assert DraftPage.objects.get(screen=screen).values[ANSWER_OF[screen]] == ["avant"]


@pytest.mark.parametrize("screen", ANSWER_OF)
@pytest.mark.parametrize("text", [TOO_LONG, MEGABYTE], ids=["long", "megabyte"])
def test_the_script_that_saves_is_told_that_a_text_is_too_long(client, screen, text):
    begin(client)
    response = client.post(reverse("declare_keep", args=[screen.value]), {ANSWER_OF[screen]: text})
    assert response.status_code == 413
    assert response.json()["message"].startswith("Votre texte est trop long pour être enregistré. Raccourcissez-le")
    assert not DraftPage.objects.filter(screen=screen).exists()


@pytest.mark.parametrize(("screen", "limit"), [(Screen.CALLER, 5_000), (Screen.SERVICES, 300)])
def test_a_text_that_is_too_long_to_be_saved_comes_back_on_its_screen(client, screen, limit):
    """A person who pasted a thread of mails sees it again, with the field to shorten."""
    begin(client)
    name, others = ANSWER_OF[screen], {"service": "civil", "contact_phone": "02 99 00 00 00"}
    posted = {**others, "version": read_hidden_value(client.get(WHERE[screen]), "version")}
    response = client.post(WHERE[screen], {**posted, name: TOO_LONG})
    assert response.status_code == 422
    (error,) = read_field_errors(response, name)
    assert error.replace(" ", "").startswith(f"Cetextea21000caractères,et{limit}suffisent")
    assert TOO_LONG in response.content.decode()
    assert "Cet écran n’est pas enregistré, mais tout ce que vous avez écrit est ci-dessous." in read_text(response)
    assert "Le reste est enregistré" not in read_text(response)
    assert not DraftPage.objects.filter(screen=screen).exists()
    version, pen = read_hidden_value(response, "version"), read_hidden_value(response, "plume")
    shortened = client.post(WHERE[screen], {**others, "version": version, "plume": pen, name: "Tout est chiffré."})
    assert shortened.status_code == 303
    assert DraftPage.objects.get(screen=screen).values[name] == ["Tout est chiffré."]


def test_a_long_text_comes_back_before_the_body_is_known_and_changes_what_the_page_changed(client):
    client.get(START)
    client.post(START, {"quoi": "rancon"})
    client.post(WHERE[Screen.CALLER], {"description": "avant"})
    response = client.post(WHERE[Screen.CALLER], {"description": TOO_LONG, "version": "lue"})
    assert response.status_code == 422
    assert read_field_errors(response, "description")
    assert read_hidden_value(response, "version") == "lue"
    assert DraftPage.objects.get(screen=Screen.CALLER).values == {"description": ["avant"]}


def test_a_long_text_comes_back_on_a_device_that_has_lost_its_draft_and_starts_one_once_it_is_shorter(client):
    """The draft may have been deleted while the page was open. The page names no code, since it opens nothing."""
    client.get(START)
    response = client.post(WHERE[Screen.CALLER], {"description": TOO_LONG})
    assert response.status_code == 422
    assert read_field_errors(response, "description")
    assert TOO_LONG in response.content.decode()
    assert "Code de reprise" not in read_text(response)
    assert "Enregistré à" not in read_text(response)
    assert not Draft.objects.exists()
    pen = read_hidden_value(response, "plume")
    shortened = client.post(WHERE[Screen.CALLER], {"description": "Tout est chiffré.", "plume": pen})
    assert shortened["Location"] == START
    assert DraftPage.objects.get().values == {"description": ["Tout est chiffré."]}


@pytest.mark.parametrize("screen", ANSWER_OF)
def test_a_draft_does_not_begin_with_a_megabyte(client, screen):
    client.get(START)
    assert client.post(WHERE[screen], {ANSWER_OF[screen]: MEGABYTE}).status_code == 413
    assert not Draft.objects.exists()


def test_many_values_of_one_input_are_not_saved(client):
    begin(client)
    assert client.post(WHERE[Screen.SERVICES], {"service": ["civil"] * 900}).status_code == 413
    assert not DraftPage.objects.filter(screen=Screen.SERVICES).exists()


@pytest.mark.parametrize(
    "fields", [{"ajouter": "oui"}, {"ajouter": MEGABYTE[:900_000]}, {}, {"quoi": MEGABYTE[:900_000]}]
)
def test_the_texts_of_the_express_screen_are_bounded_too(client, fields):
    half = MEGABYTE[:60_000]
    response = post_express(client, contact_phone=half, q=half, **fields)
    assert len(response.content) + len(response.get("Location", "")) < 50_000
    assert all(len(page.values.get("contact_phone", [""])[0]) <= 1_000 for page in DraftPage.objects.all())


def test_an_express_screen_over_a_long_draft_leads_to_the_screen_to_shorten(client):
    begin(client)
    long = {"description": "a" * 19_950, "supplier": "a" * 9_950}
    assert client.post(WHERE[Screen.CALLER], {**long, "vers": "donnees"}).status_code == 303
    added = post_express(client, contact_phone="0" * 500, q="Nulle-Part", ajouter="oui")
    assert added["Location"] == f"{WHERE[Screen.CALLER]}?corriger=oui"


def test_an_express_screen_that_was_open_when_a_long_declaration_was_sent_leads_to_it(client):
    """What was typed may be long and clean to little."""
    begin(client)
    pen = read_hidden_value(client.get(EXPRESS_URL), "plume")
    padded = {"description": f"Écran{' ' * 19_900}", "supplier": " " * 9_900, "contact_phone": "02 99 00 00 00"}
    assert client.post(WHERE[Screen.CALLER], padded)["Location"] == SENT
    fields = {"plume": pen, "quoi": "rancon", "contact_phone": "0" * 1_000, "collectivite": str(plouexemple().uid)}
    response = client.post(EXPRESS_URL, fields, follow=True)
    assert response.redirect_chain[-1] == (SENT, 303)
    assert Incident.objects.count() == 1


@pytest.mark.parametrize("is_express", [False, True], ids=["screens", "express"])
def test_a_confirmation_page_repeats_what_its_screen_asks_and_nothing_else(client, is_express):
    """A megabyte came back as several, since hidden inputs are escaped."""
    junk = {"site_web": "http://spam.example", "bourrage": "<" * 900_000, "vers": "<" * 60_000}
    if is_express:
        response = post_express(client, collectivite=str(plouexemple().uid), **junk)
    else:
        begin(client)
        response = client.post(
            WHERE[Screen.CALLER], {"contact_phone": "02 99 00 00 00", "description": "Écran", **junk}
        )
    page = response.content.decode()
    assert "Encore un bouton, et c’est envoyé" in read_text(response)
    assert len(page) < 200_000
    assert 'name="contact_phone" value="02 99 00 00 00"' in page
    assert "bourrage" not in page
    assert 'name="site_web"' not in page


def test_a_whole_draft_is_bounded():
    """All a draft holds is its five screens, and each entry is refused before it is saved."""
    assert len(SCREEN_ORDER) * DRAFT_SCREEN_LIMIT == 150_000
    half = "a" * (DRAFT_SCREEN_LIMIT // 2)
    ScreenEntry(screen=Screen.CALLER, values={"description": [half], "supplier": [half]})
    for values in (
        {"description": ["a" * (DRAFT_VALUE_LIMIT + 1)]},
        {"description": [half], "supplier": [half], "contact_name": ["a"]},
        {"service": ["a"] * (MAX_DRAFT_VALUES + 1)},
    ):
        with pytest.raises(EntryTooLarge):
            ScreenEntry(screen=Screen.CALLER, values=values)


def test_what_a_person_can_type_is_far_below_the_limits(client):
    """A text that is four times too long is saved, so that its author can shorten it."""
    assert 4 * max(fact.limit for fact in map_facts(Declaration).values()) <= DRAFT_VALUE_LIMIT
    assert 2 * len(PublicService) <= MAX_DRAFT_VALUES
    assert len(INPUTS_BY_SCREEN[Screen.SERVICES]) * 120 < DRAFT_SCREEN_LIMIT
    begin(client)
    client.post(WHERE[Screen.CALLER], {"description": "é" * DRAFT_VALUE_LIMIT, "contact_phone": "02 99 00 00 00"})
    page = client.get(f"{WHERE[Screen.CALLER]}?erreur=oui")
    assert "20000 caractères" in read_text(page)
    assert "é" * DRAFT_VALUE_LIMIT in page.content.decode()


@pytest.mark.usefixtures("few_starts")
@pytest.mark.parametrize("screen", [Screen.WHAT, Screen.WHO, Screen.CALLER])
def test_confirmed_starts_are_counted_and_slowed(screen):
    address = make_address()
    statuses = [start(address, screen, confirme="oui").status_code for _number in range(5)]
    assert statuses == [303, 303, 303, 429, 429]
    assert Draft.objects.count() == 3
    assert start(make_address(), screen, confirme="oui").status_code == 303
    wait(address, "begin")
    assert start(address, screen, confirme="oui").status_code == 303
    assert start(address, screen, confirme="oui").status_code == 429


@pytest.mark.usefixtures("few_starts")
def test_who_must_wait_is_told_and_keeps_what_was_typed():
    address = make_address()
    for _number in range(3):
        start(address, confirme="oui")
    response = start(address, Screen.CALLER, description="Tout est chiffré.", confirme="oui")
    assert response.status_code == 429
    assert response["Retry-After"] == "10"
    assert "Attendez dix secondes, puis appuyez" in read_text(response)
    assert "Rien n’est perdu." in read_text(response)
    assert 'name="description" value="Tout est chiffré."' in response.content.decode()


@pytest.mark.usefixtures("few_declarations")
def test_confirmed_declarations_are_slowed_and_then_accepted():
    address = make_address()
    clients = [Client(REMOTE_ADDR=address) for _number in range(4)]
    for client in clients:
        begin(client)
    fields = {"contact_phone": "02 99 00 00 00", "confirme": "oui"}
    responses = [client.post(WHERE[Screen.CALLER], fields) for client in clients]
    assert [response.status_code for response in responses] == [303, 303, 429, 429]
    assert Incident.objects.count() == 2
    assert "Votre déclaration n’est pas encore partie." in read_text(responses[-1])
    wait(address, "declare")
    assert clients[-1].post(WHERE[Screen.CALLER], fields).status_code == 303
    assert Incident.objects.count() == 3


@pytest.mark.usefixtures("few_declarations")
def test_confirmed_express_declarations_are_slowed_too():
    address = make_address()
    statuses = []
    for _number in range(4):
        client = Client(REMOTE_ADDR=address)
        statuses.append(post_express(client, collectivite=str(plouexemple().uid), confirme="oui").status_code)
    assert statuses == [303, 303, 429, 429]
    assert Incident.objects.count() == 2


def propose_body(address: str, number: int):
    """Add a « CCAS numéro … » from a new device, and confirm."""
    fields = {"kind": "ccas", "name": f"CCAS numéro {number}", "siren": make_fake_siren(616_000 + number)}
    client = Client(REMOTE_ADDR=address)
    return client.post(reverse("declare_new_body"), fields | {"town": "29232", "autre": "oui", "confirme": "oui"})


def test_confirmed_bodies_are_slowed(monkeypatch):
    monkeypatch.setattr(body_views, "MAX_UNCONFIRMED_BODIES", 0)
    monkeypatch.setattr(body_views, "MAX_CONFIRMED_BODIES", 1)
    address, before = make_address(), Collectivity.objects.count()
    responses = [propose_body(address, number) for number in range(4)]
    assert [response.status_code for response in responses] == [302, 302, 429, 429]
    assert Collectivity.objects.count() == before + 2
    assert "Attendez dix secondes, puis appuyez" in read_text(responses[-1])
    assert [response.get("Retry-After") for response in responses] == [None, None, "10", "10"]


def test_a_body_that_was_added_before_starts_no_endless_number_of_drafts(monkeypatch):
    monkeypatch.setattr(body_views, "MAX_STARTS_WITH_BODY", 2)
    address = make_address()
    responses = [propose_body(address, 1) for _number in range(4)]
    assert [response["Location"].partition("?")[0] for response in responses] == [WHERE[Screen.WHO]] * 2 + [START] * 2
    assert "collectivite=" in responses[-1]["Location"]
    assert Draft.objects.count() == 2


def test_beyond_the_quota_of_drafts_the_page_leads_to_the_express_screen(settings):
    """The count is in the database: it holds if the cache is lost."""
    address, fields = make_address(), {"description": "Tout est chiffré.", "confirme": "oui"}
    assert start(address, Screen.CALLER).status_code == 303
    settings.DRAFTS_AN_HOUR = 1
    response = start(address, Screen.CALLER, **fields)
    text, page = read_text(response), response.content.decode().partition("<h1>")[2]
    assert response.status_code == 429
    assert 3_500 < int(response["Retry-After"]) <= 3_600
    assert "Nous ne pouvons pas garder de brouillon pour le moment" in text
    assert "Demandez que l’on vous rappelle : cela suffit pour déclarer." in text
    assert "ce sera possible dans 60 minutes" in text
    assert page.index(f'href="{EXPRESS_URL}"') < page.index("Réessayer")
    assert 'name="description" value="Tout est chiffré."' in response.content.decode()
    assert Draft.objects.count() == 1
    assert start(make_address(), Screen.CALLER, **fields).status_code == 303
    RecentCount.objects.update(began_at=timezone.now() - BURST_WINDOW)
    assert start(address, Screen.CALLER, **fields).status_code == 303


def test_beyond_the_quota_of_drafts_the_express_screen_has_what_was_just_chosen(settings):
    settings.DRAFTS_AN_HOUR, address, body = 1, make_address(), str(plouexemple().uid)
    start(address)
    page = start(address, collectivite=body, confirme="oui")
    (link,) = re.findall(rf'href="({EXPRESS_URL}[^"]*)"', page.content.decode())
    assert link == f"{EXPRESS_URL}?quoi=rancon&amp;collectivite={body}"
    opened = Client().get(EXPRESS_URL, {"quoi": "rancon", "collectivite": body})
    assert read_hidden_value(opened, "collectivite") == body
    assert '<option value="rancon" selected>' in opened.content.decode()


@pytest.mark.usefixtures("few_starts")
def test_only_drafts_that_start_are_counted_in_the_quota(settings):
    settings.DRAFTS_AN_HOUR, address = 2, make_address()
    statuses = [start(address).status_code for _number in range(5)]
    assert statuses == [303, 200, 200, 200, 200]
    assert start(address, confirme="oui").status_code == 303
    assert start(address, confirme="oui").status_code == 429


@pytest.mark.parametrize("is_listed", [True, False], ids=["listed body", "new body"])
def test_beyond_the_quota_of_drafts_an_express_declaration_is_accepted(settings, is_listed):
    settings.DRAFTS_AN_HOUR, address = 1, make_address()
    start(address)
    client, body = Client(REMOTE_ADDR=address), str(plouexemple().uid)
    if not is_listed:
        added = post_express(client, q="CCAS d’Exempleville", ajouter="ccas")
        assert added["Location"].startswith(reverse("declare_new_body"))
        fields = {
            "kind": "ccas",
            "name": "CCAS d’Exempleville",
            "no_siren": "oui",
            "town": "29232",
            "retour": "rappel",
        }
        chosen = client.post(reverse("declare_new_body"), fields)
        assert chosen["Location"].startswith(f"{EXPRESS_URL}?collectivite=")
        body = read_hidden_value(client.get(chosen["Location"]), "collectivite")
    assert post_express(client, collectivite=body, rappel="oui").status_code == 303
    assert str(Incident.objects.get().collectivity.uid) == body
