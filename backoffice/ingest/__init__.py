"""From the stream into the tables, every passage once: passages, seals and lane status.

In: records of toll.passages.v1, toll.seals.v1, toll.lane-status.v1. Out: rows, alarms, requests to resend. The offset
of a record is committed only when the database has what it brought; until then it comes again and changes nothing.
"""
