"""What TLP and PAP let out of a case, in one table."""

import pytest

from incidents import sharing
from incidents.enums import IncidentType, Pap, Tlp
from incidents.models import Incident
from incidents.sharing import PartnerKind


def case(**said):
    return Incident(**{"tlp": Tlp.AMBER_STRICT, "type": IncidentType.RANSOMWARE} | said)


def test_it_works():
    rules = (
        *(sharing.may_be_mailed_to_declarant, sharing.may_be_mailed_to_csirt_in_words),
        *(sharing.may_be_told_in_a_sentence, lambda one: sharing.may_share_lesson(one.tlp)),
    )
    assert {tlp: [rule(case(tlp=tlp)) for rule in rules] for tlp in Tlp.values} == {
        "red": [False] * 4,
        "amber+strict": [True] * 4,
        "amber": [True] * 4,
        "green": [True] * 4,
        "clear": [True] * 4,
    }


@pytest.mark.parametrize("kind", [IncidentType.MAILBOX, IncidentType.ADMIN_ACCOUNT])
def test_a_mailbox_that_others_may_read_gets_no_words(kind):
    assert not sharing.may_be_mailed_to_declarant(case(type=kind))
    assert sharing.may_be_mailed_to_csirt_in_words(case(type=kind))


def test_whom_each_label_reaches():
    reached = {
        tlp: {kind.value for kind in PartnerKind if sharing.may_be_shared_with_partner(tlp, kind)}
        for tlp in Tlp.values
    }
    assert reached == {
        "red": set(),
        "amber+strict": set(),
        "amber": {"client"},
        "green": {"client", "community", "colleague"},
        "clear": {"client", "community", "colleague", "public"},
    }


def test_each_label_is_said():
    assert set(sharing.TLP_MEANS) == set(Tlp.values)
    assert set(sharing.PAP_MEANS) == set(Pap.values)
