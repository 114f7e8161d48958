-- Takes back 0029_mail_and_reach.
SET LOCAL ROLE earshot_owner;
DROP FUNCTION reach_between(uuid, date, date, text);
-- Distinct households and listeners of a campaign and its placements on the UTC days from first_day to last_day, from the
-- campaign's start on, counted from the exposures each time; of the session's tenant only. Runs as the owner, because
-- readers hold nothing on series.
CREATE FUNCTION reach_between(campaign uuid, first_day date, last_day date)
RETURNS TABLE (
    level text,
    scope_id uuid,
    impressions bigint,
    households bigint,
    consumers bigint,
    frequency double precision
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $function$
    SELECT
        scope.level,
        scope.scope_id,
        count(*) AS impressions,
        count(DISTINCT exposures.household_key) AS households,
        count(DISTINCT exposures.consumer_key) AS consumers,
        count(*) / nullif(count(DISTINCT exposures.household_key), 0)::double precision AS frequency
    FROM public.ad_exposures AS exposures
    INNER JOIN public.campaigns
        ON exposures.tenant_id = campaigns.tenant_id AND exposures.campaign_id = campaigns.campaign_id
    CROSS JOIN
        LATERAL (
            VALUES ('campaign', exposures.campaign_id), ('placement', exposures.placement_id)
        ) AS scope (level, scope_id)
    WHERE exposures.tenant_id = (SELECT public.visible_tenant())
        AND exposures.campaign_id = campaign
        AND exposures.occurred_at >= first_day::timestamp AT TIME ZONE 'UTC'
        AND exposures.occurred_at < (last_day + 1)::timestamp AT TIME ZONE 'UTC'
        AND exposures.occurred_at >= campaigns.starts_on::timestamp AT TIME ZONE 'UTC'
        AND exposures.kind <> 'click'
    GROUP BY scope.level, scope.scope_id
$function$;
REVOKE ALL ON FUNCTION reach_between(uuid, date, date) FROM public;
GRANT EXECUTE ON FUNCTION reach_between(uuid, date, date) TO earshot_report, earshot_readonly, earshot_etl;
UPDATE report_subscriptions SET locale = tenants.locale
FROM tenants
WHERE report_subscriptions.tenant_id = tenants.tenant_id AND report_subscriptions.locale IS NULL;
ALTER TABLE report_subscriptions
ALTER COLUMN locale SET NOT NULL,
ALTER COLUMN locale SET DEFAULT 'en_US';
DROP TRIGGER report_deliveries_resent ON report_deliveries;
DROP FUNCTION record_resend();
-- A mail that was cancelled was never sent; the nearest that there was before.
UPDATE report_deliveries SET state = 'suppressed' WHERE state = 'cancelled';
ALTER TABLE report_deliveries
DROP CONSTRAINT report_deliveries_state_check,
ADD CONSTRAINT report_deliveries_state_check CHECK (state IN (
    'queued', 'sending', 'accepted', 'delivered', 'bounced', 'dropped', 'failed', 'unknown', 'suppressed', 'held'
)),
DROP COLUMN resend_of,
DROP COLUMN resent_by,
DROP COLUMN resend_reason;
