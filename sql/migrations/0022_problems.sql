-- 0022_problems: what is wrong at the moment, of a tenant or of the installation, so that each problem is told once, and once
-- more when it is solved.

SET LOCAL ROLE earshot_owner;

-- tenant_id: zeros stand for the installation, which is nobody's. subject: which one of its kind. An open one has no solved_at.
CREATE TABLE problems (
    tenant_id uuid NOT NULL,
    kind text NOT NULL CHECK (
        kind IN ('failed_run', 'late_night', 'held_report', 'paused_sender', 'full_disk', 'lapsed_list')
    ),
    subject text NOT NULL CHECK (is_plain_text(subject, 1000)),
    began_at timestamptz NOT NULL,
    subscription_id uuid,
    headline text NOT NULL,
    cause text NOT NULL,
    seen_at timestamptz NOT NULL,
    solved_at timestamptz CHECK (solved_at >= began_at),
    PRIMARY KEY (tenant_id, kind, subject, began_at)
);
CREATE UNIQUE INDEX problems_open ON problems (tenant_id, kind, subject) WHERE solved_at IS NULL;

SELECT earshot_protect('problems'::regclass);
GRANT SELECT, INSERT, UPDATE, DELETE ON problems TO earshot_etl;
GRANT SELECT ON problems TO earshot_report, earshot_readonly;
