"""The vocabulary of the house: frozen types, life cycles, ports, errors. No I/O."""

__version__ = "0.1.0"
