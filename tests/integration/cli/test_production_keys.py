"""A production home on SoftHSM: set up as `docs/key-ceremony.md` tells; what is refused."""

from __future__ import annotations

import csv
import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from ektp.errors import SealBroken
from hsm.components import open_component, seal_component, split
from simulation.chip.maker import MakerKeys
from simulation.people.approver import Approver
from simulation.people.enveloping import envelope
from tests.services.pcscd import Pcscd, pcscd
from tests.services.softhsm import VARIABLE, SoftHsm, soft_hsm_in

__all__ = ["pcscd"]

Cli = Any
CliAt = Callable[[Path], Cli]

DOCUMENT = Path(__file__).parents[3] / "docs" / "key-ceremony.md"
TOKEN_PIN = "4711-0815"
MAKER = MakerKeys.at_random()
MASTERS = {
    "TRANSPORT-128": MAKER.aes_128,
    "TRANSPORT-256": MAKER.aes_256,
    "TRANSPORT-SAM": MAKER.sam,
}
COURIERS = {"Kurir pertama": "lewat jalan pertama", "Kurir kedua": "lewat jalan lain"}
PASSPHRASES = {
    "EKTP_PASSPHRASE_1": "padi menguning di sawah",
    "EKTP_PASSPHRASE_2": "ombak di pantai",
}
SECRETS = {
    "EKTP_PIN": "pin-milik-sri",
    "EKTP_SECOND_PIN": "pin-milik-bagus",
    **PASSPHRASES,
    **{
        f"EKTP_PASSPHRASE_{label.replace('-', '_')}_{number}": word
        for label in MASTERS
        for number, word in enumerate(COURIERS.values(), 1)
    },
}
SERIAL = "5341000000000001"
TRANSPORTS = [f"--component={label}=dibawa/{label}-{n}.txt" for label in MASTERS for n in (1, 2)]


def _told(language: str) -> list[str]:
    """What the page tells to type in a language, block after block."""
    section = DOCUMENT.read_text().split("## By the command line")[1].split("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


COMMANDS = [
    shlex.split(line)[1:]
    for block in _told("sh")
    for line in block.replace("\\\n", " ").splitlines()
]
PEOPLE, CEREMONY, LOOKS, ISSUE, LISTED = (
    COMMANDS[:6],
    COMMANDS[6],
    COMMANDS[7:10],
    COMMANDS[10],
    COMMANDS[11],
)


@dataclass(frozen=True, kw_only=True)
class Site:
    """A production home, its token, and the folder in which its custodians stand."""

    cli: Cli
    hsm: SoftHsm
    folder: Path

    def types(self, command: list[str], secrets: Mapping[str, str] = SECRETS) -> Any:
        """A command of the page as its people type it."""
        user, line = _who(command)
        with self._here(secrets):
            return self.cli(*line, user=user)

    def refused(self, code: int, command: list[str], **changes: str | None) -> dict[str, Any]:
        """A command that is refused with some of the secrets changed, or none given."""
        secrets = {k: v for k, v in (SECRETS | changes).items() if v is not None}
        user, line = _who(command)
        with self._here(secrets):
            error: dict[str, Any] = self.cli.refused(code, *line, user=user)
        for secret in secrets.values():
            assert secret not in error["meaning"]
        return error

    @contextmanager
    def _here(self, secrets: Mapping[str, str]) -> Iterator[None]:
        """The custodians' folder and what they type, for one command."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name, value in secrets.items():
                patch.setenv(name, value)
            yield


def _who(command: list[str]) -> tuple[str | None, list[str]]:
    """The user of a line of the page, and the command."""
    return (command[1], command[2:]) if command[0] == "--as" else (None, command)


def _set_up(cli: Cli, hsm: SoftHsm, folder: Path, label: str) -> Site:
    """People and token as the page tells; the couriers are there."""
    site = Site(cli=cli, hsm=hsm, folder=folder)
    code = ""
    for command in PEOPLE:
        name = command[-1]
        new = "pin-milik-supervisor" if name == "supervisor" else f"pin-milik-{name}"
        pin = code if command[:2] == ["users", "pin"] else "pin-milik-supervisor"
        told = site.types(command, {"EKTP_PIN": pin, "EKTP_NEW_PIN": new})
        assert told.code == 0, told.err
        code = told.document.get("sign_in", "")
    (section,) = _told("toml")
    _write_token(cli.home, section, hsm.module, label)
    brought = folder / "dibawa"
    brought.mkdir()
    for master, value in MASTERS.items():
        for one in split(master, value, tuple(COURIERS)):
            text = seal_component(one, COURIERS[one.custodian])
            (brought / f"{master}-{one.number}.txt").write_text(text)
    return site


def _write_token(home: Path, section: str, module: str, label: str) -> None:
    section = re.sub('module = ".*"', f'module = "{module}"', section)
    section = re.sub('label = ".*"', f'label = "{label}"', section)
    settings = (home / "ektp.toml").read_text()
    without = re.sub(r"\[token\]\n(?:[^\[\n].*\n)*", "", settings)
    (home / "ektp.toml").write_text(f"{without}\n{section}")
    (home / "token-pin").write_text(TOKEN_PIN)
    (home / "token-pin").chmod(0o600)


@pytest.fixture(scope="module")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftHsm]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "")
        yield soft_hsm_in(tmp_path_factory.mktemp("softhsm") / "hsm")


@pytest.fixture(scope="module")
def before(cli_at: CliAt, hsm: SoftHsm, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A home with people and an empty token."""
    folder = tmp_path_factory.mktemp("before")
    hsm.add_token("empty", TOKEN_PIN)
    return _set_up(cli_at(folder / "home"), hsm, folder, "empty")


@pytest.fixture(scope="module")
def site(cli_at: CliAt, hsm: SoftHsm, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A home after its ceremony, with trust exported."""
    folder = tmp_path_factory.mktemp("site")
    hsm.add_token("ektp", TOKEN_PIN)
    made = _set_up(cli_at(folder / "home"), hsm, folder, "ektp")
    for command in (CEREMONY, *LOOKS):
        told = made.types(command)
        assert told.code == 0, told.err
    return made


# --- nothing is made ----------------------------------------------------------------------------


def _nothing_was_made(site: Site) -> None:
    assert not list(site.folder.rglob("read-1-*"))
    assert not list(site.folder.rglob("ceremony*"))
    assert not (site.cli.home / "token" / "records.json").exists()


@pytest.mark.parametrize(
    ("code", "named", "changes"),
    [
        (2, "CFG-907", {"EKTP_PIN": "salah-sekali"}),
        (2, "CFG-907", {"EKTP_SECOND_PIN": "salah-sekali"}),
        (2, "CFG-907", {"EKTP_PASSPHRASE_2": None}),
        (2, "CFG-907", {"EKTP_PASSPHRASE_TRANSPORT_SAM_1": None, "EKTP_PASSPHRASE_1": None}),
        (6, "HSM-508", {"EKTP_PASSPHRASE_2": "pendek"}),
        (6, "HSM-508", {"EKTP_PASSPHRASE_2": PASSPHRASES["EKTP_PASSPHRASE_1"]}),
        (6, "HSM-505", {"EKTP_PASSPHRASE_TRANSPORT_SAM_2": "bukan yang itu"}),
        (6, "HSM-501", {"EKTP_TOKEN_PIN": "0000-0000"}),
    ],
)
def test_a_wrong_secret_makes_nothing(
    before: Site, code: int, named: str, changes: dict[str, str | None]
) -> None:
    assert before.refused(code, CEREMONY, **changes)["code"] == named
    _nothing_was_made(before)
    # A right sign-in clears the count of wrong ones: nobody is locked by this test.
    for user in ("sri", "bagus"):
        pin = {"EKTP_PIN": f"pin-milik-{user}", "EKTP_NEW_PIN": f"pin-milik-{user}"}
        assert before.types(["users", "pin", user], pin).code == 0


def test_a_wrong_component_is_named(before: Site) -> None:
    error = before.refused(6, CEREMONY, EKTP_PASSPHRASE_TRANSPORT_256_2="bukan yang itu")
    assert "key=TRANSPORT-256, component=2" in error["meaning"]
    assert "passphrase" in error["remedy"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--component=TRANSPORT-128=dibawa/TRANSPORT-128-1.txt"], "HSM-507"),
        (["--component=TRANSPORT-128=dibawa/TRANSPORT-128-1.txt"] * 2, "HSM-508"),
        ([one.replace("=TRANSPORT-128=", "=TRANSPORT-SAM=") for one in TRANSPORTS[:2]], "HSM-507"),
        (["--component=TRANSPORT-512=dibawa/TRANSPORT-128-1.txt"], "HSM-507"),
        (["--component=TRANSPORT-128=home/ektp.toml"], "HSM-507"),
    ],
)
def test_components_that_will_not_do_make_nothing(before: Site, more: list[str], code: str) -> None:
    command = ["--as", "sri", "keys", "init", "--second", "bagus", "--out", "x", *more]
    assert before.refused(6, command)["code"] == code
    _nothing_was_made(before)


@pytest.mark.parametrize("component", ["TRANSPORT-128", "TRANSPORT-128=dibawa/none.txt"])
def test_a_component_is_a_label_and_a_file(before: Site, component: str) -> None:
    command = ["--as", "sri", "keys", "init", "--second", "bagus", "--out", "x"]
    error = before.refused(2, [*command, "--component", component])
    assert error["code"] == "CLI-002"


@pytest.mark.parametrize(
    ("first", "more", "code"),
    [
        ("sri", [], "CFG-909"),
        ("sri", ["--second", "sri"], "CFG-909"),
        ("sri", ["--second", "supervisor"], "CFG-907"),
        ("sri", ["--second", "nobody"], "CFG-907"),
        ("supervisor", ["--second", "sri"], "CFG-907"),
    ],
)
def test_two_custodians_and_nobody_else(
    before: Site, first: str, more: list[str], code: str
) -> None:
    pins = {"EKTP_PIN": f"pin-milik-{first}"}
    if more:
        pins["EKTP_SECOND_PIN"] = f"pin-milik-{more[-1]}"
    command = ["--as", first, "keys", "init", "--out", "x", *more]
    assert before.refused(2, command, **pins)["code"] == code
    _nothing_was_made(before)


def test_a_folder_that_cannot_be_written_is_found_before_keys_are_made(before: Site) -> None:
    command = ["--as", "sri", "keys", "init", "--second", "bagus"]
    error = before.refused(2, [*command, "--out", "home/ektp.toml/x"])
    assert error["code"] == "CFG-901"
    _nothing_was_made(before)


def test_a_token_of_software_is_refused(before: Site) -> None:
    settings = before.cli.home / "ektp.toml"
    kept = settings.read_text()
    settings.write_text(kept.replace('kind = "pkcs11"', 'kind = "soft"'))
    try:
        for command in (CEREMONY, ["keys", "status"]):
            assert before.refused(2, command)["code"] == "CFG-904"
    finally:
        settings.write_text(kept)


def test_what_there_is_before_the_ceremony(before: Site) -> None:
    assert before.refused(2, ["keys", "record"])["code"] == "CFG-906"
    assert before.refused(6, ["keys", "export-trust", "--out", "x"])["code"] == "HSM-502"


# --- the ceremony -------------------------------------------------------------------------------


def test_the_page_is_typed_as_it_stands() -> None:
    assert [command[:2] for command in PEOPLE[::2]] == [
        ["init", "--production"],
        *[["--as", "supervisor"]] * 2,
    ]
    assert CEREMONY[2:4] == ["keys", "init"]
    assert [command[:2] for command in LOOKS] == [
        ["keys", "status"],
        ["keys", "record"],
        ["keys", "export-trust"],
    ]
    assert ISSUE[2:5] == ["keys", "sam", "issue"]
    assert LISTED == ["keys", "sam", "list"]


def test_all_keys_are_inside(site: Site) -> None:
    keys = site.types(["keys", "status"]).document["keys"]
    outside = {key["label"] for key in keys if not key["inside"]}
    assert outside == {"card key sets", "read keys of a card", "key pairs of a card"}
    assert {"CSCA-1", "DS-1", "KEK-1", "READ-1", "TRANSPORT-SAM"} <= {key["label"] for key in keys}
    told = site.cli.say("keys", "status").out
    assert "software" not in told


def test_a_second_ceremony_is_refused_before_anybody_types(site: Site) -> None:
    nobody = dict.fromkeys(SECRETS)
    error = site.refused(6, CEREMONY, **nobody)
    assert error["code"] == "HSM-503"
    assert "made already" in error["meaning"]


def test_custodians_hold_components_that_open_under_their_own_words(site: Site) -> None:
    files = [site.folder / "upacara" / f"read-1-{number}-of-2.txt" for number in (1, 2)]
    first, second = PASSPHRASES.values()
    opened = [
        open_component(file.read_text(), word)
        for file, word in zip(files, (first, second), strict=True)
    ]
    assert [one.custodian for one in opened] == ["sri", "bagus"]
    assert {file.stat().st_mode & 0o077 for file in files} == {0}
    with pytest.raises(SealBroken):
        open_component(files[0].read_text(), second)


def test_the_record_its_paper_and_the_journal_agree(site: Site, tmp_path: Path) -> None:
    (written,) = (site.folder / "upacara").glob("ceremony-*.json")
    (paper,) = (site.folder / "upacara").glob("ceremony-*.pdf")
    record = json.loads(written.read_text())
    told = site.types(["keys", "record"]).document
    assert told["witnesses"] == record["witnesses"] == ["Made Suartini", "Putu Ardana"]
    text = _text(paper)
    for key in record["keys"]:
        assert key["label"] in text
    digest = "".join(text.split())
    assert told["record"][:32] in digest
    assert told["record"][32:] in digest
    assert "Nomor seri" in text
    site.cli.done("audit", "verify", "--export", tmp_path / "j.jsonl")
    entries = [json.loads(line) for line in (tmp_path / "j.jsonl").read_text().splitlines()]
    (held,) = [entry for entry in entries if entry["event"] == "keys.ceremony"]
    assert held["data"]["record"] == told["record"]
    assert held["data"]["custodians"] == ["sri", "bagus"]
    for secret in SECRETS.values():
        assert secret not in (tmp_path / "j.jsonl").read_text()


def _text(paper: Path) -> str:
    document = pypdfium2.PdfDocument(paper)
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


def test_the_paper_is_drawn_again_by_a_custodian(site: Site) -> None:
    again = site.types(
        ["--as", "bagus", "keys", "record", "--out", "lagi"], {"EKTP_PIN": "pin-milik-bagus"}
    )
    assert again.code == 0, again.err
    (drawn,) = again.document["files"]
    assert (site.folder / drawn).read_bytes()[:5] == b"%PDF-"


def test_a_record_that_was_changed_is_not_believed(site: Site) -> None:
    kept = site.cli.home / "token" / "ceremony.json"
    content = kept.read_bytes()
    kept.write_bytes(content.replace(b"Made Suartini", b"Made Suartono"))
    try:
        assert site.refused(6, ["keys", "record"])["code"] == "HSM-500"
    finally:
        kept.write_bytes(content)


def test_a_ceremony_that_was_cut_off_is_taken_up_with_its_components(
    cli_at: CliAt, hsm: SoftHsm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hsm.add_token("cut off", TOKEN_PIN)
    site = _set_up(cli_at(tmp_path / "home"), hsm, tmp_path, "cut off")
    # The power fails after the keys were made and before the journal has it.
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.plant.keyroom._write", _power_cut)
        assert site.refused(2, CEREMONY)["code"] == "CFG-901"
    assert site.refused(6, CEREMONY)["code"] == "HSM-507"
    command = ["--as", "bagus", "keys", "init", "--second", "sri", "--out", "lagi", *TRANSPORTS]
    command += [f"--component=READ-1=upacara/read-1-{number}-of-2.txt" for number in (2, 1)]
    swapped = {"EKTP_PIN": "pin-milik-bagus", "EKTP_SECOND_PIN": "pin-milik-sri"}
    told = site.types(command, SECRETS | swapped)
    assert told.code == 0, told.err
    assert told.document["components"] == []
    assert told.document["custodians"] == ["bagus", "sri"]
    assert site.types(["keys", "record"]).document["record"] == told.document["record"]


def _power_cut(*_: object) -> None:
    from ektp.errors import ConfigurationError  # noqa: PLC0415 - here alone

    raise ConfigurationError("the power is cut")


# --- afterwards ---------------------------------------------------------------------------------


def test_a_token_that_was_taken_away_is_asked_for(site: Site) -> None:
    site.hsm.pull_out()
    try:
        error = site.refused(6, ["keys", "status"])
    finally:
        site.hsm.put_back()
    assert error["code"] == "HSM-501"
    assert "put the token in" in error["remedy"]
    said = site.cli.say("keys", "status", lang="id")
    assert said.code == 0


def test_an_enveloped_file_is_opened_by_the_token(site: Site, sample: Path) -> None:
    file = site.folder / "juni.jsonl"
    file.write_bytes(sample.read_bytes())
    approver = Approver.create()
    certificate = site.folder / "untuk-penerima" / "envelope.der"
    enveloped = envelope(
        file,
        _pem(certificate),
        site="PUSAT",
        sequence=1,
        expires_at=datetime.now(UTC) + timedelta(days=1),
        approver=approver,
        signed_at=datetime.now(UTC) - timedelta(minutes=5),
    )
    supervisor = {"EKTP_PIN": "pin-milik-supervisor"}
    take_in = ["--as", "supervisor", "records", "import", enveloped.name]
    assert site.types(take_in, supervisor).document["error"]["code"] == "REC-001"
    pin = ["--as", "supervisor", "trust", "add", "juni.approver.pem"]
    assert site.types(pin, supervisor).code == 0
    plain = [*take_in[:-1], file.name]
    assert site.types(plain, supervisor).document["error"]["code"] == "REC-004"
    told = site.types(take_in, supervisor)
    assert told.document["accepted"] == 8, told.err
    assert site.types(take_in, supervisor).document["error"]["code"] == "REC-003"


def _pem(certificate: Path) -> bytes:
    from cryptography import x509  # noqa: PLC0415 - here alone
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - see above

    return x509.load_der_x509_certificate(certificate.read_bytes()).public_bytes(Encoding.PEM)


def test_signers_are_rotated_and_revoked_by_the_two(site: Site) -> None:
    rotate = ["--as", "sri", "keys", "rotate", "--family", "icao-lds1"]
    assert site.refused(2, rotate)["code"] == "CFG-909"
    assert site.types([*rotate, "--second", "bagus"]).document["signer"] == "LDS-2"
    revoke = ["--as", "sri", "keys", "revoke", "LDS-1", "--reason", "superseded"]
    keys = site.types([*revoke, "--second", "bagus"]).document["keys"]
    states = {key["label"]: key["state"] for key in keys}
    assert (states["LDS-1"], states["LDS-2"]) == ("revoked", "current")


# --- modules ------------------------------------------------------------------------------------


@pytest.mark.exclusive
def test_a_module_is_issued_in_a_reader_and_wiped(site: Site, pcscd: Pcscd) -> None:
    reader = pcscd.readers[0].name
    command = [reader if word == "Encoder 0 00 00" else word for word in ISSUE]
    swapped = {"EKTP_PIN": "pin-milik-bagus", "EKTP_SECOND_PIN": "pin-milik-sri"}
    simulated = ["sim:" + SERIAL if word == reader else word for word in command]
    assert site.refused(2, simulated, **swapped)["code"] == "CFG-904"
    assert site.refused(5, command, **swapped)["code"] in {"CHP-301", "PRN-450"}
    pcscd.lay("tests.integration.cli.modules:fresh", bytes(MAKER).hex(), SERIAL)
    wrong = swapped | {"EKTP_PASSPHRASE_1": "bukan yang itu"}
    assert site.refused(6, command, **wrong)["code"] == "HSM-505"
    alone = [word for word in command if "read-1-2" not in word][:-1]
    assert site.refused(6, alone, **swapped)["code"] == "HSM-507"
    bare = command[: command.index("--components")]
    assert site.refused(6, bare, **swapped)["code"] == "HSM-503"
    told = site.types(command, SECRETS | swapped)
    assert told.code == 0, told.err
    assert (told.document["sam"], told.document["state"]) == (SERIAL, "ISSUED")
    # The same components, the other way round.
    again = [*bare, command[-2], command[-1], command[-4], command[-3]]
    assert site.types(again, SECRETS | swapped).document["version"] == 2
    (line,) = site.types(LISTED).document["sams"]
    assert (line["sam"], line["holder"]) == (SERIAL, "Kecamatan Gandus")
    revoke = ["--as", "sri", "keys", "sam", "revoke", SERIAL, "--reason", "rusak"]
    wiped = site.types([*revoke, "--second", "bagus", "--reader", reader])
    assert (wiped.document["state"], wiped.document["wiped"]) == ("REVOKED", True)
    assert site.refused(6, command, **swapped)["code"] == "HSM-506"


def test_the_void_list_is_there_before_the_first_card(site: Site) -> None:
    content = (site.folder / "untuk-penerima" / "void-list.csv").read_text()
    assert list(csv.DictReader(content.splitlines())) == []
    assert content.startswith("signature_sha256,")
