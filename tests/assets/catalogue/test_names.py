"""Rows have one readable name each, which no other row takes over."""

from __future__ import annotations

from uuid import UUID

import pytest

from assets.catalogue.names import name_rows, row_uuid, slugify, spelled, spelled_titles, tenant_uuid

A, B, C = (UUID(int=number) for number in (1, 2, 3))


def test_slugs_are_plain() -> None:
    assert [slugify(text) for text in ("Kettle & Co", "Été 2026!", "日本", "--")] == ["kettle-co", "ete-2026", "", ""]


def test_titles_of_other_scripts_are_spelled_in_latin_letters_and_others_stay_as_they_were() -> None:
    assert [spelled(text) for text in ("Кот", "Αθήνα", "서울", "3 Кот", "Été", "–")] == [
        "kot",
        "athina",
        "seoul",
        "3",
        "ete",
        "",
    ]


def test_a_spelling_that_several_titles_have_is_given_to_none() -> None:
    new = {A: "Кот", B: "港", C: "Gang"}

    assert spelled_titles(new, []) == {A: "kot"}
    assert spelled_titles({A: "Кот", B: "港"}, ["Kot"]) == {B: "gang"}
    assert spelled_titles({A: "Кот", B: "Кот?"}, []) == {}


def test_rows_that_are_called_the_same_are_told_apart_all_of_them() -> None:
    names = name_rows("campaigns", {A: "Spring", B: "Spring", C: "Autumn"}, {})
    assert names.by_id[C] == "autumn"
    assert len({names.by_id[A], names.by_id[B], "spring"}) == 3
    with pytest.raises(LookupError, match="may be"):
        names.find("spring")


def test_a_kept_slug_stays_whatever_a_row_is_called() -> None:
    names = name_rows("campaigns", {A: "Autumn", B: "Spring"}, {"spring": A})
    assert names.find("spring") == A
    assert names.by_id[B] != "spring"


def test_a_name_that_is_none_has_near_ones() -> None:
    with pytest.raises(LookupError, match="did you mean autumn"):
        name_rows("campaigns", {A: "Autumn"}, {}).find("autum")


def test_ids_follow_from_names_alone() -> None:
    assert tenant_uuid("harbor") == tenant_uuid("harbor") != tenant_uuid("kreuz")
    assert row_uuid(A, "campaigns", "spring") != row_uuid(A, "placements", "spring")
