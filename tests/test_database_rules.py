"""The rules of the database, as a list that is read in a review, so that nobody drops or loosens one by accident.

`python -m tests.write_database_rules` writes the list again after an intended change.
"""

from tests.write_database_rules import LIST, list_rules


def test_database_refuses_exactly_what_is_listed(db):
    listed, actual = set(LIST.read_text().splitlines()), set(list_rules())
    assert actual - listed == set(), "not in the list: the database refuses more than it did"
    assert listed - actual == set(), "in the list only: the database refuses less than it did"
