"""What the back office keeps: connection, migrations, writers and read models, all through clickhouse-driver.

In: passages, postings, accounts as plain rows. Out: the same rows, once each, by business key. SQL lives here and
nowhere else; no password ever leaves `dsn.py` in a text.
"""
