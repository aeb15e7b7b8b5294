"""A database of mails goes back to the version before."""

from notifications import tasks
from notifications.enums import DeliveryStatus
from tests.cast import breizh_cyber, declare
from tests.notifications.mailing import deliver_all
from tests.notifications.waiting_mails import give_centre_address, list_statuses, write_as_declarant


def test_undoing_the_migration_marks_a_mail_no_longer_needed_as_without_channel(take_back_to, post, clock):
    breizh_cyber(notification_email="")
    incident = declare()
    write_as_declarant(incident, "k")
    deliver_all()
    give_centre_address()
    tasks.reconcile()
    assert DeliveryStatus.MOOT in list_statuses("csirt")
    take_back_to("notifications", "0003")
    assert DeliveryStatus.NO_CHANNEL in list_statuses("csirt")
