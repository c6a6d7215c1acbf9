"""CMS SignedData walked as a stream (RFC 5652 clause 5.1): head, content, tail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hsm import _cms_names as names
from hsm._asn1 import OCTET_STRING, OID, SEQUENCE, SET, Malformed
from hsm._ber_stream import BerStream
from hsm._signer_info import DIGESTS, SignerClaim, algorithm_oid, read_claim

__all__ = ["SignedDataWalk"]

_CONTEXT_0: Final = 0xA0
_SMALL: Final = 1 << 10
_LARGEST_CERTIFICATES: Final = 1 << 18
_LARGEST_SIGNERS: Final = 1 << 16


class SignedDataWalk:
    """One SignedData, in the order in which it stands: `digests`, then `content`, then `tail`."""

    def __init__(self, stream: BerStream, *, bare_allowed: bool = False) -> None:
        """Walk to the content; `bare_allowed`: there need be no ContentInfo around it.

        Raises `Malformed`.
        """
        self._stream = stream
        self._levels = 0
        self._enter(SEQUENCE)
        if not bare_allowed or stream.peek() == OID:
            if stream.element(_SMALL).oid() != names.SIGNED_DATA:
                raise Malformed("not signed data")
            self._enter(_CONTEXT_0)
            self._enter(SEQUENCE)
        if stream.element(_SMALL).integer() not in (1, 3, 4, 5):
            raise Malformed("signed data of an unknown version")
        algorithms = stream.element(_SMALL).expect(SET).children()
        self.digests = frozenset(
            DIGESTS[oid] for oid in map(algorithm_oid, algorithms) if oid in DIGESTS
        )
        """The hashes that the content must be run through."""
        stream.enter(SEQUENCE)
        if stream.element(_SMALL).oid() != names.DATA:
            raise Malformed("the signed content is not of type data")

    @property
    def detached(self) -> bool:
        """Whether the content stands elsewhere."""
        return self._stream.peek() is None

    def content(self) -> Iterator[bytes]:
        """The content's exact bytes, in chunks. To be exhausted before `tail`."""
        self._stream.enter(_CONTEXT_0)
        yield from self._stream.octets(OCTET_STRING)
        self._stream.leave()

    def tail(self) -> tuple[tuple[bytes, ...], SignerClaim]:
        """The certificates that came along (DER) and the one signer, to the end of the data.

        Raises `Malformed`, and `EnvelopeSignatureInvalid` for algorithms that are not taken.
        """
        stream = self._stream
        stream.leave()
        certificates: tuple[bytes, ...] = ()
        if stream.peek() == _CONTEXT_0:
            held = stream.element(_LARGEST_CERTIFICATES).children()
            certificates = tuple(certificate.raw for certificate in held)
        # Revocation lists do not come along: a pin is taken back by taking it away.
        signers = stream.element(_LARGEST_SIGNERS).expect(SET).children()
        if len(signers) != 1:
            raise Malformed("signed by other than one signer")
        for _ in range(self._levels):
            stream.leave()
        if stream.peek() is not None:
            raise Malformed("there is something behind the signed data")
        claim = read_claim(signers[0])
        if claim.digest not in self.digests:
            raise Malformed("the signer's hash was not announced")
        return certificates, claim

    def _enter(self, tag: int) -> None:
        self._stream.enter(tag)
        self._levels += 1
