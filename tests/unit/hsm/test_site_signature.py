"""Our own signatures over acknowledgements and outcome files, read by others."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms

from ektp.errors import HsmError
from hsm.envelope import verify_detached
from hsm.house_token import Token
from hsm.keys import EcSigningKey
from hsm.site_signature import sign_detached, sign_detached_digest
from tests.unit.hsm.builders import NOW, OPENSSL, openssl, written
from tests.unit.hsm.soft_tokens import soft_token

DOCUMENT = b'{"request":"r-1","status":"CARD_PRINTED"}\n'


@pytest.fixture
def token(tmp_path: Path) -> Token:
    return soft_token(tmp_path / "token")


class LyingKey:
    """A token that signs something else."""

    def __init__(self, honest: EcSigningKey) -> None:
        self.public_key = honest.public_key
        self.curve = honest.curve
        self._honest = honest

    def sign_digest(self, digest: bytes) -> bytes:
        return self._honest.sign_digest(hashlib.sha256(digest).digest())


def test_a_wrong_signature_of_the_token_does_not_leave(token: Token) -> None:
    with pytest.raises(HsmError):
        sign_detached(
            DOCUMENT,
            LyingKey(token.keys.ec_key("SITE-1")),
            certificate=token.site_certificate(),
            now=NOW,
        )


@pytest.mark.skipif(OPENSSL is None, reason="the openssl command is not installed")
@pytest.mark.parametrize("document", [b"", DOCUMENT, b"a\r\nb\n" * 1000])
def test_the_openssl_command_verifies(token: Token, tmp_path: Path, document: bytes) -> None:
    written(tmp_path, document, token.sign_as_site(document))
    (tmp_path / "site.der").write_bytes(token.site_certificate())
    assert openssl(tmp_path, "x509", "-in", "site.der", "-out", "site.pem").returncode == 0
    verify = (
        "cms", "-verify", "-purpose", "any", "-inform", "DER", "-in", "prr.jsonl.p7s",
        "-content", "prr.jsonl", "-binary", "-CAfile", "site.pem", "-no_check_time",
    )  # fmt: skip
    done = openssl(tmp_path, *verify)
    assert done.returncode == 0, done.stderr
    assert done.stdout == document
    (tmp_path / "prr.jsonl").write_bytes(document + b" ")
    assert openssl(tmp_path, *verify).returncode != 0


def test_our_own_reader_verifies(token: Token, tmp_path: Path) -> None:
    data, beside = written(tmp_path, DOCUMENT, token.sign_as_site(DOCUMENT))
    file = verify_detached(data, beside, [token.site_certificate()], NOW)
    assert [line.content for line in file.open_lines()] == DOCUMENT.splitlines()


def test_what_asn1crypto_reads(token: Token) -> None:
    raw = token.sign_as_site(DOCUMENT)
    data = cms.ContentInfo.load(raw, strict=True)["content"]
    (signer,) = data["signer_infos"]
    values = {one["type"].native: one["values"][0].native for one in signer["signed_attrs"]}
    assert values == {
        "content_type": "data",
        "message_digest": hashlib.sha256(DOCUMENT).digest(),
        "signing_time": NOW.replace(microsecond=0),
    }
    assert data["encap_content_info"]["content"].native is None
    assert data["certificates"][0].chosen.dump() == token.site_certificate()
    # What asn1crypto writes anew is the same: it is DER.
    assert cms.ContentInfo.load(raw).copy().dump(force=True) == raw


def test_of_a_large_document_the_digest_is_enough(token: Token, tmp_path: Path) -> None:
    signature = sign_detached_digest(
        hashlib.sha256(DOCUMENT).digest(),
        token.keys.ec_key("SITE-1"),
        certificate=token.site_certificate(),
        now=NOW,
    )
    data, beside = written(tmp_path, DOCUMENT, signature)
    verify_detached(data, beside, [token.site_certificate()], NOW)


def test_signing_time_after_2049(token: Token) -> None:
    later = datetime(2050, 1, 1, tzinfo=UTC)
    raw = sign_detached(
        DOCUMENT, token.keys.ec_key("SITE-1"), certificate=token.site_certificate(), now=later
    )
    (signer,) = cms.ContentInfo.load(raw)["content"]["signer_infos"]
    assert signer["signed_attrs"][0]["type"].native in {
        "content_type",
        "message_digest",
        "signing_time",
    }
    times = [one for one in signer["signed_attrs"] if one["type"].native == "signing_time"]
    assert times[0]["values"][0].native == later
