-- 0029_mail_and_reach: mails in doubt that a person sends again, reports in the tenant's own language, and reach of a
-- campaign on local days.

SET LOCAL ROLE earshot_owner;

-- A delivery whose resend_of is set was asked for by a person: resent_by, with a reason. It is the same report for the
-- same recipient; its revision is one more than that of the delivery before. state cancelled: it was never sent, because
-- the earlier mail turned out to have arrived.
ALTER TABLE report_deliveries
ADD COLUMN resend_of uuid,
ADD COLUMN resent_by text,
ADD COLUMN resend_reason text,
ADD CHECK ((resend_of IS NULL) = (resent_by IS NULL)),
ADD FOREIGN KEY (tenant_id, resend_of) REFERENCES report_deliveries (tenant_id, delivery_id),
DROP CONSTRAINT report_deliveries_state_check,
ADD CONSTRAINT report_deliveries_state_check CHECK (state IN (
    'queued', 'sending', 'accepted', 'delivered', 'bounced', 'dropped', 'failed', 'unknown', 'suppressed', 'held',
    'cancelled'
));
CREATE UNIQUE INDEX report_deliveries_resend_of ON report_deliveries (tenant_id, resend_of) WHERE resend_of IS NOT NULL;

-- The decision in the trail of changes, as a change of the delivery in doubt. Runs as the owner, so that whoever sends
-- again leaves a trace. The recipient's address stays out of it.
CREATE FUNCTION record_resend() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $function$
BEGIN
    INSERT INTO public.config_changes (tenant_id, changed_by, acting_as, table_name, operation, row_key, old_row, new_row)
    VALUES (
        new.tenant_id, session_user, current_setting('role'), tg_table_name, 'update',
        jsonb_build_object('delivery_id', new.resend_of),
        jsonb_build_object('sent_again_as', NULL, 'by', NULL, 'reason', NULL),
        jsonb_build_object('sent_again_as', new.delivery_id, 'by', new.resent_by, 'reason', new.resend_reason)
    );
    RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION record_resend() FROM public;
CREATE TRIGGER report_deliveries_resent AFTER INSERT ON report_deliveries
FOR EACH ROW WHEN (new.resend_of IS NOT NULL) EXECUTE FUNCTION record_resend();

-- NULL: the tenant's own. Rows that there are keep what they say: nobody's report changes its language unasked.
ALTER TABLE report_subscriptions
ALTER COLUMN locale DROP NOT NULL,
ALTER COLUMN locale DROP DEFAULT;

-- Distinct households and listeners of a campaign and its placements on the local days from first_day to last_day, both
-- included, counted from the exposures each time; of the session's tenant only. timezone: whose midnights part the days;
-- the tenant's own where it is left out, so that a week has the numbers of its report. Runs as the owner, because readers
-- hold nothing on series.
DROP FUNCTION reach_between(uuid, date, date);
CREATE FUNCTION reach_between(campaign uuid, first_day date, last_day date, timezone text DEFAULT NULL)
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
REVOKE ALL ON FUNCTION reach_between(uuid, date, date, text) FROM public;
GRANT EXECUTE ON FUNCTION reach_between(uuid, date, date, text) TO earshot_report, earshot_readonly, earshot_etl;
