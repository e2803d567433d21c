"""Closed days, disputes and comparison by hashes: integration tests."""
