-- set_owner: who is told when a person is needed, of a tenant or of one of its subscriptions.
-- Grain: one row, the number of rows that changed. Parameters: tenant, subscription (uuid; NULL: the tenant's own),
-- address (text; NULL: nobody of its own).
WITH of_tenant AS (
    UPDATE tenants SET owner_address = %(address)s
    WHERE tenant_id = %(tenant)s AND %(subscription)s::uuid IS NULL
    RETURNING tenant_id
),

of_subscription AS (
    UPDATE report_subscriptions SET owner_address = %(address)s
    WHERE tenant_id = %(tenant)s AND subscription_id = %(subscription)s::uuid
    RETURNING tenant_id
)

SELECT (SELECT count(*) FROM of_tenant) + (SELECT count(*) FROM of_subscription) AS changed
