"""DSNs of streams: what is understood, and what people are told about the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from lane_controller.stream.connect import open_stream
from lane_controller.stream.embedded import EmbeddedStream
from lane_controller.stream.kafka import KafkaStream
from lane_controller.stream.prefixed import PrefixedStream


def test_each_scheme_has_its_adapter(tmp_path: Path) -> None:
    assert isinstance(open_stream(f"sqlite://{tmp_path}/s.sqlite3"), EmbeddedStream)
    assert isinstance(open_stream("kafka://a:9092,b:9092?partitions=8&topic.segment.ms=1000"), KafkaStream)
    assert isinstance(open_stream("kafka://a:9092?prefix=x."), PrefixedStream)


def test_opening_touches_nothing(tmp_path: Path) -> None:
    open_stream(f"sqlite://{tmp_path}/deep/s.sqlite3")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("dsn", "told"),
    [
        ("", "sqlite:///"),
        ("redis://x", "kafka://host:port"),
        ("sqlite://relative/s.db", "three slashes"),
        ("sqlite:///", "three slashes"),
        ("kafka://", "host:port"),
        ("kafka://u:secret@h:1", "password_file"),
        ("kafka://h:1?partitions=many", "partitions='many'"),
        ("kafka://h:1?colour=red", "colour"),
        ("sqlite:///x?partitions=3", "partitions"),
        ("kafka://h:1?security=tls", "sasl_ssl"),
        ("kafka://h:1?password_file=/does/not/exist", "/does/not/exist"),
    ],
)
def test_a_wrong_dsn_says_what_to_write(dsn: str, told: str) -> None:
    with pytest.raises(ValueError, match="stream") as error:
        open_stream(dsn)
    assert told in str(error.value)
    assert "secret" not in str(error.value)
