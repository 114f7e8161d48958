"""First files: what a network that is new writes into its catalogue, as files that a person edits and applies again.

Here: a tenant, and a first campaign with one placement over episodes that are there, as the text of YAML files.
Not here: where the values come from (pipelines/commands/starting), entering files (pipelines/commands/catalogue).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from assets.catalogue.exporting import Item, yaml_text
from assets.catalogue.names import slugify

NO_SPONSOR, NO_CAMPAIGN = "First sponsor", "First campaign"


@dataclass(frozen=True, slots=True)
class FirstEpisode:
    """An episode that a first placement airs in, with the file that it is served as.

    name: its id in files of a catalogue; duration_s: None where it is not known, so that no time can be placed in it.
    """

    name: str
    path: str
    file_bytes: int | None
    duration_s: float | None
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstCampaign:
    """What a first report needs besides a feed and a log. None of it: invented, and marked so in the file.

    begins: the moment at which the first day does. price: of the whole placement in the tenant's currency; start_s,
    end_s: where the ad lies in each file, in seconds.
    """

    show: str
    recipients: Sequence[str]
    first: date
    last: date
    begins: datetime
    sponsor: str | None = None
    campaign: str | None = None
    price: Decimal | None = None
    booked: int | None = None
    code: str | None = None
    position: str = "pre"
    start_s: float = 0.0
    end_s: float = 30.0
    is_ad_invented: bool = False
    is_flight_invented: bool = False


def network_text(slug: str, name: str, timezone: str, currency: str, folder: str) -> str:
    """The file of the tenant."""
    lists = {"tenants": [{"id": slug, "name": name, "timezone": timezone, "currency": currency}]}
    return (
        f"# Your network. After an edit: earshot catalogue apply {folder}\n"
        "# `earshot catalogue schema` prints every field; docs/catalogue-files.md says what the files can do.\n"
        f"{yaml_text(lists)}"
    )


def campaign_text(tenant: str, campaign: FirstCampaign, episodes: Sequence[FirstEpisode], folder: str) -> str:
    """The file of the first campaign: sponsor, campaign, order, placement, airings, spans, code and subscriptions."""
    placed = [each for each in episodes if fits(each, campaign)]
    comments = [f"A first campaign. After an edit: earshot catalogue apply {folder}", *_invented(campaign)]
    if len(placed) < len(episodes):
        comments.append(
            f"{len(episodes) - len(placed)} episode(s) have no span below: their file is not measured, or ends before "
            "the ad. No ad counts in them."
        )
    lists = _lists(campaign, episodes, placed)
    return "".join(f"# {line}\n" for line in comments) + yaml_text(lists, tenant)


def fits(episode: FirstEpisode, campaign: FirstCampaign) -> bool:
    """Whether the ad can be placed in the file: it is measured, and long enough."""
    return bool(episode.file_bytes) and episode.duration_s is not None and episode.duration_s > campaign.start_s


def _invented(campaign: FirstCampaign) -> Iterator[str]:
    """What nobody said, a line each."""
    if campaign.sponsor is None or campaign.campaign is None:
        yield "Invented: the names of sponsor and campaign."
    if campaign.is_flight_invented:
        yield f"Assumed: the campaign ran on the days of the log, {campaign.first} to {campaign.last}."
    if campaign.is_ad_invented:
        yield f"Assumed: an ad lies at {campaign.start_s:g} to {campaign.end_s:g} s of every file."
    if campaign.price is None:
        yield "Not known: the price of the placement. Put `price: 500.00` beside its name: cost and return need it."
    if campaign.booked is None:
        yield "Not known: how many ads were booked. Put `booked_impressions: 20000` there: pacing needs it."
    if campaign.code is None:
        yield f"A promo code is a list of its own: codes: [{{code: TIDES10, placement: {_placement(campaign)}}}]"
    yield "Reports wait for your approval (needs_approval), so nothing leaves by itself."


def _placement(campaign: FirstCampaign) -> str:
    return f"{slugify(campaign.campaign or NO_CAMPAIGN) or 'campaign'}-ad"


def _lists(
    campaign: FirstCampaign, episodes: Sequence[FirstEpisode], placed: Sequence[FirstEpisode]
) -> dict[str, list[Item]]:
    sponsor, title = campaign.sponsor or NO_SPONSOR, campaign.campaign or NO_CAMPAIGN
    sponsor_id, campaign_id = slugify(sponsor) or "sponsor", slugify(title) or "campaign"
    order, placement = f"{campaign_id}-1", _placement(campaign)
    booked: Item = {
        "id": placement,
        "order": order,
        "show": campaign.show,
        "name": "Ad",
        "kind": "baked_in",
        "position": campaign.position,
        "pricing": "cpm" if campaign.booked else "flat",
        "flight_start": campaign.first,
        "flight_end": campaign.last,
    }
    terms: Item = {"booked_impressions": campaign.booked, "price": campaign.price}
    report: Item = {
        "sponsor": sponsor_id,
        "campaign": campaign_id,
        "recipients": list(campaign.recipients),
        "needs_approval": True,
    }
    return {
        "sponsors": [{"id": sponsor_id, "name": sponsor}],
        "campaigns": [
            {
                "id": campaign_id,
                "sponsor": sponsor_id,
                "name": title,
                "starts_on": campaign.first,
                "ends_on": campaign.last,
            }
        ],
        "orders": [{"number": order, "campaign": campaign_id}],
        "placements": [booked | {name: value for name, value in terms.items() if value is not None}],
        "airings": [
            {"placement": placement, "episode": each.name, "aired_at": max(each.published_at, campaign.begins)}
            for each in episodes
        ],
        "spans": [
            {
                "file": each.path,
                "placement": placement,
                "start": campaign.start_s,
                "end": min(campaign.end_s, each.duration_s or campaign.end_s),
            }
            for each in placed
        ],
        "codes": [{"code": campaign.code, "placement": placement}] if campaign.code else [],
        "subscriptions": [
            {"id": f"{campaign_id}-weekly", "cadence": "weekly", **report},
            {"id": f"{campaign_id}-end", "cadence": "end_of_campaign", **report},
        ],
    }
