-- 0026_failures: what could not be done for one tenant while everybody else's was, until the same work succeeds.

SET LOCAL ROLE earshot_owner;

-- stage: computing, check, reports, delivery, schedule, sensor, methodology, privacy. subject: which piece of work of the
-- stage, for computing the asset. day: NULL where the work has none; for reports the first day of the period.
-- cause: for people, in one line. error_class: the class of the exception. run_id: the last run that met it, if it was a run.
CREATE TABLE tenant_failures (
    tenant_id uuid NOT NULL,
    stage text NOT NULL,
    subject text NOT NULL,
    day date,
    cause text NOT NULL,
    error_class text NOT NULL,
    run_id uuid,
    first_failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    failed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- One line for each piece of work: unique without a day too, on every version of PostgreSQL.
CREATE UNIQUE INDEX tenant_failures_key ON tenant_failures (tenant_id, stage, subject, (coalesce(day, 'infinity'::date)));
SELECT earshot_protect('tenant_failures');
GRANT SELECT, INSERT, UPDATE, DELETE ON tenant_failures TO earshot_etl;
GRANT SELECT ON tenant_failures TO earshot_report, earshot_readonly;
