"""What public KTP-el readers send, byte for byte: a card, a SAM, and no key on the host.

Order and commands are those seen in readers in the field; the host knows the secret that its module
was issued with, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.integration.wire.pcsc import RawCard

STEP = 0xD0
PHOTO_STEP = 0x70


@dataclass
class KtpElReader:
    """A kiosk: reads the whole card, and has the module verify its signature."""

    card: RawCard
    sam: RawCard
    files: dict[str, bytes] = field(default_factory=dict)

    def read(self, open_secret: bytes) -> str:
        """All files, then the module's verdict in hex."""
        uid = self._uid()
        self.card.ask("00A40000026FF0")
        control = self.card.ask("00B0000035")
        self.files["6FF0"] = control
        self.files["6FF2"] = self._photo()
        self.sam.ask("00F0000020" + open_secret.hex())
        self.sam.ask("00FF000000")
        self._authenticate(control[2:], uid)
        self._select("6FF6")
        self.files["6FF6"] = self._protected(0, 0x50)
        self.sam.ask("00FA000000")
        self.sam.ask("00FA060050" + self.files["6FF6"].hex())
        self.files["6FF1"] = self._file("6FF1")
        self._feed_photo()
        self.sam.ask("00FA050000")
        self.files["6FF3"] = self._file("6FF3", multiple=8)
        self.files["6FF4"] = self._file("6FF4", multiple=8)
        self.files["6FF5"] = self._file("6FF5", multiple=8, last=True)
        return self.sam.ask("00FA040000").hex()

    def _uid(self) -> bytes:
        uid = self.card.ask("FFCA000000")
        self.card.ask("00A40000027F0A")
        of_type_b, sw = self.card.say("00DD000008")
        if sw == "9000":
            return of_type_b
        assert sw == "6D00"
        return b"\x80" + uid.rjust(7, b"\x00")

    def _photo(self) -> bytes:
        self.card.ask("00A40000026FF2")
        photo = self.card.ask("00B0000008")
        length = 2 + int.from_bytes(photo[:2], "big")
        while len(photo) < length:
            step = min(PHOTO_STEP, length - len(photo))
            photo += self.card.ask(f"00B0{len(photo):04X}{step:02X}")
        return photo

    def _feed_photo(self) -> None:
        photo = self.files["6FF2"]
        for start in range(0, len(photo), PHOTO_STEP):
            piece = photo[start : start + PHOTO_STEP]
            self.sam.ask(f"00FA0300{len(piece):02X}" + piece.hex())

    def _authenticate(self, control: bytes, uid: bytes) -> None:
        challenge = self.card.ask("0084000008")
        token = self.sam.ask("00F1000143" + (control + uid + challenge).hex())
        assert len(token) == 41
        assert token[40] == 0x28
        answer = self.card.ask("0082000028" + token.hex())
        self.sam.ask("00F2000028" + answer.hex())

    def _select(self, file_id: str) -> None:
        self._through(f"00A4000002{file_id}", "0CA4000015")

    def _protected(self, offset: int, length: int) -> bytes:
        data = self._through(f"00B0{offset:04X}{length:02X}", f"0CB0{offset:04X}0D")
        assert len(data) == length
        return data

    def _file(self, file_id: str, *, multiple: int = 1, last: bool = False) -> bytes:
        self._select(file_id)
        content = self._protected(0, 8)
        length = 2 + int.from_bytes(content[:2], "big")
        length += -length % multiple
        while len(content) < length:
            step = min(STEP, length - len(content))
            if last and len(content) + step == length:
                self.sam.ask("00FA020000")
            content += self._protected(len(content), step)
        return content

    def _through(self, plain: str, expected: str) -> bytes:
        """A command through secure messaging: wrapped and unwrapped by the module."""
        wrapped = self.sam.ask(f"00F30000{len(plain) // 2:02X}{plain}").hex().upper()
        assert wrapped.startswith(expected)
        data, sw = self.card.say(wrapped)
        whole = data + bytes.fromhex(sw)
        opened = self.sam.ask(f"00F40000{len(whole):02X}{whole.hex()}")
        assert opened[-2:] == b"\x90\x00"
        return opened[:-2]
