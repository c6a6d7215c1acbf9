"""CMS EnvelopedData and AuthEnvelopedData deciphered as a stream (RFC 5652 clause 6, RFC 5083).

AES-256-CBC or AES-256-GCM; the content key comes by RSAES-OAEP in a KeyTransRecipientInfo. PKCS #1
v1.5 is refused: it is what padding oracles are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, GCM
from cryptography.hazmat.primitives.padding import PKCS7

from ektp.errors import SealBroken
from hsm import _cms_names as names
from hsm._asn1 import INTEGER, SEQUENCE, SET, Element, Malformed
from hsm._ber_stream import BerStream
from hsm._pinned import Pinned, load_pinned
from hsm._refusal import Refusal, not_for_us, refused
from hsm._signer_info import algorithm_oid
from hsm.keys import EnvelopeKey

__all__ = ["EnvelopedContent"]

_SMALL: Final = 1 << 10
_LARGEST_RECIPIENTS: Final = 1 << 16
_CONTEXT: Final = (0xA0, 0xA1, 0xA2)
_KEY_IDENTIFIER: Final = 0x80
_AES_256_BYTES: Final = 32
_BLOCK_BYTES: Final = 16
_DIGEST_NAMES: Final = {
    names.SHA1: "sha1",
    names.SHA256: "sha256",
    names.SHA384: "sha384",
    names.SHA512: "sha512",
}


class _Decipher(Protocol):
    """A content cipher at work."""

    def plain(self, octets: Iterator[bytes]) -> Iterator[bytes]:
        """The clear text, to its end."""
        ...

    def check_tag(self, tag: bytes, /) -> None:
        """Check what authenticates the content, where something does."""
        ...


class _Cbc:
    def __init__(self, key: bytes, iv: bytes) -> None:
        self._decryptor = Cipher(AES(key), CBC(iv)).decryptor()

    def plain(self, octets: Iterator[bytes]) -> Iterator[bytes]:
        unpadder = PKCS7(8 * _BLOCK_BYTES).unpadder()
        for chunk in octets:
            yield unpadder.update(self._decryptor.update(chunk))
        try:
            rest = unpadder.update(self._decryptor.finalize()) + unpadder.finalize()
        except ValueError:
            raise Malformed("the content does not decipher") from None
        yield rest

    def check_tag(self, _tag: bytes, /) -> None:
        """Nothing authenticates it: what is inside is signed."""


class _Gcm:
    def __init__(self, key: bytes, nonce: bytes, tag_length: int) -> None:
        self._tag_length = tag_length
        mode = GCM(nonce, min_tag_length=tag_length)
        self._decryptor = Cipher(AES(key), mode).decryptor()

    def plain(self, octets: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in octets:
            try:
                clear = self._decryptor.update(chunk)
            except ValueError:
                raise Malformed("more than AES-GCM can take (64 GiB)") from None
            yield clear

    def check_tag(self, tag: bytes, /) -> None:
        if len(tag) != self._tag_length:
            raise Malformed("the tag has another length than announced")
        try:
            self._decryptor.finalize_with_tag(tag)
        except InvalidTag:
            raise Malformed("the content does not decipher") from None


class EnvelopedContent:
    """One enveloped file, walked once: `plain` to its end, then `finish`.

    `content_key` skips the private key, for a second walk through the same file.
    """

    def __init__(
        self, chunks: Iterator[bytes], key: EnvelopeKey, content_key: bytes | None = None
    ) -> None:
        """Walk to the content and get its key.

        Raises `Malformed`, `EnvelopeSignatureInvalid` (algorithm, content) and `EnvelopeNotForUs`
        (recipient).
        """
        stream = self._stream = BerStream(chunks)
        stream.enter(SEQUENCE)
        kind = stream.element(_SMALL).oid()
        if kind not in (names.ENVELOPED_DATA, names.AUTH_ENVELOPED_DATA):
            raise Malformed("not enveloped data")
        self._authenticated = kind == names.AUTH_ENVELOPED_DATA
        stream.enter(_CONTEXT[0])
        stream.enter(SEQUENCE)
        if stream.element(_SMALL).integer() not in (0, 2, 3, 4):
            raise Malformed("enveloped data of an unknown version")
        if stream.peek() == _CONTEXT[0]:
            stream.element(_LARGEST_RECIPIENTS)  # the originator's certificates
        recipients = stream.element(_LARGEST_RECIPIENTS).expect(SET)
        stream.enter(SEQUENCE)
        inside = stream.element(_SMALL).oid()
        if inside not in (names.DATA, names.SIGNED_DATA):
            raise Malformed("the enveloped content is neither data nor signed data")
        self.says_signed_data = inside == names.SIGNED_DATA
        """Whether the content is announced as signed data, which then need no ContentInfo."""
        begin = _content_cipher(stream.element(_SMALL), authenticated=self._authenticated)
        self.content_key = content_key or _content_key(recipients, key)
        self._decipher = begin(self.content_key)

    def plain(self) -> Iterator[bytes]:
        """The content in clear. Raises `Malformed` for a padding that is wrong."""
        return self._decipher.plain(self._stream.octets(_KEY_IDENTIFIER))

    def finish(self) -> None:
        """Walk over what stands behind the content, and check the tag of AES-GCM."""
        stream = self._stream
        stream.leave()
        tag = b""
        if self._authenticated:
            if stream.peek() == _CONTEXT[1]:
                # They are needed before the content and stand behind it (RFC 5083 clause 2.1).
                raise refused(Refusal.ALGORITHM, "authenticated attributes cannot be streamed")
            tag = stream.element(_SMALL).octets()
        self._decipher.check_tag(tag)
        if stream.peek() == _CONTEXT[2 if self._authenticated else 1]:
            stream.element(_LARGEST_RECIPIENTS)
        for _ in range(3):
            stream.leave()
        if stream.peek() is not None:
            raise Malformed("there is something behind the envelope")


def _content_cipher(identifier: Element, *, authenticated: bool) -> Callable[[bytes], _Decipher]:
    """What makes a decipher of the content key."""
    oid, *parameters = identifier.parts(SEQUENCE, 1, 2)
    cipher = oid.oid()
    if cipher == names.AES_256_CBC and parameters and not authenticated:
        iv = parameters[0].octets()
        if len(iv) == _BLOCK_BYTES:
            return lambda key: _Cbc(key, iv)
    elif cipher == names.AES_256_GCM and parameters and authenticated:
        first, *length = parameters[0].parts(SEQUENCE, 1, 2)
        nonce = first.octets()
        tag_length = length[0].integer() if length else 12
        if 12 <= tag_length <= 16 and len(nonce) == 12:
            return lambda key: _Gcm(key, nonce, tag_length)
    raise refused(Refusal.ALGORITHM, "the content is under a cipher that is not taken")


def _content_key(recipients: Element, key: EnvelopeKey) -> bytes:
    ours = load_pinned(key.certificate)
    for recipient in recipients.children():
        if recipient.tag != SEQUENCE:
            continue  # agreed keys, passwords and the like
        version, rid, algorithm, encrypted = recipient.parts(SEQUENCE, 4)
        if version.integer() not in (0, 2):
            raise Malformed("a recipient of an unknown version")
        if _names(rid, ours):
            digest, mask_digest = _oaep(algorithm)
            return _decrypted(key, encrypted.octets(), digest, mask_digest)
    raise not_for_us(Refusal.RECIPIENT, "the envelope is closed to another key")


def _decrypted(key: EnvelopeKey, encrypted: bytes, digest: str, mask_digest: str) -> bytes:
    try:
        content_key = key.decrypt_oaep(encrypted, digest=digest, mask_digest=mask_digest)
    except SealBroken:
        raise Malformed("the content key does not decipher") from None
    if len(content_key) != _AES_256_BYTES:
        raise Malformed("the content key does not decipher")
    return content_key


def _names(rid: Element, ours: Pinned) -> bool:
    if rid.tag == _KEY_IDENTIFIER:
        return rid.content == ours.subject_key_id
    issuer, serial = rid.parts(SEQUENCE, 2)
    number = int.from_bytes(serial.expect(INTEGER).content, "big", signed=True)
    return (issuer.raw, number) == (ours.issuer, ours.serial)


def _oaep(identifier: Element) -> tuple[str, str]:
    """The hashes of RSAES-OAEP-params (RFC 8017 A.2.1): of the label and of MGF1."""
    oid, *parameters = identifier.parts(SEQUENCE, 1, 2)
    if oid.oid() != names.RSAES_OAEP:
        raise refused(Refusal.ALGORITHM, "the content key is not under RSAES-OAEP")
    digest = mask_digest = "sha1"  # the defaults of the standard
    for part in parameters[0].parts(SEQUENCE, 0, 3) if parameters else ():
        (inner,) = part.parts(part.tag, 1)
        if part.tag == _CONTEXT[0]:
            digest = _digest_name(inner)
        elif part.tag == _CONTEXT[1]:
            mask, mask_hash = inner.parts(SEQUENCE, 2)
            if mask.oid() != names.MGF1:
                raise refused(Refusal.ALGORITHM, "OAEP with another mask than MGF1")
            mask_digest = _digest_name(mask_hash)
        elif part.tag != _CONTEXT[2] or not _empty_label(inner):
            raise refused(Refusal.ALGORITHM, "OAEP with a label")
    return digest, mask_digest


def _empty_label(source: Element) -> bool:
    kind, label = source.parts(SEQUENCE, 2)
    return kind.oid() == names.P_SPECIFIED and not label.octets()


def _digest_name(identifier: Element) -> str:
    name = _DIGEST_NAMES.get(algorithm_oid(identifier))
    if name is None:
        raise refused(Refusal.ALGORITHM, "OAEP with a hash that is not taken")
    return name
