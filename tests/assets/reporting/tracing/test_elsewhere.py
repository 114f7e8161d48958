"""What no report's rows explain names the view or page that has it, and both are there."""

from __future__ import annotations

import re
from pathlib import Path

from assets.reporting.tracing.elsewhere import FOLDED, SAME_AS, WHY_NOT
from assets.reporting.tracing.numbers import NUMBERS
from sql.warehouse import Warehouse

ROOT = Path(__file__).parents[4]
TEXTS = [*WHY_NOT.values(), FOLDED]


def test_a_name_is_another_one_s_or_has_a_reason_or_is_explained() -> None:
    assert set(SAME_AS.values()) <= NUMBERS.keys()
    assert not NUMBERS.keys() & SAME_AS.keys()
    assert not WHY_NOT.keys() & {*NUMBERS, *SAME_AS}


def test_views_and_pages_that_a_reason_names_are_there(warehouse: Warehouse) -> None:
    views = {view for text in TEXTS for view in re.findall(r"\bbi\.\w+", text)}
    pages = {page for text in TEXTS for page in re.findall(r"docs/\w+\.md", text)}

    with warehouse.transaction("earshot_owner") as connection:
        found = {view for view in views if connection.execute("SELECT to_regclass(%s)", [view]).fetchone() != (None,)}
    assert views == found != set()
    assert {page for page in pages if not (ROOT / page).is_file()} == set()
    assert all("bi." in text or "earshot reports" in text for text in TEXTS)
