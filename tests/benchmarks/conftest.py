"""Benchmarks are run from the checkout as `python -m benchmarks.<name>`; their tests import them the same way."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
