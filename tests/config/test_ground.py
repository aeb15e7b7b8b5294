from django.db import connection

from accounts.models import Installation


def test_it_works(db):
    Installation.objects.create(is_demonstration=False)
    assert Installation.objects.count() == 1


def test_a_database_of_its_own_starts_clean_and_commits(transactional_db):
    assert Installation.objects.count() == 0
    Installation.objects.create(is_demonstration=False)
    assert connection.settings_dict["NAME"] in transactional_db
