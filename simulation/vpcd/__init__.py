"""Serving a simulated card to pcscd through vpcd, the virtual reader of vsmartcard."""

from simulation.vpcd.fields import CardSource, any_of, only
from simulation.vpcd.serving import StopSign, VpcdCard, serve

__all__ = ["CardSource", "StopSign", "VpcdCard", "any_of", "only", "serve"]
