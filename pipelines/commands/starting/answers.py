"""Answers: what a first report needs to know, from options or from a person at a terminal.

Here: what is wanted, its defaults, what it may be, and the same as one command again.
Not here: the command (command.py), what is done with it (steps.py).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import click

from assets.catalogue.files.forms import parse
from assets.catalogue.first_files import NO_CAMPAIGN, NO_SPONSOR
from assets.catalogue.names import slugify
from assets.importing.addresses import TrustedProxies
from assets.importing.sources.places import STDIN, Place, check_place
from assets.web.requesting import check_address
from pipelines.commands.importing.orders import zone_or_refusal
from pipelines.commands.importing.reading import chosen_mapping
from reports.delivery.addresses import AddressError, clean_address
from sql.values import EarshotError, PermanentError

T = TypeVar("T")

# The names of the two files in the folder of the catalogue.
NETWORK, CAMPAIGN = "network.yaml", "first-campaign.yaml"

# The options that say what stands in each of them.
OF_NETWORK = {"name": "--name", "timezone": "--time-zone", "currency": "--currency"}
OF_CAMPAIGN = {
    name: f"--{name}" for name in ("sponsor", "campaign", "starts", "ends", "price", "booked", "code", "ad")
} | {"recipients": "--recipient"}
AD = "0:00-0:30"
ZONE, CURRENCY = "UTC", "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Everything that the steps take. None of sponsor, campaign, price, booked, code, ad, starts, ends: nobody said.

    store: options of the log's place. overruled: by the name of a file that is there already, the options that were
    given and stand in it.
    """

    tenant: str
    name: str
    timezone: str
    currency: str
    feed: str
    log: str
    recipients: tuple[str, ...]
    sponsor: str | None
    campaign: str | None
    price: Decimal | None
    booked: int | None
    code: str | None
    position: str
    ad: tuple[float, float] | None
    starts: date | None
    ends: date | None
    show: str | None
    folder: Path
    store: Mapping[str, str]
    format_name: str | None
    map_file: Path | None
    proxies: tuple[str, ...]
    is_forced: bool
    overruled: Mapping[str, tuple[str, ...]]

    @property
    def catalogue(self) -> Path:
        """The folder of the catalogue's files."""
        return self.folder / "catalogue"

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    def command(self) -> str:
        """The command that goes on where this one stopped, or does it again. What stands in the files is left out."""
        given: list[tuple[str, object]] = [("--tenant", self.tenant)]
        if not (self.catalogue / NETWORK).exists():
            given += [("--name", None if self.name == _named(self.tenant) else self.name)]
            given += [("--time-zone", None if self.timezone == ZONE else self.timezone)]
            given += [("--currency", None if self.currency == CURRENCY else self.currency)]
        given += [("--feed", self.feed), ("--log", self.log), ("--show", self.show)]
        given += [("--folder", None if self.folder == Path(self.tenant) else self.folder)]
        given += [(f"--{name}", value) for name, value in self.store.items() if name != "anonymous"]
        given += [("--format", self.format_name), ("--map", self.map_file)]
        given += [("--trusted-proxy", each) for each in self.proxies]
        if not (self.catalogue / CAMPAIGN).exists():
            given += [("--recipient", each) for each in self.recipients]
            given += [("--sponsor", self.sponsor), ("--campaign", self.campaign), ("--price", self.price)]
            given += [("--booked", self.booked), ("--code", self.code)]
            given += [("--position", None if self.position == "pre" else self.position)]
            given += [("--ad", "-".join(f"{each:g}" for each in self.ad) if self.ad else None)]
            given += [("--starts", self.starts), ("--ends", self.ends)]
        words = [str(word) for option, value in given if value is not None for word in (option, value)]
        flags = ["--anonymous"] * ("anonymous" in self.store) + ["--force"] * self.is_forced
        return shlex.join(["earshot", "init", *words, *flags])


def complete(given: Mapping[str, Any], *, is_terminal: bool, store: Mapping[str, str]) -> Answers:
    """The answers from options (given, by their names), with what is missing asked for where a person is there.

    Raises PermanentError for a value that cannot be, and with all options that are missing where nobody can be asked.
    """
    asking = _Asking(given, is_terminal)
    tenant = given["tenant"] or (slugify(given["name"]) if given["name"] else None)
    folder = given["folder"] or (Path(tenant) if tenant else None)
    has_network = folder is not None and (folder / "catalogue" / NETWORK).exists()
    has_campaign = folder is not None and (folder / "catalogue" / CAMPAIGN).exists()
    wanted = [("feed", "--feed URL"), ("log", "--log PLACE")]
    wanted += [] if has_campaign else [("recipients", "--recipient ADDRESS")]
    missing = [] if tenant else ["--tenant SLUG"]
    missing += [option for name, option in wanted if not given[name]]
    if missing and not is_terminal:
        raise PermanentError(
            f"This is missing: {', '.join(missing)}. Give it as options; at a terminal, it is asked for"
        )
    asking.is_asking = bool(missing)
    name = given["name"] or (_named(tenant) if tenant else None)
    name = asking.value("name", "Name of your network", _text, current=name, is_wanted=not has_network)
    tenant = _slug(tenant or slugify(name))
    folder = folder or Path(tenant)
    timezone = asking.value("timezone", "Its time zone", zone_or_refusal, ZONE, is_wanted=not has_network)
    currency = asking.value("currency", "Its currency", _currency, CURRENCY, is_wanted=not has_network)
    feed = asking.value("feed", "RSS feed of a show of it (https://...)", _feed)
    log = asking.value("log", "Log of the server of its files (a file, a folder, 'a*.gz', s3://bucket/prefix/)", _place)
    to = asking.value("recipients", "Who gets the report (an address)", _addresses, (), is_wanted=not has_campaign)
    is_wanted = not has_campaign
    sponsor = asking.value("sponsor", "Name of a sponsor", _text, NO_SPONSOR, is_wanted=is_wanted)
    campaign = asking.value("campaign", "Name of the sponsor's campaign", _text, NO_CAMPAIGN, is_wanted=is_wanted)
    price = asking.value("price", "Price of all its ads, such as 500.00", _price, "", is_wanted=is_wanted)
    booked = asking.value("booked", "How many ads were booked", _count, "", is_wanted=is_wanted)
    code = asking.value("code", "Promo code of the campaign", lambda text: text or None, "", is_wanted=is_wanted)
    ad = asking.value("ad", "Where the ad lies in each episode, from-to", read_span, AD, is_wanted=is_wanted)
    _refuse_own_folder(log, folder)
    chosen_mapping(given["format_name"], given["map_file"])
    TrustedProxies.of(given["proxies"])
    if given["starts"] and given["ends"] and given["ends"] < given["starts"]:
        raise PermanentError(f"--ends {given['ends']:%Y-%m-%d} lies before --starts {given['starts']:%Y-%m-%d}")
    return Answers(
        tenant=tenant,
        name=name or tenant,
        timezone=timezone,
        currency=currency,
        feed=feed,
        log=log,
        recipients=tuple(to),
        sponsor=None if sponsor == NO_SPONSOR else sponsor,
        campaign=None if campaign == NO_CAMPAIGN else campaign,
        price=price,
        booked=booked,
        code=code,
        position=given["position"],
        ad=None if ad == read_span(AD) and not given["ad"] else ad,
        starts=given["starts"].date() if given["starts"] else None,
        ends=given["ends"].date() if given["ends"] else None,
        show=given["show"],
        folder=folder,
        store=store,
        format_name=given["format_name"],
        map_file=given["map_file"],
        proxies=tuple(given["proxies"]),
        is_forced=given["force"],
        overruled={
            NETWORK: tuple(option for key, option in OF_NETWORK.items() if has_network and given[key]),
            CAMPAIGN: tuple(option for key, option in OF_CAMPAIGN.items() if has_campaign and given[key]),
        },
    )


@dataclass(slots=True)
class _Asking:
    """Values by name: given, else asked for, else the default."""

    given: Mapping[str, Any]
    is_terminal: bool
    is_asking: bool = False

    def value(
        self,
        name: str,
        question: str,
        read: Callable[[Any], T],
        default: Any = None,
        *,
        current: Any = None,
        is_wanted: bool = True,
    ) -> T:
        value = self.given[name] or current
        if value:
            return read(value)
        if not (self.is_asking and self.is_terminal and is_wanted):
            return read(default) if default is not None and default != () else default

        def read_typed(text: str) -> T:
            try:
                return read(text)
            except EarshotError as error:
                raise click.UsageError(str(error)) from None

        is_optional = default == ""
        shown = f"{question} (Enter: not known)" if is_optional else question
        answer: T = click.prompt(
            shown, default=default or ("" if is_optional else None), value_proc=read_typed, show_default=not is_optional
        )
        return answer


def _named(tenant: str) -> str:
    """A network's name, where only its slug was given."""
    return tenant.replace("-", " ").title()


def _text(text: str) -> str:
    plain = " ".join(text.split())
    if not plain or len(plain) > 200:
        raise PermanentError("A name has 1 to 200 characters")
    return plain


def _slug(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,99}", text):
        raise PermanentError(f"{text!r} is no slug of a tenant: small letters, digits and dashes, such as my-network")
    return text


def _currency(text: str) -> str:
    code = text.strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise PermanentError(f"{text!r} is no currency: write its three letters, such as EUR")
    return code


def _feed(text: str) -> str:
    check_address(text.strip())
    return text.strip()


def _place(text: str) -> str:
    """A log, found before anything is done."""
    place = Place(text.strip())
    if text.strip() == STDIN:
        raise PermanentError("A log is a file, a folder, a pattern or an address; the standard input is not read here")
    check_place(place)
    if place.is_local and not re.search(r"[*?\[]", place.location) and not place.local_path.exists():
        raise PermanentError(f"{text.strip()} does not exist")
    return text.strip()


def _refuse_own_folder(log: str, folder: Path) -> None:
    """Raises PermanentError where the log's folder would hold the catalogue: its files would be read as logs."""
    place = Place(log)
    if place.is_local and place.local_path.is_dir() and folder.resolve().is_relative_to(place.local_path.resolve()):
        raise PermanentError(
            f"{folder} is to hold catalogue and reports, and lies in the folder of the logs, {log}: name another "
            "with --folder, or the logs by a pattern such as 'logs/*.gz'"
        )


def _addresses(value: Any) -> tuple[str, ...]:
    texts = value.replace(",", " ").split() if isinstance(value, str) else value
    try:
        return tuple(dict.fromkeys(clean_address(each) for each in texts))
    except AddressError as error:
        raise PermanentError(str(error).partition(":")[0]) from None


def _price(value: Any) -> Decimal | None:
    if value == "":
        return None
    try:
        price = Decimal(parse("decimal", str(value)))
    except ValueError as error:
        raise PermanentError(f"The price: {error}") from None
    if price < 0:
        raise PermanentError("The price is not below 0")
    return price


def _count(value: Any) -> int | None:
    if value == "":
        return None
    try:
        count = int(parse("whole", str(value).replace(",", "")))
    except ValueError as error:
        raise PermanentError(f"How many ads: {error}") from None
    if count < 1:
        raise PermanentError("How many ads were booked is 1 or more")
    return count


def read_span(text: str) -> tuple[float, float]:
    """From and to, in seconds."""
    first, _, last = text.replace(" ", "").partition("-")
    try:
        start, end = float(parse("seconds", first)), float(parse("seconds", last))
    except ValueError as error:
        raise PermanentError(f"Where the ad lies is written as {AD}: {error}") from None
    if not 0 <= start < end:
        raise PermanentError(f"Where the ad lies is written as {AD}: it ends after it begins")
    return start, end
