"""The errors of the house: one tree, grouped by subject, acted on by disposition.

`str(error)` is safe to log, to show and to store: a code, ids, status words and counts, never a
name, a NIK, a key or the content of a file. Adapters translate what their libraries raise; nothing
of a library's own is seen outside the package that uses it.
"""

from __future__ import annotations

from enum import StrEnum, unique
from typing import ClassVar

Fact = str | int | float | bool


@unique
class Disposition(StrEnum):
    """What the line controller, the flow and the screen do about an error."""

    RETRY = "retry"
    REFILL = "refill"
    REWORK = "rework"
    SPOIL = "spoil"
    HOLD = "hold"
    STOP_LINE = "stop_line"
    REFUSE = "refuse"


class EktpError(Exception):
    """Something the house knows how to name.

    `meaning` says what happened, `remedy` what to do next; both are the text of `docs/errors.md`.
    """

    code: ClassVar[str] = "EKT-000"
    disposition: ClassVar[Disposition] = Disposition.REFUSE
    meaning: ClassVar[str] = "an error"
    remedy: ClassVar[str] = "see the journal"

    def __init__(self, detail: str = "", /, **facts: Fact) -> None:
        self.detail = detail
        self.facts = facts
        super().__init__(detail)

    def __str__(self) -> str:
        text = f"{self.code} {self.meaning}"
        if self.detail:
            text += f": {self.detail}"
        if self.facts:
            text += " (" + ", ".join(f"{name}={value}" for name, value in self.facts.items()) + ")"
        return text

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.detail, self.facts)


def _rebuild(kind: type[EktpError], detail: str, facts: dict[str, Fact]) -> EktpError:
    return kind(detail, **facts)


class Unexpected(EktpError):
    """A fault of the program itself, noted under an error id."""

    code = "EKT-001"
    disposition = Disposition.STOP_LINE
    meaning = "something unexpected happened"
    remedy = "look for the error id in the home's logs and report it"


# --- ids and usage ---------------------------------------------------------------------------


class ConfigurationError(EktpError):
    """A home, a setting or an installation that cannot work."""

    code = "CFG-901"
    meaning = "the configuration cannot be used"
    remedy = "correct the setting that is named and start again"


class NotAHome(ConfigurationError):
    """A command was pointed at a folder that is no home."""

    code = "CFG-902"
    meaning = "this folder is no ektp home"
    remedy = "name one with --home DIR or EKTP_HOME, or make one: ektp init --simulated"


class HomeExists(ConfigurationError):
    """`init` or `demo` was pointed at a home that is in use."""

    code = "CFG-903"
    meaning = "there is a home here already"
    remedy = "choose another folder; a home is never overwritten"


class SimulationRefused(ConfigurationError):
    """A production home was asked for something simulated, or the reverse."""

    code = "CFG-904"
    meaning = "a production home refuses everything simulated"
    remedy = "use a simulated home for training and tests"


class IdInvalid(EktpError):
    """An id that nobody gave out."""

    code = "CFG-905"
    meaning = "the id cannot be read"
    remedy = "check the id against the label or the list; each has a check character"


class NotFound(EktpError):
    """An id that is well-formed and unknown here."""

    code = "CFG-906"
    meaning = "there is no such thing in this home"
    remedy = "check the id, and that --home names the right home"


class NotAllowed(EktpError):
    """The person's role does not cover the act."""

    code = "CFG-907"
    meaning = "this person may not do that"
    remedy = "sign in as somebody whose role covers it"


class SecondPersonRequired(NotAllowed):
    """A two-person act was approved by the one who asked for it."""

    code = "CFG-908"
    meaning = "the second word must come from a second person"
    remedy = "let another user approve the request: ektp --as OTHER approve R-…"


class SecondCustodianRequired(SecondPersonRequired):
    """An act upon keys takes two different custodians, who stand together."""

    code = "CFG-909"
    meaning = "two different custodians are needed"
    remedy = "name the other one, who is in the room too: --second USER"


# --- records ---------------------------------------------------------------------------------


class RecordError(EktpError):
    """A file of approved records, or one of them."""

    code = "REC-100"
    meaning = "an approved record was refused"
    remedy = "return it to the source with its code"


class RecordRejected(RecordError):
    """One record that is refused for itself; its code is that of the reason."""

    def __init__(self, code: str, reason: str, /, **facts: Fact) -> None:
        super().__init__(reason, **facts)
        self.reason = reason
        self.refusal_code = code

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.refusal_code} {self.reason}" + (f" ({facts})" if facts else "")

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_rejected, (self.refusal_code, self.reason, self.facts)


def _rebuild_rejected(code: str, reason: str, facts: dict[str, Fact]) -> RecordRejected:
    return RecordRejected(code, reason, **facts)


class EnvelopeSignatureInvalid(RecordError):
    """The file's signature does not verify: the file is refused whole."""

    code = "REC-001"
    meaning = "the file's signature does not verify under a trusted approver"
    remedy = "ask the sender for the file again; check the pinned approver: ektp trust list"


class EnvelopeMissing(RecordError):
    """A file without the signature or the envelope that it must come with."""

    code = "REC-002"
    meaning = "the file comes without its signature"
    remedy = "put NAME.jsonl.p7s beside NAME.jsonl, or import NAME.jsonl.p7m"


class EnvelopeNotForUs(RecordError):
    """A file for another site, out of sequence or expired."""

    code = "REC-003"
    meaning = "the file is not for this site now"
    remedy = "ask the sender for a file with this site, the next number and a later expiry"


class EnvelopeRequired(RecordError):
    """A plain file in a production home."""

    code = "REC-004"
    meaning = "a production home takes enveloped files only"
    remedy = "ask the sender for NAME.jsonl.p7m"


class FileChanged(RecordError):
    """The file changed between the check of its signature and its reading."""

    code = "REC-005"
    meaning = "the file changed while it was read"
    remedy = "import it again from a place where nobody writes"


# --- preparation -----------------------------------------------------------------------------


class PreparationError(EktpError):
    """A record whose card cannot be prepared."""

    code = "PRE-200"
    disposition = Disposition.HOLD
    meaning = "the card cannot be prepared"
    remedy = "return the record to the source with this code"


class FieldOverflow(PreparationError):
    """A text that does not fit on the card at the smallest legible size."""

    code = "PRE-201"
    meaning = "a field does not fit on the card at the smallest legible size"


class GlyphMissing(PreparationError):
    """A character that the card's font lacks."""

    code = "PRE-202"
    meaning = "the card's font lacks a character of a field"


class ChipImageTooLarge(PreparationError):
    """Data that exceed the chip's memory or a file's budget."""

    code = "PRE-203"
    meaning = "the data exceed the chip's budget"


class LayoutUnknown(PreparationError):
    """A layout, or a printer geometry, that is not installed."""

    code = "PRE-204"
    disposition = Disposition.STOP_LINE
    meaning = "there is no such layout for this printer"
    remedy = "choose a layout and a geometry that are installed"


class ImageUnusable(PreparationError):
    """A portrait, signature or fingerprint that cannot be used."""

    code = "PRE-205"
    meaning = "a picture or a template of the record cannot be used"


# --- chip ------------------------------------------------------------------------------------


class ChipError(EktpError):
    """A chip that does not do what it should."""

    code = "CHP-300"
    disposition = Disposition.SPOIL
    meaning = "the chip failed"
    remedy = "the card is rejected and its job is made again"


class CardAbsent(ChipError):
    """No chip answers in the field."""

    code = "CHP-301"
    meaning = "no chip answers"


class ApduRefused(ChipError):
    """The chip answered a command with an unexpected status word."""

    code = "CHP-302"
    meaning = "the chip refused a command"


class BlankRefused(ChipError):
    """The card in the field is not a blank that may be used here."""

    code = "CHP-303"
    meaning = "the card in the field is not a usable blank"
    remedy = "the card is rejected before anything is written; find out where it came from"


class ReadbackMismatch(ChipError):
    """What the chip holds is not what was written."""

    code = "CHP-304"
    meaning = "the chip does not hold what was written"


class SecureMessagingBroken(ChipError):
    """A cryptogram or a checksum of the chip does not verify."""

    code = "CHP-305"
    meaning = "the secure channel to the chip broke"


class CardNotAuthentic(ChipError):
    """A card that does not hold the keys that it should: foreign, or a copy of a serial."""

    code = "CHP-308"
    meaning = "the card does not prove its keys"
    remedy = "keep it apart: it is a card of another maker, of another box, or a forgery"


class VerificationFailed(ChipError):
    """The independent reading of the chip gave a failed check."""

    code = "CHP-306"
    meaning = "the chip did not pass its inspection"


class CardsCollide(ChipError):
    """The field shows now one card and now another: nobody knows which one would be written."""

    code = "CHP-307"
    disposition = Disposition.REFILL
    meaning = "more than one card lies in the field"
    remedy = "take the other cards away from the reader; nothing was written"


# --- printer ---------------------------------------------------------------------------------


class PrinterError(EktpError):
    """A printer-encoder. Three kinds only: operator needed, card spoiled, card uncertain."""

    code = "PRN-400"
    disposition = Disposition.STOP_LINE
    meaning = "the printer-encoder failed"
    remedy = "see the machine"


class OperatorNeeded(PrinterError):
    """The machine waits for a person; no card was used."""

    code = "PRN-410"
    disposition = Disposition.REFILL
    meaning = "the machine needs its operator; no card was used"
    remedy = "do what the machine's message says; the line goes on by itself"


class HopperEmpty(OperatorNeeded):
    """No blanks in the input hopper."""

    code = "PRN-411"
    meaning = "the input hopper is empty"
    remedy = "issue blanks to the line and load them: ektp stock issue"


class RibbonExhausted(OperatorNeeded):
    """No ribbon or film for another card."""

    code = "PRN-412"
    meaning = "the ribbon is used up"
    remedy = "put in a new roll and book it"


class CoverOpen(OperatorNeeded):
    """The cover is open."""

    code = "PRN-413"
    meaning = "the cover is open"
    remedy = "close the cover"


class CardSpoiled(PrinterError):
    """The machine says that the card in hand cannot become good."""

    code = "PRN-420"
    disposition = Disposition.SPOIL
    meaning = "the machine spoiled the card"
    remedy = "the card is rejected and its job is made again"


class CardUncertain(PrinterError):
    """Nobody knows what happened to the card in hand."""

    code = "PRN-430"
    disposition = Disposition.HOLD
    meaning = "what happened to the card is not known"
    remedy = "ektp batch recover; two people decide on what stays in doubt"


class LineBusy(PrinterError):
    """Another process holds the line or the machine."""

    code = "PRN-440"
    meaning = "the line is held by another process"
    remedy = "wait for it, or stop it; the lease ends by itself when its holder is gone"


class LineStopped(PrinterError):
    """The line stopped itself, or was ordered to."""

    code = "PRN-441"
    meaning = "the line stopped"
    remedy = "find the cause, then: ektp lines resume LINE"


class LeaseLost(PrinterError):
    """This controller no longer holds the machine: it must not move plastic."""

    code = "PRN-442"
    meaning = "the lease of the line was lost"
    remedy = "another controller has the machine; start again when it is free"


class ReaderUnavailable(PrinterError):
    """The card reader, or the machine behind it, cannot be reached."""

    code = "PRN-450"
    meaning = "the reader or the machine cannot be reached"
    remedy = "check cable, power and address"


# --- HSM -------------------------------------------------------------------------------------


class HsmError(EktpError):
    """Keys and the token that holds them."""

    code = "HSM-500"
    disposition = Disposition.STOP_LINE
    meaning = "the token failed"
    remedy = "check the token: ektp keys status"


class TokenNotFound(HsmError):
    """The token named in the home is not there, or its PIN is wrong."""

    code = "HSM-501"
    disposition = Disposition.RETRY
    meaning = "the token was not found or could not be opened"
    remedy = "put the token in; compare [token] in ektp.toml and the PIN file; say it again"


class KeyNotFound(HsmError):
    """The token lacks a key."""

    code = "HSM-502"
    meaning = "the token lacks a key"


class KeyUsageForbidden(HsmError):
    """A key outside its period, its quota or its purpose."""

    code = "HSM-503"
    meaning = "the key may not be used so"


class SealBroken(HsmError):
    """A sealed value that does not open: altered, moved or sealed under another key."""

    code = "HSM-504"
    meaning = "a sealed value does not open"
    remedy = "restore the store from its backup; do not go on"


class ComponentSealed(SealBroken):
    """A custodian's component that does not open: another passphrase, or an altered file."""

    code = "HSM-505"
    meaning = "a key component does not open"
    remedy = "have its custodian type the passphrase again; else take another copy of the file"


class ComponentRefused(HsmError):
    """Files that are not all the components of the key that is wanted."""

    code = "HSM-507"
    meaning = "these are not the components of the key"
    remedy = "give each component of this key once, as it was handed out: LABEL=FILE"


class CustodiansRefused(KeyUsageForbidden):
    """People or passphrases that cannot keep a key apart."""

    code = "HSM-508"
    meaning = "these custodians or passphrases will not do"
    remedy = "two different people, each with a passphrase of their own of 12 characters or more"


class ModuleRefused(KeyUsageForbidden):
    """A secure access module that may not be used, or not be issued."""

    code = "HSM-506"
    meaning = "this secure access module may not be used"
    remedy = "see which are in use: ektp keys sam list; take another, or issue it again"


# --- stock -----------------------------------------------------------------------------------


class StockError(EktpError):
    """Blanks, ribbon and seals."""

    code = "STK-600"
    meaning = "the stock ledger refuses this"
    remedy = "count again; see: ektp stock report"


class BlankUnknown(StockError):
    """A chip serial that no supplier's list named."""

    code = "STK-601"
    meaning = "no box manifest names this card"


class BlankAlreadyUsed(StockError):
    """A blank that was used before."""

    code = "STK-602"
    meaning = "this blank was used before"


class SealUnavailable(StockError):
    """A seal that is not in stock, or was used before."""

    code = "STK-603"
    meaning = "this seal is not free"


class CountMismatch(StockError):
    """A count that differs from the books."""

    code = "STK-604"
    meaning = "the count differs from the books"
    remedy = "look for what is named; if it stays, open a case"


# --- life cycles, journal --------------------------------------------------------------------


class LifecycleError(EktpError):
    """A step that the life cycle does not have."""

    code = "LIF-700"
    meaning = "the life cycle refuses this"
    remedy = "look at the card or job first: ektp card show ID"


class TransitionRefused(LifecycleError):
    """An event that the state does not know."""

    code = "LIF-701"
    meaning = "this cannot happen in the present state"


class SecondLiveCard(LifecycleError):
    """A second card between LOADED and DELIVERED for one citizen."""

    code = "LIF-702"
    disposition = Disposition.HOLD
    meaning = "this citizen has a card under way already"


class DecisionOpen(LifecycleError):
    """A person must decide before this can go on."""

    code = "LIF-703"
    disposition = Disposition.HOLD
    meaning = "a person must decide first"
    remedy = "see the open decisions: ektp batch status"


class JournalError(EktpError):
    """The append-only journal."""

    code = "JRN-800"
    disposition = Disposition.STOP_LINE
    meaning = "the journal cannot be trusted"
    remedy = "stop all lines and restore from the last good copy"


class ChainBroken(JournalError):
    """An entry was altered, removed, inserted or reordered."""

    code = "JRN-801"
    meaning = "the journal's chain is broken"


class ProjectionDiffers(JournalError):
    """A state table is not what the journal says."""

    code = "JRN-802"
    meaning = "a table differs from what the journal gives"
    remedy = "ektp journal rebuild --check names the rows; restore or rebuild"


class StoreError(EktpError):
    """The store cannot be read or written."""

    code = "STO-850"
    disposition = Disposition.STOP_LINE
    meaning = "the store cannot be read or written"
    remedy = "check disk space and the store's address"
