"""Mapping files, one per provider (TOML). Data only."""
