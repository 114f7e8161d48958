"""The SQL in the docs for analysts, run as it stands against the schema."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

from sql.warehouse import Warehouse

PAGE = (Path(__file__).parents[1] / "docs" / "analysts.md").read_text("utf-8")
BLOCKS = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
INLINE = re.findall(r"\| `(SELECT .*?)` \|$", PAGE, re.MULTILINE)
SOMEBODY = UUID(int=1)


def test_the_page_has_its_examples() -> None:
    assert len(BLOCKS) > 6
    assert len(INLINE) > 12


def test_every_question_of_the_page_can_be_asked(warehouse: Warehouse) -> None:
    """Views are asked as dashboards are: by a login that sees one tenant."""
    views = [each for each in INLINE if re.search(r"FROM (\w+_daily|hours_of_week|pacing_curves|\w+_by_level)\b", each)]
    assert len(views) > 6
    with warehouse.transaction("earshot_readonly", SOMEBODY) as connection:
        for statement in views:
            assert connection.execute(statement.encode()).fetchall() == []
    with warehouse.transaction("earshot_etl", SOMEBODY) as connection:
        for statement in (*BLOCKS, *INLINE):
            connection.execute(statement.replace("'...'", f"'{SOMEBODY}'").encode())
