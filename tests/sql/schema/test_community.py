"""Community: refused on the editions of the suite; the text of its statements, which a trial runs on a real one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sql.schema.checking import check_schema
from sql.schema.columns import Chunks, look_at_columns
from sql.schema.community import Choice, choose, switch_off, switch_on, use_community
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.conftest import silent
from tests.sql.rows import HARBOR, add_tenants, events
from tests.sql.schema_text import described


def test_another_edition_is_named_and_nothing_is_changed(fresh_url: str) -> None:
    before = described(fresh_url)
    for choice in (Choice(), None):
        with pytest.raises(PermanentError, match=r"no TimescaleDB Community \((TimescaleDB, A|PostgreSQL w)"):
            use_community(fresh_url, choice, silent)
    assert described(fresh_url) == before
    assert check_schema(fresh_url) == []


def test_rows_that_are_to_be_archived_are_not_dropped_by_a_job(warehouse: Warehouse, database_url: str) -> None:
    dropping = Choice(40, 400)
    with pytest.raises(PermanentError, match=r"archived at s3://bucket/earshot before they go.*Nothing was changed"):
        use_community(database_url, dropping, silent, archive="s3://bucket/earshot")
    add_tenants(warehouse)
    with warehouse.transaction() as connection:
        connection.execute("UPDATE tenants SET raw_days = 400 WHERE tenant_id = %s", [HARBOR])
    with pytest.raises(PermanentError, match=r"Raw rows of harbor[a-z-]* are to be archived"):
        use_community(database_url, dropping, silent)
    # What is not dropped is nobody's loss: only the edition stands against it.
    with pytest.raises(PermanentError, match="no TimescaleDB Community"):
        use_community(database_url, Choice(40), silent, archive="s3://bucket/earshot")


def test_columns_are_looked_at_on_an_edition_that_has_none(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    warehouse.insert("listener_events", events(HARBOR, [datetime(2026, 3, 1, tzinfo=UTC)]))
    found = look_at_columns(warehouse)
    assert (found.edition, found.chunks) == ("apache", (Chunks("listener_events", 1, 0),))
    assert (found.jobs, found.dropped_after) == ((), None)


def test_row_level_security_goes_before_columns_and_comes_back_after_them() -> None:
    on, off = list(switch_on()), list(switch_off())
    for table in ("listener_events", "attribution_events"):
        places = [on.index(f"ALTER TABLE public.{table} {word} ROW LEVEL SECURITY") for word in ("NO FORCE", "DISABLE")]
        columns = [number for number, each in enumerate(on) if f"{table} SET (timescaledb.compress," in each]
        assert max(places) < min(columns)
        back = [off.index(f"ALTER TABLE public.{table} {word} ROW LEVEL SECURITY") for word in ("ENABLE", "FORCE")]
        assert off.index(f"ALTER TABLE public.{table} SET (timescaledb.compress = false)") < min(back)


def test_nothing_is_dropped_unless_it_is_asked_for_and_what_is_gone_is_not_counted_again() -> None:
    usual, dropping = list(choose(Choice(40))), list(choose(Choice(40, 90)))
    assert not [each for each in usual if "add_retention_policy" in each]
    assert len([each for each in usual if "start_offset => NULL" in each]) == 2
    assert [each for each in dropping if "add_retention_policy" in each] == [
        f"SELECT add_retention_policy('public.{table}', interval '90 days')"
        for table in ("listener_events", "attribution_events")
    ]
    assert len([each for each in dropping if "start_offset => interval '89 days'" in each]) == 2


def test_counts_have_the_columns_of_the_views_that_they_replace() -> None:
    for each in (*switch_on(), *switch_off()):
        if "CREATE" in each:
            assert "AS starts_at, event_type, count(*) AS events FROM public.listener_events GROUP BY" in each
    granted = [each for each in (*switch_on(), *switch_off()) if each.startswith("GRANT")]
    assert {each.rpartition(" ")[2] for each in granted} == {"earshot_etl"}
    assert len(granted) == 4
