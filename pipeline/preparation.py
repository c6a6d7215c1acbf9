"""Preparation: the records of a chunk become packages, sealed before they are written.

The drawing and compressing is done by a pool of processes; only this process talks to the store
and the token. A record that cannot be prepared holds its own job and no other.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import BaseContext

from sqlalchemy import select

from ektp.cards import BlankKind
from ektp.journal import Actor
from ektp.lifecycle import JobState
from pipeline.prepare_worker import end_with_parent, prepare_one
from pipeline.settings import PreparationSettings
from pipeline.store import schema as db
from pipeline.store.events import JobHeld, JobsPrepared
from pipeline.store.store import Store
from pipeline.store.vault import Part, Purpose, Vault

__all__ = ["PreparedChunk", "chunks", "prepare_chunk", "worker_pool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedChunk:
    """How a chunk went."""

    prepared: int
    held: int


def chunks(store: Store, batch: str, size: int) -> list[list[str]]:
    """The batch's unprepared jobs, in order, in chunks."""
    with store.read() as connection:
        jobs = connection.scalars(
            select(db.jobs.c.job)
            .where(db.jobs.c.batch == batch, db.jobs.c.state == JobState.BATCHED.value)
            .order_by(db.jobs.c.sort_key)
        ).all()
    return [list(jobs[first : first + size]) for first in range(0, len(jobs), size)]


@contextmanager
def worker_pool(settings: PreparationSettings) -> Iterator[Executor]:
    """Processes that draw and compress. They are started fresh: no token, no store in them."""
    processes = settings.processes or os.cpu_count() or 1
    if "forkserver" in multiprocessing.get_all_start_methods():
        context: BaseContext = multiprocessing.get_context("forkserver")
        # Loaded once in the server that forks, not once in each process.
        context.set_forkserver_preload(["pipeline.prepare_worker"])
    else:
        context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=end_with_parent) as pool:
        yield pool


def prepare_chunk(
    store: Store,
    vault: Vault,
    actor: Actor,
    batch: str,
    jobs: Sequence[str],
    settings: PreparationSettings,
    pool: Executor,
) -> PreparedChunk:
    """Prepare some jobs of a batch. Jobs that were prepared before are left as they are."""
    with store.transaction(actor) as tx:
        kinds = {
            str(row.job): BlankKind(row.kind)
            for row in tx.connection.execute(
                select(db.jobs.c.job, db.jobs.c.kind)
                .where(db.jobs.c.job.in_(list(jobs)), db.jobs.c.state == JobState.BATCHED.value)
                .order_by(db.jobs.c.sort_key)
            )
        }
        waiting = list(kinds)
        if not waiting:
            return PreparedChunk(prepared=0, held=0)
        records = vault.open(tx, waiting, Part.RECORD, Purpose.PREPARE)
    results = list(
        pool.map(
            prepare_one,
            [records[job] for job in waiting],
            [kinds[job].profile for job in waiting],
            [settings.geometry] * len(waiting),
            chunksize=4,
        )
    )
    del records
    packages, digests, held = {}, {}, {}
    with store.read() as connection:
        for job, (package, digest, code) in zip(waiting, results, strict=True):
            if package is None:
                held[job] = code
            else:
                digests[job] = digest
                packages[job] = vault.seal_parts(connection, job, {Part.PACKAGE: package})
    with store.transaction(actor) as tx:
        for job, sealed in packages.items():
            vault.store(tx, job, sealed)
        if digests:
            tx.record(JobsPrepared(batch=batch, packages=digests))
        for job, code in held.items():
            tx.record(JobHeld(job=job, reason=code))
    return PreparedChunk(prepared=len(digests), held=len(held))
