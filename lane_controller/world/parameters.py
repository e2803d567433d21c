"""The parameters of the simulated world: one table with value, unit and source, from which the documentation is made.

In: nothing. Out: `WorldParameters`, with `scaled` for sweeps. No parameter was chosen to reach a figure: each was
written down with its source before the first long run (ADR 0013).
Never: a number of the world that stands anywhere else.

Sources: *rules*, *hardware* = docs/lane; *traffic* = simulators/traffic; *model card* = docs/model-card-anpr.md;
*design* = the figures that the parts must hold; *assumed* = no figure is published, the value is generous to trouble.
"""

from dataclasses import dataclass, field, fields, replace


def _p(default: float, unit: str, source: str) -> float:
    value: float = field(default=default, metadata={"unit": unit, "source": source})
    return value


@dataclass(frozen=True, slots=True)
class WorldParameters:
    """The table. Shares are of vehicles unless the unit says otherwise; `*_per_hour` are faults of one lane."""

    # Traffic
    vehicles_per_hour: float = _p(
        300, "1/h", "10,000 passages a day, peak hour 12 %, 4 lanes (design): always the peak"
    )
    headway_min_s: float = _p(1.5, "s", "assumed; two vehicles of one lane do not arrive closer")
    speed_g1_kmh: float = _p(13.0, "km/h", "traffic; G1 is a lane of up to 15 km/h (rules)")
    speed_g2_kmh: float = _p(25.0, "km/h", "G2 is a lane of up to 30 km/h (rules)")
    speed_sd: float = _p(0.15, "of the speed", "traffic: 2 of 13 km/h")
    g2_share: float = _p(0.5, "of episodes", "both geometries of rules alike")
    acceleration_m_s2: float = _p(1.6, "m/s²", "traffic, motion")
    braking_m_s2: float = _p(3.0, "m/s²", "hardware, section 7: comfortable braking")
    gap_m: float = _p(4.1, "m", "traffic: 3.2 to 5.0 m between vehicles that stand")
    close_gap_m: float = _p(1.5, "m", "hardware, section 5; curtains separate gaps under 2 m (rules)")
    close_follower_share: float = _p(0.01, "share", "traffic: drives through behind the vehicle ahead")
    reaction_s: float = _p(0.9, "s", "assumed; until a driver follows the signal or the vehicle ahead")
    class_1_share: float = _p(0.80, "share", "about 80 % light vehicles (receipts of the plaza's first three months)")
    trailer_share: float = _p(0.5, "of classes 4, 5", "assumed; loops drop out under high beds (rules, LOOP_DROPOUT)")
    returns_share: float = _p(0.01, "share", "assumed; the same vehicle again within the episode (R15)")
    motorcycle_share: float = _p(
        0.003,
        "share",
        "assumed; told by the lane (class sensor, R9) they leave sideways, else they drive round the arm",
    )
    ram_share: float = _p(0.0001, "share", "assumed; drives through the closed arm")
    hesitate_share: float = _p(0.0005, "share", "assumed; reverses under the arm, then goes on")
    turn_back_share: float = _p(0.001, "share", "assumed; backs out from L1")
    refuse_share: float = _p(0.10, "of held", "assumed; backs out rather than be released, when the way back is free")

    # Rights
    untagged_share: float = _p(0.03, "share", "traffic: 30 of 1,000 without a tag")
    low_balance_share: float = _p(0.025, "share", "traffic")
    blocked_share: float = _p(0.01, "share", "traffic")
    suspect_share: float = _p(0.001, "share", "assumed")
    unknown_share: float = _p(0.003, "share", "assumed; a tag on no list")
    exempt_share: float = _p(0.02, "share", "traffic")
    ticket_share: float = _p(0.06, "share", "traffic; one in ten of them has run out (assumed)")
    wrong_plate_share: float = _p(0.015, "share", "traffic: the plate is not the one registered for the tag")
    priority_card_share: float = _p(0.003, "share", "assumed; taps a priority card on L1")
    two_tags_share: float = _p(0.005, "share", "2022: cars with tags of both providers; half of one account (assumed)")
    cloned_share: float = _p(0.00001, "share", "assumed: plain tags can be copied (hardware 1.6), no case is published")
    list_change_share: float = _p(0.01, "share", "assumed; the row of a tag changes while its vehicle is in the lane")

    # Radio
    reads_per_s: float = _p(40.0, "1/s per tag", "hardware, section 7: 40 reads a second in the zone")
    peak_dbm: float = _p(-47.0, "dBm", "traffic, radio: middle of the lobe")
    edge_loss_db: float = _p(14.0, "dB", "traffic, radio: at the ends of the RF zone of rules, a parabola between")
    noise_db: float = _p(1.5, "dB", "traffic, radio: of one read")
    floor_dbm: float = _p(-70.0, "dBm", "traffic, radio: no read below; within 15 dB above it some are missed")
    gain_sd_db: float = _p(1.5, "dB", "traffic, fleet: tags and windscreens differ")
    shielded_share: float = _p(0.01, "share", "assumed; metal-coated windscreen")
    shielded_loss_db: float = _p(15.0, "dB", "assumed; two-way loss of a metal-coated windscreen")
    tid_read_share: float = _p(0.0, "of reads", "hardware 1.6: inventory returns no TID; reading it costs air time")
    held_reports_share: float = _p(
        0.5, "of reader losses", "LLRP hold: old reports come after the reconnect (hardware 1.1)"
    )

    # Neighbour lanes
    inner_lane_share: float = _p(
        0.5, "of episodes", "4 lanes side by side: two have a neighbour on both sides, two on one"
    )
    beside_stands_share: float = _p(0.08, "share", "assumed; of the vehicles beside, stands 2 to 15 s in a queue")
    beside_behind_share: float = _p(0.5, "share", "assumed; of those, behind one more, from the stop line on")
    isolation_db: float = _p(
        25.0,
        "dB",
        "12 dBi lobe of 40° at 5.5 m, next lane 3.75 m beside: 41° off axis, side lobe 15 dB both ways, "
        "way 5 dB: 35 dB; reflections take about 10 (assumed)",
    )
    isolation_sd_db: float = _p(5.0, "dB", "assumed; multipath, anew for each vehicle")
    stray_factor: float = _p(1.0, "×", "sweep: power of stray reads; 10·log10 of it is taken off the isolation")

    # Camera and classifier
    plate_none_share: float = _p(0.023, "share", "design: 97 % exact, 0.7 % wrong, the rest withheld")
    plate_wrong_share: float = _p(0.007, "share", "design: at most 0.7 % wrong; one confusable character")
    plate_unsure_share: float = _p(0.05, "of right", "assumed; right, with a confidence below 0.90")
    plate_wrong_sure_share: float = _p(0.10, "of wrong", "assumed; wrong, with a confidence of 0.90 or more")
    plate_delay_s: float = _p(0.20, "s", "hardware, section 7: 100 to 250 ms; model card: 95 % within 0.27 s")
    plate_late_share: float = _p(0.02, "share", "assumed; comes after the evidence wait, up to 2 s late")
    plate_corrected_share: float = _p(0.005, "share", "assumed; hardware 3: corrections are normal")
    measures_class_share: float = _p(0.5, "of episodes", "with and without a class sensor")
    class_off_one_share: float = _p(0.02, "share", "traffic, fleet: right in 98 of 100")
    class_off_two_share: float = _p(0.002, "share", "assumed")
    class_delay_s: float = _p(0.25, "s", "assumed; after L1 on")

    # Field devices
    without_curtains_share: float = _p(
        0.0,
        "of episodes",
        "rules, Geometry: with curtains; a lane may lack them, the sweep shows what they are worth",
    )
    edge_delay_s: float = _p(0.03, "s", "hardware, section 7: PLC scan and MQTT 20 to 60 ms")
    command_delay_s: float = _p(0.03, "s", "hardware, section 7: 20 to 50 ms")
    opens_s: float = _p(0.9, "s", "hardware, section 2: toll arms 0.6 to 1.3 s")
    closes_s: float = _p(1.2, "s", "hardware, section 2: toll arms 0.9 to 1.5 s")
    inertia_s: float = _p(0.15, "s", "assumed; before the arm moves, or turns round")
    chatter_share: float = _p(0.01, "of edges", "assumed; a contact bounces for a few ms")

    # People
    operator_s: float = _p(9.0, "s", "assumed; until the operator acts on a vehicle that stands at the line")
    operator_away_share: float = _p(0.03, "of episodes", "assumed; logged out for five minutes")

    # Faults, far more often than any plaza has them, so that a million vehicles meet each of them
    reader_silence_per_hour: float = _p(0.5, "1/h", "accelerated; 2 to 40 s, half with a wrong clock afterwards")
    edge_lost_per_hour: float = _p(1.0, "1/h", "accelerated; one edge is lost for ever (EDGE_LOST)")
    plc_silence_per_hour: float = _p(0.5, "1/h", "accelerated; 0.3 to 15 s, edges come out of its log afterwards")
    redelivery_per_hour: float = _p(1.0, "1/h", "accelerated; the transport delivers the last command again")
    power_cut_per_hour: float = _p(0.5, "1/h", "accelerated; 2 to 60 s, half of them between two effects of one step")
    clock_step_per_hour: float = _p(0.5, "1/h", "accelerated; up to an hour either way")
    list_stale_per_hour: float = _p(0.3, "1/h", "accelerated; no list for longer than list_stale")
    sensor_stuck_per_hour: float = _p(0.1, "1/h", "accelerated; on for 130 to 200 s")
    arm_stuck_per_hour: float = _p(
        0.2, "1/h", "accelerated; does not move, or its limit switches say nothing, 5 to 30 s"
    )
    arm_slow_per_hour: float = _p(0.2, "1/h", "accelerated; opens in 1.5 to 4 s")
    arm_broken_per_hour: float = _p(0.03, "1/h", "accelerated; the boom is off its hinge for a minute")
    arm_by_hand_per_hour: float = _p(0.1, "1/h", "accelerated; somebody lifts it")
    convoy_per_hour: float = _p(0.1, "1/h", "accelerated; 20 to 60 s")
    emergency_per_hour: float = _p(0.05, "1/h", "accelerated; 20 to 60 s")
    closed_per_hour: float = _p(0.1, "1/h", "accelerated; 10 to 60 s")
    manual_per_hour: float = _p(0.05, "1/h", "accelerated; 20 to 60 s")
    pedestrian_per_hour: float = _p(1.0, "1/h", "assumed; somebody walks through a curtain")

    def scaled(
        self, stray: float = 1.0, plates: float = 1.0, untagged: float | None = None, curtains: bool = True
    ) -> "WorldParameters":
        """For sweeps: stray power and plate errors times a factor, another share of untagged vehicles, no curtains."""
        return replace(
            self,
            stray_factor=self.stray_factor * stray,
            plate_none_share=min(0.9, self.plate_none_share * plates),
            plate_wrong_share=min(0.1, self.plate_wrong_share * plates),
            plate_unsure_share=min(0.9, self.plate_unsure_share * plates),
            without_curtains_share=self.without_curtains_share if curtains else 1.0,
            untagged_share=self.untagged_share if untagged is None else untagged,
        )


FAULTS = tuple(f.name.removesuffix("_per_hour") for f in fields(WorldParameters) if f.name.endswith("_per_hour"))[1:]
"""Names of the faults, for `--faults`: `vehicles_per_hour` is none."""


def table() -> list[tuple[str, str, str, str]]:
    """(name, value, unit, source) of every parameter, in the order of the table."""
    return [
        (f.name, f"{getattr(WorldParameters(), f.name):g}", f.metadata["unit"], f.metadata["source"])
        for f in fields(WorldParameters)
    ]
