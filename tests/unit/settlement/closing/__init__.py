"""Closed days, disputes and comparison by hashes: unit tests."""
