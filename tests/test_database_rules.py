"""What the database itself refuses, as a list that is read in a review: nobody drops or loosens a rule by accident.

`python -m tests.write_database_rules` writes the list anew after a change that is wanted.
"""

from tests.write_database_rules import LIST, list_rules


def test_it_works(db):
    kept, found = set(LIST.read_text().splitlines()), set(list_rules())
    assert found - kept == set(), "not in the list: the database refuses more than it did"
    assert kept - found == set(), "in the list only: the database refuses less than it did"
