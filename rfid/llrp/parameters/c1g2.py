"""Gen2 inventory: filters, radio mode, session (LLRP 1.0.1 section 15.2.1.2)."""

from rfid.llrp.c1g2_enums import (
    InventoryState,
    MemoryBank,
    SelectedState,
    StateAwareAction,
    StateAwareTarget,
    StateUnawareAction,
    TruncateAction,
)
from rfid.llrp.element import Parameter, Parameters, tlv
from rfid.llrp.fields import U1, U2, U8, U16, U32, BitArray, Flag


@tlv(330)
class C1G2InventoryCommand(Parameter):
    """Section 15.2.1.2.1."""

    tag_inventory_state_aware: Flag
    parameters: Parameters = ()


@tlv(331, t=TruncateAction)
class C1G2Filter(Parameter):
    """Section 15.2.1.2.1.1."""

    t: U2
    parameters: Parameters = ()


@tlv(332, mb=MemoryBank)
class C1G2TagInventoryMask(Parameter):
    """Pointer in bits (section 15.2.1.2.1.1.1)."""

    mb: U2
    pointer: U16
    tag_mask: BitArray


@tlv(333, target=StateAwareTarget, action=StateAwareAction)
class C1G2TagInventoryStateAwareFilterAction(Parameter):
    """Section 15.2.1.2.1.1.2."""

    target: U8
    action: U8


@tlv(334, action=StateUnawareAction)
class C1G2TagInventoryStateUnawareFilterAction(Parameter):
    """Section 15.2.1.2.1.1.3."""

    action: U8


@tlv(335)
class C1G2RFControl(Parameter):
    """Tari in ns, 0 lets the reader choose (section 15.2.1.2.1.2)."""

    mode_index: U16
    tari: U16


@tlv(336)
class C1G2SingulationControl(Parameter):
    """Session 0 to 3, transit time in ms (section 15.2.1.2.1.3)."""

    session: U2
    tag_population: U16
    tag_transit_time: U32
    parameters: Parameters = ()


@tlv(337, i=InventoryState, s=SelectedState)
class C1G2TagInventoryStateAwareSingulationAction(Parameter):
    """Section 15.2.1.2.1.3.1."""

    i: U1
    s: U1
