"""Under which name a paper is filed: ids, codes and dates only, never a person's name."""

from __future__ import annotations

import re

from pipeline.papers.key_views import KeyCeremony
from pipeline.papers.views import (
    ConsignmentHandover,
    DestructionRecord,
    NoticeList,
    ParcelLabel,
    ParcelManifest,
    ReconciliationSheet,
    SpoilageReport,
    Stamp,
    StockBulletin,
    UnclaimedList,
    View,
)
from pipeline.papers.words import local_time

__all__ = ["file_name"]

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.]+", re.ASCII)


def file_name(view: View, stamp: Stamp) -> str:
    """A name for a paper's file, such as `manifest-P-XXXXXXXXXXX.pdf`.

    Days are those of the stamp's zone. Raises `ValueError` where the view is no paper.
    """
    return f"{_stem(view, stamp)}.pdf"


def _stem(view: View, stamp: Stamp) -> str:  # noqa: C901, PLR0911, PLR0912 - a table
    match view:
        case ParcelLabel():
            return f"label-{view.parcel}"
        case ParcelManifest():
            return f"manifest-{view.parcel}"
        case ConsignmentHandover():
            return f"bast-{view.consignment}-{view.destination.code}"
        case SpoilageReport(batch=None):
            return f"spoilage-{view.since.isoformat()}-{view.until.isoformat()}"
        case SpoilageReport():
            return f"spoilage-{view.batch}"
        case DestructionRecord():
            day = local_time(view.destroyed_at, stamp.zone).date()
            number = _NOT_IN_NAMES.sub("-", stamp.number).strip("-.")
            return f"destruction-{day.isoformat()}-{number}"
        case ReconciliationSheet(batch=None):
            return f"reconciliation-{local_time(stamp.printed_at, stamp.zone).date().isoformat()}"
        case ReconciliationSheet():
            return f"reconciliation-{view.batch}"
        case StockBulletin():
            return f"stock-{local_time(view.as_of, stamp.zone).date().isoformat()}"
        case NoticeList():
            return f"notice-{view.office.code}-{view.collect_from.isoformat()}"
        case KeyCeremony():
            # As the file of the record that it shows.
            return f"ceremony-{view.record.hex()[:16]}"
        case UnclaimedList():
            return f"unclaimed-{view.office.code}-{view.as_of.isoformat()}"
        case _:
            msg = f"a {type(view).__name__} is no paper of its own"
            raise ValueError(msg)
