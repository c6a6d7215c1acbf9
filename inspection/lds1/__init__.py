"""The inspector's side of the chip profile `icao-lds1`: reads a chip as any passport reader does.

ICAO Doc 9303 parts 10 and 11 (8th edition, 2021), and `docs/chip-profile-icao-lds1.md`. Access
protocols, secure messaging, TLV and curve arithmetic here are the inspection's own.
"""
