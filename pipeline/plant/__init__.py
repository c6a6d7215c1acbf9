"""The composition root: the one package that names concrete hardware, real or simulated.

`plant` opens a home with its token and puts ports and services together; `world` is the simulated
half, `wires` puts it before PC/SC readers, `desk` has the readers of people and `slots` their SAMs,
`tokens` where keys are, `samples` synthetic records.
"""

from __future__ import annotations

from pipeline.plant.plant import HOPPERS, Plant
from pipeline.plant.samples import Sample, certificate_fingerprint, write_sample_records
from pipeline.plant.tokens import make_token
from pipeline.plant.world import is_power_cut, make_world

__all__ = [
    "HOPPERS",
    "Plant",
    "Sample",
    "certificate_fingerprint",
    "is_power_cut",
    "make_token",
    "make_world",
    "write_sample_records",
]
