"""What kind of reader is simulated: its capabilities and its habits, as values."""

from dataclasses import dataclass

from rfid.llrp.element import Parameter
from rfid.llrp.enums import AirProtocol, CommunicationsStandard
from rfid.llrp.parameters import capabilities as c


@dataclass(frozen=True, slots=True)
class ReaderProfile:
    """Defaults are a well-behaved reader with four antennas and a UTC clock."""

    antennas: int = 4
    has_utc_clock: bool = True
    """Without it every stamp is microseconds since the start (Uptime)."""
    manufacturer: int = 0
    model: int = 1
    firmware: str = "simulated 1.0"
    reader_id: bytes = bytes.fromhex("020000FFFE000001")
    refuses_delete_of_nothing: bool = False
    """DELETE_ROSPEC 0 fails where there is no ROSpec, as Rifidi does it."""
    refuses: frozenset[int] = frozenset()
    """Message types that are answered with ERROR_MESSAGE."""
    running_total: bool = False
    """TagSeenCount goes on counting over reports."""

    def capabilities(self) -> tuple[Parameter, ...]:
        """The parameters of GET_READER_CAPABILITIES_RESPONSE (section 9.2)."""
        return (self._device(), _LLRP, _REGULATORY, _C1G2)

    def _device(self) -> c.GeneralDeviceCapabilities:
        protocols = tuple(
            c.PerAntennaAirProtocol(antenna, bytes((AirProtocol.EPC_GLOBAL_CLASS1_GEN2,)))
            for antenna in range(1, self.antennas + 1)
        )
        return c.GeneralDeviceCapabilities(
            self.antennas,
            can_set_antenna_properties=False,
            has_utc_clock_capability=self.has_utc_clock,
            device_manufacturer_name=self.manufacturer,
            model_name=self.model,
            reader_firmware_version=self.firmware,
            parameters=(c.ReceiveSensitivityTableEntry(1, 0), c.GPIOCapabilities(0, 0), *protocols),
        )


_LLRP = c.LLRPCapabilities(
    can_do_rf_survey=False,
    can_report_buffer_fill_warning=False,
    supports_client_request_op_spec=False,
    can_do_tag_inventory_state_aware_singulation=False,
    supports_event_and_report_holding=True,
    max_num_priority_levels_supported=1,
    client_request_op_spec_timeout=0,
    max_num_ro_specs=16,
    max_num_specs_per_ro_spec=4,
    max_num_inventory_parameter_specs_per_ai_spec=1,
    max_num_access_specs=16,
    max_num_op_specs_per_access_spec=4,
)
# Viet Nam gives 918–923 MHz to RFID with hopping (Circular 18/2018/TT-BTTTT); 704 is its ISO 3166 number.
_REGULATORY = c.RegulatoryCapabilities(
    704,
    CommunicationsStandard.UNSPECIFIED,
    (
        c.UHFBandCapabilities(
            (
                *(c.TransmitPowerLevelTableEntry(index, 1000 + 100 * index) for index in range(1, 21)),
                c.FrequencyInformation(True, (c.FrequencyHopTable(1, tuple(range(918_250, 923_000, 500))),)),
                c.C1G2UHFRFModeTable(
                    (c.C1G2UHFRFModeTableEntry(0, 1, False, 2, 0, 3, 250_000, 2000, 12_500, 25_000, 0),)
                ),
            )
        ),
    ),
)
_C1G2 = c.C1G2LLRPCapabilities(
    can_support_block_erase=False,
    can_support_block_write=True,
    can_support_block_permalock=False,
    can_support_tag_recommissioning=False,
    can_support_umi_method2=False,
    can_support_xpc=False,
    max_num_select_filters_per_query=2,
)
