-- add_show: a show that is not there yet.
-- Grain: one row. Parameters: tenant, podcast (uuid), slug, title, language (text; NULL: en).
INSERT INTO podcasts (tenant_id, podcast_id, slug, title, language)
VALUES (%(tenant)s, %(podcast)s, %(slug)s, %(title)s, coalesce(%(language)s, 'en'))
