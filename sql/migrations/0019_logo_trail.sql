-- 0019_logo_trail: who entered, changed or took away a logo stands in the trail of changes.

SET LOCAL ROLE earshot_owner;

CREATE TRIGGER logos_recorded AFTER INSERT OR UPDATE OR DELETE ON logos
FOR EACH ROW EXECUTE FUNCTION record_logo();
