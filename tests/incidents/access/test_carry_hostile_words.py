"""Every field of every door filled with hostile words, then every page, mail, paper and answer read as its readers do.

What is filled is what the pages show: a field that takes no hostile word, a page that nobody reads are named at the
end. Here with a handful of the words, one of each family among them, for an incident of one type; tests/proofs has the
other words and types.
"""

import pytest

from tests import harmless
from tests.hostile import MARKUP, ONE_OF_EACH
from tests.incidents.hostile_walk import TYPES, carry_words
from tests.routes import list_routes


def test_hostile_text_sent_through_every_route_harms_no_reader(db, post):
    crowd = carry_words(TYPES[0], post, more=ONE_OF_EACH)
    assert set(list_routes()) - crowd.log.read - crowd.log.form_routes == NOT_READ


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/declarer/qui/", "q"),
        ("/secours/", "q"),
        ("/admin/incidents/incident/recherche/", "q"),
        ("/admin/incidents/incident/{}/fusionner/", "avec"),
    ],
)
def test_a_hostile_search_query_is_shown_in_its_field_unchanged(client, responder, incident, address, name):
    client.post("/declarer/", {"quoi": TYPES[0]})
    for word in ONE_OF_EACH:
        tree = harmless.check_response(client.get(address.format(incident.reference), {name: word}))
        [box] = tree.css(f"input[name={name}]")
        assert box.attributes["value"].split() == word.split()


# Redirections, what the admin refuses to everybody, plain texts for programs, what needs a key or a code of a device,
# what answers a script with figures alone, the mails of a demonstration, and a paper of a whole département, set like
# the card of one body.
NOT_READ = {
    ".well-known/security.txt",
    "robots.txt",
    "admin/(?P<url>.*)$",
    "admin/^(?P<app_label>collectivities|csirts|accounts|incidents|notifications|stats|retention)/$",
    "admin/accounts/sitenotice/<path:object_id>/",
    "admin/accounts/sitenotice/<path:object_id>/delete/",
    "admin/accounts/sitenotice/add/",
    "admin/accounts/user/<path:object_id>/",
    "admin/accounts/user/<path:object_id>/delete/",
    "admin/autocomplete/",
    "admin/collectivities/collectivity/<path:object_id>/",
    "admin/collectivities/collectivity/<path:object_id>/delete/",
    "admin/collectivities/collectivity/add/",
    "admin/csirts/coverage/<path:object_id>/",
    "admin/csirts/csirt/<path:object_id>/",
    "admin/jsi18n/",
    "admin/logout/",
    "admin/password_change/",
    "admin/retention/destruction/<int:number>/attestation.txt",
    "admin/retention/retentionchoice/confirmer/",
    "api/v1/incidents/<str:reference>/acknowledge/",
    "compte/cles/<int:pk>/retirer/",
    "compte/codes-de-secours/",
    "compte/confirmer/",
    "compte/confirmer/cle/",
    "compte/confirmer/code/",
    "connexion/code/",
    "declarer/garder/<str:section>/",
    "demonstration/",
    "mails/",
    "mails/<uuid:key>/",
    "secours/departement/<str:number>/pdf/",
    "suivi/<str:reference>/completer/repris/",
    "suivi/<str:reference>/pieces/envoi/",
    "suivi/<str:reference>/pieces/envoi/<uuid:uid>/",
    "suivi/<str:reference>/pieces/envoi/<uuid:uid>/abandonner/",
    "suivi/<str:reference>/rattacher/",
}


@pytest.mark.parametrize("trick", MARKUP, ids=range(len(MARKUP)))
def test_the_page_reader_detects_unescaped_words(trick):
    """Each trick, unescaped, is detected in one place of a page at least."""
    frames = (
        "<p>{}</p>",
        '<a title="{}">x</a>',
        "<a title='{}'>x</a>",
        "<textarea>{}</textarea>",
        "<title>{}</title>",
    )
    harmless.check_page("<p>Un texte &lt;script&gt;piege=1&lt;/script&gt;</p>")
    detections = 0
    for frame in frames:
        try:
            harmless.check_page(frame.format(trick))
        except AssertionError:
            detections += 1
    assert detections or trick in MARKUP[-3:]
