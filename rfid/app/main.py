"""The `rfid` command: see what a tag or card reader sees."""

import typer

from rfid.app.cards import cards
from rfid.app.decode import decode
from rfid.app.watch import watch

app = typer.Typer(
    name="rfid",
    help="Talk to UHF readers (LLRP) and card readers (PC/SC): show tags and cards as they are read.\n\n"
    "Làm việc với đầu đọc UHF (LLRP) và đầu đọc thẻ (PC/SC): xem thẻ đọc được.",
    no_args_is_help=True,
    add_completion=False,
)


app.command()(watch)
app.command()(decode)
app.command()(cards)


def main() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    main()
