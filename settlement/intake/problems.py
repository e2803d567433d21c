"""What a person has to put right before a run can start.

In: nothing. Out: the one exception that ends a command with status 2. Must always name the file and the remedy.
"""

from __future__ import annotations


class UnusableInputError(Exception):
    """A file, setting or address that cannot be used at all; the message names it, the place in it and the remedy."""
