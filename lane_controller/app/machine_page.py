"""Write docs/lane-machine.md from the core's transition table: `python -m lane_controller.app.machine_page`.

In: an optional file name. Out: the page. Never: a page edited by hand; a test compares it with the table.
"""

import sys
from pathlib import Path

from lane_controller.core.machine import markdown

PAGE = Path("docs/lane-machine.md")


def main() -> None:
    """Write the page to the file named, or to docs/lane-machine.md below the working folder."""
    page = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(markdown(), encoding="utf-8")


if __name__ == "__main__":
    main()
