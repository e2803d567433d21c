"""Passages on the books: authorise, hold, commit, void, abandon; numbers and the memories of R13 and R15.

In: a vehicle and what was decided. Out: records, in the order that makes them durable before anything acts on them.
Never: two records that close one passage, a sequence number with a gap, a charge before L3.
"""

from lane_controller.contracts.values import Outcome
from lane_controller.core import binding
from lane_controller.core.effects import Record
from lane_controller.core.evolve import evolve
from lane_controller.core.instant import Now
from lane_controller.core.records import (
    Abandoned,
    Authorised,
    DrivenOn,
    Finding,
    Held,
    Motorcycle,
    Passage,
    PassageClosed,
    Voided,
)
from lane_controller.core.state import Stage, Standing, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag, Mode

BY_TAG = (Outcome.CHARGED, Outcome.TICKET, Outcome.EXEMPT)


def number(turn: Turn, track: Track) -> Track:
    """Give the vehicle a passage id, unless it has one."""
    if track.passage_id is not None:
        return track
    n = turn.counts.n + 1
    turn.counts = evolve(turn.counts, n=n)
    passage_id = f"{turn.cfg.lane}-e{turn.counts.epoch}-{n:06d}"
    return turn.put(track, n=n, passage_id=passage_id)


def authorise(turn: Turn, track: Track, finding: Finding) -> Track:
    """The vehicle may pass: durable before its open command; also that it had driven on, if it was void since."""
    anew = track.passage_id is None
    track = number(turn, track)
    times = evolve(track.times, decided=turn.now)
    track = turn.put(
        track, standing=Standing.AUTHORISED, finding=finding, holds=(), times=times, decisions=track.decisions + 1
    )
    assert track.passage_id is not None  # noqa: S101 - number() gave both
    assert track.n is not None  # noqa: S101
    record = Authorised(track.passage_id, track.n, finding, track.flags, track.frames, times, turn.now)
    turn.effects.append(Record(record))
    if anew and _past_l1(track):
        drives_on(turn, track)
    return track


def hold(turn: Turn, track: Track, finding: Finding | None, holds: tuple[str, ...]) -> Track:
    """The vehicle waits for evidence, a card or the operator."""
    track = number(turn, track)
    times = evolve(track.times, decided=turn.now)
    track = turn.put(track, standing=Standing.HELD, finding=finding, holds=holds, times=times)
    _waits(turn, track)
    return track


def _waits(turn: Turn, track: Track) -> None:
    assert track.passage_id is not None and track.n is not None  # noqa: S101, PT018 - number() gave both
    record = Held(track.passage_id, track.n, track.flags, turn.now, _past_l1(track), track.times.l1_on)
    turn.effects.append(Record(record))


def drives_on(turn: Turn, track: Track) -> None:
    """It has left L1 towards the arm, or is back on it: a restart has to know."""
    if track.standing is Standing.MOTORCYCLE:
        turn.effects.append(Record(Motorcycle(track.passage_id, track.on_l1, turn.now)))
    elif track.passage_id is not None:
        turn.effects.append(Record(DrivenOn(track.passage_id, _past_l1(track), turn.now)))


def _past_l1(track: Track) -> bool:
    return track.forward and not track.on_l1


def close(turn: Turn, track: Track, at: Now) -> None:
    """The vehicle crossed L2 → L3: exactly one passage, with the next number of the sequence (I13)."""
    track = _outcome(turn, number(turn, track))
    track = turn.put(track, times=evolve(track.times, l3_on=at))
    finding = track.finding
    assert finding is not None and track.passage_id is not None and track.n is not None  # noqa: S101, PT018
    seq = turn.counts.seq + 1
    turn.counts = evolve(turn.counts, seq=seq)
    committed = finding.outcome is Outcome.CHARGED
    passage = Passage(
        track.passage_id, seq, finding, committed, track.flags, track.frames, track.times, turn.now, turn.trace
    )
    turn.effects.append(Record(PassageClosed(track.n, passage)))
    if finding.outcome in BY_TAG and finding.epc is not None:
        remember(turn, finding, at)
    binding.release(turn, track, spent=True, disowned=not committed and Flag.PLATE_MISMATCH in track.flags)
    turn.drop(track)


def _outcome(turn: Turn, track: Track) -> Track:
    """R8 and R6: an authorisation keeps its outcome; otherwise the mode at L2 on; otherwise a violation."""
    if track.live:
        return _authorised_too_late(turn, track)
    base = track.finding or _seen(track)
    mode = track.l2_mode or turn.desk.mode
    if mode in (Mode.CONVOY, Mode.EMERGENCY):
        outcome = Outcome.CONVOY if mode is Mode.CONVOY else Outcome.EMERGENCY
        if outcome is Outcome.CONVOY:
            track = turn.flag(Flag.CONVOY, track) or track
        base = evolve(_seen(track), plate_registered=None, reason=mode.value)
        return turn.put(track, finding=evolve(base, outcome=outcome, rules=("R8",)))
    arm_open = track.arm_open_at_l2 or turn.arm.open_limit
    track = turn.flag(Flag.TAILGATE if arm_open else Flag.RUN_THROUGH, track) or track
    finding = evolve(base, outcome=Outcome.VIOLATION, fare_vnd=0, class_charged=None, ticket_no=None, rules=("R6",))
    return turn.put(track, finding=finding)


def _authorised_too_late(turn: Turn, track: Track) -> Track:
    """Its own tag pays (R6), but it drove onto L2 without an authorisation, and the arm was shut."""
    times = track.times
    late = times.decided is not None and times.l2_on is not None and times.decided.mono_us >= times.l2_on.mono_us
    if not late or track.recovered or track.arm_open_at_l2 or turn.arm.open_limit:
        return track
    return turn.flag(Flag.RUN_THROUGH, track) or track


def _seen(track: Track) -> Finding:
    plate, measured = track.plate, track.measured
    return Finding(
        outcome=Outcome.VIOLATION,
        plate_read=plate.text if plate else None,
        plate_confidence=plate.confidence if plate else None,
        class_measured=measured.vehicle_class if measured else None,
    )


def remember(turn: Turn, finding: Finding, at: Now) -> None:
    """R13 and R15 memories after a commit."""
    counts = turn.counts
    epc = finding.epc or ""
    horizon = turn.t - turn.cfg.repeat_ms * 1000
    commits = {e: us for e, us in counts.last_commits.items() if us >= horizon}
    commits[epc] = at.mono_us
    own = counts.own_charges
    if finding.outcome is Outcome.CHARGED:
        own = own.add(epc, finding.entry_version or 0, finding.fare_vnd)
    turn.counts = evolve(counts, last_commits=commits, own_charges=own)


def void(turn: Turn, track: Track, reason: str) -> Track:
    """An authorisation came to nothing; the vehicle may be decided once more on L1, under a new id (R1)."""
    assert track.passage_id is not None  # noqa: S101 - only an authorised vehicle is voided
    turn.effects.append(Record(Voided(track.passage_id, reason, turn.now)))
    return turn.put(
        track,
        standing=Standing.VOID,
        finding=None,
        passage_id=None,
        n=None,
        voided_us=turn.t,
        recovered=False,
        recovered_until_us=None,
        opens=0,
    )


def void_and_free(turn: Turn, track: Track, reason: str) -> None:
    """As `void`; and the tags that were taken for its own were not, and serve whoever they belong to."""
    binding.release(turn, void(turn, track, reason), spent=False)


def void_at_arm(turn: Turn, track: Track, reason: str) -> None:
    """It stands before the closed arm without an authorisation, and waits for help as one that is held."""
    _waits(turn, number(turn, void(turn, track, reason)))


def abandon(turn: Turn, track: Track, reason: str) -> None:
    """The vehicle left upstream: no passage."""
    if track.live:
        track = void(turn, track, reason)
    track = turn.flag(Flag.ABANDONED, track) or track
    epc = track.finding.epc if track.finding else None
    plate = track.plate.text if track.plate else None
    turn.effects.append(Record(Abandoned(track.passage_id, track.flags, track.frames, epc, plate, turn.now)))
    binding.release(turn, track, spent=False)
    turn.drop(track)


def give_up(turn: Turn, track: Track, why: str) -> None:
    """Nobody is there, or it is another vehicle of the queue: no passage, and what was heard serves others."""
    if track.live:
        track = void(turn, track, why)
    binding.release(turn, track, spent=False)
    turn.drop(track)


def enter_l2(turn: Turn, track: Track, at: Now) -> Track:
    """The vehicle is on L2: what holds at this instant decides its outcome (R8) and the kind of violation."""
    return turn.put(
        track,
        stage=Stage.UNDER_ARM,
        times=evolve(track.times, l2_on=at),
        l2_mode=turn.desk.mode,
        arm_open_at_l2=turn.arm.open_limit,
        followed_us=None,
    )


def motorcycle(turn: Turn, track: Track) -> None:
    """R9: not tolled, arm stays closed, only the flag; nobody measures it again after a restart."""
    if track.standing is Standing.MOTORCYCLE:
        return
    track = turn.put(track, standing=Standing.MOTORCYCLE, holds=(), finding=None)
    drives_on(turn, track)
    turn.flag(Flag.WRONG_LANE_MOTO, track)
