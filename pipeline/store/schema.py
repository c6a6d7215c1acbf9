"""The tables. State tables are projections of `journal`; the rest is named at the end.

Written so that SQLite and PostgreSQL run the same statements: text for times (UTC, ISO 8601) and
ids, JSON as text, partial unique indexes for the rules that no race may break.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from ektp.lifecycle import LIVE_CARD, CardState, JobState

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ID = String(16)
_TIME = String(32)
_HASH = String(64)


def _words(states: frozenset[CardState] | set[JobState]) -> str:
    return ", ".join(f"'{state.value}'" for state in sorted(states))


journal: Final = Table(
    "journal",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", _TIME, nullable=False),
    Column("phase", String(8), nullable=False),
    Column("event", String(40), nullable=False, index=True),
    Column("subject", String(40), nullable=False, index=True),
    Column("principal", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("station", String(64), nullable=False),
    Column("data", Text, nullable=False),
    Column("hash", _HASH, nullable=False),
)
"""The append-only record of every intent, outcome and fact."""

jobs: Final = Table(
    "jobs",
    metadata,
    Column("job", _ID, primary_key=True),
    Column("request", String(64), nullable=False, unique=True),
    Column("request_digest", _HASH, nullable=False),
    Column("import_id", _ID, nullable=False, index=True),
    Column("holder", _HASH, nullable=False),
    Column("state", String(16), nullable=False),
    Column("held_reason", String(64)),
    Column("variant", String(4), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("request_type", String(16), nullable=False),
    Column("reason", String(16)),
    Column("priority", Integer, nullable=False),
    Column("approved_at", _TIME, nullable=False),
    Column("accepted_at", _TIME, nullable=False),
    Column("office", String(8), nullable=False),
    Column("village", String(13), nullable=False),
    Column("rw", String(3), nullable=False),
    Column("rt", String(3), nullable=False),
    Column("has_phone", Boolean, nullable=False),
    Column("sort_key", Integer, nullable=False, server_default="0"),
    Column("batch", _ID, index=True),
    Column("package_digest", _HASH),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("card", _ID),
    Index("ix_jobs_state_office", "state", "office"),
    Index(
        "uq_jobs_live_holder",
        "holder",
        unique=True,
        sqlite_where=text("state NOT IN ('HANDED_OVER', 'CANCELLED')"),
        postgresql_where=text("state NOT IN ('HANDED_OVER', 'CANCELLED')"),
    ),
)
"""What citizens are owed. `holder` is the blind index of the NIK; no other trace of the person."""

cards: Final = Table(
    "cards",
    metadata,
    Column("card", _ID, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("box", String(32), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("line", String(32)),
    Column("job", _ID, index=True),
    Column("attempt", _ID),
    Column("holder", _HASH),
    Column("parcel", _ID, index=True),
    Column("position", Integer),
    Column("cause", String(32)),
    Index("ix_cards_state_kind", "state", "kind"),
    Index(
        "uq_cards_live_holder",
        "holder",
        unique=True,
        sqlite_where=text(f"state IN ({_words(LIVE_CARD)})"),
        postgresql_where=text(f"state IN ({_words(LIVE_CARD)})"),
    ),
    Index(
        "uq_cards_handed_over_holder",
        "holder",
        unique=True,
        sqlite_where=text("state = 'HANDED_OVER'"),
        postgresql_where=text("state = 'HANDED_OVER'"),
    ),
)
"""Every piece of plastic that a supplier's list named."""

attempts: Final = Table(
    "attempts",
    metadata,
    Column("attempt", _ID, primary_key=True),
    Column("job", _ID, nullable=False, index=True),
    Column("batch", _ID, nullable=False, index=True),
    Column("line", String(32), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("card", _ID, index=True),
    Column("step", String(16), nullable=False),
    Column("phase", String(8), nullable=False),
    Column("fed", Boolean, nullable=False),
    Column("terminated", Boolean, nullable=False),
    Column("outcome", String(16)),
    Column("cause", String(32)),
    Column("bag", Integer),
    Column("signature", _HASH),
    Column("signer_key", String(16)),
    Column("digests", Text),
    Column("key_check", String(32)),
    Column("document", _HASH, unique=True),
    Column("started_at", _TIME, nullable=False),
    Column("ended_at", _TIME),
    Index("ix_attempts_line_outcome", "line", "outcome"),
)
"""One row per blank fed for a job. `signature` is the digest of the object signed for it.

`key_check` holds the check values of the key set that was to go into the chip, `document` the blind
index of the document number that it was given, where its profile has one.
"""

batches: Final = Table(
    "batches",
    metadata,
    Column("batch", _ID, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("office", String(8)),
    Column("size", Integer, nullable=False),
    Column("opened_at", _TIME, nullable=False),
    Column("closed_at", _TIME),
)

boxes: Final = Table(
    "boxes",
    metadata,
    Column("box", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("size", Integer, nullable=False),
    Column("manifest_digest", _HASH, nullable=False),
    Column("received_at", _TIME, nullable=False),
    Column("closed_at", _TIME),
)

seals: Final = Table(
    "seals",
    metadata,
    Column("seal", String(32), primary_key=True),
    Column("state", String(8), nullable=False, index=True),
    Column("parcel", _ID),
)

parcels: Final = Table(
    "parcels",
    metadata,
    Column("parcel", _ID, primary_key=True),
    Column("office", String(8), nullable=False, index=True),
    Column("batch", _ID),
    Column("state", String(16), nullable=False),
    Column("cards", Integer, nullable=False),
    Column("seal", String(32)),
    Column("consignment", _ID, index=True),
    Column("packed_at", _TIME, nullable=False),
)

consignments: Final = Table(
    "consignments",
    metadata,
    Column("consignment", _ID, primary_key=True),
    Column("origin", String(16), nullable=False),
    Column("destination", String(16), nullable=False),
    Column("final", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("parcels", Integer, nullable=False),
    Column("cards", Integer, nullable=False),
    Column("courier", String(64)),
    Column("created_at", _TIME, nullable=False),
    Column("dispatched_at", _TIME),
    Column("received_at", _TIME),
)

handovers: Final = Table(
    "handovers",
    metadata,
    Column("job", _ID, primary_key=True),
    Column("card", _ID, nullable=False),
    Column("office", String(8), nullable=False),
    Column("method", String(16), nullable=False),
    Column("old_card", String(16), nullable=False),
    Column("at", _TIME, nullable=False),
)

cases: Final = Table(
    "cases",
    metadata,
    Column("case_id", Integer, primary_key=True, autoincrement=False),
    Column("subject", String(40), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("opened_at", _TIME, nullable=False),
    Column("closed_at", _TIME),
)
"""Discrepancies with an owner: a parcel missing, a card too many, a broken seal."""

destructions: Final = Table(
    "destructions",
    metadata,
    Column("document", String(32), primary_key=True),
    Column("cards", Integer, nullable=False),
    Column("place", String(64), nullable=False),
    Column("witnesses", Text, nullable=False),
    Column("at", _TIME, nullable=False),
)

requests: Final = Table(
    "requests",
    metadata,
    Column("request", _ID, primary_key=True),
    Column("act", String(32), nullable=False),
    Column("arguments", Text, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("requested_by", String(64), nullable=False),
    Column("decided_by", String(64)),
    Column("at", _TIME, nullable=False),
)
"""Two-person acts: asked for by one, approved by another."""

users: Final = Table(
    "users",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("roles", String(128), nullable=False),
    Column("disabled", Boolean, nullable=False),
)

offices: Final = Table(
    "offices",
    metadata,
    Column("office", String(8), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("regency", String(80), nullable=False),
    Column("province", String(80), nullable=False),
)
"""Delivery offices that the installation added to those of the Kemendagri package."""

stop_list: Final = Table(
    "stop_list",
    metadata,
    Column("holder", _HASH, primary_key=True),
    Column("reason", String(32), nullable=False),
    Column("since", _TIME, nullable=False),
)

approvers: Final = Table(
    "approvers",
    metadata,
    Column("fingerprint", _HASH, primary_key=True),
    Column("certificate", Text, nullable=False),
    Column("added_at", _TIME, nullable=False),
)

imports: Final = Table(
    "imports",
    metadata,
    Column("import_id", _ID, primary_key=True),
    Column("file_digest", _HASH, nullable=False),
    Column("approver", _HASH, nullable=False),
    Column("sequence", Integer),
    Column("state", String(16), nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("at", _TIME, nullable=False),
)

refusals: Final = Table(
    "refusals",
    metadata,
    Column("import_id", _ID, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("request", String(64)),
    Column("code", String(16), nullable=False),
)

lines: Final = Table(
    "lines",
    metadata,
    Column("line", String(32), primary_key=True),
    Column("driver", String(32), nullable=False),
    Column("address", String(200), nullable=False),
    Column("reader", String(200), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(200)),
)

sams: Final = Table(
    "sams",
    metadata,
    Column("sam", String(16), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("holder", String(64), nullable=False),
    Column("state", String(8), nullable=False),
    Column("signers", Integer, nullable=False),
    Column("valid_until", String(10), nullable=False),
    Column("issued_at", _TIME, nullable=False),
    Column("revoked_at", _TIME),
)
"""Secure access modules by serial: the version of what was loaded last, and who holds it."""

voided_signatures: Final = Table(
    "voided_signatures",
    metadata,
    Column("signature", _HASH, primary_key=True),
    Column("attempt", _ID, nullable=False),
    Column("card", _ID),
    Column("signer_key", String(16), nullable=False),
)
"""Signatures of attempts that ended badly: no card with one of them is genuine."""

PROJECTIONS: Final = (
    jobs,
    cards,
    attempts,
    batches,
    boxes,
    seals,
    parcels,
    consignments,
    handovers,
    cases,
    destructions,
    requests,
    users,
    offices,
    stop_list,
    approvers,
    imports,
    refusals,
    lines,
    sams,
    voided_signatures,
)
"""Tables that folding the journal gives back, row for row."""

# --- beside the journal: not projections -------------------------------------------------------

vault_keys: Final = Table(
    "vault_keys",
    metadata,
    Column("job", _ID, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)
"""One wrapped data key per job; destroying it destroys what it sealed."""

vault: Final = Table(
    "vault",
    metadata,
    Column("job", _ID, primary_key=True),
    Column("part", String(16), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)
"""Personal data, sealed per job and part."""

credentials: Final = Table(
    "credentials",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("one_time", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
)
"""How people of a production home prove who they are; a secret that never enters the journal."""

leases: Final = Table(
    "leases",
    metadata,
    Column("line", String(32), primary_key=True),
    Column("holder", String(128)),
    Column("token", Integer, nullable=False),
    Column("expires_at", _TIME),
)
"""Who may move a machine's plastic now; `token` is the fencing token."""

orders: Final = Table(
    "orders",
    metadata,
    Column("line", String(32), primary_key=True),
    Column("wanted", String(16), nullable=False),
    Column("at", _TIME, nullable=False),
)
"""What people want of a line (run, pause, drain, hold); the line reads it before each card."""
