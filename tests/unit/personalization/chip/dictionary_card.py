"""The least card that a personalization can be carried out on, of either profile."""

from __future__ import annotations

import hashlib

from ektp.apdu import CommandApdu, ResponseApdu
from ektp.chip_profiles import KTP_EL, MASTER_FILE, ChipProfile
from ektp.errors import CardAbsent
from ektp.ids import CardSerial
from ektp.tlv import decode_tlv, find_tlv
from tests.unit.hsm.masters import card_key_set
from tests.unit.hsm.scp03_card import Keys, Scp03Card, decrypt

SERIAL = CardSerial("0011223344556677")
SHORT = bytes.fromhex("3B 85 80 01 80 73 10 21 00")
CHAINING = bytes.fromhex("3B 85 80 01 80 73 10 21 80")
EXTENDED = bytes.fromhex("3B 85 80 01 80 73 10 21 40")
ONLY_INSIDE = frozenset({0xE0, 0xD6, 0xD8, 0xDA, 0xB4, 0xF0})
WRITES = frozenset({0xE0, 0xD6, 0xD8, 0xDA, 0xB4})


def _sw(sw: int, data: bytes = b"") -> ResponseApdu:
    return ResponseApdu(data, sw)


class DictionaryCard:
    """A chip of dictionaries with an SCP03 card around it.

    `tear_after` takes the card away after so many APDUs; `refuse` answers a status word to the n-th
    use of an instruction; `corrupt` changes a file as it is stored. `log` has the plain commands,
    `air` what went over the air.
    """

    def __init__(
        self,
        serial: bytes = bytes(SERIAL),
        *,
        profile: ChipProfile = KTP_EL,
        atr: bytes = SHORT,
        maker: str = "TRANSPORT",
    ) -> None:
        self.serial = serial
        self.profile = profile
        self.life_cycle = 0x01
        self.application = False
        self.files: dict[int, bytearray] = {}
        self.secrets: dict[int, bytes] = {}
        self.selected = 0
        self.in_application = False
        self.log: list[CommandApdu] = []
        self.air: list[CommandApdu] = []
        self.tear_after: int | None = None
        self.refuse: dict[tuple[int, int], int] = {}
        self.corrupt: int | None = None
        self.wrong_check_value = False
        self.cplc_tag = b"\x9f\x7f"
        self.status_form = b"\xe3\x04\x9f\x70\x01"
        self.key_information: bytes | None = None
        self._atr = atr
        self._seen: dict[int, int] = {}
        self._chain = b""
        keys = card_key_set(f"{maker}-{8 * profile.key_bytes}", serial, 0x30)
        self.channel = Scp03Card(serial=serial, version=0x30, keys=keys, handler=self._command)

    # --- the reader's side ----------------------------------------------------------------------

    def atr(self) -> bytes:
        self._present()
        return self._atr

    def reset(self) -> None:
        self.channel.forget()
        self.selected, self.in_application = 0, False

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self._present()
        self.air.append(command)
        if command.cla & 0x10:
            self._chain += command.data
            return _sw(0x9000)
        data, self._chain = self._chain + command.data, b""
        whole = CommandApdu(command.cla, command.ins, command.p1, command.p2, data, command.le)
        assert not command.extended or self._atr == EXTENDED
        if self.life_cycle == 0xFF and command.ins not in {0xCA, 0xF2}:
            return _sw(0x6985)
        return self.channel.process(whole)

    def _present(self) -> None:
        if self.tear_after is not None and len(self.air) >= self.tear_after:
            raise CardAbsent

    # --- the commands ---------------------------------------------------------------------------

    def _command(self, command: CommandApdu) -> ResponseApdu:
        self.log.append(command)
        nth = self._seen[command.ins] = self._seen.get(command.ins, 0) + 1
        if (command.ins, nth) in self.refuse:
            return _sw(self.refuse[command.ins, nth])
        if command.ins in ONLY_INSIDE and not self.channel.inside:
            return _sw(0x6982)
        if command.ins in WRITES and self.life_cycle != 0x01:
            return _sw(0x6985)
        return self._answer(command)

    def _answer(self, command: CommandApdu) -> ResponseApdu:  # noqa: PLR0911 - one line a command
        match command.ins, command.p1 << 8 | command.p2:
            case 0xCA, 0x9F7F:
                return _sw(0x9000, self.cplc_tag + b"\x2a" + bytes(10) + self.serial + bytes(24))
            case 0xCA, 0x00E0 if self.life_cycle != 0xFF:
                return _sw(0x9000, self._key_information())
            case 0xCA, 0x7F66 if self._atr == EXTENDED:
                return _sw(0x9000, bytes.fromhex("7F66 08 0202 0800 0202 0800"))
            case 0xCA, _:
                return _sw(0x6A88)
            case 0xF2, _:
                return _sw(0x9000, self.status_form + bytes((self.life_cycle,)))
            case 0xF0, _:
                return self._set_status(command)
            case 0xD8, _:
                return self._put_key(command)
            case 0xDA, _:
                return self._put_data(command)
        return self._file_command(command)

    def _key_information(self) -> bytes:
        if self.key_information is not None:
            return self.key_information
        entry = bytes((self.channel.version, 0x88, len(self.channel.keys[0])))
        entries = b"".join(b"\xc0\x04" + bytes((key_id,)) + entry for key_id in (1, 2, 3))
        return b"\xe0\x12" + entries

    def _put_key(self, command: CommandApdu) -> ResponseApdu:
        if self.channel.version != 0x30 or (command.p1, command.p2) != (0x30, 0x81):
            return _sw(0x6985)
        size = self.profile.key_bytes
        body, keys, checks = command.data, [], b""
        for at in range(1, len(body), size + 7):
            keys.append(decrypt(self.channel.keys[2], bytes(16), body[at + 3 : at + 3 + size]))
            checks += body[at + size + 4 : at + size + 7]
        new: Keys = (keys[0], keys[1], keys[2])
        self.channel.keys, self.channel.version = new, body[0]
        if self.wrong_check_value:
            checks = bytes(9)
        return _sw(0x9000, body[:1] + checks)

    def _put_data(self, command: CommandApdu) -> ResponseApdu:
        if self.channel.version != 0x31:
            return _sw(0x6985)
        plain = decrypt(self.channel.keys[2], bytes(16), command.data[:-3]).rstrip(b"\x00")[:-1]
        if hashlib.sha256(plain).digest()[:3] != command.data[-3:]:
            return _sw(0x6A80)
        self.secrets[command.p2] = plain
        return _sw(0x9000)

    def _set_status(self, command: CommandApdu) -> ResponseApdu:
        if command.p2 == 0x0F:
            whole = all(file.file_id in self.files for file in self.profile.files)
            if not self.secrets or not whole or self.life_cycle != 0x01:
                return _sw(0x6985)
            self.files.pop(self.profile.marker.file_id)
        self.life_cycle = command.p2
        return _sw(0x9000)

    def _file_command(self, command: CommandApdu) -> ResponseApdu:
        match command.ins:
            case 0xE0:
                return self._create(command.data)
            case 0xA4:
                return self._select(command)
            case 0xD6:
                return self._update(command)
            case 0xB0:
                return _sw(0x9000, bytes(self.files[self.selected][: command.le]))
            case 0xB4:
                return self._digests(command.data)
        return _sw(0x6A82)

    def _select(self, command: CommandApdu) -> ResponseApdu:
        file_id = int.from_bytes(command.data, "big")
        if command.data == bytes(MASTER_FILE) and self.profile.aid:
            self.in_application = False
        elif command.data == (self.profile.aid or bytes(self.profile.application)):
            if not self.application or (command.p1 == 4) != bool(self.profile.aid):
                return _sw(0x6A82)
            self.in_application = True
        elif self._here(file_id):
            self.selected = file_id
        else:
            return _sw(0x6A82)
        return _sw(0x9000)

    def _here(self, file_id: int) -> bool:
        """Whether the file is there, under what is selected now."""
        return file_id in self.files and self._rooted(file_id) != self.in_application

    def _rooted(self, file_id: int) -> bool:
        return any(f.file_id == file_id and f.in_master_file for f in self.profile.files)

    def _update(self, command: CommandApdu) -> ResponseApdu:
        offset = command.p1 << 8 | command.p2
        end = offset + len(command.data)
        if end > len(self.files[self.selected]):
            return _sw(0x6B00)
        self.files[self.selected][offset:end] = command.data
        return _sw(0x9000)

    def _digests(self, named: bytes) -> ResponseApdu:
        ids = [int.from_bytes(named[at : at + 2], "big") for at in range(0, len(named), 2)]
        if not all(map(self._here, ids)):
            return _sw(0x6A82)
        first, *more = [self._digest(file_id) for file_id in ids]
        return _sw(0x9000, hashlib.sha256(first + b"".join(more)).digest() if more else first)

    def _digest(self, file_id: int) -> bytes:
        stored = bytes(self.files[file_id])
        if file_id == self.corrupt:
            stored = stored[:-1] + bytes((stored[-1] ^ 1,))
        return hashlib.sha256(stored).digest()

    def _create(self, data: bytes) -> ResponseApdu:
        objects = {tlv.tag: tlv.value for tlv in decode_tlv(find_tlv(data, 0x62) or b"")}
        if objects[0x82] == b"\x38":
            if objects.get(0x84, b"") != self.profile.aid:
                return _sw(0x6A80)
            self.application = self.in_application = True
            return _sw(0x9000)
        file_id = int.from_bytes(objects[0x83], "big")
        marker = file_id == self.profile.marker.file_id
        if not marker and self.channel.version != 0x31:
            return _sw(0x6985)
        if file_id in self.files:
            return _sw(0x6A89)
        if self._rooted(file_id) == self.in_application:
            return _sw(0x6986)
        self.files[file_id] = bytearray(int.from_bytes(objects[0x80], "big"))
        self.selected = file_id
        return _sw(0x9000)
