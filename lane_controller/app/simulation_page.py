"""Write the table of parameters into docs/lane-simulation.md: `python -m lane_controller.app.simulation_page`.

In: the parameters. Out: the page with the table between its two marks as the world has it; the rest is kept.
Never: a table edited by hand; a test compares the page with the parameters.
"""

import sys
from pathlib import Path

from lane_controller.world.parameters import table

PAGE = Path("docs/lane-simulation.md")
BEGIN = "<!-- parameters: written by python -m lane_controller.app.simulation_page -->"
END = "<!-- end of the parameters -->"


def markdown() -> str:
    """The table with its marks."""
    lines = [BEGIN, "| parameter | value | unit | source |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {value} | {unit} | {source} |" for name, value, unit, source in table()]
    return "\n".join([*lines, END])


def with_table(page: str) -> str:
    """The page with the table of now. Errors: ValueError where a mark is missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs both marks: {BEGIN} and {END}")
    return before + markdown() + after


def main() -> None:
    """Renew the page named, or docs/lane-simulation.md below the working folder."""
    page = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    page.write_text(with_table(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
