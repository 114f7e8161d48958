-- 0016_episode_pages: where an episode is shown to its listeners, so that reports can lead there.

SET LOCAL ROLE earshot_owner;

-- url: a page for people, and no file. Reports print it where it is https.
ALTER TABLE episodes
ADD COLUMN url text CONSTRAINT episodes_url_is_address CHECK (is_plain_text(url, 2000) AND url ~ '^https?://[^[:space:]]+$');
