"""Enveloped files: not for us, not genuine, damaged; then what is taken, streamed too."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import cms, core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from ektp.errors import EnvelopeNotForUs, EnvelopeSignatureInvalid, FileChanged, RecordError
from hsm._asn1 import OCTET_STRING, SEQUENCE, Malformed, der, der_oid
from hsm._enveloped_data import _Gcm
from hsm.envelope import Line, Refusal, VerifiedEnvelope, certificate_fingerprint, open_enveloped
from hsm.token_client import TokenClient
from tests.unit.hsm.builders import (
    LINES,
    NOW,
    OPENSSL,
    SITE,
    Approver,
    Envelope,
    FixedClock,
    Recipe,
    RsaKeyInHand,
    address,
    approver,
    as_ber,
    enveloped,
    openssl,
    own_attribute,
    rsa_key,
    signed,
)
from tests.unit.hsm.soft_tokens import soft_place, token_folder

GOOD = approver()
OURS = approver("ours", rsa_key("ours"))
KEY = RsaKeyInHand(OURS)
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="the openssl command is not installed")


def inner(content: bytes = LINES, by: Approver = GOOD, **recipe: object) -> bytes:
    recipe.setdefault("extra", address())
    return signed(content, by, Recipe(**recipe), detached=False)


def opened(folder: Path, raw: bytes, last: int = 0, site: str = SITE) -> VerifiedEnvelope:
    path = folder / "prr.jsonl.p7m"
    path.write_bytes(raw)
    return open_enveloped(
        path, key=KEY, trusted=[GOOD.der], site=site, last_sequence=lambda _: last, now=NOW
    )


def refusal(folder: Path, raw: bytes) -> str:
    with pytest.raises(EnvelopeSignatureInvalid) as caught:
        opened(folder, raw)
    return str(caught.value.facts["reason"])


def not_ours(folder: Path, raw: bytes, last: int = 0, site: str = SITE) -> str:
    with pytest.raises(EnvelopeNotForUs) as caught:
        opened(folder, raw, last, site)
    return str(caught.value.facts["reason"])


# --- not for us ----------------------------------------------------------------------------------


def test_closed_to_another_key(tmp_path: Path) -> None:
    other = approver("other site", rsa_key("other"))
    assert not_ours(tmp_path, enveloped(inner(), other.der)) == Refusal.RECIPIENT


def test_closed_to_another_key_under_our_name(tmp_path: Path) -> None:
    twin = approver("ours", rsa_key("other"))
    assert refusal(tmp_path, enveloped(inner(), twin.der)) == Refusal.MALFORMED


def test_for_another_site(tmp_path: Path) -> None:
    raw = enveloped(inner(extra=address(site="ID-35.73")), OURS.der)
    assert not_ours(tmp_path, raw) == Refusal.SITE


def test_for_a_site_whose_name_begins_alike(tmp_path: Path) -> None:
    assert not_ours(tmp_path, enveloped(inner(), OURS.der), site=SITE + "1") == Refusal.SITE


@pytest.mark.parametrize("sequence", [-1, 0, 6, 7, 9, 1 << 70])
def test_out_of_sequence(tmp_path: Path, sequence: int) -> None:
    raw = enveloped(inner(extra=address(sequence=sequence)), OURS.der)
    assert not_ours(tmp_path, raw, last=7) == Refusal.SEQUENCE


def test_expired(tmp_path: Path) -> None:
    raw = enveloped(inner(extra=address(expires=NOW - timedelta(seconds=1))), OURS.der)
    assert not_ours(tmp_path, raw) == Refusal.EXPIRED


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_unaddressed(tmp_path: Path, missing: int) -> None:
    attributes = address()
    del attributes[missing]
    raw = enveloped(inner(extra=attributes), OURS.der)
    assert not_ours(tmp_path, raw) == Refusal.UNADDRESSED


def test_without_signed_attributes_there_is_no_address(tmp_path: Path) -> None:
    assert not_ours(tmp_path, enveloped(inner(attributes=False), OURS.der)) == Refusal.UNADDRESSED


def test_an_address_in_unsigned_attributes_does_not_count(tmp_path: Path) -> None:
    info = cms.ContentInfo.load(inner(extra=[]))
    info["content"]["signer_infos"][0]["unsigned_attrs"] = cms.CMSAttributes(address())
    assert not_ours(tmp_path, enveloped(info.dump(force=True), OURS.der)) == Refusal.UNADDRESSED


@pytest.mark.parametrize(
    "wrong",
    [
        own_attribute(1, core.PrintableString(SITE)),
        own_attribute(1, core.UTF8String(SITE), core.UTF8String("ID-35.73")),
        own_attribute(1, core.OctetString(b"\xff")),
        own_attribute(2, core.UTF8String("1")),
        own_attribute(2),
        own_attribute(3, core.UTCTime(NOW)),
        own_attribute(3, core.UTF8String("20270101000000Z")),
    ],
)
def test_an_address_that_cannot_be_read(tmp_path: Path, wrong: cms.CMSAttribute) -> None:
    kind = wrong["type"].dotted
    extra = [one for one in address() if one["type"].dotted != kind]
    assert refusal(tmp_path, enveloped(inner(extra=[*extra, wrong]), OURS.der)) == (
        Refusal.ATTRIBUTES
    )


@pytest.mark.parametrize(
    "text", [b"\x18\x0f20270101000000X", b"\x18\x0d202701010000Z", b"\x18\x0f20270231000000Z"]
)
def test_an_expiry_that_is_no_time(tmp_path: Path, text: bytes) -> None:
    wrong = own_attribute(3, core.Any.load(text))
    raw = enveloped(inner(extra=[*address()[:2], wrong]), OURS.der)
    assert refusal(tmp_path, raw) == Refusal.ATTRIBUTES


def test_the_senders_own_count_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "prr.jsonl.p7m"
    path.write_bytes(enveloped(inner(extra=address(sequence=8)), OURS.der))
    asked: list[bytes] = []

    def last(signer: bytes) -> int:
        asked.append(signer)
        return 7

    file = open_enveloped(path, key=KEY, trusted=[GOOD.der], site=SITE, last_sequence=last, now=NOW)
    assert asked == [certificate_fingerprint(GOOD.der)] == [file.signer]
    assert file.sequence == 8


# --- not genuine ---------------------------------------------------------------------------------


def test_by_a_stranger(tmp_path: Path) -> None:
    raw = enveloped(inner(by=approver("stranger")), OURS.der)
    assert refusal(tmp_path, raw) == Refusal.SIGNER_NOT_PINNED


def test_a_stranger_is_refused_before_the_address_is_looked_at(tmp_path: Path) -> None:
    raw = enveloped(inner(by=approver("stranger"), extra=address(site="elsewhere")), OURS.der)
    assert refusal(tmp_path, raw) == Refusal.SIGNER_NOT_PINNED


def test_by_an_expired_signer(tmp_path: Path) -> None:
    late = approver("late", ends=NOW - timedelta(seconds=1))
    path = tmp_path / "prr.jsonl.p7m"
    path.write_bytes(enveloped(inner(by=late), OURS.der))
    with pytest.raises(EnvelopeSignatureInvalid, match="signer_expired"):
        open_enveloped(
            path, key=KEY, trusted=[late.der], site=SITE, last_sequence=lambda _: 0, now=NOW
        )


def test_content_that_is_not_what_was_signed(tmp_path: Path) -> None:
    assert refusal(tmp_path, enveloped(inner().replace(b"r-2", b"r-3"), OURS.der)) == (
        Refusal.CONTENT
    )


@pytest.mark.parametrize("change", [b"ID-16.71", b"20260112083000Z"])
def test_an_address_that_was_changed(tmp_path: Path, change: bytes) -> None:
    changed = inner().replace(change, change.replace(b"1", b"2"))
    assert refusal(tmp_path, enveloped(changed, OURS.der)) == Refusal.SIGNATURE


@pytest.mark.parametrize(
    "inside", [b"", LINES, b"MIME-Version: 1.0\n\n", signed(LINES, GOOD), b"\x30\x80\x00\x00"]
)
def test_something_else_inside(tmp_path: Path, inside: bytes) -> None:
    assert refusal(tmp_path, enveloped(inside, OURS.der)) == Refusal.CONTENT


def test_something_behind_the_signed_data(tmp_path: Path) -> None:
    assert refusal(tmp_path, enveloped(inner() + b"\x00", OURS.der)) == Refusal.CONTENT


def test_only_signed(tmp_path: Path) -> None:
    assert refusal(tmp_path, inner()) == Refusal.MALFORMED


def test_something_behind_the_envelope(tmp_path: Path) -> None:
    assert refusal(tmp_path, enveloped(inner(), OURS.der) + b"\x00") == Refusal.CONTENT


def test_pkcs_1_v_1_5_is_refused(tmp_path: Path) -> None:
    raw = enveloped(inner(), OURS.der, Envelope(padding="v1.5"))
    assert refusal(tmp_path, raw) == Refusal.ALGORITHM


def _with_recipient(change: dict[str, object]) -> bytes:
    info = cms.ContentInfo.load(enveloped(inner(), OURS.der))
    transport = info["content"]["recipient_infos"][0].chosen["key_encryption_algorithm"]
    for name, value in change.items():
        transport["parameters"][name] = value
    return info.dump(force=True)


@pytest.mark.parametrize(
    "change",
    [
        {"hash_algorithm": {"algorithm": "md5"}},
        {"mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "md5"}}},
        {"p_source_algorithm": {"algorithm": "p_specified", "parameters": b"label"}},
    ],
)
def test_oaep_that_is_not_taken(tmp_path: Path, change: dict[str, object]) -> None:
    assert refusal(tmp_path, _with_recipient(change)) == Refusal.ALGORITHM


@pytest.mark.parametrize("cipher", ["aes128_cbc", "aes256_ofb", "tripledes_3key"])
def test_other_ciphers_are_refused(tmp_path: Path, cipher: str) -> None:
    info = cms.ContentInfo.load(enveloped(inner(), OURS.der))
    algorithm = info["content"]["encrypted_content_info"]["content_encryption_algorithm"]
    algorithm["algorithm"] = cipher
    assert refusal(tmp_path, info.dump(force=True)) == Refusal.ALGORITHM


@pytest.mark.parametrize("cipher", ["cbc", "gcm"])
def test_no_changed_byte_of_the_envelope_is_taken(tmp_path: Path, cipher: str) -> None:
    raw = enveloped(inner(), OURS.der, Envelope(cipher=cipher))
    accepted = []
    # Every byte around the content, and some of the content itself.
    for at in (*range(0, 520, 2 if cipher == "gcm" else 1), *range(520, len(raw), 9)):
        changed = bytearray(raw)
        changed[at] ^= 1 << at % 8
        try:
            opened(tmp_path, bytes(changed))
        except (EnvelopeSignatureInvalid, EnvelopeNotForUs):
            continue
        accepted.append(at)
    # Versions of the envelope and of its recipient bind nothing.
    meaningless = [at for at in range(len(raw)) if raw[at - 2 : at] == b"\x02\x01"]
    assert set(accepted) <= set(meaningless)


@pytest.mark.parametrize("cipher", ["cbc", "gcm"])
@pytest.mark.parametrize("keep", [0, 1, 2, 20, 60, 300, 500, 700, -20, -16, -1])
def test_a_cut_envelope(tmp_path: Path, cipher: str, keep: int) -> None:
    raw = enveloped(inner(), OURS.der, Envelope(cipher=cipher))
    assert refusal(tmp_path, raw[:keep]) in (Refusal.MALFORMED, Refusal.CONTENT)


def changed(change: Callable[[cms.EnvelopedData], None]) -> bytes:
    info = cms.ContentInfo.load(enveloped(inner(), OURS.der))
    change(info["content"])
    return info.dump(force=True)


def _other_content(data: cms.EnvelopedData) -> None:
    data["encrypted_content_info"]["content_type"] = "digested_data"


def _other_version(data: cms.EnvelopedData) -> None:
    data["version"] = "v1"


def _other_recipient_version(data: cms.EnvelopedData) -> None:
    data["recipient_infos"][0].chosen["version"] = "v3"


def _short_key(data: cms.EnvelopedData) -> None:
    certificate = x509.load_der_x509_certificate(OURS.der)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    data["recipient_infos"][0].chosen["encrypted_key"] = certificate.public_key().encrypt(
        bytes(16), oaep
    )


def _short_iv(data: cms.EnvelopedData) -> None:
    data["encrypted_content_info"]["content_encryption_algorithm"]["parameters"] = bytes(15)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_other_content, Refusal.MALFORMED),
        (_other_version, Refusal.MALFORMED),
        (_other_recipient_version, Refusal.MALFORMED),
        (_short_key, Refusal.MALFORMED),
        (_short_iv, Refusal.ALGORITHM),
    ],
)
def test_other_parts_of_the_envelope(
    tmp_path: Path, change: Callable[[cms.EnvelopedData], None], reason: Refusal
) -> None:
    assert refusal(tmp_path, changed(change)) == reason


GCM = enveloped(inner(), OURS.der, Envelope(cipher="gcm"))


def test_a_tag_shorter_than_announced(tmp_path: Path) -> None:
    body = GCM.replace(GCM[-18:], b"\x04\x0c" + GCM[-16:-4])
    raw = as_ber_around(body, GCM)
    assert refusal(tmp_path, raw) == Refusal.CONTENT


def as_ber_around(body: bytes, original: bytes) -> bytes:
    """ContentInfo, [0] and AuthEnvelopedData left open around a body of another length."""
    head = original[4 : 4 + 13]
    rest = body[4 + 13 + 8 :]
    return b"\x30\x80" + head + b"\xa0\x80\x30\x80" + rest + b"\x00\x00" * 3


def test_authenticated_attributes_cannot_be_streamed(tmp_path: Path) -> None:
    raw = as_ber_around(GCM[:-18] + b"\xa1\x00" + GCM[-18:], GCM)
    assert refusal(tmp_path, raw) == Refusal.ALGORITHM


def test_unauthenticated_attributes_say_nothing(tmp_path: Path) -> None:
    opened(tmp_path, as_ber_around(GCM + b"\xa2\x00", GCM))


@pytest.mark.parametrize("nonce_and_tag", [b"\x10", b"\x0b", b"\x11"])
def test_gcm_with_other_lengths(tmp_path: Path, nonce_and_tag: bytes) -> None:
    raw = GCM.replace(b"\x02\x01\x10\x80", b"\x02\x01" + nonce_and_tag + b"\x80")
    if nonce_and_tag == b"\x10":
        opened(tmp_path, raw)
    else:
        assert refusal(tmp_path, raw) == Refusal.ALGORITHM


def test_a_cipher_of_the_other_kind_of_envelope(tmp_path: Path) -> None:
    cbc, gcm = "2.16.840.1.101.3.4.1.42", "2.16.840.1.101.3.4.1.46"
    swap = [core.ObjectIdentifier(oid).dump() for oid in (gcm, cbc)]
    assert refusal(tmp_path, GCM.replace(*swap)) == Refusal.ALGORITHM
    plain = enveloped(inner(), OURS.der)
    assert refusal(tmp_path, plain.replace(*reversed(swap))) == Refusal.ALGORITHM


def test_more_than_aes_gcm_can_take() -> None:
    class Full:
        def update(self, _: bytes) -> bytes:
            raise ValueError

    decipher = _Gcm(bytes(32), bytes(12), 16)
    decipher._decryptor = Full()
    with pytest.raises(Malformed, match="64 GiB"):
        list(decipher.plain(iter((b"x",))))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(RecordError):
        open_enveloped(
            tmp_path / "none",
            key=KEY,
            trusted=[GOOD.der],
            site=SITE,
            last_sequence=lambda _: 0,
            now=NOW,
        )


# --- taken ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("cipher", ["cbc", "gcm"])
@pytest.mark.parametrize("oaep", ["sha1", "sha256", "sha384", "sha512"])
def test_what_is_taken(tmp_path: Path, cipher: str, oaep: str) -> None:
    file = opened(tmp_path, enveloped(inner(), OURS.der, Envelope(cipher=cipher, oaep=oaep)))
    assert (file.site, file.sequence) == (SITE, 1)
    assert file.expires_at == NOW + timedelta(days=7)
    assert [line.content for line in file.open_lines()] == LINES.splitlines()


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_other_hashes_of_the_signature(tmp_path: Path, digest: str) -> None:
    file = opened(tmp_path, enveloped(inner(digest=digest), OURS.der))
    assert len(list(file.open_lines())) == 2


def test_content_type_signed_data(tmp_path: Path) -> None:
    """Then what is inside is SignedData itself, without ContentInfo (RFC 5652 clause 6.1)."""
    bare = cms.ContentInfo.load(inner())["content"].untag().dump()
    how = Envelope(content_type="signed_data")
    assert opened(tmp_path, enveloped(bare, OURS.der, how)).length == len(LINES)


def test_at_its_last_second(tmp_path: Path) -> None:
    opened(tmp_path, enveloped(inner(extra=address(expires=NOW)), OURS.der))


def test_among_other_recipients(tmp_path: Path) -> None:
    how = Envelope(other_recipients_first=2)
    assert opened(tmp_path, enveloped(inner(), OURS.der, how)).sequence == 1


@pytest.mark.parametrize("depth", [1, 3, 5, 6])
@pytest.mark.parametrize("segment", [1, 16, 1000])
def test_indefinite_lengths_and_segments(tmp_path: Path, depth: int, segment: int) -> None:
    content = LINES * (200 if segment > 40 else 5)
    inside = as_ber(inner(content), depth, segment, keep=GOOD.der)
    raw = as_ber(enveloped(inside, OURS.der), depth, segment)
    file = opened(tmp_path, raw)
    assert b"".join(line.content + b"\n" for line in file.open_lines()) == content


@pytest.mark.parametrize("cipher", ["cbc", "gcm"])
def test_the_second_pass_finds_a_change(tmp_path: Path, cipher: str) -> None:
    content = LINES * 60_000
    file = opened(tmp_path, enveloped(inner(content), OURS.der, Envelope(cipher=cipher)))
    assert len(file.blocks) == 4
    assert sum(1 for _ in file.open_lines()) == 120_000
    path = tmp_path / "prr.jsonl.p7m"
    raw = bytearray(path.read_bytes())
    raw[-(1 << 19)] ^= 1
    path.write_bytes(raw)
    seen: list[Line] = []
    with pytest.raises(FileChanged):
        seen.extend(file.open_lines())
    assert 0 < len(seen) < 120_000


@pytest.mark.parametrize("left", [0, 30, 900])
def test_the_second_pass_finds_a_cut_or_another_file(tmp_path: Path, left: int) -> None:
    file = opened(tmp_path, enveloped(inner(), OURS.der))
    path = tmp_path / "prr.jsonl.p7m"
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(FileChanged):
        list(file.open_lines())
    path.write_bytes(enveloped(inner(LINES + LINES), OURS.der))
    with pytest.raises(FileChanged):
        list(file.open_lines())
    path.unlink()
    with pytest.raises(FileChanged):
        list(file.open_lines())


def test_nothing_in_clear_is_written(tmp_path: Path) -> None:
    file = opened(tmp_path, enveloped(inner(), OURS.der))
    list(file.open_lines())
    assert [path.name for path in tmp_path.iterdir()] == ["prr.jsonl.p7m"]
    assert b"credentialRequestId" not in (tmp_path / "prr.jsonl.p7m").read_bytes()


def test_neither_key_nor_content_shows(tmp_path: Path) -> None:
    file = opened(tmp_path, enveloped(inner(), OURS.der))
    content_key = file.again.args[2]
    assert len(content_key) == 32
    assert repr(content_key)[2:-1] not in repr(file)
    assert "credentialRequestId" not in repr(file)


def test_to_a_key_in_its_own_process(tmp_path: Path) -> None:
    place = soft_place(token_folder(tmp_path / "token"))
    with TokenClient(place, FixedClock()) as token:
        path = tmp_path / "prr.jsonl.p7m"
        path.write_bytes(enveloped(inner(), token.envelope_certificate()))
        file = open_enveloped(
            path,
            key=token.envelope_key,
            trusted=[GOOD.pem],
            site=SITE,
            last_sequence=lambda _: 0,
            now=NOW,
        )
        assert len(list(file.open_lines())) == 2


def opened_up(depth: int) -> bytes:
    """An envelope whose elements can be added to: their lengths are indefinite."""
    issuer = cms.ContentInfo.load(enveloped(inner(), OURS.der))["content"]["recipient_infos"][0]
    name = issuer.chosen["rid"].chosen["issuer"].dump()
    return as_ber(enveloped(inner(), OURS.der), depth, 1 << 20, keep=name)


def test_certificates_of_the_originator_say_nothing(tmp_path: Path) -> None:
    opened(tmp_path, opened_up(3).replace(b"\x02\x01\x00", b"\x02\x01\x00\xa0\x00", 1))


def test_recipients_of_other_kinds_are_passed_over(tmp_path: Path) -> None:
    opened(tmp_path, opened_up(4).replace(b"\x31\x80", b"\x31\x80\xa1\x00\xa2\x00", 1))


@pytest.mark.parametrize(("label", "taken"), [(b"", True), (b"label", False)])
def test_a_label_of_oaep_that_is_written_out(tmp_path: Path, label: bytes, taken: bool) -> None:
    source = der(SEQUENCE, der_oid("1.2.840.113549.1.1.9"), der(OCTET_STRING, label))
    mask = b"\xa1\x80\x30\x1a"
    raw = opened_up(8)
    assert raw.count(mask) == 1
    end = raw.index(mask) + 4 + 0x1A
    raw = raw[: end + 2] + der(0xA2, source) + raw[end + 2 :]
    if taken:
        opened(tmp_path, raw)
    else:
        assert refusal(tmp_path, raw) == Refusal.ALGORITHM


# --- the openssl command -------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with the approver's key and our certificate."""
    (tmp_path / "key.pem").write_bytes(GOOD.key_pem)
    (tmp_path / "cert.pem").write_bytes(GOOD.pem)
    (tmp_path / "ours.pem").write_bytes(OURS.pem)
    return tmp_path


def encrypted_by_openssl(desk: Path, *options: str) -> bytes:
    done = openssl(
        desk, "cms", "-encrypt", "-binary", "-in", "inner.der", "-outform", "DER",
        "-out", "out.p7m", "-recip", "ours.pem", "-keyopt", "rsa_padding_mode:oaep", *options,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return (desk / "out.p7m").read_bytes()


@needs_openssl
@pytest.mark.parametrize("cipher", ["-aes-256-cbc", "-aes-256-gcm"])
@pytest.mark.parametrize("stream", ["-stream", "-noindef"])
@pytest.mark.parametrize("oaep", [[], ["-keyid", "-keyopt", "rsa_oaep_md:sha256"]])
def test_enveloped_by_the_openssl_command(
    desk: Path, cipher: str, stream: str, oaep: list[str]
) -> None:
    content = LINES * 3_000
    (desk / "inner.der").write_bytes(inner(content))
    raw = encrypted_by_openssl(desk, cipher, stream, *oaep)
    file = opened(desk, raw)
    assert b"".join(line.content + b"\n" for line in file.open_lines()) == content


@needs_openssl
def test_signed_and_enveloped_by_the_openssl_command_as_a_stream(desk: Path) -> None:
    """All holds but the address, which the command cannot set."""
    (desk / "prr.jsonl").write_bytes(LINES * 3_000)
    done = openssl(
        desk, "cms", "-sign", "-binary", "-nodetach", "-stream", "-in", "prr.jsonl",
        "-outform", "DER", "-out", "inner.der", "-signer", "cert.pem", "-inkey", "key.pem",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (desk / "inner.der").read_bytes().startswith(b"\x30\x80")
    raw = encrypted_by_openssl(desk, "-aes-256-cbc", "-stream")
    assert raw.startswith(b"\x30\x80")
    assert not_ours(desk, raw) == Refusal.UNADDRESSED
    inside = (desk / "inner.der").read_bytes().replace(b"r-2", b"r-3")
    (desk / "inner.der").write_bytes(inside)
    assert refusal(desk, encrypted_by_openssl(desk, "-aes-256-cbc", "-stream")) == Refusal.CONTENT


@needs_openssl
def test_pkcs_1_v_1_5_of_the_openssl_command_is_refused(desk: Path) -> None:
    (desk / "inner.der").write_bytes(inner())
    raw = encrypted_by_openssl(desk, "-aes-256-cbc", "-keyopt", "rsa_padding_mode:pkcs1")
    assert refusal(desk, raw) == Refusal.ALGORITHM


@needs_openssl
def test_our_builder_is_understood_by_the_openssl_command(desk: Path) -> None:
    """The tests' own builder makes what others read."""
    (desk / "ours.key").write_bytes(OURS.key_pem)
    (desk / "in.p7m").write_bytes(enveloped(inner(), OURS.der))
    done = openssl(
        desk, "cms", "-decrypt", "-binary", "-inform", "DER", "-in", "in.p7m",
        "-inkey", "ours.key", "-recip", "ours.pem", "-out", "signed.der",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    done = openssl(
        desk, "cms", "-verify", "-inform", "DER", "-in", "signed.der", "-CAfile", "cert.pem",
        "-purpose", "any", "-no_check_time", "-binary", "-out", "content",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (desk / "content").read_bytes() == LINES


def test_large_files_take_little_memory(tmp_path: Path) -> None:
    """24 MiB of lines go through both passes under 12 MiB of traced memory."""
    line = os.urandom(500).hex().encode() + b"\n"
    path = tmp_path / "prr.jsonl.p7m"
    path.write_bytes(enveloped(inner(line * 25_000), OURS.der))
    tracemalloc.start()
    try:
        file = open_enveloped(
            path, key=KEY, trusted=[GOOD.der], site=SITE, last_sequence=lambda _: 0, now=NOW
        )
        assert sum(1 for _ in file.open_lines()) == 25_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert file.length > 23 << 20
    assert peak < 12 << 20
