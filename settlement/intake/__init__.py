"""Everything that enters settlement: configuration, the two files of a reconciliation, the back office's tables.

In: paths and a database address. Out: values of `clearing` and frames of `reconcile`. Must never decide about money.
"""
