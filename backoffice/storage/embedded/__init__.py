"""A ClickHouse server small enough for one machine: the chdb engine behind the native protocol on loopback.

In: connections of clickhouse-driver (or any native-protocol client). Out: what a real server of revision 54430 answers.
Read in this order: wire (bytes), frames (compression), blocks (columns), packets, statement (kinds of SQL), engine
(chdb), connection (one client), server (all of them). One process owns a data directory; a second one is refused.
"""
