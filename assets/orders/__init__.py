"""Orders: exports of shops, turned into raw conversion signals.

Here: which columns of an export mean what, its records, the rows that the raw table takes, and storing them.
Not here: which signals add up to one conversion (assets/attribution), the command (pipelines/commands/importing).
"""

from __future__ import annotations

from assets.orders.shops import SHOPS, Shop, load_shop
from assets.orders.storing import OrderImport, import_orders

__all__ = ["SHOPS", "OrderImport", "Shop", "import_orders", "load_shop"]
