"""The name of a body in a sentence."""

import pytest
from django.db.models import Q

from collectivities.models import Collectivity

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("code", "name", "label"),
    [
        ("29232", "Quimper (Finistère)", "commune de Quimper (Finistère)"),
        ("72181", "Le Mans (Sarthe)", "commune du Mans (Sarthe)"),
        ("91692", "Les Ulis (Essonne)", "commune des Ulis (Essonne)"),
        ("17300", "La Rochelle (Charente-Maritime)", "commune de La Rochelle (Charente-Maritime)"),
        ("94038", "L’Haÿ-les-Roses (Val-de-Marne)", "commune de L’Haÿ-les-Roses (Val-de-Marne)"),
        ("13004", "Arles (Bouches-du-Rhône)", "commune d’Arles (Bouches-du-Rhône)"),
        ("83069", "Hyères (Var)", "commune d’Hyères (Var)"),
        ("14333", "Honfleur (Calvados)", "commune de Honfleur (Calvados)"),
        ("98817", "Le Mont-Dore (Nouvelle-Calédonie)", "commune du Mont-Dore (Nouvelle-Calédonie)"),
        ("75056", "Paris", "commune de Paris"),
        ("98735", "Papeete (Polynésie française)", "commune de Papeete (Polynésie française)"),
        (
            "200000172",
            "CC Faucigny - Glières (Haute-Savoie)",
            "communauté de communes Faucigny - Glières (Haute-Savoie)",
        ),
        ("200046977", "Métropole de Lyon (Rhône)", "Métropole de Lyon (Rhône)"),
        ("01", "Département de l’Ain", "Département de l’Ain"),
        ("R53", "Région Bretagne", "Région Bretagne"),
        ("R94", "Collectivité de Corse", "Collectivité de Corse"),
    ],
)
def test_a_body_has_its_name_and_its_label(code, name, label):
    body = Collectivity.objects.with_territory().get(Q(insee_code=code) | Q(siren=code))
    assert (str(body), body.label) == (name, label)


def test_names_of_fifty_bodies_take_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert all(
            body.label and str(body) and body.home_region for body in Collectivity.objects.with_territory()[:50]
        )
