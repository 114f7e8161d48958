-- add_feed_slugs: by which names files of a catalogue know episodes whose titles are in another script than the Latin one.
-- Grain: one row per episode. Parameters: tenant (uuid), episodes (uuid[]), slugs (text[]).
INSERT INTO catalogue_slugs (tenant_id, kind, slug, row_id)
SELECT
    %(tenant)s,
    'episodes' AS kind,
    said.slug,
    said.episode_id
FROM unnest(%(episodes)s::uuid[], %(slugs)s::text[]) AS said (episode_id, slug)
ON CONFLICT DO NOTHING
