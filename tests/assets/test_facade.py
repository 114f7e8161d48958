"""A room's public names: found in their modules, under earlier names too, and not before somebody asks for one."""

from __future__ import annotations

import pytest

from assets import grain, markdown
from assets.facade import lazily

HOMES = {".grain": ["CAMPAIGN"], "assets.markdown": ["cell"], "no.such.module": ["later"]}


def test_a_name_is_found_in_its_module_and_by_its_earlier_name() -> None:
    find = lazily("assets", HOMES, renamed={"CAMPAIGN_KEY": "CAMPAIGN"})

    assert find("CAMPAIGN") is find("CAMPAIGN_KEY") is grain.CAMPAIGN
    assert find("cell") is markdown.cell


def test_a_name_that_no_module_has_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(AttributeError, match="assets has no 'cel': it has CAMPAIGN, cell, later"):
        lazily("assets", HOMES)("cel")


def test_a_module_is_loaded_with_the_first_of_its_names() -> None:
    find = lazily("assets", HOMES)

    with pytest.raises(ModuleNotFoundError):
        find("later")
