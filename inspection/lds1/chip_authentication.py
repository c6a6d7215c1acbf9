"""Chip Authentication, version 1, over elliptic curves (Doc 9303-11 clause 6.2).

The chip agrees on new session keys with its static key; that it has them shows in its next answer,
and in nothing before. Diffie-Hellman in a group is not supported and said to be so (UNAVAILABLE).
"""

from __future__ import annotations

from dataclasses import dataclass

from ektp.apdu import CommandApdu, describe_sw
from inspection.faults import ChipFault, Fault, Refused
from inspection.lds1.ciphers import RANDOM, RandomBytes, SessionCipher, SessionKeys
from inspection.lds1.public_keys import EcPublicKey, public_key
from inspection.lds1.secure_messaging import Link
from inspection.lds1.security_infos import ChipProtocol, SecurityInfos
from inspection.lds1.tlv import encode, only

__all__ = ["ChipAuthentication", "chip_authentication"]

_DYNAMIC_DATA = 0x7C
_WHOLE_ANSWER = 0x100


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipAuthentication:
    """What DG14 offers and this reader takes: a protocol, and the chip's static key for it."""

    protocol: ChipProtocol
    key: EcPublicKey

    @property
    def title(self) -> str:
        """What it is, for evidence."""
        return f"{self.protocol.cipher.title} {self.key.title}"

    @classmethod
    def offered(cls, infos: SecurityInfos) -> ChipAuthentication | None:
        """The strongest offer with a key of its own; None where DG14 says nothing of it.

        Every protocol must have its key and every key its protocol, by the same identifier, and
        every key must be sound. Raises `ChipFault`, and a `Fault` (UNAVAILABLE) where there is
        nothing but Diffie-Hellman.
        """
        keys, protocols = infos.chip_keys(), infos.chip_protocols()
        if not keys and not protocols:
            return None
        key_ids = [key.key_id for key in keys]
        if len(set(key_ids)) != len(key_ids):
            raise ChipFault("two chip keys with one identifier")
        if {protocol.key_id for protocol in protocols} != set(key_ids):
            raise ChipFault("chip keys and protocols with different identifiers")
        offers = []
        unsupported: Fault | None = None
        for info in keys:
            try:
                key = public_key(info.info)
            except ChipFault:
                raise
            except Fault as fault:
                unsupported = fault
                continue
            if not isinstance(key, EcPublicKey):
                raise ChipFault(f"a chip key of {key.title}")
            mine = [item for item in protocols if item.key_id == info.key_id]
            if not all(item.elliptic for item in mine):
                raise ChipFault("a protocol for another kind of key")
            offers += [cls(protocol=item, key=key) for item in mine]
        if not offers:
            raise unsupported or ChipFault("no chip key")
        strength = list(SessionCipher)
        return max(offers, key=lambda offer: strength.index(offer.protocol.cipher))


def chip_authentication(
    link: Link, offer: ChipAuthentication, random: RandomBytes = RANDOM
) -> SessionKeys:
    """Run it through the session that is open; the keys of the session that follows.

    Raises `Refused`, `ChipFault`, `ChannelBroken`, `ReadingEnded`.
    """
    curve = offer.key.curve
    own = curve.private_key(random)
    ours = curve.encode(curve.multiply(own, curve.generator))
    if ours == curve.encode(offer.key.point):
        raise ChipFault("the chip's key is this reader's own")
    if offer.protocol.cipher is SessionCipher.TDES:
        _set_key(link, offer.protocol, ours)
    else:
        _set_protocol(link, offer.protocol)
        _agree(link, ours)
    shared = curve.multiply(own, offer.key.point)
    return SessionKeys.derive(offer.protocol.cipher, curve.coordinate(shared.x))


def _reference(protocol: ChipProtocol) -> bytes:
    if protocol.key_id is None:
        return b""
    size = max(1, (protocol.key_id.bit_length() + 7) // 8)
    return encode(0x84, protocol.key_id.to_bytes(size, "big"))


def _expect_nothing(link: Link, name: str, command: CommandApdu) -> None:
    answer = link.transmit(command)
    if not answer.ok or answer.data:
        raise Refused(f"{name} {describe_sw(answer.sw)}, {len(answer.data)} bytes")


def _set_key(link: Link, protocol: ChipProtocol, ours: bytes) -> None:
    data = encode(0x91, ours) + _reference(protocol)
    _expect_nothing(link, "MSE:Set KAT", CommandApdu(0x00, 0x22, 0x41, 0xA6, data))


def _set_protocol(link: Link, protocol: ChipProtocol) -> None:
    data = encode(0x80, protocol.oid) + _reference(protocol)
    _expect_nothing(link, "MSE:Set AT", CommandApdu(0x00, 0x22, 0x41, 0xA4, data))


def _agree(link: Link, ours: bytes) -> None:
    data = encode(_DYNAMIC_DATA, encode(0x80, ours))
    answer = link.transmit(CommandApdu(0x00, 0x86, 0x00, 0x00, data, le=_WHOLE_ANSWER))
    if not answer.ok:
        raise Refused(f"GENERAL AUTHENTICATE {describe_sw(answer.sw)}")
    if only(answer.data, _DYNAMIC_DATA):
        raise ChipFault("GENERAL AUTHENTICATE answers more than its template")
