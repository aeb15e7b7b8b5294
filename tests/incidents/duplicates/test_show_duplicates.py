"""The page of a case shows what the declarants of its duplicates entered."""

import html
from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.enums import Answer, LeakStatus, PublicService
from incidents.facts.shapes import Instant, Interruption, Leak
from incidents.triage.wording import format_short_moment
from tests.cast import declare
from tests.incidents.desk import reload
from tests.incidents.merging import merge
from tests.incidents.triage_pages import case_url
from tests.mornings import make_next_morning

pytestmark = pytest.mark.django_db


def test_the_main_case_shows_what_the_duplicate_declared(client, responder, main, time_machine):
    """Its services, instants and data are shown beside its words. Nothing of them enters the main case."""
    time_machine.move_to(make_next_morning())  # an instant at midnight is shown as a day
    day = timezone.now().replace(microsecond=0) - timedelta(days=2)
    stopped = Interruption(service="cantine", extent="stopped", started_at=day)
    duplicate = declare(
        key="other",
        occurred=Instant(at=day, certainty="exact"),
        service_stopped=Answer.YES,
        interruptions=(stopped,),
        data_concerned=Answer.YES,
        leak=Leak(status=LeakStatus.SUSPECTED),
    )
    merge(duplicate, main, responder)
    page_html = client.get(case_url(main)).content.decode()
    block = read_block(page_html, "doubles")
    when = format_short_moment(day, timezone.now(), "Europe/Paris")
    assert f"<dt>Survenu</dt><dd>{when}</dd>" in block
    assert f"<b>{PublicService('cantine').label}</b> <span>arrêté, depuis le {when}</span>" in block
    assert "<dt>Données</dt><dd>concernées, fuite soupçonnée</dd>" in block
    assert not main.interruptions.exists()
    assert reload(main).occurred_at != day


def read_block(page_html, anchor):
    return html.unescape(page_html.split(f'id="{anchor}"')[1].split("</section>")[0])
