"""How CMS names a certificate: by issuer and serial number, as they stand in it."""

from __future__ import annotations

from typing import Final

from hsm._asn1 import INTEGER, SEQUENCE, parse

__all__ = ["issuer_and_serial"]

_CONTEXT_0: Final = 0xA0


def issuer_and_serial(certificate: bytes) -> tuple[bytes, int]:
    """The issuer's name as it stands (DER) and the serial number, of a certificate in DER.

    Raises `Malformed`, a `ValueError`.
    """
    body, *_ = parse(certificate).parts(SEQUENCE, 3)
    fields = list(body.parts(SEQUENCE, 6, 10))
    if fields[0].tag == _CONTEXT_0:
        del fields[0]
    serial, _, issuer, *_ = fields
    # An INTEGER's shortest form is not asked for here: issued certificates break the rule.
    return issuer.expect(SEQUENCE).raw, int.from_bytes(
        serial.expect(INTEGER).content, "big", signed=True
    )
