"""Closed days, disputes and comparison by hashes: property tests."""
