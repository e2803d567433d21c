"""Where the Kafka brokers are, how to speak to them, and what to tell people when that fails.

In: brokers and options of a DSN. Out: arguments for the aiokafka clients; StreamErrors that name broker and remedy.
A password must never reach a log or an error text.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import errors

from lane_controller.stream.kafka_log import quieten
from lane_controller.stream.port import StreamError

REQUEST_TIMEOUT_MS: Final = 10_000
"""One request to one broker; a broker that is up answers in milliseconds, a restart takes about 4 s."""


@dataclass(frozen=True, slots=True)
class Security:
    """How a connection is protected; the default is a closed plaza network without either."""

    protocol: str = "PLAINTEXT"
    mechanism: str = "SCRAM-SHA-512"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str | None = None

    def arguments(self) -> dict[str, Any]:
        """Arguments that every aiokafka client takes. OSError: the CA file cannot be read."""
        found: dict[str, Any] = {"security_protocol": self.protocol}
        if self.protocol.endswith("SSL"):
            found["ssl_context"] = ssl.create_default_context(cafile=self.ca_file)
        if self.protocol.startswith("SASL"):
            found |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return found


@dataclass(frozen=True, slots=True)
class KafkaLink:
    """The brokers of one cluster, and how topics are made there."""

    brokers: str
    """`host:port[,host:port…]`: any of them leads to all."""
    security: Security = Security()
    partitions: int = 4
    """Of a topic that is not compacted; its lanes spread over them by key."""
    replication: int = -1
    """Copies of each partition; -1: what the broker has as default.replication.factor."""
    topic_settings: Mapping[str, str] = field(default_factory=dict)
    """More settings for topics that are created here, by their Kafka names."""

    def arguments(self) -> dict[str, Any]:
        """Arguments that every aiokafka client takes."""
        quieten()
        try:
            security = self.security.arguments()
        except (OSError, ValueError) as error:
            raise StreamError(f"CA file {self.security.ca_file}: {error}; name a PEM file with ca=…") from error
        return {"bootstrap_servers": self.brokers.split(","), "request_timeout_ms": REQUEST_TIMEOUT_MS, **security}

    def error(self, doing: str, error: BaseException) -> StreamError:
        """What went wrong in words that name the broker and a remedy."""
        reason = quieten().reason()
        seen = f"{error}" if f"{error}" not in ("", type(error).__name__) else type(error).__name__
        unreachable = isinstance(error, errors.KafkaConnectionError | errors.NodeNotReadyError | TimeoutError)
        because = f" ({reason})" if reason and unreachable else ""
        return StreamError(f"cannot {doing} at Kafka {self.brokers}: {seen}{because}; {self._remedy(error)}")

    def _remedy(self, error: BaseException) -> str:
        match error:
            case errors.UnknownTopicOrPartitionError():
                # Kafka hides a topic from those who may not see it.
                hidden = f", or let user {self.security.user} see it by an ACL" if self.security.user else ""
                return f"create the topic first (ensure_topics){hidden}"
            case errors.MessageSizeTooLargeError() | errors.RecordListTooLargeError():
                return (
                    "send smaller records or raise max.message.bytes of the topic and message.max.bytes of the broker"
                )
            case (
                errors.TopicAuthorizationFailedError()
                | errors.GroupAuthorizationFailedError()
                | errors.ClusterAuthorizationFailedError()
            ):
                return f"give user {self.security.user or 'ANONYMOUS'} the right by an ACL of the broker"
            case errors.NotEnoughReplicasError() | errors.NotEnoughReplicasAfterAppendError():
                return "bring the other brokers back: fewer than min.insync.replicas are up"
            case errors.CommitFailedError() | errors.IllegalStateError():
                return "go on with poll: another member has these records now and reads them again"
            case _:
                return "check that the broker runs, that the address, user, password and CA are right; then it goes on"
