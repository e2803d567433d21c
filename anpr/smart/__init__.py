"""Cameras that read plates themselves and push what they read: what they say, as values."""
