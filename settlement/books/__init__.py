"""Closed days, disputes and their consequences as ClickHouse keeps them.

In: values of clearing. Out: rows, written once and read back. Never: a change of a closed day.
"""
