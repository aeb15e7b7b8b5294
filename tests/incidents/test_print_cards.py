"""The card for the wall: one body at once, all the communes of a département in one PDF that a task makes."""

import re
from io import BytesIO
from itertools import islice

import pytest
import time_machine
from django.db.models.functions import Length
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from accounts.enums import Helper
from accounts.models import EmergencyContact
from collectivities.enums import Kind
from collectivities.models import Collectivity, Departement
from collectivities.services import create_proposed_body, mark_body_confirmed
from core import typeset
from csirts.models import Csirt
from incidents.enums import PaperKind, PaperState
from incidents.files import vault
from incidents.models import Paper
from incidents.services.declaring.limits import MAX_CARDS
from incidents.services.papers import making as papers
from incidents.services.papers.cards import TEMPLATES, build_body_card, list_cards, list_communes
from incidents.services.papers.making import make_due as make_papers
from tests.cast import a_responder, an_agent, breizh_cyber, declare, finistere, plouexemple
from tests.incidents.devices import signed_in
from tests.incidents.journeys import listed
from tests.paper import codes_of, pages_of
from tests.reading import text

pytestmark = pytest.mark.django_db
ALL = "/secours/departement/29/"


@pytest.fixture(autouse=True)
def empty_store(settings):
    settings.STORAGES = dict(settings.STORAGES)


@pytest.fixture
def town():
    breizh_cyber()
    return plouexemple()


def body_of(response):
    return b"".join(response.streaming_content)


def test_it_works(client, town):
    found = client.get("/secours/", {"q": "plouexemple"})
    assert f"/secours/{town.uid}/" in found.content.decode()
    shown = text(client.get(f"/secours/{town.uid}/"))
    for words in ("Breizh Cyber", "0 800 200 008", "Liste de l’ANSSI", "17Cyber", "Débranchez", "Assureur"):
        assert words in shown
    answer = client.get(f"/secours/{town.uid}/pdf/")
    assert body_of(answer).startswith(b"%PDF-1.7")
    assert answer["Content-Disposition"] == 'attachment; filename="fiche-de-secours.pdf"'


def test_a_member_prints_the_numbers_that_the_body_entered(client, town):
    """On the page and in the PDF; a stranger gets the lines empty."""
    agent = an_agent()
    contact = {"kind": "supplier", "name": "Exemple Informatique", "phone": "02 99 00 00 01", "updated_by": agent}
    EmergencyContact.objects.create(collectivity=town, **contact)
    for asker, is_there in ((Client(), False), (signed_in(a_responder()), False), (signed_in(agent), True)):
        page = asker.get(f"/secours/{town.uid}/")
        words = PdfReader(BytesIO(body_of(asker.get(f"/secours/{town.uid}/pdf/")))).pages[0].extract_text()
        for shown in (text(page), words):
            assert ("02 99 00 00 01" in shown) is is_there
            assert ("À remplir maintenant" in shown) is not is_there
        assert "no-store" in page["Cache-Control"]


def test_the_qr_code_leads_to_the_declaration_of_that_body(client, town):
    card = build_body_card(town, on=timezone.localdate())
    assert card["address"] == f"http://localhost:8000/declarer/?collectivite={town.uid}"
    assert codes_of(body_of(client.get(f"/secours/{town.uid}/pdf/"))) == [[card["address"]]]
    asked = client.get(card["address"])
    assert f'name="collectivite" value="{town.uid}"' in asked.content.decode()
    answer = client.post("/declarer/", {"quoi": "rancon", "collectivite": str(town.uid)}, follow=True)
    assert "Est-ce bien elle ?" in text(answer).replace("\xa0", " ")
    assert "Plouexemple" in text(answer)
    assert client.get("/declarer/?collectivite=x").status_code == 200


@pytest.mark.parametrize(
    ("town", "words"), [("Ajaccio", "Presse, à confirmer"), ("Mamoudzou", "Aucun centre ne couvre votre territoire")]
)
def test_where_there_is_no_number_the_card_says_what_to_do(client, town, words):
    body = listed(town)
    shown = text(client.get(f"/secours/{body.uid}/"))
    assert words in shown
    assert "17cyber.gouv.fr" in shown
    assert body_of(client.get(f"/secours/{body.uid}/pdf/")).startswith(b"%PDF")


def test_every_card_fits_its_page(town):
    """The longest name, the longest reason, the most numbers, the longest contacts: one page all the same."""
    words = {"name": "Exemple " * 15, "phone": "0 " * 20, "note": "contrat " * 25}
    most = [EmergencyContact(kind=kind, **words) for kind in Helper]
    longest = Collectivity.objects.existing().annotate(length=Length("name")).order_by("-length").first()
    endless = plouexemple(insee_code="29996", name="Communauté de l’Exemple et de ses Trois Rivières " * 3, stem="x")
    for body in [longest, endless, *map(listed, ("Ajaccio", "Mamoudzou", "Nouméa", "Rennes", "Dijon"))]:
        for contacts in ((), most):
            card = build_body_card(body, on=timezone.localdate(), contacts=contacts)
            pdf = typeset.typeset(TEMPLATES / "cards.typ", {"title": "Essai", "cards": [card]})
            assert pages_of(pdf) == 1, body


def test_a_merged_commune_leads_to_its_heir(client, town):
    former = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    former.vanished_on, former.merged_into = timezone.localdate(), town
    former.save()
    assert "Plouexemple" in text(client.get(f"/secours/{former.uid}/"))
    former.merged_into = None
    former.save()
    assert client.get(f"/secours/{former.uid}/").status_code == 404


def test_what_is_not_a_number_is_said(client):
    answer = client.get("/secours/", {"q": "123456789"})
    assert answer.status_code == 422
    assert "n’existe pas" in text(answer)
    assert client.get("/secours/departement/zz/").status_code == 404


@pytest.mark.proof
def test_a_whole_departement_is_one_pdf(client, town):
    communes = list_communes(finistere()).count()
    assert communes > 200
    assert "Personne ne l’a encore demandé" in text(client.get(ALL))
    assert client.post(ALL)["Location"] == ALL
    assert f"0 sur {communes} communes." in text(client.get(ALL))
    assert client.get(f"{ALL}pdf/").status_code == 404
    make_papers()
    paper = Paper.objects.get()
    assert (paper.state, paper.done, paper.total) == (PaperState.MADE, communes, communes)
    answer = client.get(f"{ALL}pdf/")
    content = body_of(answer)
    assert pages_of(content) == communes
    assert len(content) == paper.size
    assert content.endswith(b"%%EOF\n")
    assert "Le PDF est prêt" in text(client.get(ALL))


@pytest.fixture
def small(monkeypatch):
    """A département of seven communes, in batches of five."""
    monkeypatch.setattr(papers, "list_cards", lambda departement, on: islice(list_cards(departement, on=on), 7))


def test_whoever_asks_and_how_often_it_is_made_once_a_day(client, town, small):
    for visitor in (client, Client(), Client()):
        visitor.post(ALL)
    make_papers()
    client.post(ALL)
    assert Paper.objects.count() == 1
    first = Paper.objects.get()
    with time_machine.travel(timezone.now() + timezone.timedelta(days=1)):
        client.post(ALL)
        assert Paper.objects.count() == 2
        make_papers()
    assert Paper.objects.get().pk != first.pk


def test_an_address_that_asks_for_many_departements_is_told_to_wait(client, town, small):
    """Of the same département as often as one likes: nothing more is made. A card of one's own comes at once."""
    codes = list(Departement.objects.exclude(code="29").values_list("code", flat=True)[: MAX_CARDS + 1])
    for code in codes[:-1]:
        assert client.post(f"/secours/departement/{code}/").status_code == 302
        assert client.post(f"/secours/departement/{code}/").status_code == 302
    refused = client.post(f"/secours/departement/{codes[-1]}/")
    assert refused.status_code == 429
    assert "Réessayez dans une heure" in text(refused)
    assert Paper.objects.count() == MAX_CARDS
    assert client.get(f"/secours/{town.uid}/pdf/").status_code == 200
    other = client.post(f"/secours/departement/{codes[-1]}/", headers={"X-Forwarded-For": "192.0.2.1"})
    assert other.status_code == 302


def test_the_pack_of_a_case_passes_before_the_cards_that_strangers_asked_for(town):
    incident = declare()
    papers.ask_wall_cards(departement=finistere())
    pack = Paper.objects.create(kind=PaperKind.ANSWER_PACK, incident=incident, total=1)
    assert papers.claim_paper(timezone.now()) == pack


def test_a_long_paper_makes_way_for_packs_and_other_work(town, small, monkeypatch):
    papers.ask_wall_cards(departement=finistere())
    cards = papers.claim_paper(timezone.now())
    pack = Paper.objects.create(kind=PaperKind.ANSWER_PACK, incident=declare(), total=1)
    monkeypatch.setattr(papers, "LONGEST_ROUND", timezone.timedelta(0))
    monkeypatch.setattr(papers, "make_due", lambda *, kinds: made.append(kinds))
    made, turns = [], []
    assert papers.try_paper(cards, lambda: turns.append(Paper.objects.get(pk=cards.pk).done)) is True
    assert made == [[PaperKind.ANSWER_PACK]] * 2
    assert turns == [5, 7]
    assert pack.state == PaperState.ASKED


def fails(*args, **kwargs):
    raise ValueError


def test_one_that_failed_may_be_asked_again_at_once(client, town, small, monkeypatch):
    monkeypatch.setattr(papers, "typeset", fails)
    client.post(ALL)
    for tries in range(papers.MAX_TRIES + 1):
        with time_machine.travel(timezone.now() + tries * papers.LEASE):
            make_papers()
    assert Paper.objects.get().state == PaperState.FAILED
    shown = text(client.get(ALL))
    assert "n’a pas pu être fait" in shown
    assert "Le demander de nouveau" in shown
    monkeypatch.undo()
    monkeypatch.setattr(papers, "list_cards", lambda departement, on: islice(list_cards(departement, on=on), 7))
    client.post(ALL)
    make_papers()
    assert Paper.objects.get().state == PaperState.MADE


def test_that_of_yesterday_is_there_while_the_new_one_is_made(client, town, small, monkeypatch):
    client.post(ALL)
    make_papers()
    old = body_of(client.get(f"{ALL}pdf/"))
    with time_machine.travel(timezone.now() + timezone.timedelta(days=1)):
        assert "Le refaire avec les numéros d’aujourd’hui" in text(client.get(ALL))
        client.post(ALL)
        shown = text(client.get(ALL))
        assert "Le PDF se prépare" in shown
        assert "Celui d’avant reste là" in shown
        assert body_of(client.get(f"{ALL}pdf/")) == old
        monkeypatch.setattr(papers, "typeset", fails)
        make_papers()
        Paper.objects.filter(state=PaperState.ASKED).update(state=PaperState.FAILED)
        assert "Télécharger le PDF" in text(client.get(ALL))
        assert body_of(client.get(f"{ALL}pdf/")) == old


def test_one_that_nobody_makes_is_said_and_may_be_asked_again(client, town, small):
    """No worker at all: the page says when it was asked, and a worker that comes back makes it once."""
    client.post(ALL)
    assert "Demandé le " in text(client.get(ALL))
    with time_machine.travel(timezone.now() + timezone.timedelta(minutes=6)):
        assert "Le PDF tarde" in text(client.get(ALL))
        client.post(ALL)
        shown = text(client.get(ALL))
        assert "Le PDF se prépare" in shown
        assert "Le demander de nouveau" not in shown
        make_papers()
    assert Paper.objects.get().state == PaperState.MADE


def test_a_worker_that_dies_half_way_is_followed_by_another(
    client, town, small, monkeypatch, django_capture_on_commit_callbacks
):
    client.post(ALL)
    joined = []

    def dies(template, data):
        joined.append(data)
        if len(joined) == 2:
            raise SystemExit
        return typeset.typeset(template, data)

    monkeypatch.setattr(papers, "typeset", dies)
    with pytest.raises(SystemExit):
        make_papers()
    assert Paper.objects.get().done == 5
    monkeypatch.setattr(papers, "typeset", typeset.typeset)
    make_papers()
    assert Paper.objects.get().state == PaperState.ASKED
    left = Paper.objects.get().storage_name
    assert vault.get_store().exists(left)
    with time_machine.travel(timezone.now() + papers.LEASE), django_capture_on_commit_callbacks(execute=True):
        make_papers()
    assert Paper.objects.get().state == PaperState.MADE
    assert pages_of(body_of(client.get(f"{ALL}pdf/"))) == 7
    assert not vault.get_store().exists(left)


def test_a_worker_that_was_taken_for_dead_stops(town, small):
    """It was only slow: it learns at its next step that another makes the paper, and leaves nothing."""
    papers.ask_wall_cards(departement=finistere())
    slow = papers.claim_paper(timezone.now())
    with time_machine.travel(timezone.now() + papers.LEASE):
        quick = papers.claim_paper(timezone.now())
        assert papers.try_paper(slow) is False
        assert not vault.get_store().exists(slow.storage_name)
        assert papers.try_paper(quick) is True
    assert Paper.objects.get().storage_name == quick.storage_name


def test_each_step_says_that_the_worker_lives(town, small, monkeypatch):
    papers.ask_wall_cards(departement=finistere())
    paper = papers.claim_paper(timezone.now())
    seen = []

    def slowly(*args, **kwargs):
        seen.append(Paper.objects.get().due_at)
        clock.shift(40)
        return typeset.typeset(*args, **kwargs)

    monkeypatch.setattr(papers, "typeset", slowly)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert papers.try_paper(paper) is True
    assert seen[1] - seen[0] > timezone.timedelta(seconds=30)


def test_every_place_of_the_table_is_that_of_its_object(tmp_path):
    """What a reader of PDF relies on: each object stands where the table says, and each page is reached."""
    card = build_body_card(plouexemple(), on=timezone.localdate())
    one = typeset.typeset(TEMPLATES / "cards.typ", {"title": "Essai", "cards": [card, card]})
    path = tmp_path / "joined.pdf"
    with path.open("wb") as file:
        joiner = typeset.Joiner(file)
        for _ in range(3):
            joiner.add(one)
        joiner.finish()
    pdf = path.read_bytes()
    objects = dict(typeset.list_objects(pdf))
    start = int(pdf.rpartition(b"startxref")[2].split()[0])
    assert pdf[start:].startswith(b"xref\n0 %d\n" % (len(objects) + 1))
    assert joiner.pages == 6
    kids = [int(n) for tree in refs(objects[1], b"Kids") for n in refs(objects[tree], b"Kids")]
    assert len(set(kids)) == 6
    for number in kids:
        assert objects[number].startswith(b"<</Type/Page/")
    for content in objects.values():
        for named in re.findall(rb"(\d+) 0 R", content.partition(b"stream\n")[0]):
            assert int(named) in objects


@pytest.mark.proof
def test_the_whole_keeps_the_tags_of_each_card(client, town, small):
    """What a screen reader relies on: from each page to what is tagged on it, and one tree that holds all."""
    client.post(ALL)
    make_papers()
    reader = PdfReader(BytesIO(body_of(client.get(f"{ALL}pdf/"))))
    catalog = reader.trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"] == "fr-FR"
    assert b"<pdfuaid:part>1</pdfuaid:part>" in catalog["/Metadata"].get_data()
    tags = catalog["/StructTreeRoot"]
    keyed = tags["/ParentTree"]["/Nums"]
    by_key = dict(zip(keyed[::2], keyed[1::2], strict=True))
    assert len(by_key) == len(keyed) // 2 == tags["/ParentTreeNextKey"]
    for page in reader.pages:
        first = by_key[page["/StructParents"]].get_object()[0].get_object()
        assert (first["/S"], first["/T"]) == ("/H1", "En cas d’attaque informatique")
        assert first["/Pg"].get_object() == page
        assert page["/Tabs"] == "/S"
        assert len(page["/Annots"]) > 2
        for link in page["/Annots"]:
            assert by_key[link.get_object()["/StructParent"]].get_object()["/S"] == "/Link"
        while "/P" in first:
            first = first["/P"].get_object()
        assert first == tags


def test_each_code_of_the_whole_leads_to_its_own_commune(client, town, small):
    client.post(ALL)
    make_papers()
    bodies = list_communes(finistere()).order_by("sort_key", "pk")[:7]
    expected = [[f"http://localhost:8000/declarer/?collectivite={body.uid}"] for body in bodies]
    assert codes_of(body_of(client.get(f"{ALL}pdf/"))) == expected


def refs(content, name):
    return [int(number) for number in re.findall(rb"(\d+) 0 R", content.partition(name)[2].partition(b"]")[0])]


def test_hostile_names_stay_words(client):
    csirt = Csirt.objects.create(slug="hostile", name="#panic() <b> 😱", level="territorial")
    body = plouexemple(insee_code="29997", name="<script>alert(1)</script> *x* \\ #x", stem="x")
    assert csirt.pk
    assert "<script>alert" not in client.get(f"/secours/{body.uid}/").content.decode()
    assert body_of(client.get(f"/secours/{body.uid}/pdf/")).startswith(b"%PDF")


def test_pages_cost_few_queries(client, town, django_assert_max_num_queries):
    for address in ("/secours/", "/secours/?q=saint", f"/secours/{town.uid}/", ALL):
        client.get(address)
        with django_assert_max_num_queries(10):
            assert client.get(address).status_code == 200
    assert Departement.objects.count() > 100
    assert Collectivity.objects.count() > 30_000


def test_no_card_for_a_body_that_nobody_has_confirmed(client, town):
    """Whoever declares writes its name: nobody prints their words under our title."""
    body = create_proposed_body(kind=Kind.CCAS, name="CCAS : appelez ce numéro", siren=None, seat=town)
    for page in ("", "pdf/"):
        assert client.get(f"/secours/{body.uid}/{page}").status_code == 404
    mark_body_confirmed(body)
    assert client.get(f"/secours/{body.uid}/").status_code == 200
