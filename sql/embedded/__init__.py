"""The database that comes by itself: a private PostgreSQL with TimescaleDB for one home folder.

Here: the public names. programs.py and debian.py find or fetch the programs, account.py chooses the user
that runs them and where they lie, cluster.py makes, starts and stops the data folder, server.py ties them together.
Not here: the schema (sql/schema/migrate.py), reading and writing rows (sql/warehouse.py), settings of the application.
"""

from sql.embedded.server import Server, ensure_server, find_server, stop_server

__all__ = ["Server", "ensure_server", "find_server", "stop_server"]
