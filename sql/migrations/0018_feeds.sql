-- 0018_feeds: the RSS feeds that shows, episodes and files are kept in step with, and versions of a file under one path.

SET LOCAL ROLE earshot_owner;

-- A feed of a show, as somebody entered it; url follows the feed where its server says that it has moved for good.
CREATE TABLE feeds (
    tenant_id uuid NOT NULL,
    feed_id uuid NOT NULL,
    podcast_id uuid NOT NULL,
    url text NOT NULL,
    is_active boolean NOT NULL DEFAULT TRUE,
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, feed_id),
    UNIQUE (tenant_id, url),
    FOREIGN KEY (tenant_id, podcast_id) REFERENCES podcasts (tenant_id, podcast_id),
    CONSTRAINT feeds_url_is_web_address CHECK (url ~ '^https?://[^/]' AND is_plain_text(url, 4000)),
    CONSTRAINT feeds_added_at_in_bounds CHECK (in_calendar_bounds(added_at))
);
CREATE TRIGGER feeds_recorded AFTER INSERT OR UPDATE OR DELETE ON feeds
FOR EACH ROW EXECUTE FUNCTION record_config_change('feed_id');

-- How the last look at each feed went. state gone: its server says that it is no more. read_at: when its content was last read,
-- etag and last_modified as its server gave them then. failures: in a row; next_at: it is left alone until then.
CREATE TABLE feed_states (
    tenant_id uuid NOT NULL,
    feed_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('read', 'unchanged', 'failed', 'gone')),
    detail text NOT NULL,
    checked_at timestamptz NOT NULL,
    read_at timestamptz,
    next_at timestamptz NOT NULL,
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    etag text,
    last_modified text,
    title text,
    podcast_guid text,
    is_locked boolean,
    medium text,
    PRIMARY KEY (tenant_id, feed_id),
    FOREIGN KEY (tenant_id, feed_id) REFERENCES feeds (tenant_id, feed_id) ON DELETE CASCADE
);

-- Every guid that a feed has had. left_at: when it was first missing; NULL: it is there.
CREATE TABLE feed_items (
    tenant_id uuid NOT NULL,
    feed_id uuid NOT NULL,
    guid text NOT NULL,
    episode_id uuid NOT NULL,
    first_seen_at timestamptz NOT NULL,
    left_at timestamptz,
    left_because text CHECK (left_because IN ('removed', 'beyond_end')),
    PRIMARY KEY (tenant_id, feed_id, guid),
    FOREIGN KEY (tenant_id, feed_id) REFERENCES feeds (tenant_id, feed_id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, episode_id) REFERENCES episodes (tenant_id, episode_id),
    CHECK ((left_at IS NULL) = (left_because IS NULL))
);

-- The files that a feed names, with what was found when their first bytes were looked at: etag, last_modified and content_bytes
-- as their server gave them, by which another content is seen. next_at: when they are looked at again; NULL: not by itself.
CREATE TABLE feed_files (
    tenant_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    feed_id uuid NOT NULL,
    url text NOT NULL,
    declared_bytes bigint,
    content_bytes bigint,
    etag text,
    last_modified text,
    checked_at timestamptz,
    next_at timestamptz,
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    problem text,
    PRIMARY KEY (tenant_id, asset_id),
    FOREIGN KEY (tenant_id, feed_id) REFERENCES feeds (tenant_id, feed_id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, asset_id) REFERENCES media_assets (tenant_id, asset_id),
    CONSTRAINT feed_files_bytes_in_bounds CHECK (in_byte_bounds(declared_bytes) AND in_byte_bounds(content_bytes))
);
CREATE INDEX feed_files_due ON feed_files (tenant_id, feed_id, next_at);

-- A file whose place another one has taken stays: requests of before belong to it. Of the files of one path one is current.
ALTER TABLE media_assets ADD COLUMN replaced_at timestamptz
CONSTRAINT media_assets_replaced_at_in_bounds CHECK (in_calendar_bounds(replaced_at));
ALTER TABLE media_assets DROP CONSTRAINT media_assets_tenant_id_path_key;
CREATE UNIQUE INDEX media_assets_current_path ON media_assets (tenant_id, path) WHERE replaced_at IS NULL;
CREATE INDEX media_assets_path ON media_assets (tenant_id, path);

SELECT earshot_protect(relation) FROM unnest('{feeds, feed_states, feed_items, feed_files}'::regclass[]) AS relation;
GRANT SELECT, INSERT, UPDATE, DELETE ON feeds, feed_states, feed_items, feed_files TO earshot_etl;
GRANT SELECT ON feeds, feed_states, feed_items, feed_files TO earshot_report, earshot_readonly;
