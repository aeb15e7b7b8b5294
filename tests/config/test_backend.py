from django.db import connection

from accounts.models import Installation


def test_a_test_may_write_to_the_database(db):
    Installation.objects.create(is_demonstration=False)
    assert Installation.objects.count() == 1


def test_a_transactional_test_starts_with_a_clean_database(transactional_db):
    assert Installation.objects.count() == 0
    Installation.objects.create(is_demonstration=False)
    assert connection.settings_dict["NAME"] in transactional_db
