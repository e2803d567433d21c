"""One card, from its first APDU to what is known of it: UID, then the proof where an application is configured.

In: `transmit` (bytes to the card and back), the application, fresh random bytes. Out: UID, proof, detail. CardError:
no usable UID. Never: an error from the proof; a card that cannot prove itself is a card with `Proof.FAILED` or UID.
"""

from collections.abc import Callable

from rfid.pcsc.apdu import GET_UID, CardError, uid_of
from rfid.pcsc.desfire import CardApplication, Ev2First, select, selected
from rfid.pcsc.observation import Proof

Transmit = Callable[[bytes], bytes]


def read_card(transmit: Transmit, application: CardApplication | None, rnd_a: bytes) -> tuple[str, Proof, str]:
    """UID as upper-case hexadecimal, how it was proved, and why. CardError: no UID."""
    uid = uid_of(transmit(GET_UID))
    if application is None:
        return uid, Proof.UID, "no card application is configured"
    try:
        selected(transmit(select(application)))
    except CardError as error:
        return uid, Proof.UID, f"not one of our cards: {error}"
    work = Ev2First(application.key_of(bytes.fromhex(uid)), application.key_number, rnd_a)
    try:
        session = work.conclude(transmit(work.challenge(transmit(work.begin()))))
    except CardError as error:
        return uid, Proof.FAILED, str(error)
    return uid, Proof.KEY, f"key {application.key_number} of {application.aid.hex().upper()}, session {session}"
