"""The programs of the back office: command line, settings, wiring and supervision. Only here are parts put together."""
