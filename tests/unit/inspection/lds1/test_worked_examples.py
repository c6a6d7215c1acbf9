"""Doc 9303-11 appendices D, G, and the BSI worked example, from the inspector's side."""

from __future__ import annotations

import pytest

from ektp.apdu import CommandApdu, ResponseApdu
from inspection.faults import ChannelBroken, ChipFault, Refused
from inspection.lds1.active_authentication import verify_signature
from inspection.lds1.basic_access import basic_access
from inspection.lds1.ciphers import SessionCipher, SessionKeys, derive_key
from inspection.lds1.curve_table import CURVES
from inspection.lds1.pace import PacePassword, PasswordKind, authentication_token, pace
from inspection.lds1.passwords import AccessPasswords
from inspection.lds1.public_keys import RsaPublicKey
from inspection.lds1.secure_messaging import SecureMessaging
from inspection.lds1.security_infos import Mapping, SecurityInfos
from inspection.lds1.tlv import encode
from tests.unit.inspection.lds1.vectors import Case, random_of

BAC, PACE, PROOFS = "icao-bac-sm.json", "icao-pace.json", "icao-ca-aa.json"
GENERIC = ("ecdh-gm-aes128", "bsi-eac-ecdh-gm-aes128")


class Script:
    """A chip that answers what is printed, once it was sent what is printed."""

    def __init__(self, exchanges: list[tuple[bytes | None, bytes]]) -> None:
        self._left = exchanges

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        wanted, answer = self._left.pop(0)
        assert wanted is None or bytes(command).hex() == wanted.hex()
        return ResponseApdu.from_bytes(answer)


def test_bac_keys_come_from_the_mrz() -> None:
    case = Case(BAC, "key-seed")
    secret = AccessPasswords(mrz_information=case.text("mrz_information")).mrz_secret
    assert secret == case["sha1"]
    keys = SessionKeys.derive(SessionCipher.TDES, secret[:16])
    assert (keys.enciphering, keys.authenticating) == (case["k_enc"], case["k_mac"])


def bac_script(response: bytes | None = None) -> tuple[Script, bytes, Case]:
    case = Case(BAC, "mutual-authentication")
    answer = case["external_authenticate_response"] if response is None else response
    script = Script(
        [
            (case["get_challenge_command"], case["rnd_ic"] + b"\x90\x00"),
            (case["external_authenticate_command"], answer + b"\x90\x00"),
        ]
    )
    return script, Case(BAC, "key-seed")["sha1"], case


def test_bac_opens_the_chip_of_appendix_d() -> None:
    script, secret, case = bac_script()
    keys = basic_access(script, secret, random_of(case["rnd_ifd"], case["k_ifd"]))
    assert (keys.enciphering, keys.authenticating) == (case["ks_enc"], case["ks_mac"])
    assert keys.counter == int.from_bytes(case["ssc"], "big")


@pytest.mark.parametrize("at", range(40))
def test_every_byte_of_the_bac_answer_counts(at: int) -> None:
    answer = bytearray(Case(BAC, "mutual-authentication")["external_authenticate_response"])
    answer[at] ^= 0x20
    script, secret, case = bac_script(bytes(answer))
    with pytest.raises(ChipFault, match="checksum"):
        basic_access(script, secret, random_of(case["rnd_ifd"], case["k_ifd"]))


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("answer", ["6D00", "6982", "6300", "9001", "9000", "00009000"])
def test_bac_that_is_refused_or_answered_with_another_length(step: int, answer: str) -> None:
    """ISO7816_B_03."""
    script, secret, case = bac_script()
    wanted, _ = script._left[step]
    script._left[step] = (wanted, bytes.fromhex(answer))
    with pytest.raises(ChipFault, match="bytes" if answer.endswith("9000") else answer):
        basic_access(script, secret, random_of(case["rnd_ifd"], case["k_ifd"]))
    assert len(script._left) == 1 - step


@pytest.mark.parametrize("at", [0, 8])
def test_a_bac_answer_over_other_challenges_is_refused(at: int) -> None:
    """With a good checksum: enciphered wrongly, as ISO7816_B_02 has it."""
    _, secret, case = bac_script()
    access = SessionKeys.derive(SessionCipher.TDES, secret[:16])
    plain = bytearray(SessionCipher.TDES.decipher(access.enciphering, case["e_ic"]))
    plain[at] ^= 1
    ciphered = SessionCipher.TDES.encipher(access.enciphering, bytes(plain))
    answer = ciphered + SessionCipher.TDES.checksum(access.authenticating, ciphered)
    script, _, _ = bac_script(answer)
    with pytest.raises(ChipFault, match="other challenges"):
        basic_access(script, secret, random_of(case["rnd_ifd"], case["k_ifd"]))


SESSION = ("sm-select-ef-com", "sm-read-binary-4", "sm-read-binary-18")


def messaging(case: Case) -> SecureMessaging:
    return SecureMessaging(
        SessionKeys(
            cipher=SessionCipher.TDES,
            enciphering=case["ks_enc"],
            authenticating=case["ks_mac"],
            counter=int.from_bytes(case["ssc_before"], "big"),
        )
    )


@pytest.mark.parametrize("name", SESSION)
def test_secure_messaging_of_appendix_d(name: str) -> None:
    case = Case(BAC, name)
    session = messaging(case)
    wrapped = session.wrap(CommandApdu.from_bytes(case["plain_command"]))
    assert bytes(wrapped).hex() == case["protected_command"].hex()
    plain = session.unwrap(ResponseApdu.from_bytes(case["protected_response"]))
    assert plain.ok
    assert plain.data == case["plain_response"]


@pytest.mark.parametrize("name", SESSION)
def test_every_bit_of_a_protected_answer_counts(name: str) -> None:
    case = Case(BAC, name)
    whole = case["protected_response"]
    for bit in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        session = messaging(case)
        session.wrap(CommandApdu.from_bytes(case["plain_command"]))
        with pytest.raises(ChannelBroken):
            session.unwrap(ResponseApdu.from_bytes(bytes(changed)))


def offer_of(case: Case):  # noqa: ANN201 - the type has nothing to say here
    raw = case["pace_info"] if "pace_info" in case._values else None
    if raw is None:
        infos = SecurityInfos.from_set(case["ef_cardaccess"])
    else:
        infos = SecurityInfos.from_set(encode(0x31, raw))
    return next(offer for offer in infos.pace_offers() if offer.oid == case["oid"])


def password_of(case: Case) -> PacePassword:
    if case.text("password_type") == "MRZ":
        secret = AccessPasswords(mrz_information=case.text("password")).mrz_secret
        assert secret is not None
        return PacePassword(PasswordKind.MRZ, secret)
    return PacePassword(PasswordKind.CAN, case.text("password").encode())


def pace_script(case: Case, **changed: bytes) -> Script:
    answers = [
        encode(0x80, case["encrypted_nonce"]),
        encode(0x82, case["map_chip_public"]),
        encode(0x84, case["eph_chip_public"]),
        encode(0x86, case["token_ic"]),
    ]
    names = ("nonce", "map", "key", "token")
    bodies = [changed.get(name, body) for name, body in zip(names, answers, strict=True)]
    wanted = case.list("commands") if "commands" in case._values else [None] * 5
    return Script(
        [
            (wanted[0], b"\x90\x00"),
            *(
                (command, encode(0x7C, body) + b"\x90\x00")
                for command, body in zip(wanted[1:], bodies, strict=True)
            ),
        ]
    )


def run_pace(case: Case, script: Script) -> SessionKeys:
    chance = random_of(case["map_terminal_private"], case["eph_terminal_private"])
    return pace(script, offer_of(case), password_of(case), random=chance)


@pytest.mark.parametrize("name", GENERIC)
def test_pace_with_generic_mapping(name: str) -> None:
    case = Case(PACE, name)
    keys = run_pace(case, pace_script(case))
    assert (keys.enciphering, keys.authenticating) == (case["ks_enc"], case["ks_mac"])
    assert keys.counter == 0
    assert "secret" not in repr(password_of(case))
    assert keys.enciphering.hex() not in repr(keys)


@pytest.mark.parametrize("name", GENERIC)
def test_the_values_between_are_those_that_are_printed(name: str) -> None:
    case = Case(PACE, name)
    curve = CURVES[13]
    generator = curve.point(case["mapped_generator"])
    shared = curve.point(case["map_shared"])
    nonce = int.from_bytes(case["nonce"], "big")
    assert curve.add(curve.multiply(nonce, curve.generator), shared) == generator
    own = int.from_bytes(case["eph_terminal_private"], "big")
    assert curve.encode(curve.multiply(own, generator)) == case["eph_terminal_public"]
    theirs = curve.point(case["eph_chip_public"])
    assert curve.coordinate(curve.multiply(own, theirs).x) == case["shared_secret"]


CASE = "ecdh-gm-aes128"


def test_a_pace_nonce_that_is_altered_ends_at_the_token() -> None:
    case = Case(PACE, CASE)
    nonce = bytearray(case["encrypted_nonce"])
    nonce[3] ^= 1
    script = pace_script(case, nonce=encode(0x80, bytes(nonce)))
    # Our own keys follow from the nonce: what is printed is not what is sent.
    script._left = [(None, answer) for _, answer in script._left]
    with pytest.raises(ChipFault, match="token"):
        run_pace(case, script)


@pytest.mark.parametrize(
    ("step", "tag", "wrong"),
    [("nonce", 0x80, 0x90), ("map", 0x82, 0x92), ("key", 0x84, 0x94), ("token", 0x86, 0x96)],
)
def test_pace_data_under_another_tag_are_refused(step: str, tag: int, wrong: int) -> None:
    """ISO7816_G_11, _13, _19 and _25."""
    case = Case(PACE, CASE)
    keys = {
        "nonce": "encrypted_nonce",
        "map": "map_chip_public",
        "key": "eph_chip_public",
        "token": "token_ic",
    }
    value = case[keys[step]]
    with pytest.raises(ChipFault, match=f"{wrong:X} where {tag:X} belongs"):
        run_pace(case, pace_script(case, **{step: encode(wrong, value)}))
    with pytest.raises(ChipFault, match="belongs"):
        run_pace(case, pace_script(case, **{step: b""}))
    with pytest.raises(ChipFault, match="belongs"):
        run_pace(case, pace_script(case, **{step: 2 * encode(tag, value)}))


def bad_points() -> dict[str, bytes]:
    case = Case(PACE, CASE)
    good = case["map_chip_public"]
    other = bytearray(good)
    other[-1] ^= 1
    curve = CURVES[13]
    return {
        "infinity": b"\x00",
        "nothing": b"",
        "compressed": b"\x02" + good[1:33],
        "hybrid": b"\x06" + good[1:],
        "cut": good[:-1],
        "longer": good + b"\x00",
        "off the curve": bytes(other),
        "zero": b"\x04" + bytes(64),
        "beyond the field": b"\x04" + curve.p.to_bytes(32, "big") + good[33:],
        "another curve": CURVES[12].encode(CURVES[12].generator),
    }


@pytest.mark.parametrize("name", bad_points())
@pytest.mark.parametrize(("step", "tag"), [("map", 0x82), ("key", 0x84)])
def test_points_that_are_none_are_refused(name: str, step: str, tag: int) -> None:
    """ISO7816_G_14, _16, _20 and _21."""
    case = Case(PACE, CASE)
    with pytest.raises(ChipFault, match="point"):
        run_pace(case, pace_script(case, **{step: encode(tag, bad_points()[name])}))


@pytest.mark.parametrize(
    ("step", "tag", "ours"),
    [("map", 0x82, "map_terminal_public"), ("key", 0x84, "eph_terminal_public")],
)
def test_a_chip_that_echoes_our_key_is_refused(step: str, tag: int, ours: str) -> None:
    """ISO7816_G_23."""
    case = Case(PACE, CASE)
    with pytest.raises(ChipFault, match="echoes"):
        run_pace(case, pace_script(case, **{step: encode(tag, case[ours])}))


@pytest.mark.parametrize("token", [b"", bytes(8), bytes(7), bytes(9), bytes(16)])
def test_a_wrong_pace_token_is_refused(token: bytes) -> None:
    """ISO7816_G_26."""
    case = Case(PACE, CASE)
    with pytest.raises(ChipFault, match="token"):
        run_pace(case, pace_script(case, token=encode(0x86, token)))


def test_names_of_authorities_beside_the_token_are_let_by() -> None:
    case = Case(PACE, CASE)
    body = encode(0x86, case["token_ic"]) + encode(0x87, b"DETESTCVCA00001")
    assert run_pace(case, pace_script(case, token=body)).enciphering == case["ks_enc"]


@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize("sw", [0x6300, 0x63C1, 0x6982, 0x6A80, 0x6A88, 0x6700, 0x9001, 0x6100])
def test_an_error_at_any_step_of_pace_ends_it(at: int, sw: int) -> None:
    """ISO7816_G_08, _10, _12, _18 and _24."""
    case = Case(PACE, CASE)
    script = pace_script(case)
    wanted, answer = script._left[at]
    script._left[at] = (wanted, answer[:-2] + sw.to_bytes(2, "big"))
    with pytest.raises(Refused, match=f"{sw:04X}"):
        run_pace(case, script)
    assert len(script._left) == 4 - at


@pytest.mark.parametrize("length", [0, 8, 15, 17, 80, 4096])
def test_a_nonce_of_another_length_is_refused(length: int) -> None:
    case = Case(PACE, CASE)
    with pytest.raises(ChipFault, match="nonce"):
        run_pace(case, pace_script(case, nonce=encode(0x80, bytes(length))))


@pytest.mark.parametrize("name", ["ecdh-gm-aes128", "ecdh-im-aes128", "ecdh-cam-aes128"])
def test_tokens_and_keys_of_every_mapping_over_a_curve(name: str) -> None:
    case = Case(PACE, name)
    keys = SessionKeys.derive(SessionCipher.AES_128, case["shared_secret"])
    assert (keys.enciphering, keys.authenticating) == (case["ks_enc"], case["ks_mac"])
    assert authentication_token(keys, case["oid"], case["eph_chip_public"]) == case["token_ifd"]
    assert authentication_token(keys, case["oid"], case["eph_terminal_public"]) == case["token_ic"]


def test_an_offer_that_cannot_be_run_is_a_programmers_mistake() -> None:
    case = Case(PACE, "dh-gm-aes128")
    offer = offer_of(case)
    assert (offer.usable, offer.mapping) == (False, Mapping.GENERIC)
    with pytest.raises(ValueError, match="cannot run"):
        pace(Script([]), offer, password_of(case))


def test_the_ef_card_access_of_the_bsi_example() -> None:
    infos = SecurityInfos.from_set(Case(PACE, "bsi-eac-ecdh-gm-aes128")["ef_cardaccess"])
    usable = [offer.title for offer in infos.pace_offers() if offer.usable]
    assert usable == ["GM AES-128 brainpoolP256r1"]


def test_chip_authentication_agrees_as_in_the_bsi_example() -> None:
    """Version 2 differs in what goes into the keys; the agreement is the same."""
    case = Case(PROOFS, "bsi-ca2-ecdh-aes128")
    curve = CURVES[13]
    own = int.from_bytes(case["terminal_private"], "big")
    assert curve.encode(curve.multiply(own, curve.generator)) == case["terminal_public"]
    shared = curve.coordinate(curve.multiply(own, curve.point(case["chip_public"])).x)
    assert shared == case["shared_secret"]
    enciphering = derive_key(shared + case["nonce"], 1, SessionCipher.AES_128)
    assert enciphering == case["ks_enc"]


def test_the_message_of_active_authentication() -> None:
    """The source prints no key: one with exponent 1 opens a message to itself."""
    case = Case(PROOFS, "active-authentication-rsa1024-sha1")
    key = RsaPublicKey((1 << 1024) - 1, 1)
    assert verify_signature(key, None, case["rnd_ifd"], case["f"]) == "sha1"
    changed = bytearray(case["f"])
    changed[40] ^= 4
    with pytest.raises(ChipFault, match="another message"):
        verify_signature(key, None, case["rnd_ifd"], bytes(changed))
    with pytest.raises(ChipFault, match="another message"):
        verify_signature(key, None, bytes(8), case["f"])
