-- 0019_placing: find the episode of a show that was out last at a moment, for ads that name a show's run and no episode.

SET LOCAL ROLE earshot_owner;

CREATE INDEX episodes_released ON episodes (tenant_id, podcast_id, published_at);
