"""What the back office publishes for settlement: names of ledger accounts and the columns of its tables.

In: nothing. Out: constants and small pure functions. Settlement imports this and nothing else of the back office.
"""
