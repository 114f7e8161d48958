-- add_delivery: puts one report for one recipient in the queue, once per revision.
-- Grain: one row is added, or none where it is there already. Parameters: tenant, delivery, report (uuid),
-- revision (integer), recipient (text).
INSERT INTO report_deliveries (tenant_id, delivery_id, report_id, revision, recipient)
VALUES (%(tenant)s, %(delivery)s, %(report)s, %(revision)s, %(recipient)s)
ON CONFLICT (tenant_id, report_id, recipient, revision) DO NOTHING
