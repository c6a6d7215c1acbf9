"""What each event does to the tables.

Used when an event is recorded and when the journal is folded again, so the two cannot differ. Life
cycles are enforced here: each change of a state goes through `ektp.lifecycle.advance` on the state
that the row has, and the database's partial unique indexes have the last word.
"""

from pipeline.store.projections import keys, logistics, orders, people, production, stock
from pipeline.store.projections.base import project

__all__ = ["keys", "logistics", "orders", "people", "production", "project", "stock"]
