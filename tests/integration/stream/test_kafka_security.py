"""TLS, passwords and access rules of a real Apache Kafka: who gets in, and what the others are told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import Stream, StreamError
from tests.contract.stream.conftest import read_to_end
from tests.parts.kafka_secure import SecureKafkaBroker
from tests.parts.missing import PartMissingError, skip_or_fail

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

PASSAGES = "toll.passages.v1"


@pytest.fixture(scope="module")
def secure_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafkaBroker]:
    try:
        with SecureKafkaBroker(tmp_path_factory.mktemp("secure") / "kafka") as broker:
            yield broker
    except PartMissingError as missing:
        skip_or_fail(missing)


@pytest.fixture
async def admin(secure_broker: SecureKafkaBroker) -> AsyncIterator[Stream]:
    stream = open_stream(secure_broker.secure_dsn("admin"))
    await stream.ensure_topics({PASSAGES: False})
    yield stream
    await stream.close()


async def test_a_user_with_rights_writes_and_reads_over_tls(admin: Stream) -> None:
    await (await admin.producer("lane")).append(PASSAGES, [("CM-01", b"1")])
    assert [record.value for record in await read_to_end(await admin.consumer([PASSAGES], None))][-1] == b"1"


async def refused(dsn: str) -> list[str]:
    """What is said to somebody who tries to make a topic, append and read."""
    stream = open_stream(dsn)
    texts = []
    for trying in (
        lambda: stream.ensure_topics({"toll.other.v1": False}),
        lambda: _append(stream),
        lambda: _read(stream),
    ):
        with pytest.raises(StreamError) as error:
            await trying()
        texts.append(str(error.value))
    await stream.close()
    return texts


async def _append(stream: Stream) -> None:
    await (await stream.producer("lane")).append(PASSAGES, [("CM-01", b"x")])


async def _read(stream: Stream) -> None:
    await (await stream.consumer([PASSAGES], "ingest")).poll(1.0)


async def test_a_wrong_password_is_told_apart(secure_broker: SecureKafkaBroker) -> None:
    for text in await refused(secure_broker.secure_dsn("lane01", password="mật khẩu sai")):
        assert secure_broker.address in text
        assert "uthentication" in text
        assert "mật khẩu sai" not in text


async def test_a_broker_of_another_authority_is_not_trusted(secure_broker: SecureKafkaBroker) -> None:
    for text in await refused(secure_broker.secure_dsn("admin", ca=secure_broker.other_ca_file)):
        assert secure_broker.address in text
        assert "certificate verify failed" in text


async def test_a_ca_file_that_is_none_is_named(secure_broker: SecureKafkaBroker, tmp_path: Path) -> None:
    for text in await refused(secure_broker.secure_dsn("admin", ca=tmp_path / "missing.pem")):
        assert "missing.pem" in text


@pytest.mark.usefixtures("admin")
async def test_a_user_without_rights_is_told_which_right_is_missing(secure_broker: SecureKafkaBroker) -> None:
    for text in await refused(secure_broker.secure_dsn("lane01")):
        assert "lane01" in text
        assert "ACL" in text


async def test_plain_text_does_not_get_in(secure_broker: SecureKafkaBroker) -> None:
    for text in await refused(secure_broker.dsn("s.")):
        assert secure_broker.address in text
