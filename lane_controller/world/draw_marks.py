"""Draws what a vehicle is known by: its plate, what the camera makes of it, its tags and their rows in the list.

In: the episode's own lots, the parameters. Out: plates, readings, tags; the episode's tag list.
Never: a plate or an EPC that two vehicles have, unless the plan is a cloned tag.
"""

from random import Random

from lane_controller.contracts.values import TagStatus
from lane_controller.core.values import TagEntry, Ticket
from lane_controller.world.parameters import WorldParameters
from lane_controller.world.plan import PlateSeen, Right, TagPlan

CONFUSED = str.maketrans("0123456789", "8773156138")
LETTERS = "ABCDEFGHKLMNPSTUVXYZ"
PROVINCES = (11, 12, 14, 15, 17, 18, 19, 20, 20, 20, 20, 29, 30, 30, 34, 36, 88, 89, 97, 98, 99)
YEAR = ("2026-01-01", "2026-12-31")
STATUS = {
    Right.BLOCKED: TagStatus.BLOCKED,
    Right.SUSPECT: TagStatus.SUSPECT,
    Right.EXEMPT: TagStatus.EXEMPT,
}
RUN_OUT = ("2025-01-01", "2025-12-31")


class Marks:
    """The plates and tags of one episode; `table` is its tag list by EPC."""

    def __init__(self, random: Random, p: WorldParameters, index: int) -> None:
        self.random, self.p, self.index = random, p, index
        self.table: dict[str, TagEntry] = {}
        self._tags, self._plates = 0, set[str]()

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def plate(self) -> str:
        """A registered number that nobody else in the episode has."""
        while True:
            random = self.random
            text = f"{random.choice(PROVINCES)}{random.choice(LETTERS)}{random.randrange(100, 100_000):05d}"
            if text not in self._plates:
                self._plates.add(text)
                return text

    def seen(self, plate: str) -> PlateSeen:
        """What the camera makes of a plate."""
        p, random = self.p, self.random
        after_s = p.plate_delay_s * random.uniform(0.5, 1.4)
        if self._chance(p.plate_late_share):
            after_s = random.uniform(0.4, 2.0)
        lot = random.random()
        if lot < p.plate_none_share:
            return PlateSeen(None, 0.0, after_s)
        if lot < p.plate_none_share + p.plate_wrong_share:
            sure = self._chance(p.plate_wrong_sure_share)
            confidence = random.uniform(0.9, 0.99) if sure else random.uniform(0.6, 0.9)
            corrected = plate if self._chance(0.2) else None
            return PlateSeen(self._misread(plate), round(confidence, 3), after_s, corrected, after_s + 0.5)
        confidence = random.uniform(0.6, 0.9) if self._chance(p.plate_unsure_share) else random.uniform(0.9, 1.0)
        corrected = plate if self._chance(p.plate_corrected_share) else None
        return PlateSeen(plate, round(confidence, 3), after_s, corrected, after_s + 0.5)

    def _misread(self, plate: str) -> str:
        i = self.random.randrange(3, len(plate))
        return plate[:i] + plate[i].translate(CONFUSED) + plate[i + 1 :]

    def gain_db(self) -> float:
        """How much better a tag is heard than the mean one; a shielded one is heard worse."""
        shielded = self.p.shielded_loss_db if self._chance(self.p.shielded_share) else 0.0
        return self.random.gauss(0.0, self.p.gain_sd_db) - shielded

    def _epc(self) -> str:
        self._tags += 1
        return f"DE0100{self.index % 0x1_0000_0000:08X}{self._tags:010X}"

    def tag(self, right: Right, vehicle_class: int, plate: str, account: str | None) -> TagPlan:
        """A tag, and its row in the list unless it is unknown; `account` None: one of its own."""
        epc, random = self._epc(), self.random
        if right is Right.UNKNOWN:
            return TagPlan(epc, self.gain_db())
        status = STATUS.get(right, TagStatus.ACTIVE)
        ticket = None
        if right is Right.TICKET:
            ticket = Ticket(f"VT{self._tags:06d}", *YEAR, "monthly")
        elif right is Right.GOOD and self._chance(self.p.ticket_share / 10):
            ticket = Ticket(f"VT{self._tags:06d}", *RUN_OUT, "quarterly")
        available = random.randrange(0, 30) * 1000 if right is Right.LOW_BALANCE else random.randrange(400, 5000) * 1000
        registered = self.plate() if right is Right.WRONG_PLATE else plate
        reason = "Xe cứu thương" if right is Right.EXEMPT else None
        self.table[epc] = TagEntry(
            epc=epc,
            tid=f"E28011{self._tags:018X}",
            account=account or f"TK-{self._tags:06d}",
            provider=random.choice(("VETC", "VDTC")),
            plate=registered,
            vehicle_class=vehicle_class,
            status=status,
            available_vnd=available,
            ticket=ticket,
            list_version=1,
            exempt_reason=reason,
        )
        return TagPlan(epc, self.gain_db())
