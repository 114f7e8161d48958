-- Takes back 0010_late_orders: what reports said as numbers is gone; the reports themselves stay.
SET LOCAL ROLE earshot_owner;
ALTER TABLE reports DROP COLUMN reviewed_as_of;
ALTER TABLE tenants
DROP COLUMN correction_share,
DROP COLUMN correction_conversions;
DROP TABLE report_figures;
