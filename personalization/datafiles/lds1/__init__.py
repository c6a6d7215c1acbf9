"""The data groups of the chip profile `icao-lds1`: what a record gives, and what binding adds.

ICAO Doc 9303 (8th edition) parts 3, 5 and 10; `docs/chip-profile-icao-lds1.md` and
`docs/chip-profile-icao-lds1-dg13.md`.
"""
