"""How each report of a period is put together from the database's answers.

In: the database's answers for one period. Out: sections and facts of a report. Tables are checked against the total of
the period as they are read: a report whose tables do not tie is never made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

from settlement.clearing.tallies import Key, LedgerDay, Period, Sums, Tally, tie
from settlement.intake.aggregates import Aggregates
from settlement.reports import cuts, passage_lists
from settlement.reports.cuts import Cut
from settlement.reports.document import Cell, Column, Fact, Kind, Section
from settlement.reports.wording import class_name, grouped, outcome_name


class Source:
    """The answers of one period; every table is tied to the total before anybody sees it."""

    def __init__(self, aggregates: Aggregates) -> None:
        self.aggregates = aggregates
        self.scope = aggregates.scope
        self.total: Sums = aggregates.total()

    def table(self, *dimensions: str) -> list[Tally]:
        """Sums by the dimensions; NotTiedError where they are not those of the period."""
        found = self.aggregates.table(*dimensions)
        tie(", ".join(dimensions), found, self.total)
        return found

    def ledger(self) -> list[LedgerDay]:
        """A line for every day of the period."""
        found = {line.day: line for line in self.aggregates.ledger()}
        return [found.get(day, LedgerDay(day, 0, 0)) for day in self.scope.period.days()]

    def by_day(self) -> list[Tally]:
        """A line for every day of the period."""
        return cuts.filled(self.table("day"), [(day,) for day in self.scope.period.days()])

    def by_hour(self) -> list[Tally]:
        """24 lines of the clock, from the cut-off on."""
        first = self.scope.cutoff.at.hour
        return cuts.filled(self.table("hour"), [((first + n) % 24,) for n in range(24)])


Build = Callable[[Source], tuple[Sequence[Section], Sequence[Fact]]]


def _text(heading: str, english: str, width: float = 1.0) -> tuple[Column, ...]:
    return (Column(heading, english, width=width),)


def _plain(key: Key) -> tuple[Cell, ...]:
    return tuple(value if isinstance(value, (int, date)) else str(value) or "–" for value in key)


def _hour(key: Key) -> tuple[Cell, ...]:
    return (f"{key[0]:02d}:00",)


def _class(key: Key) -> tuple[Cell, ...]:
    return (class_name(int(str(key[0]))),)


LANE: Final = Cut("Theo làn", "By lane", _text("Làn", "lane"), _plain)
DAY: Final = Cut("Theo ngày", "By day", (Column("Ngày đối soát", "accounting day", Kind.DATE),), _plain)
HOUR: Final = Cut("Theo giờ", "By hour", _text("Giờ (từ)", "hour from", 0.7), _hour)
CLASS: Final = Cut("Theo loại xe", "By class", _text("Loại xe", "class"), _class)
PROVIDER: Final = Cut("Theo nhà cung cấp", "By provider", _text("Nhà cung cấp", "provider", 1.4), _plain)
MONTH: Final = Cut("Theo tháng", "By month", _text("Tháng", "month"), lambda key: (f"{key[0]:%m/%Y}",))
OUTCOME: Final = Cut(
    "Theo kết quả", "By outcome", _text("Kết quả", "outcome", 1.6), lambda key: (outcome_name(str(key[0])),)
)
OPERATOR: Final = Cut("Theo nhân viên", "By operator", _text("Nhân viên", "operator", 1.6), _plain)
REASON: Final = Cut("Theo lý do", "By reason", _text("Lý do", "reason", 2.4), _plain)
REVENUE_CHART: Final = "Doanh thu theo loại xe"


def _by_class(source: Source) -> Section:
    keys = [(c,) for c in (1, 2, 3, 4, 5)]
    return cuts.table(CLASS, cuts.SHORT, cuts.filled(source.table("class"), keys), REVENUE_CHART, "đồng (VND)")


def _ledger(source: Source) -> Section:
    revenue = {day: tally.sums.revenue_vnd for tally in source.table("day") if isinstance(day := tally.key[0], date)}
    return cuts.ledger(source.ledger(), revenue)


def _ledger_facts(source: Source) -> tuple[Fact, ...]:
    lines = source.ledger()
    return (
        Fact("Doanh thu", "Revenue", amount_vnd=source.total.revenue_vnd, strong=True),
        Fact("Bút toán sổ cái", "Ledger postings", amount_vnd=sum(line.revenue_vnd for line in lines)),
        Fact("Điều chỉnh ghi trong kỳ", "Corrections booked", amount_vnd=sum(line.corrections_vnd for line in lines)),
    )


def _revenue(first: Callable[[Source], Section]) -> Build:
    """A revenue report: its own cut, then class, provider and the ledger, which are the same in all of them."""

    def build(source: Source) -> tuple[Sequence[Section], Sequence[Fact]]:
        provider = cuts.table(PROVIDER, cuts.SHORT, source.table("provider"))
        return (first(source), _by_class(source), provider, _ledger(source)), _ledger_facts(source)

    return build


def _revenue_lanes(source: Source) -> Section:
    return cuts.table(LANE, cuts.MONEY, source.table("lane"), "Doanh thu theo làn", "đồng (VND)")


def _revenue_days(source: Source) -> Section:
    return cuts.table(DAY, cuts.MONEY, source.by_day(), "Doanh thu theo ngày", "đồng (VND)")


def _revenue_months(source: Source) -> Section:
    months = dict.fromkeys((day.replace(day=1),) for day in source.scope.period.days())
    tallies = cuts.filled(source.table("month"), months)
    return cuts.table(MONTH, cuts.MONEY, tallies, "Doanh thu theo tháng", "đồng (VND)")


def _shift_cut(source: Source) -> Cut:
    shifts = source.scope.shifts
    columns = (Column("Ngày đối soát", "accounting day", Kind.DATE), Column("Ca", "shift", width=1.5))

    def write(key: Key) -> tuple[Cell, ...]:
        shift = shifts.shifts[int(str(key[-1]))]
        name = f"{shift.name} ({shifts.hours(shift)})"
        return (key[0], name) if isinstance(key[0], date) else (name,)

    return Cut("Theo ngày và ca", "By day and shift", columns, write)


def _shift_order(source: Source) -> list[int]:
    """Shifts as the accounting day meets them."""
    cutoff = source.scope.cutoff.at
    shifts = source.scope.shifts.shifts
    return sorted(range(len(shifts)), key=lambda n: (shifts[n].start < cutoff, shifts[n].start))


def _revenue_shifts(source: Source) -> tuple[Sequence[Section], Sequence[Fact]]:
    order = _shift_order(source)
    cut = _shift_cut(source)
    days = [(day, shift) for day in source.scope.period.days() for shift in order]
    shifts = cuts.filled(source.table("shift"), [(shift,) for shift in order])
    whole = Cut("Theo ca", "By shift", cut.columns[1:], cut.write)
    own = (
        cuts.table(whole, cuts.MONEY, shifts, "Doanh thu theo ca", "đồng (VND)"),
        cuts.table(cut, cuts.MONEY, cuts.filled(source.table("day", "shift"), days)),
    )
    others, facts = _revenue(lambda found: own[0])(source)
    settings = "minh họa (built-in, of no plaza)" if source.scope.shifts.demonstration else "cấu hình (configuration)"
    return (*own, *others[1:]), (*facts, Fact("Giờ của các ca lấy từ", "Where the shift times come from", settings))


def _traffic_lanes(source: Source) -> tuple[Sequence[Section], Sequence[Fact]]:
    lanes = source.table("lane")
    sections = (
        cuts.table(LANE, cuts.BY_CLASS, lanes, "Lưu lượng theo làn", "lượt xe"),
        cuts.table(Cut("Làn và kết quả", "By lane and outcome", LANE.columns, LANE.write), cuts.BY_OUTCOME, lanes),
        cuts.grid("Ngày và làn", "By day and lane", DAY, source.table("day", "lane")),
    )
    return sections, ()


def _traffic_hours(source: Source) -> tuple[Sequence[Section], Sequence[Fact]]:
    hours = source.by_hour()
    outcomes = Cut("Giờ và kết quả", "By hour and outcome", HOUR.columns, HOUR.write)
    lanes = sorted(source.table("hour", "lane"), key=lambda t: [h.key[0] for h in hours].index(t.key[0]))
    sections = (
        cuts.table(HOUR, cuts.BY_CLASS, hours, "Lưu lượng theo giờ", "lượt xe"),
        cuts.table(outcomes, cuts.BY_OUTCOME, hours),
        cuts.grid("Giờ và làn", "By hour and lane", HOUR, lanes),
    )
    busiest = max(hours, key=lambda t: t.sums.passages)
    fact = Fact(
        "Giờ cao điểm", "Busiest hour of the clock", str(_hour(busiest.key)[0]) if source.total.passages else "–"
    )
    return sections, (fact,)


def _traffic_classes(source: Source) -> tuple[Sequence[Section], Sequence[Fact]]:
    classes = cuts.filled(source.table("class"), [(c,) for c in (1, 2, 3, 4, 5)])
    days = Cut("Ngày và loại xe", "By day and class", DAY.columns, DAY.write)
    sections = (
        cuts.table(CLASS, cuts.BY_OUTCOME, classes, "Lưu lượng theo loại xe", "lượt xe"),
        cuts.table(days, cuts.BY_CLASS, source.by_day()),
    )
    return sections, ()


def _tickets(source: Source) -> tuple[Sequence[Section], Sequence[Fact]]:
    used = source.aggregates.tickets()
    single = (source.total.charged, source.total.revenue_vnd)
    sections = (passage_lists.ticket_kinds(used, single), passage_lists.tickets(used))
    sold = Fact(
        "Bán vé tháng, vé quý (sổ cái)", "Tickets sold in the ledger", amount_vnd=source.aggregates.ticket_sales_vnd()
    )
    return sections, (sold,)


def _listing(name: str, sheet: str, english: str) -> Build:
    """A list of passages with a reason, and how many there are by reason and by member of staff."""

    def build(source: Source) -> tuple[Sequence[Section], Sequence[Fact]]:
        passages, there = source.aggregates.listed(name)
        columns, counts = (
            source.aggregates.listed_by(name, "outcome", "reason"),
            source.aggregates.listed_by(name, "lane"),
        )
        people = source.aggregates.listed_by(name, "operator")
        reasons = Cut(
            "Theo lý do", "By reason", (*OUTCOME.columns, *REASON.columns),
            lambda key: (outcome_name(str(key[0])), str(key[1]) or "–"),
        )  # fmt: skip
        sections = (
            cuts.table(LANE, cuts.BY_CLASS, counts, f"{sheet} theo làn", "lượt xe"),
            cuts.table(reasons, cuts.BY_CLASS, columns),
            cuts.table(OPERATOR, cuts.BY_CLASS, people),
            passage_lists.reasoned(sheet, english, passages, there),
        )
        return sections, (Fact("Lượt xe trong báo cáo", "Passages of this report", grouped(there), strong=True),)

    return build


def _flagging(name: str, sheet: str, english: str) -> Build:
    """A list of passages with what the lane found."""

    def build(source: Source) -> tuple[Sequence[Section], Sequence[Fact]]:
        passages, there = source.aggregates.listed(name)
        first = (
            passage_lists.flag_counts(source.aggregates.review_flags())
            if name == "review"
            else cuts.table(
                LANE, cuts.BY_OUTCOME, source.aggregates.listed_by(name, "lane"), f"{sheet} theo làn", "lượt xe"
            )
        )
        days = cuts.table(DAY, cuts.BY_OUTCOME, source.aggregates.listed_by(name, "day"))
        fact = Fact("Lượt xe trong báo cáo", "Passages of this report", grouped(there), strong=True)
        return (first, days, passage_lists.flagged(sheet, english, passages, there)), (fact,)

    return build


BUILDS: Final[Mapping[str, Build]] = {
    "revenue-by-shift": _revenue_shifts,
    "revenue-by-lane": _revenue(_revenue_lanes),
    "revenue-by-day": _revenue(_revenue_days),
    "revenue-by-month": _revenue(_revenue_months),
    "traffic-by-lane": _traffic_lanes,
    "traffic-by-hour": _traffic_hours,
    "traffic-by-class": _traffic_classes,
    "tickets": _tickets,
    "exempt": _listing("exempt", "Xe miễn phí", "Exempt passages"),
    "violations": _flagging("violation", "Xe vi phạm", "Violations"),
    "manual-openings": _listing("manual", "Mở barrier thủ công", "Opened by hand"),
    "review": _flagging("review", "Hậu kiểm", "Passages to review"),
}
"""How each report of `report_names` is put together."""


def common_facts(source: Source, place: str, period: Period) -> tuple[Fact, ...]:
    """What stands first in every report."""
    total = source.total
    return (
        Fact("Trạm", "Plaza", place),
        Fact("Kỳ báo cáo (ngày đối soát)", "Period (accounting days)", period.text),
        Fact("Ngày đối soát bắt đầu lúc", "The accounting day begins at", f"{source.scope.cutoff.at:%H:%M} hôm trước"
             if source.scope.cutoff.shift else "00:00"),
        Fact("Lượt xe trong kỳ", "Passages of the period", grouped(total.passages)),
        Fact("Lượt thu phí", "Charged passages", grouped(total.charged)),
    )  # fmt: skip
