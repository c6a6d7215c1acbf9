from tests.services.pcscd import pcscd

__all__ = ["pcscd"]
