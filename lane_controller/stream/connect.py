"""From a DSN to a stream.

In: `sqlite:///absolute/path/stream.sqlite3` or `kafka://host:port[,host:port…]`, with options after `?`. Out: a Stream.
A DSN that cannot be understood is a ValueError that shows what can be written; a password never appears in it.

Options of both: prefix=NAME (before every topic and group).
sqlite: superseded_ms=N, tombstone_ms=N (how long a compacted topic keeps old versions and deletions).
kafka: partitions=N, replication=N, topic.SETTING=VALUE (for topics created here),
security=plaintext|ssl|sasl_plaintext|sasl_ssl, mechanism=SCRAM-SHA-512, user=NAME, password_file=FILE, ca=FILE.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from lane_controller.stream.embedded import EmbeddedStream
from lane_controller.stream.port import Stream
from lane_controller.stream.prefixed import PrefixedStream
from lane_controller.stream.sqlite_log import Keeping

if TYPE_CHECKING:
    from lane_controller.stream.kafka_link import Security

_FORMS: Final = "sqlite:///absolute/path/stream.sqlite3 or kafka://host:port[,host:port]"
_SECURITY: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_TOPIC: Final = "topic."


def open_stream(dsn: str) -> Stream:
    """The stream of a DSN; nothing is connected or created yet. ValueError: not a DSN of a stream."""
    parts = urlsplit(dsn)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    prefix = options.pop("prefix", "")
    match parts.scheme:
        case "sqlite":
            stream = _embedded(parts, options)
        case "kafka":
            stream = _kafka(parts, options)
        case _:
            raise ValueError(f"stream {dsn!r}: write {_FORMS}")
    if options:
        raise ValueError(f"stream {dsn!r}: unknown option {', '.join(sorted(options))}")
    if not prefix:
        return stream
    return PrefixedStream(stream, prefix)


def _embedded(parts: SplitResult, options: dict[str, str]) -> Stream:
    if parts.netloc or len(parts.path) < 2:
        raise ValueError(
            f"stream {parts.geturl()!r}: three slashes before the path, such as sqlite:///var/lib/etc/s.db"
        )
    usual = Keeping()
    keeping = Keeping(
        superseded_ms=_whole(options, "superseded_ms", usual.superseded_ms),
        tombstone_ms=_whole(options, "tombstone_ms", usual.tombstone_ms),
    )
    return EmbeddedStream(Path(parts.path), keeping)


def _kafka(parts: SplitResult, options: dict[str, str]) -> Stream:
    # aiokafka takes a third of a second to import, which a lane on one machine does not need to spend.
    from lane_controller.stream.kafka import KafkaStream  # noqa: PLC0415
    from lane_controller.stream.kafka_link import KafkaLink  # noqa: PLC0415

    if not parts.netloc or "@" in parts.netloc:
        raise ValueError(f"stream kafka://…: write {_FORMS}; users go into user=… and password_file=…")
    settings = {name.removeprefix(_TOPIC): options.pop(name) for name in list(options) if name.startswith(_TOPIC)}
    link = KafkaLink(
        brokers=parts.netloc,
        partitions=_whole(options, "partitions", 4),
        replication=_whole(options, "replication", -1),
        topic_settings=settings,
        security=_security(options),
    )
    return KafkaStream(link)


def _security(options: dict[str, str]) -> Security:
    from lane_controller.stream.kafka_link import Security  # noqa: PLC0415

    protocol = options.pop("security", "plaintext").upper()
    if protocol not in _SECURITY:
        raise ValueError(f"stream option security={protocol.lower()}: one of {', '.join(_SECURITY).lower()}")
    return Security(
        protocol=protocol,
        mechanism=options.pop("mechanism", "SCRAM-SHA-512"),
        user=options.pop("user", ""),
        password=_password(options.pop("password_file", None)),
        ca_file=options.pop("ca", None),
    )


def _password(file: str | None) -> str:
    if file is None:
        return ""
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"stream option password_file: {error}") from error


def _whole(options: dict[str, str], name: str, usual: int) -> int:
    text = options.pop(name, str(usual))
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"stream option {name}={text!r}: write a whole number") from None
