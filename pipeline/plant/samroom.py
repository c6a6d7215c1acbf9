"""Secure access modules: issued by two custodians with their components, revoked, wiped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from ektp.errors import ModuleRefused, NotFound
from ektp.ids import CardSerial
from ektp.ports import CardChannel
from hsm.token_client import TokenClient
from pipeline.home import Home
from pipeline.people import Act
from pipeline.plant.custody import Components, Words, agree, component_files, note
from pipeline.store import schema as db
from pipeline.store.events import SamIssued, SamRevoked

__all__ = ["SamLine", "SamRoom"]

_REVOKED = "REVOKED"


@dataclass(frozen=True, slots=True, kw_only=True)
class SamLine:
    """A secure access module in a list. `signers` counts those that it trusts."""

    sam: str
    version: int
    holder: str
    state: str
    signers: int
    valid_until: str
    issued_at: str
    revoked_at: str | None


@dataclass(frozen=True, slots=True)
class SamRoom:
    """The modules of a home."""

    home: Home
    token: TokenClient

    def lines(self) -> list[SamLine]:
        """The modules that were issued here, the newest first."""
        with self.home.store.read() as connection:
            rows = connection.execute(
                select(db.sams).order_by(db.sams.c.issued_at.desc(), db.sams.c.sam)
            ).all()
        return [SamLine(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's own name

    def line(self, sam: CardSerial) -> SamLine:
        """One of them. Raises `NotFound`."""
        for line in self.lines():
            if line.sam == sam:
                return line
        raise NotFound("no such module was issued here", sam=sam)

    def issue(
        self,
        words: Words,
        channel: CardChannel,
        *,
        holder: str,
        valid_until: date,
        components: Components = (),
    ) -> SamLine:
        """Load a module with read keys and the list of signers, one version on.

        Raises what `hsm.sam_loader.issue_sam` raises, `ModuleRefused` for a module that was
        revoked, and for a day that is over.
        """
        from hsm import sam_loader  # noqa: PLC0415 - only where modules are issued

        if valid_until < self.home.today():
            raise ModuleRefused("the last day is over already", valid_until=valid_until.isoformat())
        told = sam_loader.read_sam_info(channel)
        if any(line.sam == told.serial and line.state == _REVOKED for line in self.lines()):
            raise ModuleRefused("it was revoked, for good", sam=told.serial)
        version = self._next_version(told.version)
        request = agree(
            self.home,
            words,
            Act.ISSUE_SAM,
            {"sam": told.serial, "holder": holder, "version": version},
        )
        issued = sam_loader.issue_sam(
            channel,
            self.token,
            version=version,
            valid_until=valid_until,
            components=component_files(components),
            expected=told.serial,
        )
        event = SamIssued(
            sam=issued.serial,
            version=issued.version,
            holder=holder,
            signers=issued.signers,
            valid_until=issued.valid_until.isoformat(),
            request=request,
        )
        note(self.home, words, event)
        return self.line(issued.serial)

    def revoke(
        self, words: Words, sam: CardSerial, reason: str, module: CardChannel | None = None
    ) -> SamLine:
        """Open a module no more: its secret is not given out again.

        `module`: it is at hand, and its keys are taken out of it, too; so may be one that was
        revoked before. Raises `NotFound`, `ModuleRefused` for one that is revoked or another one,
        and what `hsm.sam_loader.retire_sam` raises: it is revoked then, and not wiped.
        """
        from hsm import sam_loader  # noqa: PLC0415 - only where modules are issued

        before = self.line(sam)
        if before.state == _REVOKED and module is None:
            raise ModuleRefused(
                "it was revoked already", sam=sam, revoked_at=before.revoked_at or ""
            )
        told = None if module is None else sam_loader.read_sam_info(module)
        if told is not None and told.serial != sam:
            raise ModuleRefused("another module is in the reader", module=told.serial, wanted=sam)
        request = agree(
            self.home,
            words,
            Act.REVOKE_SAM,
            {"sam": sam, "reason": reason, "wiped": module is not None},
        )
        if before.state != _REVOKED:
            # First in the books: whatever becomes of the module, nobody opens it any more.
            note(self.home, words, SamRevoked(sam=sam, reason=reason, request=request))
        if module is not None and told is not None:
            version = self._next_version(told.version)
            sam_loader.retire_sam(module, self.token, version=version, expected=sam)
        return self.line(sam)

    def _next_version(self, held: int) -> int:
        """Above the module's own and all that were given out: neither side takes a roll-back."""
        with self.home.store.read() as connection:
            given = int(connection.scalar(select(func.max(db.sams.c.version))) or 0)
        return max(held, given) + 1
