"""Streams between lanes and back office: the port (`port.py`) and its two adapters, embedded (SQLite) and Kafka.

In: keyed records from producers. Out: the same records, in the order of each key, to consumer groups, at least once.
Correctness never rests on a broker's transactions: it rests on the business keys inside the messages.
"""
