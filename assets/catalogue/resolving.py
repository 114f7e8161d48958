"""Resolving: what entries want, as rows: names become ids, prices minor units, times bytes, and gaps their defaults.

Here: every reference of every entry, and every reason for which an entry cannot become a row, with its line.
Not here: the form of values (structure.py), whether anything changes (comparing.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

from assets.catalogue.comparing import Wanted
from assets.catalogue.files.entries import Entry, Problem
from assets.catalogue.kinds import KINDS, Field, Kind
from assets.catalogue.names import row_uuid
from assets.catalogue.spans import bytes_of
from assets.catalogue.state import ROW_KEYS, Row, State
from reports.delivery.addresses import clean_address
from reports.wording.formats import minor_digits
from reports.wording.subjects import checked_template
from sql.safety.spelling import clean_code
from sql.values import EarshotError

# A tenant's before anybody chooses one, as the table has it.
DEFAULT_CURRENCY = "USD"


class RefusedError(Exception):
    """Why an entry cannot become a row; field: where it is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Resolver:
    """Makes rows of the entries of one tenant. Names of entries that are new count as names, whatever their order."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._wanted: dict[str, dict[tuple[Any, ...], Wanted]] = {name: {} for name in KINDS}
        self._ids: dict[tuple[str, str], UUID] = {}
        self.problems: list[Problem] = []

    def resolve(self, entries: Iterable[Entry]) -> list[Wanted]:
        """The rows that the entries want, in the order of KINDS. What cannot be one is in problems."""
        by_kind: dict[str, list[Entry]] = {name: [] for name in KINDS}
        for entry in entries:
            by_kind[entry.kind].append(entry)
        for kind in KINDS.values():
            for entry in by_kind[kind.name] if kind.name in self._state.names else ():
                self._name(kind, entry)
        for kind in KINDS.values():
            for entry in by_kind[kind.name]:
                try:
                    self._take(kind, entry)
                except RefusedError as refusal:
                    self.problems.append(Problem(entry.raw.at(refusal.field), str(refusal)))
        return [each for rows in self._wanted.values() for each in rows.values()]

    def _name(self, kind: Kind, entry: Entry) -> None:
        """Gives the entry's name to the row that has it, or to a new one."""
        name = str(entry.values[kind.key[0]]).strip()
        names = self._state.names[kind.name]
        if name in names.ambiguous and name not in names.by_name:
            message = f"{name!r} may be {' or '.join(names.ambiguous[name])}: name one of them"
            self.problems.append(Problem(entry.raw.at(kind.key[0]), message))
        new = self._state.tenant if kind.name == "tenants" else row_uuid(self._state.tenant, kind.name, name)
        self._ids[kind.name, name] = names.by_name.get(name, new)

    def _take(self, kind: Kind, entry: Entry) -> None:
        values = {each.stored: self._value(kind, each, entry) for each in kind.fields if each.name in entry.values}
        name = str(entry.values[kind.key[0]]).strip() if kind.name in self._state.names else ""
        row_id = self._ids.get((kind.name, name)) if name else None
        if kind.own_slug:
            values.pop("id", None)
        fill = FILLED.get(kind.name)
        if fill is not None:
            fill(self, entry, values, self._state.row(kind.name, row_id) if row_id else None)
        key = (row_id,) if row_id else tuple(values.get(column) for column in ROW_KEYS[kind.name])
        found = self._state.rows[kind.name].get(key)
        before = self._wanted[kind.name].get(key)
        if before is not None:
            raise RefusedError(kind.key[0], f"{_called(kind, entry)} is there twice, first in {before.place}")
        if found is None:
            self._need(kind, entry, values)
            row_id = row_id or (row_uuid(self._state.tenant, kind.name, *key) if kind.row_id else None)
        elif row_id is None and kind.row_id:
            row_id = found[kind.row_id]
        if row_id is not None:
            values[kind.row_id] = row_id
        self._wanted[kind.name][key] = Wanted(kind.name, key, values, entry.place, name, row_id)

    def _value(self, kind: Kind, field: Field, entry: Entry) -> Any:
        value = entry.values[field.name]
        if value is None:
            return None
        if field.form == "reference":
            return self.refer(field.name, field.refers_to, str(value))
        if field.form == "money":
            return value
        return value.strip() if field.form == "text" and field.name in kind.key else value

    def _need(self, kind: Kind, entry: Entry, values: Mapping[str, Any]) -> None:
        lacking = [name for name in kind.needed if values.get(kind.field(name).stored) is None]
        if lacking:
            raise RefusedError(kind.key[0], f"{_called(kind, entry)} is new and needs {', '.join(lacking)}")

    def refer(self, field: str, kind: str, name: str) -> UUID:
        """The id of a row that another refers to. Raises RefusedError where there is none."""
        row = self._ids.get((kind, name.strip()))
        if row is not None:
            return row
        try:
            return self._state.names[kind].find(name)
        except LookupError as error:
            raise RefusedError(field, f"{field}: {error}") from None

    def effective(self, kind: str, row_id: object, column: str) -> Any:
        """A column of another row as it will be: as the files want it, else as it is."""
        wanted = self._wanted[kind].get((row_id,))
        if wanted is not None and column in wanted.values:
            return wanted.values[column]
        found = self._state.row(kind, row_id)
        return found.get(column) if found else None

    def has(self, kind: str, key: tuple[Any, ...]) -> bool:
        """Whether a row with this key is there already."""
        return key in self._state.rows[kind]

    def currency(self, campaign: object) -> str:
        """The currency of a campaign's prices."""
        return str(self.effective("campaigns", campaign, "currency") or self.own_currency())

    def own_currency(self) -> str:
        """The tenant's own currency."""
        return str(self.effective("tenants", self._state.tenant, "currency") or DEFAULT_CURRENCY)


def _called(kind: Kind, entry: Entry) -> str:
    words = [str(entry.values[name]) for name in kind.key if entry.values.get(name) is not None]
    return f"{kind.name.removesuffix('s')} {' '.join(words)!r}"


def minor_units(field: str, amount: Decimal | None, currency: str) -> int | None:
    """An amount in minor units of its currency. Raises RefusedError for more digits than the currency has."""
    if amount is None:
        return None
    digits = minor_digits(currency)
    minor = amount.scaleb(digits)
    if minor != minor.to_integral_value():
        raise RefusedError(field, f"{field}: {currency} has {digits} digits after the point; got {amount}")
    return int(minor)


Values = dict[str, Any]


def _fill_tenant(resolver: Resolver, entry: Entry, values: Values, found: Row | None) -> None:
    if found is None:
        values.setdefault("brand_name", values.get("name"))
    if values.get("recipient_domains"):
        values["recipient_domains"] = [each.lower().removeprefix("@") for each in values["recipient_domains"]]
    if values.get("subject_template"):
        try:
            checked_template(values["subject_template"])
        except EarshotError as error:
            raise RefusedError("subject_template", str(error)) from None


def _fill_episode(resolver: Resolver, entry: Entry, values: Values, found: Row | None) -> None:
    if found is None:
        values.setdefault("guid", entry.values["id"])


def _fill_campaign(resolver: Resolver, entry: Entry, values: Values, found: Row | None) -> None:
    if found is None:
        values.setdefault("currency", resolver.own_currency())
    currency = values.get("currency") or (found or {}).get("currency") or resolver.own_currency()
    if "target_cpa_minor" in values:
        values["target_cpa_minor"] = minor_units("target_cpa", values["target_cpa_minor"], currency)
    before = (found or {}).get("currency", currency)
    if minor_digits(before) != minor_digits(currency):
        raise RefusedError(
            "currency",
            f"{before} and {currency} have different numbers of digits, so prices would change: enter a new campaign",
        )


def _fill_placement(resolver: Resolver, entry: Entry, values: Values, found: Row | None) -> None:
    if found is None and values.get("insertion_order_id"):
        values.setdefault("campaign_id", resolver.effective("orders", values["insertion_order_id"], "campaign_id"))
    if "cost_minor" in values:
        campaign = values.get("campaign_id") or (found or {}).get("campaign_id")
        values["cost_minor"] = minor_units("price", values["cost_minor"], resolver.currency(campaign))


def _fill_airing(resolver: Resolver, entry: Entry, values: Values, found: Row | None) -> None:
    if "aired_at" not in values and not resolver.has("airings", (values["placement_id"], values["episode_id"])):
        values["aired_at"] = resolver.effective("episodes", values["episode_id"], "published_at")


def _fill_span(resolver: Resolver, entry: Entry, values: Values, found: Row | None) -> None:
    values.setdefault("placement_id", None)
    given = entry.values
    if "start" in given:
        file, episode = values["asset_id"], resolver.effective("files", values["asset_id"], "episode_id")
        duration = resolver.effective("files", file, "duration_s") or resolver.effective(
            "episodes", episode, "duration_s"
        )
        try:
            values["first_byte"], values["last_byte"] = bytes_of(
                given["start"],
                given["end"],
                file_bytes=resolver.effective("files", file, "file_bytes"),
                header_bytes=resolver.effective("files", file, "header_bytes") or 0,
                duration_s=duration,
            )
        except ValueError as error:
            raise RefusedError("start", str(error)) from None
    if values["last_byte"] < values["first_byte"]:
        raise RefusedError("last_byte", "a span ends after it begins")
    if resolver.has("spans", (values["asset_id"], values["placement_id"], values["first_byte"])):
        return
    for name, column in (("position", "position"), ("insertion", "kind")):
        if values.get(name) is None and values["placement_id"] is not None:
            values[name] = resolver.effective("placements", values["placement_id"], column)
        if values.get(name) is None:
            raise RefusedError(name, f"a span of nobody's placement needs its {name}")


def _fill_code(resolver: Resolver, entry: Entry, values: Values, found: Row | None) -> None:
    code = clean_code(values["code"])
    if code is None:
        raise RefusedError("code", "code: nothing of it can be seen")
    values["code"] = code
    values.setdefault("valid_from", None)
    if values.get("sponsor_id") is None:
        if values.get("placement_id") is None:
            raise RefusedError("placement", f"code {code!r} needs its placement")
        campaign = resolver.effective("placements", values["placement_id"], "campaign_id")
        values["sponsor_id"] = resolver.effective("campaigns", campaign, "sponsor_id")


def _fill_subscription(resolver: Resolver, entry: Entry, values: Values, found: Row | None) -> None:
    try:
        if "recipients" in values:
            values["recipients"] = list(dict.fromkeys(map(clean_address, values["recipients"])))
    except EarshotError as error:
        raise RefusedError("recipients", str(error)) from None


def _fill_rate(resolver: Resolver, entry: Entry, values: Values, found: Row | None) -> None:
    if not resolver.has("rates", (values["day"], values["base"], values["quote"])):
        values.setdefault("source", "files")


Fill = Callable[[Resolver, Entry, Values, Row | None], None]
FILLED: Mapping[str, Fill] = {
    "tenants": _fill_tenant,
    "episodes": _fill_episode,
    "campaigns": _fill_campaign,
    "placements": _fill_placement,
    "airings": _fill_airing,
    "spans": _fill_span,
    "codes": _fill_code,
    "subscriptions": _fill_subscription,
    "rates": _fill_rate,
}


def overlapping_spans(wanted: Iterable[Wanted]) -> list[Problem]:
    """Spans of the files that lie over each other in one file: one of them is wrong."""
    by_file: dict[object, list[Wanted]] = {}
    for each in wanted:
        if each.kind == "spans":
            by_file.setdefault(each.values["asset_id"], []).append(each)
    problems = []
    for spans in by_file.values():
        spans.sort(key=lambda each: (each.values["first_byte"], each.values["last_byte"]))
        for before, after in pairwise(spans):
            if after.values["first_byte"] <= before.values["last_byte"]:
                problems.append(Problem(after.place, f"this span lies over the one in {before.place}"))
    return problems
