"""The facts of a case that its TLP and PAP allow to share, in one table."""

import pytest

from incidents import sharing
from incidents.enums import IncidentType, Pap, Tlp
from incidents.models import Incident
from incidents.sharing import ReaderKind


def build_case(**fields):
    return Incident(**{"tlp": Tlp.AMBER_STRICT, "type": IncidentType.RANSOMWARE} | fields)


def test_only_red_cases_are_neither_mailed_nor_shared():
    rules = (
        *(sharing.may_mail_texts_to_declarant, sharing.may_mail_texts_to_csirt),
        *(sharing.may_share_sentence, lambda incident: sharing.may_share_lesson(incident.tlp)),
    )
    assert {tlp: [rule(build_case(tlp=tlp)) for rule in rules] for tlp in Tlp.values} == {
        "red": [False] * 4,
        "amber+strict": [True] * 4,
        "amber": [True] * 4,
        "green": [True] * 4,
        "clear": [True] * 4,
    }


@pytest.mark.parametrize("kind", [IncidentType.MAILBOX, IncidentType.ADMIN_ACCOUNT])
def test_a_compromised_mailbox_gets_no_text_of_the_case(kind):
    assert not sharing.may_mail_texts_to_declarant(build_case(type=kind))
    assert sharing.may_mail_texts_to_csirt(build_case(type=kind))


def test_each_tlp_label_reaches_its_partners():
    reached = {
        tlp: {kind.value for kind in ReaderKind if sharing.may_be_shared_with_partner(tlp, kind)} for tlp in Tlp.values
    }
    assert reached == {
        "red": set(),
        "amber+strict": set(),
        "amber": {"client"},
        "green": {"client", "community", "colleague"},
        "clear": {"client", "community", "colleague", "public"},
    }


def test_each_label_has_its_explanation():
    assert set(sharing.TLP_MEANINGS) == set(Tlp.values)
    assert set(sharing.PAP_MEANINGS) == set(Pap.values)
