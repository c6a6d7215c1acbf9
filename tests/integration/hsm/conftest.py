"""A SoftHSM of a test's own."""

from tests.services.softhsm import soft_hsm

__all__ = ["soft_hsm"]
