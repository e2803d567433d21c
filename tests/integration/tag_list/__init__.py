"""The tag list of the country on disk."""
