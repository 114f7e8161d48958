-- reach_between: distinct households and listeners of a campaign and its placements on the local days from first_day to
-- last_day, both included, counted from the exposures each time; of the session's tenant only. timezone: whose midnights part
-- the days; the tenant's own where it is left out, so that a week has the numbers of its report. Runs as the owner, because
-- readers hold nothing on series.
CREATE OR REPLACE FUNCTION bi.reach_between(campaign uuid, first_day date, last_day date, timezone text DEFAULT NULL)
RETURNS TABLE (
    level text,
    scope_id uuid,
    impressions bigint,
    households bigint,
    consumers bigint,
    frequency double precision
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    zone text := coalesce(
        timezone,
        (SELECT tenants.timezone FROM public.tenants WHERE tenants.tenant_id = (SELECT public.visible_tenant())),
        'UTC'
    );
    begins timestamptz := first_day::timestamp AT TIME ZONE zone;
    ends timestamptz := (last_day + 1)::timestamp AT TIME ZONE zone;
BEGIN
    RETURN QUERY
    SELECT
        scope.level,
        scope.scope_id,
        count(*) AS impressions,
        count(DISTINCT exposures.household_key) AS households,
        count(DISTINCT exposures.consumer_key) AS consumers,
        count(*) / nullif(count(DISTINCT exposures.household_key), 0)::double precision AS frequency
    FROM public.ad_exposures AS exposures
    CROSS JOIN
        LATERAL (
            VALUES ('campaign', exposures.campaign_id), ('placement', exposures.placement_id)
        ) AS scope (level, scope_id)
    WHERE exposures.tenant_id = (SELECT public.visible_tenant())
        AND exposures.campaign_id = campaign
        AND exposures.occurred_at >= begins
        AND exposures.occurred_at < ends
        AND exposures.kind <> 'click'
    GROUP BY scope.level, scope.scope_id;
END
$function$;
REVOKE ALL ON FUNCTION bi.reach_between(uuid, date, date, text) FROM public;
