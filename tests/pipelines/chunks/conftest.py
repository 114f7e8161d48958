"""Days in chunks are compared by the fingerprint of the benchmarks, which lie beside the tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))
