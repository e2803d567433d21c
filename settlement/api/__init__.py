"""HTTP access to days and disputes for finance staff and their programs.

In: requests. Out: JSON; clear errors that name the field. Never: a change of a closed day.
"""
