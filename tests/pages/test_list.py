"""The lists of the admin, on the 36 000 bodies of the official list."""

import re
from datetime import date

import pytest
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models import F
from django.forms import ModelForm
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import include, path

from accounts.enums import Role
from accounts.models import Membership, User
from collectivities.models import Collectivity, Departement
from config.admin import TocsinAdminSite
from core.admin import BoundedModelAdmin

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

LIST = "/admin/collectivities/collectivity/"
chosen = []


class CollectivityAdmin(BoundedModelAdmin):
    list_display = ["name", "population"]
    list_select_related = ["departement"]  # the tick box of a row says its name
    list_filter = ["departement"]
    search_fields = ["name"]
    sortable_by = ["population"]
    ordering = [F("population").desc(nulls_last=True), "sort_key"]
    actions = ["choose"]

    def choose(self, request, queryset):
        chosen.append(queryset.count())


class DepartementAdmin(BoundedModelAdmin):
    search_fields = ["name"]


site = TocsinAdminSite()
site.register(Collectivity, CollectivityAdmin)
site.register(Departement, DepartementAdmin)
site.register(User)
urlpatterns = [path("admin/", site.urls), path("", include("config.pages.urls")), path("", include("accounts.urls"))]


@pytest.fixture
def client(client: Client) -> Client:
    user = User.objects.create_user("admin@demo.example")
    Membership.objects.create(user=user, role=Role.ADMINISTRATOR, since_on=date(2026, 1, 1))
    client.force_login(user)
    return client


def list_keys(response):
    return [row.pk for row in response.context["cl"].result_list]


def follow_pages(client, url, pages):
    """Follow « Suite de la liste » as a person does."""
    for _ in range(pages):
        response = client.get(url)
        yield list_keys(response)
        following = re.search(r'class="next" href="([^"]+)"', response.content.decode())
        if not following:
            return
        url = LIST + following[1].replace("&amp;", "&")


def test_a_list_shows_fifty_rows_and_no_count(client):
    response = client.get(LIST)

    assert response.status_code == 200
    assert len(list_keys(response)) == 50
    assert "50 lignes, et d’autres ensuite" in response.content.decode()


def test_a_list_loads_only_the_scripts_of_a_list(client):
    """The scripts of a form listen to « unload », which browsers deprecate and warn about."""
    scripts = re.findall(r'<script src="/static/admin/js/([^"]+)"', client.get(LIST).content.decode())

    assert scripts == ["theme.js", "actions.js", "filters.js"]


@pytest.mark.parametrize("query", ["", "?o=2", "?o=-2", "?q=saint"])
def test_the_pages_follow_each_other_without_a_gap(client, query):
    keys = [pk for rows in follow_pages(client, LIST + query, pages=6) for pk in rows]

    listed = client.get(LIST + query).context["cl"].queryset[:300]
    assert keys == [row.pk for row in listed]
    assert len(keys) == 300


def test_the_pages_reach_the_rows_without_a_value(client):
    """Bodies without a population come last; the pages go into them and end."""
    bodies = Collectivity.objects.filter(departement__code="29").order_by("pk")
    Collectivity.objects.filter(pk__in=bodies.values("pk")[:70]).update(population=None)
    departement = Departement.objects.get(code="29")
    url = f"{LIST}?departement__id__exact={departement.pk}"

    keys = [pk for rows in follow_pages(client, url, pages=50) for pk in rows]

    assert len(keys) == len(set(keys)) == bodies.count()
    assert set(keys[-70:]) == set(bodies.values_list("pk", flat=True)[:70])


@pytest.mark.parametrize("page", [1, 2])
def test_a_list_never_counts_its_rows(client, page):
    url = LIST if page == 1 else LIST + client.get(LIST).context["cl"].get_next_page_url()
    with CaptureQueriesContext(connection) as captured:
        client.get(url)

    assert not [query["sql"] for query in captured if "COUNT(" in query["sql"].upper()]
    assert len(captured) <= 10, [query["sql"][:150] for query in captured]


def test_the_options_of_an_application_override_those_of_the_list():
    assert site.get_model_admin(Collectivity).sortable_by == ["population"]
    assert isinstance(site.get_model_admin(Collectivity), BoundedModelAdmin)
    assert isinstance(site.get_model_admin(User), BoundedModelAdmin)


def test_an_action_never_reaches_rows_that_were_not_ticked(client):
    chosen.clear()
    ticked = list_keys(client.get(LIST))[:2]
    client.post(LIST, {"action": "choose", "select_across": "1", ACTION_CHECKBOX_NAME: ticked, "index": "0"})

    assert chosen == [2]


def test_nothing_is_deleted_in_bulk(client):
    ticked = list_keys(client.get(LIST))[:2]
    client.post(LIST, {"action": "delete_selected", ACTION_CHECKBOX_NAME: ticked, "index": "0", "post": "yes"})

    assert Collectivity.objects.filter(pk__in=ticked).count() == 2


@pytest.mark.parametrize("page", ["n'importe quoi", "\x00", "99999999999999999999", "-1", "0"])
def test_a_wrong_page_number_shows_the_first_page(client, page):
    response = client.get(LIST, {"p": page}, follow=True)

    assert response.status_code == 200
    assert len(list_keys(response)) == 50


def test_an_empty_list_says_what_to_do(client):
    page = client.get(LIST, {"q": "zzzzqqqq"}).content.decode()

    assert "Rien à montrer ici" in page
    assert "enlever les filtres et la recherche" in page


def test_an_autocompletion_is_bounded(client):
    with CaptureQueriesContext(connection) as captured:
        response = client.get(
            "/admin/autocomplete/",
            {"app_label": "collectivities", "model_name": "collectivity", "field_name": "seat", "term": "saint"},
        )

    assert response.status_code == 200
    assert len(response.json()["results"]) == 20
    assert not [query["sql"] for query in captured if "COUNT(" in query["sql"].upper()]


class CopiedForm(ModelForm):
    """A form without the stamps that show what somebody else changed."""


@pytest.mark.parametrize(
    "admin_class",
    [type("PlainAdmin", (ModelAdmin,), {}), type("OverwritingAdmin", (BoundedModelAdmin,), {"form": CopiedForm})],
    ids=["plain", "overwriting"],
)
def test_an_admin_with_the_defaults_of_django_is_refused(admin_class):
    with pytest.raises(ImproperlyConfigured, match=admin_class.__name__):
        TocsinAdminSite().register(Departement, admin_class)
