"""Random days as files that people and programs really send: odd cells, bad cells, repeats, dialects, broken lines."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date

from settlement.intake.columns import PROVIDER, STATION
from tests.property.settlement.days import Row, random_day

_TIMES = (
    "", "2026-06-31T00:00:00Z", "2026-06-15T14:50:00", "2026-06-15T14:50:00.1234567Z", "2026-06-15T14:50:60Z",
    "2026-06-15 14:50:00Z", "2026-06-15T14:50:00z", "0000-06-15T14:50:00Z", "2027-02-29T14:50:00+07:00",
    "２０２６-06-15T14:50:00Z", "2026-06-15T14:50:00+24:00", "2026-06-15T14:50:00.Z", "2026-06-15T24:00:00Z",
    "2026-06-15T14:50:00+07:00x", "2026-06-15T14:50:00.+07:00", "2026-06-15T14:50:00+0700", "+026-06-15T14:50:00+07:00",
)  # fmt: skip
_AMOUNTS = (
    "35.000", "-0", "", "+35000", "1234567890123", "0000000035000", "３５０００", "35000.0", "3 5000", "1e5", "-35000",
    "9999999999999999999999", "35,000", "0x10", "٣",
)  # fmt: skip
BAD: dict[str, tuple[str, ...]] = {
    "passed_at": _TIMES,
    "charged_at": _TIMES,
    "plaza": ("XX", "", "CMM"),
    "class": ("6", "", "0", "1.0", "01", "-1", "１", "+1"),
    "outcome": ("paid", "", "charge"),
    "fare_vnd": _AMOUNTS,
    "amount_vnd": (*_AMOUNTS, "0", "000"),
    "offline": ("0", "yes", "1"),
    "plate_confidence": ("-0", "1.01", "nan", "inf", "1e-1", "0,9", "+0.5", ".", "٠", "0x1", "1.0000001"),
    "charge_id": ("",),
    "kind": ("refund", ""),
    "status": ("done", ""),
}
_GOOD_TIMES = (
    "2026-06-15T14:50:00.000001Z", "2026-06-15T21:50:30.5+07:00", "2026-06-16T00:00:00-00:00",
    "2026-06-15T14:59:59.999999+00:00", "2026-06-15T15:00:00Z", "2026-06-15T11:20:30.1-03:30",
    "2024-02-29T12:00:00Z", "2026-06-15T22:00:00.000000+07:00", "1971-01-01T00:00:00+07:00",
)  # fmt: skip
ODD: dict[str, tuple[str, ...]] = {
    "passed_at": _GOOD_TIMES,
    "charged_at": _GOOD_TIMES,
    "plaza": ("cm", "Cm", "BD", "bD"),
    "outcome": ("Charged", "TICKET", "eXempt", "convoy", "emergency"),
    "fare_vnd": ("000035000", "0", "999999999999", "00", "000000000000"),
    "amount_vnd": ("000035000", "999999999999", "1"),
    "offline": ("TRUE", "False", "tRuE", ""),
    "plate_confidence": (".5", "1.", "0.90", "0.9", "00.95", "1.000", "0.899999", "0.", "0.900001", "000001", ""),
    "plate": ("29tđ-012.34", "２０Ａ12345", "20A\u00a012345", "Đ", "20Â-1", "-", '20A"1', "20A,1;2", "ßẞŉ", "e\u0301"),
    "epc": ("e 1", "e1", "E  2", "Đ", "ﬀ", "E3\u200b"),
    "passage_id": ("P1", "p1", "P 1", "P;1", "P,1", '"P1"', "P\u200b1", "P2"),
    "provider": ("vetc", "VETC", "Vdtc", "Đ", "đ"),
    "ticket_no": ("v1", "V1"),
    "lane": ("l1", "L1", "L 1", "L2"),
    "reason": ('a"b', "x,y;z", "=1+1", "ă" * 50),
    "kind": ("Debit", "CREDIT"),
    "status": ("POSTED", "Pending"),
    "shift": ("x",),
    "lane_seq": ("zz",),
    "charge_id": ("C1", "c1", 'C"1'),
    "related_charge_id": ("C1", "C2", "c1"),
}
_BLANK_LINES = ("", "   ", "\u00a0", '""', "\t", "\u2003")


@dataclass(frozen=True)
class DirtyDay:
    station: bytes
    provider: bytes
    day: date


def dirty_day(seed: int) -> DirtyDay:
    chance = random.Random(seed)
    station, provider = random_day(chance.randrange(10**9))
    writer = _Writer(chance, chance.choice((0, 0.05, 0.3)), chance.choice((0, 0.05, 0.3)))
    files = writer.file(station, STATION), writer.file(provider, PROVIDER)
    return DirtyDay(*files, chance.choice((date(2026, 6, 15), date(2026, 6, 16))))


@dataclass
class _Writer:
    chance: random.Random
    bad: float
    odd: float

    def file(self, rows: list[Row], columns: tuple[str, ...]) -> bytes:
        chance = self.chance
        places = list(columns)
        if chance.random() < 0.4:
            chance.shuffle(places)
        if chance.random() < 0.3:
            places.insert(chance.randrange(len(places) + 1), "khác")
        separator, newline = chance.choice(",,;"), chance.choice(("\n", "\n", "\r\n"))
        heading = chance.choice((str, str, str.upper, str.title))
        lines = [separator.join(heading(name) for name in places)]
        quote, pad = chance.choice((0, 0.1, 1)), chance.choice(("", "", "", " ", "\u00a0", "\t"))
        for row in self._dirty(rows):
            cells = [self._cell(row.get(name, "zz"), separator, quote, pad) for name in places]
            lines.append(self._broken(separator.join(cells), separator))
            if chance.random() < 0.08:
                lines.append(chance.choice((*_BLANK_LINES, separator * 3, separator.join(['""'] * len(places)))))
        if chance.random() < 0.2:
            lines.insert(0, "")
        text = newline.join(lines) + (newline if chance.random() < 0.8 else "")
        return (b"\xef\xbb\xbf" if chance.random() < 0.2 else b"") + text.encode()

    def _dirty(self, rows: list[Row]) -> list[Row]:
        chance, found = self.chance, []
        for original in rows:
            row = dict(original)
            for share, cells in ((self.bad, BAD), (self.odd, ODD), (self.odd, ODD)):
                if chance.random() < share:
                    self._change(row, cells)
            found.append(row)
            if chance.random() < self.bad:
                found.insert(chance.randrange(len(found) + 1), again := dict(row))
                if chance.random() < 0.5:
                    self._change(again, ODD)
        return found

    def _change(self, row: Row, cells: dict[str, tuple[str, ...]]) -> None:
        column = self.chance.choice([name for name in row if name in cells])
        row[column] = self.chance.choice(cells[column])

    def _cell(self, value: str, separator: str, quote: float, pad: str) -> str:
        padded = pad + value + pad if pad and self.chance.random() < 0.5 else value
        if separator in padded or '"' in padded or self.chance.random() < quote:
            return '"' + padded.replace('"', '""') + '"'
        return padded

    def _broken(self, line: str, separator: str) -> str:
        if self.chance.random() >= self.bad / 3:
            return line
        return self.chance.choice(
            (
                line + separator,
                line.rpartition(separator)[0],
                line.replace(separator, separator + '"', 1),
                line + '"',
                "x",
                '"' + line,
                line.replace(separator, '"' + separator, 1),
            )
        )
