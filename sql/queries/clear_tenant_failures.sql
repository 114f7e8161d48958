-- clear_tenant_failures: a piece of work succeeded for these tenants, so that it is no open failure any more.
-- Grain: the rows that are gone. Parameters: tenants (uuid[]), stage (text), subjects (text[]), day (date or NULL).
DELETE FROM tenant_failures
WHERE
    tenant_id = any(%(tenants)s::uuid[])
    AND stage = %(stage)s
    AND subject = any(%(subjects)s::text[])
    AND day IS NOT DISTINCT FROM %(day)s::date
