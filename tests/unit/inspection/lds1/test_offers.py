"""What EF.CardAccess, DG14 and DG15 offer: unknown entries pass, impossible ones do not."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.cards import CheckOutcome
from inspection.faults import ChipFault, Fault
from inspection.lds1.active_authentication import active_key
from inspection.lds1.chip_authentication import ChipAuthentication, chip_authentication
from inspection.lds1.ciphers import SessionCipher
from inspection.lds1.curve_table import CURVES
from inspection.lds1.public_keys import EcPublicKey, RsaPublicKey, integer, public_key
from inspection.lds1.security_infos import SecurityInfos
from inspection.lds1.tlv import encode
from tests.unit.inspection.lds1.helpers import (
    AA_KEY,
    AA_OID,
    CA_OID,
    PACE_OID,
    PLAIN_SHA,
    aa_info,
    ca_info,
    ca_key_info,
    der_int,
    explicit_spki,
    named_spki,
    oid,
    pace_info,
    security_infos,
    sequence,
    spki_of,
)

CURVE = CURVES[12]
POINT = CURVE.multiply(77, CURVE.generator)
TDES, AES_128, AES_192, AES_256 = SessionCipher
DH_KEY = sequence(
    sequence(oid(bytes.fromhex("2A864886F70D010301")), sequence(der_int(23), der_int(5))),
    encode(0x03, b"\x00" + der_int(8)),
)
UNKNOWN = sequence(oid(bytes.fromhex("2A030405")), encode(0x0C, b"anything"))


def infos(*entries: bytes) -> SecurityInfos:
    return SecurityInfos.from_set(security_infos(*entries))


def test_unknown_entries_are_ignored() -> None:
    """ISO7816_G_05 and _36."""
    invalid_cam = sequence(oid(bytes.fromhex("04007F00070202040699")), der_int(2), der_int(12))
    longer = sequence(oid(PACE_OID + b"\x02\x01"), der_int(9))
    domain = sequence(oid(PACE_OID), sequence(oid(bytes.fromhex("04007F00070102")), der_int(12)))
    found = infos(UNKNOWN, invalid_cam, longer, domain, pace_info(), UNKNOWN, aa_info())
    assert [offer.title for offer in found.pace_offers()] == ["GM AES-128 secp256r1"]
    assert len(found.pace_entries) == 4
    assert infos().pace_offers() == ()


@pytest.mark.parametrize("parameter", [*range(8), *range(19, 32)])
def test_impossible_parameters_are_refused(parameter: int) -> None:
    """ISO7816_G_28: reserved numbers, and groups for a protocol over curves."""
    with pytest.raises(ChipFault, match="impossible"):
        infos(pace_info(), pace_info(parameter=parameter)).pace_offers()


@pytest.mark.parametrize("parameter", [3, 7, 8, 12, 18, 19, 31])
def test_a_curve_for_a_protocol_over_groups_is_refused(parameter: int) -> None:
    group = bytes.fromhex("04007F000702020401")
    with pytest.raises(ChipFault, match="impossible"):
        infos(pace_info(parameter=parameter, mapping=group)).pace_offers()


@pytest.mark.parametrize("parameter", sorted(CURVES))
@pytest.mark.parametrize("cipher", list(SessionCipher))
def test_every_curve_with_every_cipher_can_be_run(parameter: int, cipher: SessionCipher) -> None:
    (offer,) = infos(pace_info(cipher, parameter)).pace_offers()
    assert offer.usable
    assert (offer.curve, offer.cipher) == (CURVES[parameter], cipher)


@pytest.mark.parametrize(
    ("mapping", "parameter"),
    [("01", 0), ("01", 2), ("03", 1), ("04", 12), ("06", 13), ("02", None), ("02", 32)],
)
def test_possible_offers_that_this_reader_does_not_run(mapping: str, parameter: int | None) -> None:
    name = bytes.fromhex("04007F0007020204" + mapping)
    (offer,) = infos(pace_info(parameter=parameter, mapping=name)).pace_offers()
    assert not offer.usable


@pytest.mark.parametrize("version", [0, 1, 3, 300])
def test_another_version_is_refused(version: int) -> None:
    """LDS_F_06, and its like for PACE."""
    with pytest.raises(ChipFault, match="version"):
        infos(pace_info(version=version)).pace_offers()
    if version != 1:
        with pytest.raises(ChipFault, match="version"):
            infos(ca_info(version=version)).chip_protocols()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x31",
        b"\x31\x80",
        encode(0x30, pace_info()),
        security_infos(pace_info()) + b"\x00\x00",
        security_infos(pace_info())[:-1],
        security_infos(encode(0x31, b"")),
        security_infos(sequence()),
        security_infos(sequence(der_int(2))),
        security_infos(b"\x04\x01\x00"),
        bytes.fromhex("3184FFFFFFFF"),
    ],
    ids=range(11),
)
def test_security_infos_that_are_malformed(raw: bytes) -> None:
    """ISO7816_G_27."""
    with pytest.raises(ChipFault):
        SecurityInfos.from_set(raw)


@pytest.mark.parametrize(
    "entry",
    [
        sequence(oid(PACE_OID + b"\x02")),
        sequence(oid(PACE_OID + b"\x02"), oid(b"\x2a")),
        sequence(oid(PACE_OID + b"\x02"), encode(0x02, b"")),
        sequence(oid(PACE_OID + b"\x02"), encode(0x02, b"\x00\x02")),
        sequence(oid(PACE_OID + b"\x02"), der_int(2), encode(0x02, b"\x8c")),
        sequence(oid(PACE_OID + b"\x02"), der_int(2), encode(0x04, b"\x0c")),
    ],
    ids=range(6),
)
def test_a_pace_info_that_is_malformed(entry: bytes) -> None:
    with pytest.raises(ChipFault):
        infos(entry).pace_offers()


# --- Chip Authentication --------------------------------------------------------------------


def key(key_id: int | None = None) -> bytes:
    return ca_key_info(named_spki(CURVE, POINT), key_id)


def offered(*entries: bytes) -> ChipAuthentication | None:
    return ChipAuthentication.offered(infos(*entries))


def test_the_strongest_way_is_taken() -> None:
    """ISO7816_D_03 to _05: one key, two keys, three keys with identifiers."""
    assert offered(UNKNOWN) is None
    one = offered(key(1), ca_info(key_id=1))
    assert one is not None
    assert (one.protocol.key_id, one.key.point) == (1, POINT)
    ways = [ca_info(cipher, n) for n, cipher in enumerate(SessionCipher)]
    many = offered(key(0), key(1), key(2), key(3), *ways)
    assert many is not None
    assert (many.protocol.cipher, many.protocol.key_id) == (AES_256, 3)
    same_key = offered(key(), ca_info(TDES), ca_info(AES_192), ca_info(AES_128))
    assert same_key is not None
    assert same_key.protocol.cipher is AES_192


@pytest.mark.parametrize(
    "entries",
    [
        (key(),),
        (ca_info(),),
        (key(1), ca_info()),
        (key(), ca_info(key_id=1)),
        (key(1), ca_info(key_id=2)),
        (key(1), key(2), ca_info(key_id=1)),
        (key(1), ca_info(key_id=1), ca_info(key_id=2)),
        (key(), key(), ca_info()),
        (key(1), key(1), ca_info(key_id=1)),
    ],
    ids=range(9),
)
def test_keys_and_ways_that_do_not_fit_each_other(entries: tuple[bytes, ...]) -> None:
    """ISO7816_D_06 and _13, LDS_F_05."""
    with pytest.raises(ChipFault, match="identifier"):
        offered(*entries)


def test_a_group_is_declared_unsupported() -> None:
    name = CA_OID[:-1] + b"\x01\x02"
    way = sequence(oid(name), der_int(1))
    dh = sequence(oid(bytes.fromhex("04007F000702020101")), DH_KEY)
    with pytest.raises(Fault, match="not supported") as fault:
        offered(dh, way)
    assert fault.value.outcome is CheckOutcome.UNAVAILABLE
    with pytest.raises(ChipFault, match="another kind"):
        offered(key(), way)


def test_beside_a_group_the_curve_is_taken() -> None:
    way = sequence(oid(CA_OID[:-1] + b"\x01\x02"), der_int(1), der_int(1))
    dh = sequence(oid(bytes.fromhex("04007F000702020101")), DH_KEY, der_int(1))
    offer = offered(dh, way, key(2), ca_info(key_id=2))
    assert offer is not None
    assert offer.protocol.elliptic


def test_an_rsa_key_is_no_chip_key() -> None:
    spki = spki_of(rsa.generate_private_key(65537, 1024))  # noqa: S505 - Doc 9303 has them
    with pytest.raises(ChipFault, match="RSA-1024"):
        offered(ca_key_info(spki), ca_info())


def test_unknown_ways_are_ignored_and_empty_ones_refused() -> None:
    unknown = sequence(oid(CA_OID + b"\x09"), der_int(7))
    offer = offered(unknown, key(), ca_info())
    assert offer is not None
    assert offer.title == "AES-128 secp256r1"
    with pytest.raises(ChipFault, match="must hold"):
        offered(sequence(oid(bytes.fromhex("04007F000702020102"))), ca_info())


def test_a_chip_key_that_is_this_readers_own_is_refused() -> None:
    offer = offered(key(), ca_info())
    assert offer is not None

    class Silent:
        def transmit(self, command: CommandApdu) -> ResponseApdu:
            raise AssertionError(command)

    with pytest.raises(ChipFault, match="own"):
        chip_authentication(Silent(), offer, lambda count: (77).to_bytes(count, "big"))


# --- keys -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", sorted(CURVES))
def test_a_curve_may_be_named_standardised_or_written_out(number: int) -> None:
    curve = CURVES[number]
    point = curve.multiply(5, curve.generator)
    standardised = sequence(
        sequence(oid(bytes.fromhex("04007F00070102")), der_int(number)),
        encode(0x03, b"\x00" + curve.encode(point)),
    )
    for spki in (named_spki(curve, point), explicit_spki(curve, point), standardised):
        assert public_key(spki) == EcPublicKey(curve, point)


def ec_key(domain: bytes, point: bytes = CURVE.encode(POINT)) -> bytes:
    algorithm = sequence(oid(bytes.fromhex("2A8648CE3D0201")), domain)
    return sequence(algorithm, encode(0x03, b"\x00" + point))


@pytest.mark.parametrize(
    "spki",
    [
        b"",
        sequence(),
        ec_key(b""),
        ec_key(b"\x05\x00"),
        ec_key(oid(b"\x2a\x03")),
        ec_key(sequence()),
        ec_key(oid(CURVE.oid), b""),
        ec_key(oid(CURVE.oid), b"\x00"),
        ec_key(oid(CURVE.oid), CURVE.encode(POINT)[:-1] + b"\x00"),
        ec_key(oid(CURVES[13].oid)),
        explicit_spki(CURVE, POINT, a=CURVE.a - 1),
        named_spki(CURVE, POINT) + b"\x00",
        sequence(sequence(oid(b"\x2a\x03"))),
        sequence(sequence(oid(b"\x2a\x03")), encode(0x03, b"\x00\x01")),
        sequence(sequence(oid(bytes.fromhex("2A8648CE3D0201")), oid(CURVE.oid)), b"\x03\x00"),
        sequence(sequence(oid(bytes.fromhex("04007F00070102")), der_int(7)), b"\x03\x02\x00\x04"),
    ],
    ids=range(16),
)
def test_public_keys_that_are_none(spki: bytes) -> None:
    """ISO7816_D_08 and _12."""
    with pytest.raises(ChipFault):
        public_key(spki)


def test_explicit_parameters_of_another_shape_are_no_curve() -> None:
    good = explicit_spki(CURVE, POINT)
    prime_field = bytes.fromhex("2A8648CE3D0101")
    other_field = good.replace(prime_field, bytes.fromhex("2A8648CE3D0102"))
    cofactor = good.replace(der_int(CURVE.n) + der_int(1), der_int(CURVE.n) + der_int(4))
    for changed in (other_field, cofactor):
        assert changed != good
        with pytest.raises(ChipFault, match="no standardised"):
            public_key(changed)


def rsa_spki(modulus: bytes, exponent: bytes, tail: bytes = b"") -> bytes:
    algorithm = sequence(oid(bytes.fromhex("2A864886F70D010101")), b"\x05\x00")
    return sequence(algorithm, encode(0x03, b"\x00" + sequence(modulus, exponent, tail)))


@pytest.mark.parametrize(
    ("modulus", "exponent"),
    [
        (1 << 1023, 3),
        ((1 << 1023) + 1, 2),
        ((1 << 1023) + 1, 1),
        ((1 << 1023) + 1, (1 << 1023) + 3),
        ((1 << 1022) + 1, 3),
        ((1 << 4096) + 1, 3),
        ((1 << 20000) + 1, 3),
        (0, 0),
    ],
    ids=range(8),
)
def test_rsa_keys_that_are_none(modulus: int, exponent: int) -> None:
    with pytest.raises(ChipFault):
        public_key(rsa_spki(der_int(modulus), der_int(exponent)))


def test_an_rsa_key() -> None:
    modulus = (1 << 2047) + 1
    assert public_key(rsa_spki(der_int(modulus), der_int(65537))) == RsaPublicKey(modulus, 65537)
    assert str(modulus) not in repr(RsaPublicKey(modulus, 65537))
    with pytest.raises(ChipFault):
        public_key(rsa_spki(der_int(modulus), der_int(3), der_int(3)))


@pytest.mark.parametrize("raw", ["", "80", "FF00", "0001", "00"])
def test_integers(raw: str) -> None:
    if raw == "00":
        assert integer(b"\x00") == 0
        return
    with pytest.raises(ChipFault):
        integer(bytes.fromhex(raw))


def test_the_key_of_dg15() -> None:
    found = active_key(encode(0x6F, spki_of(AA_KEY)))
    assert isinstance(found, EcPublicKey)
    assert found.title == "secp256r1"
    with pytest.raises(ChipFault, match="6E where 6F"):
        active_key(encode(0x6E, spki_of(AA_KEY)))
    edwards = bytes.fromhex("302A300506032B6570032100") + bytes(32)
    with pytest.raises(ChipFault, match="unknown algorithm"):
        active_key(encode(0x6F, edwards))
    assert isinstance(
        active_key(encode(0x6F, spki_of(ec.derive_private_key(3, ec.SECP384R1())))), EcPublicKey
    )


def test_the_hash_of_active_authentication() -> None:
    assert infos(pace_info()).active_authentication_hash() is None
    names = [infos(aa_info(arc)).active_authentication_hash() for arc in range(1, 6)]
    assert names == ["sha1", "sha224", "sha256", "sha384", "sha512"]


@pytest.mark.parametrize(
    "entry",
    [
        aa_info(0),
        aa_info(6),
        aa_info(99),
        sequence(oid(AA_OID), der_int(1)),
        sequence(oid(AA_OID), der_int(2), oid(PLAIN_SHA + b"\x03")),
        sequence(oid(AA_OID), oid(PLAIN_SHA + b"\x03")),
        sequence(oid(AA_OID), der_int(1), oid(bytes.fromhex("2A8648CE3D040302"))),
        sequence(oid(AA_OID), der_int(1), oid(b"")),
    ],
    ids=range(8),
)
def test_signature_algorithms_that_are_none(entry: bytes) -> None:
    """ISO7816_F_09."""
    with pytest.raises(ChipFault):
        infos(entry).active_authentication_hash()
