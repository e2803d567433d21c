"""`python -m simulators.llrp_reader`: the reader alone."""

from simulators.llrp_reader.command import app

app()
