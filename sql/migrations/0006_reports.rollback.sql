-- Takes back 0006_reports, and every row it held.
SET LOCAL ROLE earshot_owner;
DROP TABLE suppressions;
DROP TABLE delivery_events;
DROP TABLE delivery_attempts;
DROP TABLE report_deliveries;
DROP TABLE report_artefacts;
DROP TABLE reports;
