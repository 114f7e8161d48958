"""Settings: what the environment says, and what is refused with a sentence."""

from __future__ import annotations

from dataclasses import fields

import pytest

from pipelines.settings import load_settings
from sql.limits import Limits
from sql.values import PermanentError


def test_every_limit_of_the_database_can_be_set() -> None:
    environ = {f"EARSHOT_DB_{each.name.upper()}": str(number) for number, each in enumerate(fields(Limits), 1)}
    assert load_settings(environ).limits == Limits(1, 2, 3, 4, 5, 6, 7)
    assert load_settings({}).limits == Limits()


@pytest.mark.parametrize("text", ["0", "-1", "ten", "1.5", "²", "99999999999"])
def test_a_limit_that_is_no_number_of_seconds_is_refused(text: str) -> None:
    with pytest.raises(PermanentError, match=r"EARSHOT_DB_IDLE_S is .* must be a number of seconds from 1 to 2000000"):
        load_settings({"EARSHOT_DB_IDLE_S": text})
