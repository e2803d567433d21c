"""Creation of topics at Kafka, and a check of those that exist.

In: topic names with "compacted or not". Out: topics that can be written to and read from at once.
A topic of passages that is compacted by mistake would lose all but the last passage of each lane: refused here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from lane_controller.stream.kafka_link import KafkaLink
from lane_controller.stream.port import StreamError

ALREADY_EXISTS: Final = 36
"""Error code of the Kafka protocol, TOPIC_ALREADY_EXISTS; it comes in the response and raises nothing."""
LEADERS_WITHIN_S: Final = 10.0
MAX_RECORD_BYTES: Final = 8 << 20

_ALL: Final = {"max.message.bytes": str(MAX_RECORD_BYTES + 65_536)}
_KEPT_FOR_EVER: Final = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
"""Nothing vanishes by age: a back office that was away for a month still finds every passage."""
_COMPACTED: Final = {
    "cleanup.policy": "compact",
    "min.compaction.lag.ms": "600000",  # a slow reader sees every version for ten minutes
    "delete.retention.ms": "86400000",  # and tombstones for a day
    "segment.ms": "3600000",  # the segment in use is never compacted: begin a new one every hour
}


async def ensure_topics(link: KafkaLink, topics: Mapping[str, bool]) -> None:
    """Create the missing ones. StreamError: refused, unreachable, or a topic stands there with the wrong policy."""
    async with _admin(link) as admin:
        response = await admin.create_topics([_new_topic(link, name, topics[name]) for name in topics])
        existing = []
        for name, code, message in (entry[:3] for entry in response.topic_errors):
            if code == ALREADY_EXISTS:
                existing.append(name)
            elif code:
                refused = for_code(code)
                raise link.error(f"create topic {name}", refused(message or refused.description))
        await _check_policies(link, admin, {name: topics[name] for name in existing})
        await _wait_for_leaders(link, admin, list(topics))


def _new_topic(link: KafkaLink, name: str, compacted: bool) -> NewTopic:
    # A compacted topic is read as one ordered table of changes, so it has one partition.
    settings = {**_ALL, **(_COMPACTED if compacted else _KEPT_FOR_EVER), **link.topic_settings}
    partitions = 1 if compacted else link.partitions
    # aiokafka wants an assignment, if only an empty one, beside "as many copies as the broker's default".
    assignment: dict[int, list[int]] | None = {} if link.replication == -1 else None
    return NewTopic(name, partitions, link.replication, replica_assignments=assignment, topic_configs=settings)


async def _check_policies(link: KafkaLink, admin: AIOKafkaAdminClient, existing: Mapping[str, bool]) -> None:
    asked = [ConfigResource(ConfigResourceType.TOPIC, name, configs={"cleanup.policy": ""}) for name in existing]
    for response in await admin.describe_configs(asked) if asked else []:
        for code, message, _, name, entries in response.resources:
            if code:
                raise link.error(f"look at the settings of topic {name}", for_code(code)(message))
            policies = {policy.strip() for entry in entries for policy in str(entry[1]).split(",")}
            if ("compact" in policies) != existing[name]:
                wanted = "compact" if existing[name] else "delete"
                raise StreamError(
                    f"topic {name} at Kafka {link.brokers} has cleanup.policy={','.join(sorted(policies))}, "
                    f"but needs {wanted}: set it with kafka-configs"
                )


async def _wait_for_leaders(link: KafkaLink, admin: AIOKafkaAdminClient, names: Sequence[str]) -> None:
    """A topic just made has no leader for a moment, and clients that meet it then back off for long."""
    until = asyncio.get_running_loop().time() + LEADERS_WITHIN_S
    while True:
        waiting = [topic["topic"] for topic in await admin.describe_topics(list(names)) if not _has_leaders(topic)]
        if not waiting:
            return
        if asyncio.get_running_loop().time() > until:
            raise StreamError(f"topics {', '.join(waiting)} at Kafka {link.brokers} have no leader; start the brokers")
        await asyncio.sleep(0.05)


def _has_leaders(topic: Mapping[str, Any]) -> bool:
    partitions = topic["partitions"]
    return bool(partitions) and all(partition["leader"] >= 0 for partition in partitions)


@asynccontextmanager
async def _admin(link: KafkaLink) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(client_id="topics", **link.arguments())
    try:
        await admin.start()
        yield admin
    except (KafkaError, TimeoutError) as error:
        raise link.error("create topics", error) from error
    finally:
        await admin.close()
