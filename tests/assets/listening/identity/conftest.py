"""Fixtures of identity: the packaged rules."""

from __future__ import annotations

import pytest

from assets.listening.identity.agent_rules import Rules, load_rules


@pytest.fixture(scope="session")
def rules() -> Rules:
    return load_rules()
