"""Write docs/lane-fusion.md from the core's parameters: `python -m lane_controller.app.fusion_page`.

In: an optional file name. Out: the page. Never: a page edited by hand; a test compares it with the parameters.
"""

import sys
from pathlib import Path

from lane_controller.core.fusion import markdown

PAGE = Path("docs/lane-fusion.md")


def main() -> None:
    """Write the page to the file named, or to docs/lane-fusion.md below the working folder."""
    page = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(markdown(), encoding="utf-8")


if __name__ == "__main__":
    main()
