-- 0014_logos: the pictures that stand at the head of reports, of a network or of a sponsor, as checked and drawn anew.

SET LOCAL ROLE earshot_owner;

-- owner_id: the tenant itself, or one of its sponsors. picture: a PNG. entered_by: on whose behalf, by its own word.
CREATE TABLE logos (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    owner_id uuid NOT NULL,
    picture bytea NOT NULL CHECK (length(picture) BETWEEN 1 AND 1000000),
    entered_by text NOT NULL CHECK (is_plain_text(entered_by, 200)),
    entered_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, owner_id)
);
SELECT earshot_protect('logos');
GRANT SELECT, INSERT, UPDATE, DELETE ON logos TO earshot_etl;
GRANT SELECT ON logos TO earshot_report, earshot_readonly;
