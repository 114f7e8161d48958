-- read_server: the server's version, its TimescaleDB and its clock. extension and newest: the version of TimescaleDB that is
-- installed in the database, and the one that the server's files have; NULL where there is none.
-- migrator: whether the login may become the owner too. Grain: one row. Parameters: none.
SELECT
    current_setting('server_version') AS server_version,
    current_setting('server_version_num')::integer AS version_number,
    (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS extension,
    (SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb') AS newest,
    session_user::text AS login,
    coalesce(pg_has_role(session_user, to_regrole('earshot_owner'), 'MEMBER'), FALSE) AS migrator,
    clock_timestamp() AS now
