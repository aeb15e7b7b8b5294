"""Wall cards: one body's card at once, or all the communes of a département in one PDF that a task makes."""

import re
from io import BytesIO
from itertools import islice

import pytest
import time_machine
from django.db.models.functions import Length
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from accounts.enums import EmergencyContactKind
from accounts.models import EmergencyContact
from collectivities.enums import Kind
from collectivities.models import Collectivity, Departement
from collectivities.services import create_proposed_body, save_body_confirmation
from core import typeset
from csirts.models import Csirt
from incidents.enums import PaperKind, PaperState
from incidents.files import vault
from incidents.models import Paper
from incidents.services.declaring.limits import MAX_CARD_REQUESTS
from incidents.services.papers import making as papers
from incidents.services.papers.cards import TEMPLATES, build_body_card, list_cards, list_communes
from incidents.services.papers.making import make_due_papers as make_papers
from tests.cast import a_responder, an_agent, declare, finistere, plouexemple
from tests.incidents.devices import sign_in_as
from tests.incidents.journeys import find_commune
from tests.paper import count_pages, read_codes
from tests.reading import NBSP, read_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("new_store")]
ALL = "/secours/departement/29/"


def read_content(response):
    return b"".join(response.streaming_content)


def test_a_visitor_finds_a_town_and_prints_its_card(client, town):
    results = client.get("/secours/", {"q": "plouexemple"})
    assert f"/secours/{town.uid}/" in results.content.decode()
    page_text = read_text(client.get(f"/secours/{town.uid}/"))
    for words in ("Breizh Cyber", "0 800 200 008", "Liste de l’ANSSI", "17Cyber", "Débranchez", "Assureur"):
        assert words in page_text
    answer = client.get(f"/secours/{town.uid}/pdf/")
    assert read_content(answer).startswith(b"%PDF-1.7")
    assert answer["Content-Disposition"] == 'attachment; filename="fiche-de-secours.pdf"'


def test_a_member_prints_the_numbers_that_the_body_entered(client, town):
    """They are on the page and in the PDF; a stranger gets empty lines."""
    agent = an_agent()
    contact = {"kind": "supplier", "name": "Exemple Informatique", "phone": "02 99 00 00 01", "updated_by": agent}
    EmergencyContact.objects.create(collectivity=town, **contact)
    for visitor, is_there in ((Client(), False), (sign_in_as(a_responder()), False), (sign_in_as(agent), True)):
        page = visitor.get(f"/secours/{town.uid}/")
        words = PdfReader(BytesIO(read_content(visitor.get(f"/secours/{town.uid}/pdf/")))).pages[0].extract_text()
        for content in (read_text(page), words):
            assert ("02 99 00 00 01" in content.replace(NBSP, " ")) is is_there
            assert ("À remplir maintenant" in content) is not is_there
        assert "no-store" in page["Cache-Control"]


def test_the_qr_code_leads_to_a_declaration_for_the_body(client, town):
    card = build_body_card(town, on=timezone.localdate())
    assert card["address"] == f"http://localhost:8000/declarer/?collectivite={town.uid}"
    assert read_codes(read_content(client.get(f"/secours/{town.uid}/pdf/"))) == [[card["address"]]]
    form_page = client.get(card["address"])
    assert f'name="collectivite" value="{town.uid}"' in form_page.content.decode()
    answer = client.post("/declarer/", {"quoi": "rancon", "collectivite": str(town.uid)}, follow=True)
    assert "Est-ce bien elle ?" in read_text(answer).replace("\xa0", " ")
    assert "Plouexemple" in read_text(answer)
    assert client.get("/declarer/?collectivite=x").status_code == 200


@pytest.mark.parametrize(
    ("town", "words"), [("Ajaccio", "Presse, à confirmer"), ("Mamoudzou", "Aucun centre ne couvre votre territoire")]
)
def test_a_card_without_a_number_says_what_to_do(client, town, words):
    body = find_commune(town)
    page_text = read_text(client.get(f"/secours/{body.uid}/"))
    assert words in page_text
    assert "17cyber.gouv.fr" in page_text
    assert read_content(client.get(f"/secours/{body.uid}/pdf/")).startswith(b"%PDF")


def test_every_card_fits_its_page(town):
    """Even with the longest name, reason and contacts and the most numbers, a card is one page."""
    words = {"name": "Exemple " * 15, "phone": "0 " * 20, "note": "contrat " * 25}
    most = [EmergencyContact(kind=kind, **words) for kind in EmergencyContactKind]
    longest = Collectivity.objects.existing().annotate(length=Length("name")).order_by("-length").first()
    endless = plouexemple(insee_code="29996", name="Communauté de l’Exemple et de ses Trois Rivières " * 3, stem="x")
    for body in [longest, endless, *map(find_commune, ("Ajaccio", "Mamoudzou", "Nouméa", "Rennes", "Dijon"))]:
        for contacts in ((), most):
            card = build_body_card(body, on=timezone.localdate(), contacts=contacts)
            pdf = typeset.typeset(TEMPLATES / "cards.typ", {"title": "Essai", "cards": [card]})
            assert count_pages(pdf) == 1, body


def test_a_merged_commune_shows_the_card_of_its_successor(client, town):
    former = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    former.vanished_on, former.merged_into = timezone.localdate(), town
    former.save()
    assert "Plouexemple" in read_text(client.get(f"/secours/{former.uid}/"))
    former.merged_into = None
    former.save()
    assert client.get(f"/secours/{former.uid}/").status_code == 404


def test_a_wrong_siren_is_reported(client):
    answer = client.get("/secours/", {"q": "123456789"})
    assert answer.status_code == 422
    assert "n’existe pas" in read_text(answer)
    assert client.get("/secours/departement/zz/").status_code == 404


@pytest.mark.proof
def test_a_whole_departement_is_one_pdf(client, town):
    communes = list_communes(finistere()).count()
    assert communes > 200
    assert "Personne ne l’a encore demandé" in read_text(client.get(ALL))
    assert client.post(ALL)["Location"] == ALL
    assert f"0 sur {communes} communes." in read_text(client.get(ALL))
    assert client.get(f"{ALL}pdf/").status_code == 404
    make_papers()
    paper = Paper.objects.get()
    assert (paper.state, paper.done, paper.total) == (PaperState.MADE, communes, communes)
    answer = client.get(f"{ALL}pdf/")
    content = read_content(answer)
    assert count_pages(content) == communes
    assert len(content) == paper.size
    assert content.endswith(b"%%EOF\n")
    assert "Le PDF est prêt" in read_text(client.get(ALL))


@pytest.fixture
def small_departement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit the département to seven communes, in batches of five."""
    monkeypatch.setattr(papers, "list_cards", lambda departement, on: islice(list_cards(departement, on=on), 7))


def test_the_cards_of_a_departement_are_made_once_a_day(client, town, small_departement):
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


def test_an_address_that_requests_many_departements_must_wait(client, town, small_departement):
    """Requests for the same département do not count, and the card of one body is never limited."""
    codes = list(Departement.objects.exclude(code="29").values_list("code", flat=True)[: MAX_CARD_REQUESTS + 1])
    for code in codes[:-1]:
        assert client.post(f"/secours/departement/{code}/").status_code == 302
        assert client.post(f"/secours/departement/{code}/").status_code == 302
    refused = client.post(f"/secours/departement/{codes[-1]}/")
    assert refused.status_code == 429
    assert "Réessayez dans une heure" in read_text(refused)
    assert Paper.objects.count() == MAX_CARD_REQUESTS
    assert client.get(f"/secours/{town.uid}/pdf/").status_code == 200
    other = client.post(f"/secours/departement/{codes[-1]}/", headers={"X-Forwarded-For": "192.0.2.1"})
    assert other.status_code == 302


def test_the_pack_of_a_case_is_made_before_wall_cards(town):
    incident = declare()
    papers.request_wall_cards(departement=finistere())
    pack = Paper.objects.create(kind=PaperKind.ANSWER_PACK, incident=incident, total=1)
    assert papers.claim_paper(timezone.now()) == pack


def test_a_long_paper_pauses_for_packs_and_other_work(town, small_departement, monkeypatch):
    papers.request_wall_cards(departement=finistere())
    cards = papers.claim_paper(timezone.now())
    pack = Paper.objects.create(kind=PaperKind.ANSWER_PACK, incident=declare(), total=1)
    monkeypatch.setattr(papers, "PASS_TIME_LIMIT", timezone.timedelta(0))
    monkeypatch.setattr(papers, "make_due_papers", lambda *, kinds: kinds_made.append(kinds))
    kinds_made, turns = [], []
    assert papers.try_to_make_paper(cards, lambda: turns.append(Paper.objects.get(pk=cards.pk).done)) is True
    assert kinds_made == [[PaperKind.ANSWER_PACK]] * 2
    assert turns == [5, 7]
    assert pack.state == PaperState.ASKED


def fail(*args, **kwargs):
    raise ValueError


def test_cards_that_failed_may_be_requested_again_at_once(client, town, small_departement, monkeypatch):
    monkeypatch.setattr(papers, "typeset", fail)
    client.post(ALL)
    for tries in range(papers.MAX_TRIES + 1):
        with time_machine.travel(timezone.now() + tries * papers.LEASE):
            make_papers()
    assert Paper.objects.get().state == PaperState.FAILED
    page_text = read_text(client.get(ALL))
    assert "n’a pas pu être fait" in page_text
    assert "Le demander de nouveau" in page_text
    monkeypatch.undo()
    monkeypatch.setattr(papers, "list_cards", lambda departement, on: islice(list_cards(departement, on=on), 7))
    client.post(ALL)
    make_papers()
    assert Paper.objects.get().state == PaperState.MADE


def test_yesterdays_cards_stay_available_while_new_ones_are_made(client, town, small_departement, monkeypatch):
    client.post(ALL)
    make_papers()
    old = read_content(client.get(f"{ALL}pdf/"))
    with time_machine.travel(timezone.now() + timezone.timedelta(days=1)):
        assert "Le refaire avec les numéros d’aujourd’hui" in read_text(client.get(ALL))
        client.post(ALL)
        page_text = read_text(client.get(ALL))
        assert "Le PDF se prépare" in page_text
        assert "Celui d’avant reste là" in page_text
        assert read_content(client.get(f"{ALL}pdf/")) == old
        monkeypatch.setattr(papers, "typeset", fail)
        make_papers()
        Paper.objects.filter(state=PaperState.ASKED).update(state=PaperState.FAILED)
        assert "Télécharger le PDF" in read_text(client.get(ALL))
        assert read_content(client.get(f"{ALL}pdf/")) == old


def test_overdue_cards_are_reported_and_may_be_requested_again(client, town, small_departement):
    """Without a worker the page says when the cards were requested; a worker that comes back makes them once."""
    client.post(ALL)
    assert "Demandé le " in read_text(client.get(ALL))
    with time_machine.travel(timezone.now() + timezone.timedelta(minutes=6)):
        assert "Le PDF tarde" in read_text(client.get(ALL))
        client.post(ALL)
        page_text = read_text(client.get(ALL))
        assert "Le PDF se prépare" in page_text
        assert "Le demander de nouveau" not in page_text
        make_papers()
    assert Paper.objects.get().state == PaperState.MADE


def test_cards_that_wait_while_the_time_is_set_back_are_made(client, town, small_departement):
    client.post(ALL)
    with time_machine.travel(timezone.now() - timezone.timedelta(hours=2)):
        make_papers()
    assert Paper.objects.get().state == PaperState.MADE


def test_another_worker_makes_the_cards_that_a_killed_one_began(
    client, town, small_departement, monkeypatch, django_capture_on_commit_callbacks
):
    client.post(ALL)
    joined = []

    def typeset_and_die(template, data):
        joined.append(data)
        if len(joined) == 2:
            raise SystemExit
        return typeset.typeset(template, data)

    monkeypatch.setattr(papers, "typeset", typeset_and_die)
    with pytest.raises(SystemExit):
        make_papers()
    assert Paper.objects.get().done == 5
    monkeypatch.setattr(papers, "typeset", typeset.typeset)
    make_papers()
    assert Paper.objects.get().state == PaperState.ASKED
    unfinished = Paper.objects.get().storage_name
    assert vault.get_store().exists(unfinished)
    with time_machine.travel(timezone.now() + papers.LEASE), django_capture_on_commit_callbacks(execute=True):
        make_papers()
    assert Paper.objects.get().state == PaperState.MADE
    assert count_pages(read_content(client.get(f"{ALL}pdf/"))) == 7
    assert not vault.get_store().exists(unfinished)


def test_a_slow_worker_stops_once_another_has_taken_over(town, small_departement):
    """It learns at its next step that another worker makes the paper, and leaves no file."""
    papers.request_wall_cards(departement=finistere())
    slow = papers.claim_paper(timezone.now())
    with time_machine.travel(timezone.now() + papers.LEASE):
        quick = papers.claim_paper(timezone.now())
        assert papers.try_to_make_paper(slow) is False
        assert not vault.get_store().exists(slow.storage_name)
        assert papers.try_to_make_paper(quick) is True
    assert Paper.objects.get().storage_name == quick.storage_name


def test_each_batch_renews_the_lease_of_the_worker(town, small_departement, monkeypatch):
    papers.request_wall_cards(departement=finistere())
    paper = papers.claim_paper(timezone.now())
    leases = []

    def typeset_slowly(*args, **kwargs):
        leases.append(Paper.objects.get().due_at)
        clock.shift(40)
        return typeset.typeset(*args, **kwargs)

    monkeypatch.setattr(papers, "typeset", typeset_slowly)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert papers.try_to_make_paper(paper) is True
    assert leases[1] - leases[0] > timezone.timedelta(seconds=30)


def test_the_joined_pdf_has_a_correct_cross_reference_table(tmp_path):
    """Each object is at the offset that the table gives, and each page is reached."""
    card = build_body_card(plouexemple(), on=timezone.localdate())
    single = typeset.typeset(TEMPLATES / "cards.typ", {"title": "Essai", "cards": [card, card]})
    path = tmp_path / "joined.pdf"
    with path.open("wb") as file:
        joiner = typeset.PdfJoiner(file)
        for _ in range(3):
            joiner.add(single)
        joiner.finish()
    pdf = path.read_bytes()
    objects = dict(typeset.list_pdf_objects(pdf))
    start = int(pdf.rpartition(b"startxref")[2].split()[0])
    assert pdf[start:].startswith(b"xref\n0 %d\n" % (len(objects) + 1))
    assert joiner.pages == 6
    kids = [int(n) for tree in list_references(objects[1], b"Kids") for n in list_references(objects[tree], b"Kids")]
    assert len(set(kids)) == 6
    for number in kids:
        assert objects[number].startswith(b"<</Type/Page/")
    for content in objects.values():
        for target in re.findall(rb"(\d+) 0 R", content.partition(b"stream\n")[0]):
            assert int(target) in objects


def test_the_joined_pdf_keeps_the_tags_of_each_card(client, town, small_departement):
    """A screen reader follows the tags of each page, which hang on one tree."""
    client.post(ALL)
    make_papers()
    reader = PdfReader(BytesIO(read_content(client.get(f"{ALL}pdf/"))))
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


def test_each_code_of_the_joined_pdf_leads_to_its_own_commune(client, town, small_departement):
    client.post(ALL)
    make_papers()
    bodies = list_communes(finistere()).order_by("sort_key", "pk")[:7]
    expected = [[f"http://localhost:8000/declarer/?collectivite={body.uid}"] for body in bodies]
    assert read_codes(read_content(client.get(f"{ALL}pdf/"))) == expected


def list_references(content, name):
    return [int(number) for number in re.findall(rb"(\d+) 0 R", content.partition(name)[2].partition(b"]")[0])]


def test_a_hostile_name_is_escaped_on_a_card_and_in_its_pdf(client):
    csirt = Csirt.objects.create(slug="hostile", name="#panic() <b> 😱", level="territorial")
    body = plouexemple(insee_code="29997", name="<script>alert(1)</script> *x* \\ #x", stem="x")
    assert csirt.pk
    assert "<script>alert" not in client.get(f"/secours/{body.uid}/").content.decode()
    assert read_content(client.get(f"/secours/{body.uid}/pdf/")).startswith(b"%PDF")


def test_pages_cost_few_queries(client, town, django_assert_max_num_queries):
    for address in ("/secours/", "/secours/?q=saint", f"/secours/{town.uid}/", ALL):
        client.get(address)
        with django_assert_max_num_queries(10):
            assert client.get(address).status_code == 200
    assert Departement.objects.count() > 100
    assert Collectivity.objects.count() > 30_000


def test_an_unconfirmed_body_has_no_card(client, town):
    """Anybody who declares may write its name, which must not be printed under the title of Tocsin."""
    body = create_proposed_body(kind=Kind.CCAS, name="CCAS : appelez ce numéro", siren=None, seat=town)
    for page in ("", "pdf/"):
        assert client.get(f"/secours/{body.uid}/{page}").status_code == 404
    save_body_confirmation(body)
    assert client.get(f"/secours/{body.uid}/").status_code == 200
