"""The papers of a home, drawn on demand from its store: ids in, a `Document` out, nothing kept.

Each function has the form `(plant, actor, ..., lang="id") -> Document`. Personal data come out of
the vault alone, in one transaction that journals who opened what and for which purpose; drawing
begins after that transaction. Unknown ids raise `NotFound`, a character that the papers' faces lack
`GlyphMissing`.
"""

from __future__ import annotations

from pipeline.documents.accounts import reconciliation_sheet, stock_bulletin
from pipeline.documents.ceremonies import ceremony_paper
from pipeline.documents.consignments import consignment_bast
from pipeline.documents.document import Document
from pipeline.documents.ends import destruction_record, spoilage_report
from pipeline.documents.notifying import message_list, notices, unclaimed_list
from pipeline.documents.parcels import parcel_labels, parcel_manifest
from pipeline.documents.proofs import proof_card, proof_sheet

__all__ = [
    "Document",
    "ceremony_paper",
    "consignment_bast",
    "destruction_record",
    "message_list",
    "notices",
    "parcel_labels",
    "parcel_manifest",
    "proof_card",
    "proof_sheet",
    "reconciliation_sheet",
    "spoilage_report",
    "stock_bulletin",
    "unclaimed_list",
]
