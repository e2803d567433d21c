"""Gen2 access: read, write, lock, kill, and their results (LLRP 1.0.1 sections 15.2.1.3 and 15.2.1.5.5)."""

from typing import Annotated

from rfid.llrp.c1g2_enums import (
    KillResult,
    LockDataField,
    LockPrivilege,
    LockResult,
    MemoryBank,
    ReadResult,
    WriteResult,
)
from rfid.llrp.element import Parameter, Parameters, tlv
from rfid.llrp.fields import U2, U8, U16, U32, BitArray, Bits, Flag, U16s


@tlv(338)
class C1G2TagSpec(Parameter):
    """One or two patterns that a tag must match (section 15.2.1.3.1)."""

    parameters: Parameters = ()


@tlv(339, mb=MemoryBank)
class C1G2TargetTag(Parameter):
    """Pointer in bits; an empty mask matches every tag (section 15.2.1.3.1.1)."""

    mb: U2
    match: Flag
    pointer: U16
    tag_mask: BitArray
    tag_data: BitArray


@tlv(341, mb=MemoryBank)
class C1G2Read(Parameter):
    """Words of 16 bits; count 0 means to the end (section 15.2.1.3.2.1)."""

    op_spec_id: U16
    access_password: U32
    mb: U2
    word_pointer: U16
    word_count: U16


@tlv(342, mb=MemoryBank)
class C1G2Write(Parameter):
    """Section 15.2.1.3.2.2."""

    op_spec_id: U16
    access_password: U32
    mb: U2
    word_pointer: U16
    write_data: U16s


@tlv(343)
class C1G2Kill(Parameter):
    """Section 15.2.1.3.2.3."""

    op_spec_id: U16
    kill_password: U32


@tlv(344)
class C1G2Lock(Parameter):
    """Section 15.2.1.3.2.4."""

    op_spec_id: U16
    access_password: U32
    parameters: Parameters = ()


@tlv(345, privilege=LockPrivilege, data_field=LockDataField)
class C1G2LockPayload(Parameter):
    """Section 15.2.1.3.2.5."""

    privilege: U8
    data_field: U8


@tlv(346, mb=MemoryBank)
class C1G2BlockErase(Parameter):
    """Section 15.2.1.3.2.6."""

    op_spec_id: U16
    access_password: U32
    mb: U2
    word_pointer: U16
    word_count: U16


@tlv(347, mb=MemoryBank)
class C1G2BlockWrite(Parameter):
    """Section 15.2.1.3.2.7."""

    op_spec_id: U16
    access_password: U32
    mb: U2
    word_pointer: U16
    write_data: U16s


@tlv(349, result=ReadResult)
class C1G2ReadOpSpecResult(Parameter):
    """Section 15.2.1.5.5.1."""

    result: U8
    op_spec_id: U16
    read_data: U16s


@tlv(350, result=WriteResult)
class C1G2WriteOpSpecResult(Parameter):
    """Section 15.2.1.5.5.2."""

    result: U8
    op_spec_id: U16
    num_words_written: U16


@tlv(351, result=KillResult)
class C1G2KillOpSpecResult(Parameter):
    """Section 15.2.1.5.5.3."""

    result: U8
    op_spec_id: U16


@tlv(352, result=LockResult)
class C1G2LockOpSpecResult(Parameter):
    """Section 15.2.1.5.5.4."""

    result: U8
    op_spec_id: U16


@tlv(353, result=WriteResult)
class C1G2BlockEraseOpSpecResult(Parameter):
    """Section 15.2.1.5.5.5."""

    result: U8
    op_spec_id: U16


@tlv(354, result=WriteResult)
class C1G2BlockWriteOpSpecResult(Parameter):
    """Section 15.2.1.5.5.6."""

    result: U8
    op_spec_id: U16
    num_words_written: U16


@tlv(357)
class C1G2Recommission(Parameter):
    """LLRP 1.1."""

    op_spec_id: U16
    kill_password: U32
    sb3: Annotated[bool, Bits(1, reserved_before=5)]
    sb2: Flag
    lsb: Flag


@tlv(358, mb=MemoryBank)
class C1G2BlockPermalock(Parameter):
    """LLRP 1.1."""

    op_spec_id: U16
    access_password: U32
    mb: U2
    block_pointer: U16
    block_mask: U16s


@tlv(359, mb=MemoryBank)
class C1G2GetBlockPermalockStatus(Parameter):
    """LLRP 1.1."""

    op_spec_id: U16
    access_password: U32
    mb: U2
    block_pointer: U16
    block_range: U16


@tlv(360)
class C1G2RecommissionOpSpecResult(Parameter):
    """LLRP 1.1."""

    result: U8
    op_spec_id: U16


@tlv(361)
class C1G2BlockPermalockOpSpecResult(Parameter):
    """LLRP 1.1."""

    result: U8
    op_spec_id: U16


@tlv(362)
class C1G2GetBlockPermalockStatusOpSpecResult(Parameter):
    """LLRP 1.1."""

    result: U8
    op_spec_id: U16
    permalock_status: U16s
