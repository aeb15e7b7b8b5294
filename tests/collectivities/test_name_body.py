"""The name of a body in a sentence."""

import pytest
from django.db.models import Q

from collectivities.models import Collectivity
from collectivities.wording import prepend_article
from core.french import prepend_a, prepend_de

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


@pytest.mark.parametrize(
    ("name", "with_article", "with_de", "with_a"),
    [
        ("commune d’Hyères", "la commune d’Hyères", "de la commune d’Hyères", "à la commune d’Hyères"),
        ("Le Mans", "Le Mans", "du Mans", "au Mans"),
        ("Les Mureaux", "Les Mureaux", "des Mureaux", "aux Mureaux"),
        ("La Rochelle", "La Rochelle", "de La Rochelle", "à La Rochelle"),
        ("L’Haÿ-les-Roses", "L’Haÿ-les-Roses", "de L’Haÿ-les-Roses", "à L’Haÿ-les-Roses"),
        ("Angers Métropole", "Angers Métropole", "d’Angers Métropole", "à Angers Métropole"),
        ("Étampes", "Étampes", "d’Étampes", "à Étampes"),
        ("Œting", "Œting", "d’Œting", "à Œting"),
        ("Métropole de Lyon", "la Métropole de Lyon", "de la Métropole de Lyon", "à la Métropole de Lyon"),
        (
            "Département du Finistère",
            "le département du Finistère",
            "du département du Finistère",
            "au département du Finistère",
        ),
        ("Région Bretagne", "la région Bretagne", "de la région Bretagne", "à la région Bretagne"),
        ("communauté de communes du X", *(f"{word}la communauté de communes du X" for word in ("", "de ", "à "))),
        ("Syndicat mixte de l’Aulne", *(f"{word} Syndicat mixte de l’Aulne" for word in ("le", "du", "au"))),
        ("SDIS du Finistère", "le SDIS du Finistère", "du SDIS du Finistère", "au SDIS du Finistère"),
        ("CCAS de Brest", "le CCAS de Brest", "du CCAS de Brest", "au CCAS de Brest"),
        ("Centre de gestion", "le Centre de gestion", "du Centre de gestion", "au Centre de gestion"),
        ("Office public", "l’Office public", "de l’Office public", "à l’Office public"),
        ("Eau du Léon", "Eau du Léon", "d’Eau du Léon", "à Eau du Léon"),
    ],
)
def test_a_name_is_contracted_with_its_preposition(name, with_article, with_de, with_a):
    noun = prepend_article(name)
    assert (noun, prepend_de(noun), prepend_a(noun)) == (with_article, with_de, with_a)


@pytest.mark.parametrize(
    ("code", "with_article", "with_de", "with_a"),
    [
        ("83069", "Hyères", "d’Hyères", "à Hyères"),
        ("14333", "Honfleur", "de Honfleur", "à Honfleur"),
        ("72181", "Le Mans", "du Mans", "au Mans"),
        ("94038", "L’Haÿ-les-Roses", "de L’Haÿ-les-Roses", "à L’Haÿ-les-Roses"),
        ("01", "le département de l’Ain", "du département de l’Ain", "au département de l’Ain"),
        ("200000172", *(f"{word}la CC Faucigny - Glières" for word in ("", "de ", "à "))),
    ],
)
def test_a_body_has_its_name_after_a_preposition(code, with_article, with_de, with_a):
    body = Collectivity.objects.get(Q(insee_code=code) | Q(siren=code))
    assert (body.name_with_article, body.name_with_de, body.name_with_a) == (with_article, with_de, with_a)
