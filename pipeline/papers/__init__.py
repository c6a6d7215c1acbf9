"""The papers of the house: labels, manifests, *berita acara*, reports and lists, as PDF.

Pure functions: a frozen view and a `Stamp` in, PDF bytes out; the same view and stamp give the same
bytes. Indonesian stands large and English small beside it (`lang="en"` turns that round).
`file_name` says under which name a paper is filed.

The renderers are imported when they are first asked for: importing this package stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from pipeline.papers.filing import file_name
from pipeline.papers.key_views import CeremonialKey, KeyCeremony, KeyComponent, KeyToken
from pipeline.papers.views import (
    ConsignedParcel,
    ConsignmentHandover,
    DestroyedCard,
    DestructionRecord,
    MachineLine,
    ManifestCard,
    NoticeEntry,
    NoticeList,
    NoticeSplit,
    ParcelLabel,
    ParcelManifest,
    Person,
    ReconciliationSheet,
    SpoilageReport,
    SpoiledCard,
    Stamp,
    StockBulletin,
    StockLine,
    TransferLeg,
    UnclaimedCard,
    UnclaimedList,
    UnexplainedCard,
)
from pipeline.papers.wording import DestructionMethod, Lang, OtherGround

if TYPE_CHECKING:
    from pipeline.papers.ceremony import render_key_ceremony
    from pipeline.papers.destruction import render_destruction_record
    from pipeline.papers.digest import document_digest
    from pipeline.papers.handover import render_consignment_handover
    from pipeline.papers.label import render_parcel_labels
    from pipeline.papers.manifest import render_parcel_manifest
    from pipeline.papers.notices import render_notice_list, render_unclaimed_list
    from pipeline.papers.reconciliation import render_reconciliation_sheet
    from pipeline.papers.spoilage import render_spoilage_report
    from pipeline.papers.stock import render_stock_bulletin

__all__ = [
    "CeremonialKey",
    "ConsignedParcel",
    "ConsignmentHandover",
    "DestroyedCard",
    "DestructionMethod",
    "DestructionRecord",
    "KeyCeremony",
    "KeyComponent",
    "KeyToken",
    "Lang",
    "MachineLine",
    "ManifestCard",
    "NoticeEntry",
    "NoticeList",
    "NoticeSplit",
    "OtherGround",
    "ParcelLabel",
    "ParcelManifest",
    "Person",
    "ReconciliationSheet",
    "SpoilageReport",
    "SpoiledCard",
    "Stamp",
    "StockBulletin",
    "StockLine",
    "TransferLeg",
    "UnclaimedCard",
    "UnclaimedList",
    "UnexplainedCard",
    "document_digest",
    "file_name",
    "render_consignment_handover",
    "render_destruction_record",
    "render_key_ceremony",
    "render_notice_list",
    "render_parcel_labels",
    "render_parcel_manifest",
    "render_reconciliation_sheet",
    "render_spoilage_report",
    "render_stock_bulletin",
    "render_unclaimed_list",
]

_MODULE_OF: Final = {
    "document_digest": "digest",
    "render_consignment_handover": "handover",
    "render_destruction_record": "destruction",
    "render_key_ceremony": "ceremony",
    "render_notice_list": "notices",
    "render_parcel_labels": "label",
    "render_parcel_manifest": "manifest",
    "render_reconciliation_sheet": "reconciliation",
    "render_spoilage_report": "spoilage",
    "render_stock_bulletin": "stock",
    "render_unclaimed_list": "notices",
}


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(name)
    found: object = getattr(import_module(f"{__name__}.{module}"), name)
    return found
