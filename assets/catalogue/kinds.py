"""Kinds: what stands in the files of a catalogue, as data: which table and columns each field of each kind is.

Here: the kinds in the order in which they are entered, their fields, by what a row is known again.
Not here: what a field may hold (schema.json), reading files (yaml_files.py, csv_files.py), comparing (comparing.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# How a field's value is kept: see forms.py. money: in major units of the campaign's currency.
Form = Literal[
    "text", "whole", "decimal", "seconds", "flag", "texts", "date", "moment", "money", "network", "address", "reference"
]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind.

    column: of the table, if it has another name; refers_to: the kind that a reference names
    """

    name: str
    form: Form = "text"
    column: str = ""
    refers_to: str = ""

    @property
    def stored(self) -> str:
        return self.column or self.name


@dataclass(frozen=True, slots=True)
class Kind:
    """What one list of a file holds.

    table:     where its rows are
    source:    what is read for it, where that is not the table; it names columns that the table lacks
    row_id:    the column of a row's uuid; empty: it is known by its key alone
    key:       the fields by which an entry is known again in files
    own_slug:  its slug is kept in catalogue_slugs, because the table has none
    needed:    fields without which no new row is made
    together:  fields: all entries that share them are one value, so those that the files leave out are removed
    of_tenant: its rows belong to a tenant
    """

    name: str
    table: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ("id",)
    row_id: str = ""
    source: str = ""
    own_slug: bool = False
    needed: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    of_tenant: bool = True

    def field(self, name: str) -> Field:
        """The field of this name. Raises KeyError."""
        return next(each for each in self.fields if each.name == name)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its fields, in their order; a slug that another table keeps is none."""
        return tuple(each.stored for each in self.fields if not (self.own_slug and each.name == "id"))


ID = Field("id")


def _refers(name: str, kind: str, column: str) -> Field:
    return Field(name, "reference", column, kind)


TENANTS = Kind(
    "tenants",
    "tenants",
    (
        Field("id", column="slug"),
        Field("name"),
        Field("timezone"),
        Field("currency"),
        Field("locale"),
        Field("download_window"),
        Field("suspect_pairs", "whole"),
        Field("whole_file_slack", "whole"),
        Field("lateness_hours", "whole"),
        Field("k_demographic", "whole"),
        Field("k_delivery", "whole"),
        Field("address_days", "whole"),
        Field("raw_days", "whole"),
        Field("correction_share", "decimal"),
        Field("correction_conversions", "whole"),
        Field("brand_name"),
        Field("brand_color"),
        Field("sender_name"),
        Field("subject_template"),
        Field("reply_to", "address"),
        Field("owner_address", "address"),
        Field("recipient_domains", "texts"),
    ),
    row_id="tenant_id",
    needed=("name",),
)
SHOWS = Kind(
    "shows",
    "podcasts",
    (Field("id", column="slug"), Field("title"), Field("language")),
    row_id="podcast_id",
    needed=("title",),
)
EPISODES = Kind(
    "episodes",
    "episodes",
    (
        ID,
        _refers("show", "shows", "podcast_id"),
        Field("guid"),
        Field("title"),
        Field("number", "whole"),
        Field("published_at", "moment"),
        Field("duration_s", "seconds"),
    ),
    row_id="episode_id",
    own_slug=True,
    needed=("show", "title", "published_at"),
)
FILES = Kind(
    "files",
    "media_assets",
    (
        Field("path"),
        _refers("episode", "episodes", "episode_id"),
        Field("file_bytes", "whole"),
        Field("header_bytes", "whole"),
        Field("duration_s", "seconds"),
        Field("bitrate_bps", "whole"),
        _refers("part_of", "files", "part_of"),
        Field("part_offset_bytes", "whole"),
    ),
    key=("path",),
    row_id="asset_id",
    # Of the files of one path, the one that is there now.
    source="(SELECT * FROM media_assets WHERE replaced_at IS NULL) AS media_assets",
    needed=("episode",),
)
SPONSORS = Kind("sponsors", "sponsors", (ID, Field("name")), row_id="sponsor_id", own_slug=True, needed=("name",))
CAMPAIGNS = Kind(
    "campaigns",
    "campaigns",
    (
        ID,
        _refers("sponsor", "sponsors", "sponsor_id"),
        Field("name"),
        Field("starts_on", "date"),
        Field("ends_on", "date"),
        Field("goal_kind"),
        Field("currency"),
        Field("margin", "decimal"),
        Field("stage"),
        Field("target_cpa", "money", "target_cpa_minor"),
        Field("target_roas", "decimal"),
    ),
    row_id="campaign_id",
    own_slug=True,
    needed=("sponsor", "name", "starts_on", "ends_on"),
)
# A change is a new version; the newest is the entry.
ATTRIBUTION = Kind(
    "attribution",
    "attribution_configs",
    (
        _refers("campaign", "campaigns", "campaign_id"),
        Field("window_days", "decimal"),
        Field("touch_unit"),
        Field("include_clicks", "flag"),
        Field("exclude_prior_customers", "flag"),
        Field("default_model"),
        Field("half_life_days", "decimal"),
    ),
    key=("campaign",),
    source=(
        "(SELECT DISTINCT ON (tenant_id, campaign_id) * FROM attribution_configs "
        "ORDER BY tenant_id, campaign_id, version DESC) AS attribution_configs"
    ),
)
ORDERS = Kind(
    "orders",
    "insertion_orders",
    (Field("number"), _refers("campaign", "campaigns", "campaign_id"), Field("signed_on", "date")),
    key=("number",),
    row_id="insertion_order_id",
    needed=("campaign",),
)
PLACEMENTS = Kind(
    "placements",
    "placements",
    (
        ID,
        _refers("order", "orders", "insertion_order_id"),
        _refers("campaign", "campaigns", "campaign_id"),
        _refers("show", "shows", "podcast_id"),
        Field("name"),
        Field("kind"),
        Field("position"),
        Field("pricing"),
        Field("booked_impressions", "whole"),
        Field("price", "money", "cost_minor"),
        Field("flight_start", "date"),
        Field("flight_end", "date"),
    ),
    row_id="placement_id",
    own_slug=True,
    needed=("order", "show", "name", "kind", "position", "flight_start", "flight_end"),
)
AIRINGS = Kind(
    "airings",
    "placement_episodes",
    (
        _refers("placement", "placements", "placement_id"),
        _refers("episode", "episodes", "episode_id"),
        Field("aired_at", "moment"),
    ),
    key=("placement", "episode"),
)
# Times (start, end) become bytes before anything is compared; see spans.py.
SPANS = Kind(
    "spans",
    "asset_segments",
    (
        _refers("file", "files", "asset_id"),
        _refers("placement", "placements", "placement_id"),
        Field("first_byte", "whole"),
        Field("last_byte", "whole"),
        Field("position"),
        Field("insertion"),
    ),
    key=("file", "placement", "first_byte"),
    source=(
        "(SELECT asset_segments.* FROM asset_segments INNER JOIN media_assets USING (tenant_id, asset_id) "
        "WHERE kind = 'ad' AND replaced_at IS NULL) AS asset_segments"
    ),
    together=("file", "placement"),
)
CODES = Kind(
    "codes",
    "promo_codes",
    (
        Field("code"),
        _refers("placement", "placements", "placement_id"),
        _refers("sponsor", "sponsors", "sponsor_id"),
        Field("kind"),
        Field("valid_from", "moment"),
        Field("valid_until", "moment"),
    ),
    key=("sponsor", "code", "valid_from"),
    row_id="promo_code_id",
    source=(
        "(SELECT *, nullif(lower(valid), '-infinity') AS valid_from, nullif(upper(valid), 'infinity') AS valid_until "
        "FROM promo_codes) AS promo_codes"
    ),
    needed=("placement",),
    together=("sponsor", "code"),
)
SUBSCRIPTIONS = Kind(
    "subscriptions",
    "report_subscriptions",
    (
        ID,
        _refers("sponsor", "sponsors", "sponsor_id"),
        _refers("campaign", "campaigns", "campaign_id"),
        Field("cadence"),
        Field("recipients", "texts"),
        Field("locale"),
        Field("empty_policy"),
        Field("needs_approval", "flag"),
        Field("owner_address", "address"),
        Field("active", "flag"),
    ),
    row_id="subscription_id",
    own_slug=True,
    needed=("sponsor", "cadence"),
)
INCLUSIONS = Kind(
    "inclusions",
    "ip_inclusions",
    (Field("network", "network"), Field("reason"), Field("validated_at", "moment")),
    key=("network",),
    needed=("reason", "validated_at"),
)
RATES = Kind(
    "rates",
    "fx_rates",
    (Field("day", "date"), Field("base"), Field("quote"), Field("rate", "decimal"), Field("source")),
    key=("day", "base", "quote"),
    needed=("rate",),
    of_tenant=False,
)

# In the order in which rows are entered: each refers to those before it alone.
KINDS = {
    kind.name: kind
    for kind in (
        *(TENANTS, SHOWS, EPISODES, FILES, SPONSORS, CAMPAIGNS, ATTRIBUTION, ORDERS, PLACEMENTS, AIRINGS, SPANS, CODES),
        *(SUBSCRIPTIONS, INCLUSIONS, RATES),
    )
}
