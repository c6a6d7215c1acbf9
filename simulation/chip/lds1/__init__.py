"""The chip's side of the profile `icao-lds1`: an ICAO Doc 9303 LDS1 application, and test chips.

`application` is what the platform runs. `bac`, `pace`, `chip_authentication` and
`active_authentication` are the protocols, `messaging` and `ciphers` lie under them. `behaviour` is
what a test chip does otherwise, `specimen` makes closed chips from files alone, and `catalogue`
names the test chips that an inspection must tell from honest ones.
"""

from simulation.chip.lds1.application import Lds1

__all__ = ["Lds1"]
