"""Signed and enveloped files of approved records: checked first, then read, never held in memory.

A file is read twice. The first pass hashes (and deciphers) it and checks its signature; the second
gives its lines, each from a block that proves to be what was checked. Clear text of an enveloped
file is never written anywhere.

`verify_detached` takes `NAME.jsonl` with `NAME.jsonl.p7s`; `open_enveloped` takes `NAME.jsonl.p7m`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from ektp.errors import FileChanged, RecordError
from hsm import _cms_names as names
from hsm._asn1 import GENERALIZED_TIME, UTF8_STRING, Element, Malformed
from hsm._ber_stream import BerStream
from hsm._enveloped_data import EnvelopedContent
from hsm._pinned import Pinned, load_all_pinned, load_pinned
from hsm._refusal import Refusal, not_for_us, refused
from hsm._signed_data import SignedDataWalk
from hsm._signer_info import SignerClaim, check_claim, choose_signer, single_value
from hsm._source import Progress, file_chunks, read_small
from hsm._verified_content import MAX_LINE_BYTES, BlockDigests, Line, VerifiedFile
from hsm.keys import EnvelopeKey

__all__ = [
    "MAX_LINE_BYTES",
    "Line",
    "Pinned",
    "Progress",
    "Refusal",
    "VerifiedEnvelope",
    "VerifiedFile",
    "certificate_fingerprint",
    "load_pinned",
    "open_enveloped",
    "verify_detached",
]

_LARGEST_SIGNATURE_FILE: Final = 1 << 18
_GENERALIZED_TIME: Final = re.compile(rb"[0-9]{14}Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedEnvelope(VerifiedFile):
    """An enveloped file that was for us: with its addressee, number and last moment."""

    site: str
    sequence: int
    expires_at: datetime


def certificate_fingerprint(certificate: bytes) -> bytes:
    """SHA-256 over a certificate's DER, given in PEM or DER: how a signer is named.

    Raises `ConfigurationError` where it cannot be read.
    """
    return load_pinned(certificate).fingerprint


def verify_detached(
    content_path: Path,
    signature_path: Path,
    trusted: Sequence[bytes],
    now: datetime,
    on_progress: Progress | None = None,
) -> VerifiedFile:
    """Check a detached CMS SignedData over the exact bytes of a file.

    `trusted` are the pinned certificates, each in PEM or DER; `now` is aware. Raises
    `EnvelopeMissing` where there is no signature, `EnvelopeSignatureInvalid` with a `reason` of
    `Refusal`, `RecordError` where the file cannot be read, `ConfigurationError` for a pin that
    cannot be.
    """
    pinned = load_all_pinned(trusted)
    claim, signer = _detached_claim(signature_path, pinned, now)
    digests = BlockDigests()
    digest = _run_through(file_chunks(content_path, on_progress), digests, [claim.digest])
    try:
        check_claim(claim, signer, digest[claim.digest])
    except Malformed as cause:
        raise refused(Refusal.MALFORMED, str(cause)) from None
    return VerifiedFile(
        sha256=digests.whole(),
        length=digests.length,
        signer=signer.fingerprint,
        blocks=digests.finish(),
        again=partial(_plain_again, content_path),
    )


def open_enveloped(
    path: Path,
    *,
    key: EnvelopeKey,
    trusted: Sequence[bytes],
    site: str,
    last_sequence: Callable[[bytes], int],
    now: datetime,
    on_progress: Progress | None = None,
) -> VerifiedEnvelope:
    """Decipher, check and address-check a signed and then enveloped file.

    `last_sequence` gives the number of the last file taken from a signer (named by the SHA-256 of
    its certificate), 0 before the first. Raises what `verify_detached` raises, and
    `EnvelopeNotForUs` with a `reason`: recipient, unaddressed, site, sequence, expired.
    """
    pinned = load_all_pinned(trusted)
    if not path.is_file():
        raise RecordError("there is no such file")
    envelope = _opened(file_chunks(path, on_progress), key)
    digests = BlockDigests()
    try:
        claim, embedded, computed = _inside(envelope, digests)
        signer = choose_signer(claim, embedded, pinned, now)
        attributes = check_claim(claim, signer, computed[claim.digest])
    except Malformed:
        # One word for a padding, a structure and a digest that are wrong: no oracle for forgers.
        raise refused(Refusal.CONTENT, "what is inside is not what was signed") from None
    addressed = _addressed(attributes)
    _check_address(addressed, site=site, last=last_sequence(signer.fingerprint), now=now)
    return VerifiedEnvelope(
        sha256=digests.whole(),
        length=digests.length,
        signer=signer.fingerprint,
        blocks=digests.finish(),
        again=partial(_enveloped_again, path, key, envelope.content_key),
        site=addressed.site,
        sequence=addressed.sequence,
        expires_at=addressed.expires_at,
    )


def _detached_claim(
    signature_path: Path, pinned: Sequence[Pinned], now: datetime
) -> tuple[SignerClaim, Pinned]:
    raw = read_small(signature_path, _LARGEST_SIGNATURE_FILE)
    if raw is None:
        raise refused(Refusal.MALFORMED, "the signature is too large to be one")
    try:
        walk = SignedDataWalk(BerStream(iter((raw,))))
        if not walk.detached:
            raise refused(Refusal.MALFORMED, "the signature carries a content of its own")
        embedded, claim = walk.tail()
    except Malformed as cause:
        raise refused(Refusal.MALFORMED, str(cause)) from None
    return claim, choose_signer(claim, embedded, pinned, now)


def _run_through(
    chunks: Iterable[bytes], digests: BlockDigests, wanted: Iterable[str]
) -> dict[str, bytes]:
    """Hash everything once; the digests by name."""
    others = {name: hashlib.new(name) for name in wanted if name != "sha256"}
    for chunk in chunks:
        digests.update(chunk)
        for other in others.values():
            other.update(chunk)
    return {"sha256": digests.whole()} | {name: other.digest() for name, other in others.items()}


def _opened(chunks: Iterator[bytes], key: EnvelopeKey) -> EnvelopedContent:
    try:
        return EnvelopedContent(chunks, key)
    except Malformed as cause:
        raise refused(Refusal.MALFORMED, str(cause)) from None


def _inside(
    envelope: EnvelopedContent, digests: BlockDigests
) -> tuple[SignerClaim, tuple[bytes, ...], dict[str, bytes]]:
    walk = _signed_data_in(envelope)
    if walk.detached:
        raise refused(Refusal.CONTENT, "the signed data in the envelope have no content")
    computed = _run_through(walk.content(), digests, walk.digests)
    embedded, claim = walk.tail()
    envelope.finish()
    return claim, embedded, computed


def _signed_data_in(envelope: EnvelopedContent) -> SignedDataWalk:
    # RFC 5652 clause 6.1 wants SignedData itself in content of that type; many put a ContentInfo.
    stream = BerStream(envelope.plain())
    return SignedDataWalk(stream, bare_allowed=envelope.says_signed_data)


@dataclass(frozen=True, slots=True)
class _Address:
    site: str
    sequence: int
    expires_at: datetime


def _addressed(attributes: Mapping[str, tuple[Element, ...]]) -> _Address:
    if any(kind not in attributes for kind in (names.SITE, names.SEQUENCE_NUMBER, names.EXPIRY)):
        raise not_for_us(
            Refusal.UNADDRESSED, "the envelope does not say for which site, which number, how long"
        )
    try:
        return _Address(
            single_value(attributes, names.SITE).expect(UTF8_STRING).content.decode(),
            single_value(attributes, names.SEQUENCE_NUMBER).integer(),
            _moment(single_value(attributes, names.EXPIRY).expect(GENERALIZED_TIME).content),
        )
    except ValueError:
        raise refused(Refusal.ATTRIBUTES, "site, sequence or expiry cannot be read") from None


def _moment(text: bytes) -> datetime:
    if not _GENERALIZED_TIME.fullmatch(text):
        raise Malformed("a time is not in the form of DER")
    return datetime.strptime(text.decode(), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _check_address(address: _Address, *, site: str, last: int, now: datetime) -> None:
    if address.site != site:
        raise not_for_us(Refusal.SITE, "the file is addressed to another site")
    if now > address.expires_at:
        ended = f"{address.expires_at:%Y-%m-%dT%H:%M:%SZ}"
        raise not_for_us(Refusal.EXPIRED, "the file's time is over", expired=ended)
    if address.sequence != last + 1:
        raise not_for_us(
            Refusal.SEQUENCE,
            "the file is not the next from this sender",
            number=address.sequence,
            expected=last + 1,
        )


def _plain_again(path: Path) -> Iterator[bytes]:
    try:
        yield from file_chunks(path)
    except RecordError:
        raise FileChanged("it cannot be read a second time") from None


def _enveloped_again(path: Path, key: EnvelopeKey, content_key: bytes) -> Iterator[bytes]:
    try:
        envelope = EnvelopedContent(file_chunks(path), key, content_key)
        yield from _signed_data_in(envelope).content()
    except (Malformed, RecordError):
        raise FileChanged("it cannot be read a second time") from None
