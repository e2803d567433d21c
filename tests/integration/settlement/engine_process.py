"""The ClickHouse engine in a process of its own: one JSON request per line in, one JSON answer per line out.

One directory belongs to one process, so tests never open the engine in the test runner itself.
"""

import json
import sys

from chdb import session


def main() -> None:
    engine = session.Session(sys.argv[1])
    for line in sys.stdin:
        try:
            answer = engine.query(json.loads(line), "JSONCompact").bytes()
            rows = json.loads(answer)["data"] if answer else []
            reply: dict[str, object] = {"rows": rows}
        except Exception as error:
            reply = {"error": str(error)}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
