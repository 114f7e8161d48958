"""Bounds: what nothing may be computed from is refused where it is entered, by a constraint whose name says why."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from babel import Locale
from babel.numbers import list_currencies
from psycopg import errors

from sql.embedded import Server
from sql.schema.migrate import Migration, load_migrations, migrate
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.sql.conftest import TEMPLATES
from tests.sql.rows import HARBOR, RUN, add_tenants, fill

# A row of each dimension beyond those of fill().
_MORE = (
    "INSERT INTO episodes (tenant_id, episode_id, podcast_id, guid, title, published_at) "
    "VALUES (%(tenant)s, %(id)s, %(id)s, 'g', 'High water', '2026-03-01')",
    "INSERT INTO media_assets (tenant_id, asset_id, episode_id, path) VALUES (%(tenant)s, %(id)s, %(id)s, '/1.mp3')",
    "INSERT INTO asset_segments (tenant_id, asset_id, segment_no, kind, first_byte, last_byte) "
    "VALUES (%(tenant)s, %(id)s, 1, 'content', 0, 9)",
    "INSERT INTO insertion_orders (tenant_id, insertion_order_id, campaign_id, number) "
    "VALUES (%(tenant)s, %(id)s, %(id)s, 'IO-1')",
    "INSERT INTO placements (tenant_id, placement_id, insertion_order_id, campaign_id, podcast_id, name, kind, "
    "position, flight_start, flight_end) "
    "VALUES (%(tenant)s, %(id)s, %(id)s, %(id)s, %(id)s, 'Pre-roll', 'dynamic', 'pre', '2026-03-01', '2026-03-31')",
    "INSERT INTO placement_episodes (tenant_id, placement_id, episode_id, aired_at) "
    "VALUES (%(tenant)s, %(id)s, %(id)s, '2026-03-02')",
    "INSERT INTO promo_codes (tenant_id, promo_code_id, sponsor_id, placement_id, code) "
    "VALUES (%(tenant)s, %(id)s, %(id)s, %(id)s, 'tides')",
    "INSERT INTO report_subscriptions (tenant_id, subscription_id, sponsor_id, cadence) "
    "VALUES (%(tenant)s, %(id)s, %(id)s, 'weekly')",
    "INSERT INTO ip_inclusions (tenant_id, network, reason, validated_at) "
    "VALUES (%(tenant)s, '10.0.0.0/24', 'a dormitory', '2026-03-01')",
    "INSERT INTO campaign_holdouts (tenant_id, campaign_id, household_key) VALUES (%(tenant)s, %(id)s, 7)",
    "INSERT INTO feeds (tenant_id, feed_id, podcast_id, url) VALUES (%(tenant)s, %(id)s, %(id)s, 'https://a.example/f')",
    "INSERT INTO feed_files (tenant_id, asset_id, feed_id, url) "
    "VALUES (%(tenant)s, %(id)s, %(id)s, 'https://a.example/1.mp3')",
    "INSERT INTO import_sources (tenant_id, name, kind, location, format, entered_by) "
    "VALUES (%(tenant)s, 'edge-of-bounds', 'requests', 's3://bucket/logs', 'combined', 'ann')",
    "INSERT INTO imports (tenant_id, kind, object, format, started_by) "
    "VALUES (%(tenant)s, 'requests', 'a.log', 'combined', 'ann')",
    "INSERT INTO import_objects (tenant_id, source, object, version, state) "
    "VALUES (%(tenant)s, 'edge-of-bounds', 'a.log', '1', 'imported')",
    "INSERT INTO catalogue_revisions (tenant_id, revision_id, entered_by, files, added, changed, removed) "
    "VALUES (%(tenant)s, %(id)s, 'ann', '{}', 0, 0, 0)",
)
REQUEST = (
    "INSERT INTO listener_events (tenant_id, event_id, source, event_type, occurred_at, {}) "
    "VALUES (%(tenant)s, gen_random_uuid(), 'client', 'listen_progress', {})"
)
SIGNAL = (
    "INSERT INTO attribution_events (tenant_id, event_id, sponsor_id, kind, signal, occurred_at, {}) "
    "VALUES (%(tenant)s, gen_random_uuid(), %(id)s, 'purchase', 'server', {})"
)

# What somebody enters, and the constraint that refuses it.
REFUSED = [
    *(
        ("tenants_timezone_known", f"UPDATE tenants SET timezone = '{zone}'")
        for zone in (
            "europe/berlin",
            "EUROPE/BERLIN",
            "Europe/Berlin ",
            "posix/Europe/Berlin",
            "localtime",
            "Factory",
            "UTC+3",
            "MARS3",
            "Mars/Phobos3",
            "utc",
            "",
            "+02:00",
            "Europe/Atlantis",
            "../etc/passwd",
            "<+03>-3",
        )
    ),
    *(("tenants_locale_known", f"UPDATE tenants SET locale = '{name}'") for name in ("de_XX", "en-US", "klingon", "")),
    (
        "problems_subject_check",
        "INSERT INTO problems (tenant_id, kind, subject, began_at, headline, cause, seen_at)"
        r" VALUES (%(tenant)s, 'full_disk', E'/data\n/more', now(), 'Full', 'Full.', now())",
    ),
    (
        "erasures_erased_by_check",
        "INSERT INTO erasures (tenant_id, erasure_id, erased_by, kind, days, archived_days, archived_rows, counts)"
        r" VALUES (%(tenant)s, %(id)s, E'Ada\nOps', 'listener', 1, 0, 0, '{}')",
    ),
    *(
        (
            f"erasure_requests_{column}_check",
            f"INSERT INTO erasure_requests (tenant_id, requested_by, kind, state, ended_at, {values}",
        )
        for column, values in {
            "requested_by": r"withdrawn_by) VALUES (%(tenant)s, E'Ada\nOps', 'address', 'withdrawn', now(), 'Bo')",
            "withdrawn_by": r"withdrawn_by) VALUES (%(tenant)s, 'Ada', 'address', 'withdrawn', now(), E'Bo\nOps')",
            "address": r"address) VALUES (%(tenant)s, 'Ada', 'address', 'waiting', NULL, E'10.1.2.3\n')",
            "error": r"address, error) VALUES (%(tenant)s, 'Ada', 'address', 'waiting', NULL, '10.1.2.3', E'a\nb')",
        }.items()
    ),
    (
        "key_rotations_rotated_by_check",
        "INSERT INTO key_rotations (tenant_id, version, rotated_by, counts)"
        r" VALUES (%(tenant)s, 2, E'Ada\nOps', '{}')",
    ),
    ("tenants_currency_known", "UPDATE tenants SET currency = 'EEE'"),
    ("tenants_name_plain", r"UPDATE tenants SET name = E'Harbor\nAudio'"),
    ("tenants_name_plain", "UPDATE tenants SET name = '  '"),
    ("tenants_brand_name_plain", r"UPDATE tenants SET brand_name = E'\x1b[31mHarbor'"),
    ("tenants_brand_name_plain", "UPDATE tenants SET brand_name = repeat('x', 201)"),
    ("tenants_sender_name_plain", r"UPDATE tenants SET sender_name = E'Harbor\nAudio'"),
    ("tenants_subject_template_plain", "UPDATE tenants SET subject_template = repeat('x', 201)"),
    (
        "logos_entered_by_check",
        "INSERT INTO logos (tenant_id, owner_id, picture, entered_by) "
        r"VALUES (%(tenant)s, %(tenant)s, '\x89'::bytea, E'ann\x1b')",
    ),
    ("reports_note_plain", "UPDATE reports SET note_by = 'ann', note = repeat('x', 501)"),
    ("tenants_slug_bounded", "UPDATE tenants SET slug = repeat('x', 101)"),
    *(
        (f"tenants_{column}_is_address", f"UPDATE tenants SET {column} = {address}")
        for column in ("reply_to", "owner_address")
        for address in (
            "'nobody'",
            "'a@b@c'",
            r"E'a@b.de\nBcc: c@d.de'",
            "'Dana <dana@b.de>'",
            "'a b@c.de'",
            "'@c.de'",
            "''",
        )
    ),
    ("tenants_recipient_domains_are_domains", "UPDATE tenants SET recipient_domains = '{example.org, not a domain}'"),
    ("tenants_address_days_bounded", "UPDATE tenants SET address_days = 2000000000"),
    ("tenants_whole_file_slack_in_bounds", "UPDATE tenants SET whole_file_slack = 9223372036854775807"),
    ("podcasts_title_plain", r"UPDATE podcasts SET title = E'a\u2028b'"),
    ("podcasts_slug_plain", "UPDATE podcasts SET slug = ' '"),
    ("podcasts_language_shape", "UPDATE podcasts SET language = 'german, mostly'"),
    ("episodes_guid_plain", "UPDATE episodes SET guid = ''"),
    ("episodes_title_plain", r"UPDATE episodes SET title = E'a\tb'"),
    ("episodes_url_is_address", "UPDATE episodes SET url = 'ftp://a.example/1'"),
    ("episodes_url_is_address", r"UPDATE episodes SET url = E'https://a.example/\x07'"),
    ("episodes_published_at_in_bounds", "UPDATE episodes SET published_at = 'infinity'"),
    ("episodes_published_at_in_bounds", "UPDATE episodes SET published_at = '0001-01-01'"),
    ("episodes_duration_in_bounds", "UPDATE episodes SET duration_s = 'NaN'"),
    ("episodes_duration_in_bounds", "UPDATE episodes SET duration_s = 'infinity'"),
    ("media_assets_duration_in_bounds", "UPDATE media_assets SET duration_s = 1e300"),
    ("media_assets_bytes_in_bounds", "UPDATE media_assets SET file_bytes = 9223372036854775807"),
    ("media_assets_path_plain", r"UPDATE media_assets SET path = E'/a\x07b'"),
    ("media_assets_replaced_at_in_bounds", "UPDATE media_assets SET replaced_at = 'infinity'"),
    ("feeds_url_is_web_address", "UPDATE feeds SET url = 'ftp://a.example/f'"),
    ("feeds_url_is_web_address", r"UPDATE feeds SET url = E'https://a.example/\x07'"),
    ("feeds_added_at_in_bounds", "UPDATE feeds SET added_at = '-infinity'"),
    ("feed_files_bytes_in_bounds", "UPDATE feed_files SET content_bytes = 9223372036854775807"),
    *(
        (f"{table}_{column}_check", rf"UPDATE {table} SET {column} = E'a\x07b'")
        for table, columns in (
            ("import_sources", "location format entered_by"),
            ("imports", "source object version format started_by detail taken_back_by"),
            ("import_objects", "object version reason"),
            ("catalogue_revisions", "entered_by"),
        )
        for column in columns.split()
    ),
    ("asset_segments_bytes_in_bounds", "UPDATE asset_segments SET last_byte = 9223372036854775807"),
    ("sponsors_name_plain", r"UPDATE sponsors SET name = E'Kettle\r\nCo'"),
    ("campaigns_name_plain", "UPDATE campaigns SET name = repeat('x', 201)"),
    ("campaigns_currency_known", "UPDATE campaigns SET currency = 'ZZZ'"),
    ("campaigns_days_in_bounds", "UPDATE campaigns SET ends_on = 'infinity'"),
    ("campaigns_days_in_bounds", "UPDATE campaigns SET starts_on = '-infinity'"),
    (
        "attribution_configs_half_life_in_bounds",
        "INSERT INTO attribution_configs (tenant_id, campaign_id, version, "
        "half_life_days) VALUES (%(tenant)s, %(id)s, 2, 'NaN')",
    ),
    (
        "attribution_configs_valid_from_in_bounds",
        "INSERT INTO attribution_configs (tenant_id, campaign_id, version, "
        "valid_from) VALUES (%(tenant)s, %(id)s, 2, '-infinity')",
    ),
    ("insertion_orders_number_plain", "UPDATE insertion_orders SET number = ''"),
    ("insertion_orders_signed_on_in_bounds", "UPDATE insertion_orders SET signed_on = '9999-01-01'"),
    ("placements_name_plain", r"UPDATE placements SET name = E'\u0085'"),
    ("placements_cost_in_bounds", "UPDATE placements SET cost_minor = 9223372036854775807"),
    ("placements_booked_in_bounds", "UPDATE placements SET booked_impressions = 9223372036854775807"),
    ("placements_flight_in_bounds", "UPDATE placements SET flight_end = 'infinity'"),
    ("placement_episodes_aired_at_in_bounds", "UPDATE placement_episodes SET aired_at = 'infinity'"),
    ("promo_codes_code_plain", r"UPDATE promo_codes SET code = E'\u200b'"),
    ("promo_codes_code_plain", r"UPDATE promo_codes SET code = E' \u00a0'"),
    ("promo_codes_valid_in_bounds", "UPDATE promo_codes SET valid = 'empty'"),
    ("promo_codes_valid_in_bounds", "UPDATE promo_codes SET valid = '[infinity,infinity]'"),
    ("report_subscriptions_recipients_are_addresses", "UPDATE report_subscriptions SET recipients = '{a@b.de,nobody}'"),
    ("report_subscriptions_recipients_are_addresses", "UPDATE report_subscriptions SET recipients = '{NULL}'"),
    ("report_subscriptions_owner_address_is_address", "UPDATE report_subscriptions SET owner_address = 'nobody'"),
    ("report_subscriptions_locale_known", "UPDATE report_subscriptions SET locale = 'de_US'"),
    ("fx_rates_rate_in_bounds", "UPDATE fx_rates SET rate = 'NaN'"),
    ("fx_rates_rate_in_bounds", "UPDATE fx_rates SET rate = 1e30"),
    ("fx_rates_currencies_known", "UPDATE fx_rates SET quote = 'usd'"),
    ("fx_rates_day_in_bounds", "UPDATE fx_rates SET day = 'infinity'"),
    ("ip_inclusions_reason_plain", "UPDATE ip_inclusions SET reason = ''"),
    ("ip_inclusions_validated_at_in_bounds", "UPDATE ip_inclusions SET validated_at = 'infinity'"),
    ("campaign_holdouts_assigned_at_in_bounds", "UPDATE campaign_holdouts SET assigned_at = 'infinity'"),
    ("listener_events_received_at_in_bounds", REQUEST.format("received_at", "now(), 'infinity'")),
    ("listener_events_occurred_at_in_bounds", REQUEST.format("received_at", "'1999-12-31', now()")),
    ("listener_events_occurred_at_in_bounds", REQUEST.format("received_at", "'9999-12-31', now()")),
    ("listener_events_bytes_in_bounds", REQUEST.format("bytes_sent", "now(), 9223372036854775807")),
    ("listener_events_bytes_in_bounds", REQUEST.format("range_start", "now(), -9223372036854775808")),
    ("listener_events_seconds_in_bounds", REQUEST.format("position_seconds", "now(), 'NaN'")),
    ("listener_events_seconds_in_bounds", REQUEST.format("heard_seconds", "now(), '-infinity'")),
    ("listener_events_text_bounded", REQUEST.format("user_agent", "now(), repeat('x', 20001)")),
    ("attribution_events_received_at_in_bounds", SIGNAL.format("received_at", "now(), '-infinity'")),
    ("attribution_events_occurred_at_in_bounds", SIGNAL.format("received_at", "'0001-01-01', now()")),
    ("attribution_events_value_in_bounds", SIGNAL.format("value_minor, currency", "now(), 9223372036854775807, 'EUR'")),
    ("attribution_events_value_in_bounds", SIGNAL.format("value_minor, currency", "now(), 1000000000001, 'EUR'")),
    ("attribution_events_currency_known", SIGNAL.format("value_minor, currency", "now(), 1, 'XYZ'")),
    ("attribution_events_order_id_plain", SIGNAL.format("order_id", "now(), ' '")),
    ("attribution_events_order_id_plain", SIGNAL.format("order_id", r"now(), E'R\x01'")),
    ("attribution_events_text_bounded", SIGNAL.format("promo_code", "now(), repeat('x', 1001)")),
]

TAKEN = [
    "UPDATE tenants SET timezone = 'America/Argentina/Buenos_Aires', locale = 'zh_Hans_CN', currency = 'JPY', "
    "reply_to = 'dana+reports@müller-radio.example', recipient_domains = '{example.org}', name = 'Zoë’s 電台 & Co.'",
    "UPDATE tenants SET timezone = 'Etc/GMT+5', locale = 'es_419', currency = 'KWD'",
    "UPDATE tenants SET timezone = 'EST5EDT', locale = 'de'",
    "UPDATE promo_codes SET valid = '[1970-01-02,2200-01-01)'",
    "UPDATE promo_codes SET valid = '[-infinity,infinity]'",
    "UPDATE report_subscriptions SET recipients = '{}'",
    REQUEST.format("range_start, range_end, bytes_sent", "now(), 900, 100, -1"),
    REQUEST.format("position_seconds", "now(), -0.01"),
    SIGNAL.format("value_minor, currency, order_id", "now(), 1000000000000, 'IRR', 'Bestellung Nr. 7 – Süd'"),
]


@pytest.fixture(scope="module")
def filled(fresh_url: str) -> Iterator[psycopg.Connection]:
    """One tenant's rows, with TimescaleDB and without; nothing that a test does stays."""
    warehouse = Warehouse(fresh_url)
    add_tenants(warehouse)
    fill(warehouse, HARBOR)
    warehouse.close()
    with psycopg.connect(fresh_url) as connection:
        connection.execute("SET ROLE earshot_etl")
        connection.execute("SELECT set_config('search_path', 'public', false)")
        for statement in _MORE:
            connection.execute(statement.encode(), {"tenant": HARBOR, "id": RUN})
        yield connection
        connection.rollback()


def test_what_is_outside_the_bounds_is_refused_by_a_constraint_that_names_it(filled: psycopg.Connection) -> None:
    let_in = []
    for name, statement in REFUSED:
        try:
            with filled.transaction(force_rollback=True):
                filled.execute(statement.encode(), {"tenant": HARBOR, "id": RUN})
            let_in.append((name, statement, "nothing"))
        except errors.CheckViolation as refusal:
            if refusal.diag.constraint_name != name:
                let_in.append((name, statement, str(refusal.diag.constraint_name)))
    assert let_in == []


def test_what_is_unusual_and_right_is_taken(filled: psycopg.Connection) -> None:
    for statement in TAKEN:
        with filled.transaction(force_rollback=True):
            filled.execute(statement.encode(), {"tenant": HARBOR, "id": RUN})


def test_every_constraint_is_tried(filled: psycopg.Connection) -> None:
    found = filled.execute(
        "SELECT conname::text FROM pg_constraint INNER JOIN pg_class ON pg_class.oid = conrelid"
        " WHERE contype = 'c' AND NOT relispartition AND relnamespace = 'public'::regnamespace AND convalidated"
        " AND pg_get_constraintdef(pg_constraint.oid) ~ '(in_[a-z_]+_bounds|is_[a-z_]+|are_[a-z_]+)[(]'"
    ).fetchall()
    untried = {name for (name,) in found} - {name for name, _ in REFUSED}
    assert untried == {"tenants_created_at_in_bounds", "fx_rates_source_plain"}


def test_python_knows_every_time_zone_locale_and_currency_that_is_taken(filled: psycopg.Connection) -> None:
    names = filled.execute("SELECT name FROM pg_timezone_names").fetchall()
    taken = [name for (name,) in names if filled.execute("SELECT is_known_timezone(%s)", [name]).fetchone() == (True,)]
    assert len(taken) > 400
    for name in taken:
        zoneinfo.ZoneInfo(name)
    definitions = filled.execute(
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname IN ('is_known_currency', 'is_known_locale')"
        " ORDER BY proname"
    ).fetchall()
    currencies, locales = (
        str(text).split("{")[1].split("}")[0].replace("\n", "").split(",") for (text,) in definitions
    )
    assert {name.strip() for name in currencies} <= set(list_currencies())
    for name in locales:
        Locale.parse(name.strip())


@pytest.mark.parametrize("edition", TEMPLATES)
def test_rows_that_break_a_constraint_already_stop_no_migration_and_are_named(
    request: pytest.FixtureRequest, edition: str
) -> None:
    server: Server = request.getfixturevalue(edition)
    messages: list[str] = []
    with cloned_database(server, request.getfixturevalue(TEMPLATES[edition])) as url:
        before_the_bounds(url)
        adds = "".join(f"SELECT earshot_add_bound('{table}', '{bound}', '{held}');" for table, bound, held in ADDED)
        later = Migration("0999_bounds", f"SET LOCAL ROLE earshot_owner; {adds}", "SELECT 1")
        assert migrate(url, messages.append, migrations=[*load_migrations(), later]) == ["0999_bounds"]
        warned = [line for line in messages if line.startswith("Warning: ")]
        assert [next(name for name in BROKEN if name in line) for line in warned] == sorted(BROKEN)
        warehouse = Warehouse(url)
        assert set(warehouse.read("read_broken_bounds")["name"]) == BROKEN
        warehouse.close()
        with psycopg.connect(url) as connection:
            connection.execute("SET ROLE earshot_etl")
            with pytest.raises(errors.CheckViolation, match="tenants_timezone_known"), connection.transaction():
                connection.execute(
                    "INSERT INTO tenants (tenant_id, slug, name, brand_name, timezone) "
                    "VALUES (%s, 'b', 'B', 'B', 'america/lima')",
                    [uuid4()],
                )
            if edition == "plain_server":
                # They wait in the partition of all other days, and move into their own as they are.
                connection.execute("SET ROLE earshot_owner")
                moved = connection.execute(
                    "SELECT earshot_extend_series('listener_events', '2026-03-04', '2026-03-04')"
                )
                assert moved.fetchone() == (1,)
                there = connection.execute("SELECT count(*) FROM listener_events_p20260304").fetchone()
                assert there == (2,)
                connection.execute("SET ROLE earshot_etl")
                with pytest.raises(errors.CheckViolation, match="received_at_in_bounds"), connection.transaction():
                    connection.execute(REQUEST.format("received_at", "'2026-03-04', 'infinity'").encode(), own())
                connection.execute("UPDATE listener_events SET received_at = now(), position_seconds = 1")
                connection.execute("SET ROLE earshot_owner")
                connection.execute(
                    "ALTER TABLE listener_events VALIDATE CONSTRAINT listener_events_received_at_in_bounds"
                )
                connection.execute("SET ROLE earshot_etl")
            connection.execute("UPDATE tenants SET timezone = 'Europe/Berlin'")
            connection.execute("SET ROLE earshot_owner")
            connection.execute("ALTER TABLE tenants VALIDATE CONSTRAINT tenants_timezone_known")


# What a later version adds, by table, constraint and condition. No row breaks the last one.
ADDED = [
    ("attribution_events", "value_in_bounds", "in_money_bounds(value_minor)"),
    ("listener_events", "received_at_in_bounds", "in_event_time_bounds(received_at)"),
    (
        "listener_events",
        "seconds_in_bounds",
        "in_seconds_bounds(position_seconds) AND in_seconds_bounds(heard_seconds)",
    ),
    ("tenants", "timezone_known", "is_known_timezone(timezone)"),
    ("tenants", "locale_known", "is_known_locale(locale)"),
]
BROKEN = {f"{table}_{bound}" for table, bound, _ in ADDED[:-1]}


def own() -> dict[str, object]:
    return {"tenant": HARBOR, "id": RUN}


def before_the_bounds(url: str) -> None:
    """A database of a version that had none of these constraints, with rows that break all but one of them."""
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE earshot_owner")
        for table, bound, _ in ADDED:
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_{bound}".encode())
        connection.execute("SET ROLE earshot_etl")
        for statement in (
            "INSERT INTO tenants (tenant_id, slug, name, brand_name, timezone) "
            "VALUES (%(tenant)s, 'harbor', 'Harbor', 'Harbor', 'europe/berlin')",
            SIGNAL.format("value_minor, currency", "'2026-03-04', 9223372036854775807, 'EUR'"),
            REQUEST.format("received_at", "'2026-03-04', 'infinity'"),
            REQUEST.format("position_seconds", "'2026-03-04', 'NaN'"),
        ):
            connection.execute(statement.encode(), own())
