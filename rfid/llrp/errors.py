"""Errors of the LLRP side, split by who must act.

What goes wrong on the wire is `FramingError` (the stream is lost: reconnect) or `DecodeError` (one frame is bad, the
stream is intact: count it and go on). `EncodeError` is ours: we asked for something that LLRP cannot say.
Any other exception out of the codec or the session is a bug.
"""


class LlrpError(Exception):
    """Base of every error that this package raises on purpose."""


class RemoteError(LlrpError):
    """The reader sent something that LLRP does not allow."""


class FramingError(RemoteError):
    """The byte stream cannot be cut into frames any more; only a new connection helps."""


class DecodeError(RemoteError):
    """One frame has broken contents; the next frame starts where its header says."""


class EncodeError(LlrpError):
    """A value does not fit its LLRP field: a mistake on our side."""
