"""The token of the house over any keys: what production refuses, ceremonies, records."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from ektp.errors import HsmError, KeyNotFound, KeyUsageForbidden
from hsm import initialisation
from hsm.house_token import Token
from hsm.initialisation import initialise
from hsm.inventory import DERIVED_KEYS, key_inventory, rule_of
from hsm.key_proofs import assert_masters_inside, prove_keys
from hsm.key_records import KeyRecord, KeyRecords, RecordKind
from hsm.keys import KEY_RULES, Curve, KeyAttributes, KeyLabel, SecretKind
from hsm.sam_issue import SamIssue
from hsm.soft_keys import SoftKeys
from tests.unit.hsm.builders import FixedClock
from tests.unit.hsm.soft_tokens import PIN, READ_MASTER, TRANSPORT, soft_token

pytestmark = pytest.mark.slow

INSIDE = KeyAttributes(sensitive=True, extractable=False, made_inside=True)


@pytest.fixture
def token(tmp_path: Path) -> Token:
    return soft_token(tmp_path / "token")


def in_production(token: Token) -> Token:
    return Token(token.keys, token.folder, FixedClock(), development=False)


class Inside(SoftKeys):
    """Keys of software that claim to stay inside, but for some."""

    open_ones: tuple[str, ...] = ()
    lies: ClassVar = {
        "extractable": KeyAttributes(sensitive=True, extractable=True, made_inside=True),
        "not sensitive": KeyAttributes(sensitive=False, extractable=False, made_inside=True),
    }

    def attributes(self, label: str) -> KeyAttributes:
        super().attributes(label)
        return INSIDE if label not in self.open_ones else self.lies[self.how]

    how = "extractable"


# --- refused -------------------------------------------------------------------------------------


def test_production_takes_no_token_of_software(token: Token) -> None:
    with pytest.raises(KeyUsageForbidden, match="lets this key out"):
        in_production(token).prove()
    token.prove()


@pytest.mark.parametrize("how", list(Inside.lies))
@pytest.mark.parametrize("label", ["KEK-1", "READ-1", "CARD-256", "DS-1", "ENVELOPE-1"])
def test_one_key_that_can_come_out_is_enough(token: Token, label: str, how: str) -> None:
    keys = Inside.open(token.folder, PIN)
    records = token.keys.records.all()
    assert_masters_inside(keys, records)
    keys.open_ones, keys.how = (label,), how
    with pytest.raises(KeyUsageForbidden, match=label):
        assert_masters_inside(keys, records)


def test_production_gives_no_key_to_a_module(token: Token, tmp_path: Path) -> None:
    with pytest.raises(KeyUsageForbidden):
        in_production(token).issue_simulated_sam()
    (token.folder / "sam-issue").unlink()
    with pytest.raises(KeyUsageForbidden):
        token.issue_simulated_sam()


def test_what_modules_are_issued_with_cannot_be_altered(token: Token) -> None:
    kept = token.folder / "sam-issue"
    raw = bytearray(kept.read_bytes())
    for damaged in (bytes(raw[:5]), bytes(raw[:-1]) + bytes((raw[-1] ^ 1,))):
        kept.write_bytes(damaged)
        with pytest.raises(HsmError):
            token.issue_simulated_sam()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"KEK-1": 1}', b'{"KEK-1": ["AES", "xx"]}', b'{"A": ["B", ""]}']
)
def test_a_damaged_record_proves_nothing(token: Token, content: bytes) -> None:
    (token.folder / "records.json").write_bytes(content)
    with pytest.raises(HsmError, match="damaged"):
        token.prove()


def test_a_record_that_is_no_key_proves_nothing(token: Token) -> None:
    for kind in (RecordKind.SIGNS, RecordKind.DECRYPTS):
        for value in (b"", b"\x30\x00", token.keys.records.all()["ENVELOPE-1"].value[:-1]):
            with pytest.raises(HsmError, match="SITE-1"):
                prove_keys(token.keys, {"SITE-1": KeyRecord(kind=kind, value=value)})
    swapped = token.keys.records.all()["DS-1"]
    for label in ("SITE-1", "LDS-1", "ENVELOPE-1", "KEK-1"):
        with pytest.raises(HsmError, match=label):
            prove_keys(token.keys, {label: swapped})


@pytest.mark.parametrize("label", [label.value for label in KEY_RULES])
def test_another_key_under_any_label_is_found_out(token: Token, label: str) -> None:
    keys = SoftKeys.open(token.folder, PIN)
    kind = KeyRecords(token.folder).all()[label].kind
    keys.destroy(label)
    match kind:
        case RecordKind.SIGNS:
            keys.make_ec_key(label, Curve.P384 if "CA" in label or "LDS" in label else Curve.P256)
        case RecordKind.DECRYPTS:
            keys.make_rsa_key(label, 3072)
        case RecordKind.AES | RecordKind.HMAC:
            keys.make_secret(label, SecretKind(kind.value), 16)
    with pytest.raises(HsmError, match=label):
        token.heal()


def test_a_check_value_that_differs_in_a_bit(token: Token) -> None:
    for label in ("KEK-1", "INDEX-1", "TRANSPORT-128"):
        record = token.keys.records.all()[label]
        altered = bytes((record.value[0] ^ 1,)) + record.value[1:]
        with pytest.raises(HsmError, match=label):
            prove_keys(token.keys, {label: KeyRecord(kind=record.kind, value=altered)})


def test_a_strangers_key_of_our_label_is_not_taken_over(tmp_path: Path) -> None:
    keys = SoftKeys.create(tmp_path / "token", PIN)
    keys.make_secret("CARD-128", SecretKind.AES, 16)
    with pytest.raises(HsmError, match="CARD-128"):
        initialise(keys, tmp_path / "token", FixedClock(), development=True)


@pytest.mark.parametrize("length", [0, 15, 32])
def test_a_master_of_another_length_is_a_mistake(tmp_path: Path, length: int) -> None:
    keys = SoftKeys.create(tmp_path / "token", PIN)
    with pytest.raises(ValueError, match="TRANSPORT-128"):
        initialise(
            keys,
            tmp_path / "token",
            FixedClock(),
            development=True,
            transport={KeyLabel.TRANSPORT_128: bytes(length)},
        )


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    keys = SoftKeys.create(tmp_path / "token", PIN)
    with pytest.raises(HsmError, match="cannot be made"):
        initialise(keys, tmp_path / "file" / "t", FixedClock(), development=True)


def test_a_certificate_that_is_gone(token: Token) -> None:
    (token.folder / "site-1.der").unlink()
    with pytest.raises(KeyNotFound, match="SITE-1"):
        token.site_certificate()


# --- done ----------------------------------------------------------------------------------------


def test_initialising_makes_every_key_of_the_rules(token: Token) -> None:
    assert sorted(token.keys.labels()) == sorted(label.value for label in KEY_RULES)
    assert set(token.keys.records.all()) == set(token.keys.labels())


def test_masters_of_the_maker_and_the_custodians_are_put_in(token: Token, tmp_path: Path) -> None:
    twin = SoftKeys.create(tmp_path / "twin", PIN)
    for label, value in {**TRANSPORT, KeyLabel.READ: READ_MASTER}.items():
        twin.import_secret(label.value, SecretKind.AES, value)
        assert twin.cmac(label.value, b"m") == token.keys.cmac(label.value, b"m")
        assert not token.keys.attributes(label.value).made_inside


def test_what_is_not_given_is_made(tmp_path: Path) -> None:
    tokens = []
    for name in ("one", "two"):
        keys = SoftKeys.create(tmp_path / name, PIN)
        tokens.append(initialise(keys, tmp_path / name, FixedClock(), development=True))
    for label in (*TRANSPORT, KeyLabel.READ, KeyLabel.CARD_128, KeyLabel.SAM_OPEN):
        assert len({token.keys.cmac(label.value, b"m") for token in tokens}) == 2
    assert tokens[0].issue_simulated_sam() != tokens[1].issue_simulated_sam()


def test_a_production_token_keeps_nothing_for_modules(tmp_path: Path) -> None:
    keys = Inside.create(tmp_path / "token", PIN)
    made = initialise(
        keys, tmp_path / "token", FixedClock(), development=False, read_master=READ_MASTER
    )
    assert not (tmp_path / "token" / "sam-issue").exists()
    assert keys.attributes("READ-1") == INSIDE
    assert b"DEVELOPMENT" not in made.site_certificate()


class Stopped(Exception):
    """The power went."""


@pytest.mark.parametrize("after", range(0, 16, 3))
def test_a_ceremony_that_was_cut_off_is_taken_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    folder = tmp_path / "token"
    keys = SoftKeys.create(folder, PIN)
    noted = 0
    note = KeyRecords.note

    def cut(records: KeyRecords, label: str, record: KeyRecord) -> None:
        nonlocal noted
        note(records, label, record)
        if noted == after:
            raise Stopped
        noted += 1

    with monkeypatch.context() as patch:
        patch.setattr(KeyRecords, "note", cut)
        try:
            initialise(keys, folder, FixedClock(), development=True)
        except Stopped:
            before = {label: keys.attributes(label) for label in keys.labels()}
        else:
            before = {}
    made = initialise(keys, folder, FixedClock(), development=True)
    assert set(before) <= set(made.keys.labels())
    issue: SamIssue = made.issue_simulated_sam()
    twin = SoftKeys.create(tmp_path / "twin", PIN)
    twin.import_secret("READ", SecretKind.AES, issue.read_master_key)
    assert twin.cmac("READ", b"m") == made.keys.cmac("READ-1", b"m")
    made.sign_as_site(b"{}\n")
    assert made.envelope_certificate()
    assert made.document_signer.take().sign(b"m")


def test_a_destroyed_key_has_no_record(token: Token) -> None:
    token.keys.make_ec_key("DS-9", Curve.P256)
    assert "DS-9" in token.keys.records.all()
    token.keys.destroy("DS-9")
    assert "DS-9" not in token.keys.records.all()
    token.prove()


@pytest.mark.parametrize(
    ("label", "rule"),
    [
        ("KEK-1", (KeyLabel.KEK, 1)),
        ("DS-1", (KeyLabel.DOCUMENT_SIGNER, 1)),
        ("DS-12", (KeyLabel.DOCUMENT_SIGNER, 12)),
        ("LDS-2", (KeyLabel.LDS_SIGNER, 2)),
        ("CSCA-3", (KeyLabel.CSCA, 3)),
        ("KEK-2", None),
        ("DS-0", None),
        ("DS-01", None),
        ("DS-x", None),
        ("somebody's", None),
    ],
)
def test_whose_rule_a_label_has(label: str, rule: tuple[KeyLabel, int] | None) -> None:
    assert rule_of(label) == rule


def test_the_inventory_is_in_order_and_passes_over_strangers() -> None:
    held = dict.fromkeys(["DS-10", "KEK-1", "DS-2", "somebody's", "CSCA-1"], INSIDE)
    lines = key_inventory(held, {"DS-2": 5})
    assert [line.label for line in lines] == [
        *("KEK-1", "CSCA-1", "DS-2", "DS-10"),
        *(line.label for line in DERIVED_KEYS),
    ]
    assert [line.left for line in lines[:4]] == [None, None, 5, 0]
    assert all(line.inside for line in lines[:4])


def test_the_ceremony_names_both_transport_masters() -> None:
    assert set(initialisation.TRANSPORT_MASTERS) < set(KEY_RULES)


def test_a_token_shows_nothing(token: Token) -> None:
    assert repr(token) == "Token(development)"
    assert repr(in_production(token)) == "Token(production)"
