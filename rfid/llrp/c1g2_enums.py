"""Enumerations of the Class-1 Gen-2 air protocol inside LLRP 1.0.1 (section 15)."""

from enum import IntEnum


class DivideRatio(IntEnum):
    """Section 15.2.1.1.2."""

    DRV_8 = 0
    DRV_64_3 = 1


class Modulation(IntEnum):
    """Section 15.2.1.1.2: M, the number of subcarrier cycles per symbol."""

    MV_FM0 = 0
    MV_2 = 1
    MV_4 = 2
    MV_8 = 3


class ForwardLinkModulation(IntEnum):
    """Section 15.2.1.1.2."""

    PR_ASK = 0
    SSB_ASK = 1
    DSB_ASK = 2


class SpectralMask(IntEnum):
    """Section 15.2.1.1.2: single, multi or dense interrogator."""

    UNKNOWN = 0
    SI = 1
    MI = 2
    DI = 3


class TruncateAction(IntEnum):
    """Section 15.2.1.2.1.1."""

    UNSPECIFIED = 0
    DO_NOT_TRUNCATE = 1
    TRUNCATE = 2


class StateAwareTarget(IntEnum):
    """Section 15.2.1.2.1.1.2."""

    SL = 0
    INVENTORIED_STATE_FOR_SESSION_S0 = 1
    INVENTORIED_STATE_FOR_SESSION_S1 = 2
    INVENTORIED_STATE_FOR_SESSION_S2 = 3
    INVENTORIED_STATE_FOR_SESSION_S3 = 4


class StateAwareAction(IntEnum):
    """Section 15.2.1.2.1.1.2: for matching, then for non-matching tags."""

    ASSERT_SL_OR_A_DEASSERT_SL_OR_B = 0
    ASSERT_SL_OR_A_NOOP = 1
    NOOP_DEASSERT_SL_OR_B = 2
    NEGATE_SL_OR_ABBA_NOOP = 3
    DEASSERT_SL_OR_B_ASSERT_SL_OR_A = 4
    DEASSERT_SL_OR_B_NOOP = 5
    NOOP_ASSERT_SL_OR_A = 6
    NOOP_NEGATE_SL_OR_ABBA = 7


class StateUnawareAction(IntEnum):
    """Section 15.2.1.2.1.1.3: for matching, then for non-matching tags."""

    SELECT_UNSELECT = 0
    SELECT_DO_NOTHING = 1
    DO_NOTHING_UNSELECT = 2
    UNSELECT_DO_NOTHING = 3
    UNSELECT_SELECT = 4
    DO_NOTHING_SELECT = 5


class InventoryState(IntEnum):
    """Section 15.2.1.2.1.3.1, field I."""

    STATE_A = 0
    STATE_B = 1


class SelectedState(IntEnum):
    """Section 15.2.1.2.1.3.1, field S."""

    SL = 0
    NOT_SL = 1


class LockPrivilege(IntEnum):
    """Section 15.2.1.3.2.5."""

    READ_WRITE = 0
    PERMA_LOCK = 1
    PERMA_UNLOCK = 2
    UNLOCK = 3


class LockDataField(IntEnum):
    """Section 15.2.1.3.2.5."""

    KILL_PASSWORD = 0
    ACCESS_PASSWORD = 1
    EPC_MEMORY = 2
    TID_MEMORY = 3
    USER_MEMORY = 4


class ReadResult(IntEnum):
    """Section 15.2.1.5.5.1."""

    SUCCESS = 0
    NONSPECIFIC_TAG_ERROR = 1
    NO_RESPONSE_FROM_TAG = 2
    NONSPECIFIC_READER_ERROR = 3


class WriteResult(IntEnum):
    """Sections 15.2.1.5.5.2, .5 and .6: write, block erase and block write."""

    SUCCESS = 0
    TAG_MEMORY_OVERRUN_ERROR = 1
    TAG_MEMORY_LOCKED_ERROR = 2
    INSUFFICIENT_POWER = 3
    NONSPECIFIC_TAG_ERROR = 4
    NO_RESPONSE_FROM_TAG = 5
    NONSPECIFIC_READER_ERROR = 6


class KillResult(IntEnum):
    """Section 15.2.1.5.5.3."""

    SUCCESS = 0
    ZERO_KILL_PASSWORD_ERROR = 1
    INSUFFICIENT_POWER = 2
    NONSPECIFIC_TAG_ERROR = 3
    NO_RESPONSE_FROM_TAG = 4
    NONSPECIFIC_READER_ERROR = 5


class LockResult(IntEnum):
    """Section 15.2.1.5.5.4."""

    SUCCESS = 0
    INSUFFICIENT_POWER = 1
    NONSPECIFIC_TAG_ERROR = 2
    NO_RESPONSE_FROM_TAG = 3
    NONSPECIFIC_READER_ERROR = 4


class MemoryBank(IntEnum):
    """Tag memory banks of Gen2."""

    RESERVED = 0
    EPC = 1
    TID = 2
    USER = 3
