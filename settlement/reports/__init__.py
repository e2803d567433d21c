"""Statements for people: XLSX and PDF, Vietnamese first with English beside it.

In: a `Document` of sections. Out: bytes that depend on the document alone. Must never compute money.
"""
