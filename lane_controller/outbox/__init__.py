"""What leaves the lane and must not be lost: journal, seals, and the relay to the stream.

In: records and inputs of the runner. Out: a durable, hash-chained journal per lane, then PassageV1 and SealV1 on the
stream, in order, at least once. Nothing is reported before it is on disk.
"""
