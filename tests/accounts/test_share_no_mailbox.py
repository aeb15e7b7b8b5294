"""Two centres that confirm one mailbox at one instant: real commits, threads."""

from threading import Barrier, Thread

from django.db import connection
from django.test import Client

from accounts.models import AccessLink
from accounts.services import team
from csirts.models import Csirt
from tests.accounts.lead_pages import MAILBOX, make_link_path
from tests.cast import a_lead, breizh_cyber
from tests.reading import read_text


def test_two_centres_that_confirm_one_mailbox_at_once_do_not_share_it(transactional_db, monkeypatch):
    centres = [breizh_cyber(), Csirt.objects.create(slug="autre", name="Autre Centre")]
    for centre in centres:
        team.start_channel_trial(csirt_id=centre.pk, address=MAILBOX, actor=a_lead(centre))
    paths = [make_link_path(link) for link in AccessLink.objects.order_by("pk")]
    save_channel, ready, answers = team.save_channel, Barrier(2, timeout=20), []

    def save_when_both_have_checked(*args):
        ready.wait()
        save_channel(*args)

    def confirm(path):
        try:
            answers.append(read_text(Client().post(path)))
        finally:
            connection.close()

    monkeypatch.setattr(team, "save_channel", save_when_both_have_checked)
    threads = [Thread(target=confirm, args=[path]) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Csirt.objects.filter(notification_email=MAILBOX).count() == 1
    assert sum("partent désormais à" in answer for answer in answers) == 1
    assert sum("reçoit maintenant les déclarations d’un autre centre" in answer for answer in answers) == 1
