"""Making all keys of the house in an empty token: what a ceremony does, and what founding does.

A key that was made and recorded by a run that was cut off is left as it is, so that a ceremony can
be taken up again.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from ektp.errors import HsmError
from ektp.ports import Clock
from hsm import sam_issue
from hsm.house_token import Token
from hsm.keys import Curve, KeyLabel, SecretKind, TokenKeys
from hsm.pki.certificates import SigningAuthority, service_certificate
from hsm.pki.names import DEVELOPMENT, STATE
from hsm.pki.periods import service_validity
from hsm.signers.roll import SignerFamily

__all__ = ["TRANSPORT_MASTERS", "initialise"]

TRANSPORT_MASTERS: Final = {
    KeyLabel.TRANSPORT_128: 16,
    KeyLabel.TRANSPORT_256: 32,
    KeyLabel.TRANSPORT_SAM: 32,
}
"""The masters that are shared with the makers of blanks and modules, and their lengths in bytes."""

_MADE: Final = {
    KeyLabel.KEK: (SecretKind.AES, 32),
    KeyLabel.INDEX: (SecretKind.HMAC, 32),
    KeyLabel.CARD_128: (SecretKind.AES, 16),
    KeyLabel.CARD_256: (SecretKind.AES, 32),
}
_SECRET_BYTES: Final = 32
_RSA_BITS: Final = 3_072


def initialise(
    keys: TokenKeys,
    folder: Path,
    clock: Clock,
    *,
    development: bool,
    read_master: bytes | None = None,
    transport: Mapping[KeyLabel, bytes] | None = None,
) -> Token:
    """Make every key of `KEY_RULES`, certificates and records; the token, proved.

    `read_master` (32 bytes) comes from the custodians, who also issue SAMs with it, and
    `transport` from the maker of the blanks (`TRANSPORT_MASTERS`); what is not given is made: in a
    development token at random and kept for simulated SAMs, in any other inside, and then no SAM
    can ever be issued. Raises `HsmError` where the token holds a stranger's key of such a label.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as cause:
        raise HsmError("the token's folder cannot be made", errno=cause.errno or 0) from cause
    token = Token(keys, folder, clock, development=development)
    make = _Maker(token)
    for label, (kind, length) in _MADE.items():
        make.secret(label, kind, length)
    for label, length in TRANSPORT_MASTERS.items():
        make.secret(label, SecretKind.AES, length, (transport or {}).get(label))
    _make_read_keys(make, read_master)
    token.authority.establish()
    for family in SignerFamily:
        if token.registry.roll().current(family) is None:
            token.authority.rotate(family)
    _make_own_certificates(make, clock.now())
    token.prove()
    return token


class _Maker:
    """Makes what an earlier run did not make."""

    def __init__(self, token: Token) -> None:
        self.token = token
        self.done = frozenset(token.keys.records.all())

    def secret(
        self, label: KeyLabel, kind: SecretKind, length: int, value: bytes | None = None
    ) -> None:
        """A secret key: made inside, or put in."""
        if value is not None and len(value) != length:
            msg = f"{label} has {length} bytes"
            raise ValueError(msg)
        if label in self.done:
            return
        if value is None:
            self.token.keys.make_secret(label.value, kind, length)
        else:
            self.token.keys.import_secret(label.value, kind, value)


def _make_read_keys(make: _Maker, read_master: bytes | None) -> None:
    open_secret = None
    if make.token.development:
        read_master, open_secret = _kept_for_modules(make.token, read_master)
    make.secret(KeyLabel.READ, SecretKind.AES, _SECRET_BYTES, read_master)
    make.secret(KeyLabel.SAM_OPEN, SecretKind.AES, _SECRET_BYTES, open_secret)


def _kept_for_modules(token: Token, read_master: bytes | None) -> tuple[bytes, bytes]:
    """Read master and open secret: kept before the keys are made, so that a second run agrees."""
    kept = sam_issue.secrets_of(token.keys, token.folder)
    if kept is None:
        kept = read_master or secrets.token_bytes(_SECRET_BYTES), secrets.token_bytes(_SECRET_BYTES)
        sam_issue.keep(token.keys, token.folder, read_master=kept[0], open_secret=kept[1])
    return kept


def _make_own_certificates(make: _Maker, now: datetime) -> None:
    token, keys = make.token, make.token.keys
    validity = service_validity(now)
    site = KeyLabel.SITE.value
    if KeyLabel.SITE not in make.done:
        keys.make_ec_key(site, Curve.P256)
    issuer = DEVELOPMENT if token.development else STATE
    signer = SigningAuthority(issuer=issuer, key=keys.ec_key(site), label=site)
    if not token.has_certificate(KeyLabel.SITE):
        certificate = service_certificate(
            signer,
            common_name=site,
            spki=signer.key.public_key,
            validity=validity,
            usage="digital_signature",
        )
        token.keep_certificate(KeyLabel.SITE, certificate)
    if KeyLabel.ENVELOPE not in make.done:
        keys.make_rsa_key(KeyLabel.ENVELOPE.value, _RSA_BITS)
    if not token.has_certificate(KeyLabel.ENVELOPE):
        certificate = service_certificate(
            signer,
            common_name=KeyLabel.ENVELOPE.value,
            spki=keys.records.all()[KeyLabel.ENVELOPE.value].value,
            validity=validity,
            usage="key_encipherment",
            issued_by=site,
        )
        token.keep_certificate(KeyLabel.ENVELOPE, certificate)
