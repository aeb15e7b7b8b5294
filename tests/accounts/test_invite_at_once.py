"""Two invitations of one new address at one instant: real commits, threads."""

from threading import Barrier, Thread

from django.db import connection

from accounts.enums import Role
from accounts.models import PendingMail, User
from accounts.services.invitations import SentTooSoon, invite_member
from tests.cast import a_person, breizh_cyber, plouexemple

NOUR = "nour@plouexemple.example"


def test_four_clicks_at_once_send_one_invitation(transactional_db):
    breizh_cyber()
    manager, ready, answers = a_person(Role.MANAGER, collectivity=plouexemple()), Barrier(4), []

    def click():
        try:
            ready.wait()
            invite_member(uid=plouexemple().uid, email=NOUR, actor=User.objects.get(pk=manager.pk))
            answers.append("sent")
        except SentTooSoon:
            answers.append("too soon")
        finally:
            connection.close()

    clicks = [Thread(target=click) for _ in range(4)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert sorted(answers) == ["sent", "too soon", "too soon", "too soon"]
    assert PendingMail.objects.count() == User.objects.filter(email=NOUR).count() == 1
