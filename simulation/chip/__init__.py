"""The simulated chip: a contactless card that answers `docs/chip-profile-ktp-el.md` byte for byte.

`card` is the platform (power, life cycle, dispatch), `memory` and `file_system` what it keeps,
`security` its access rules and what has been proved to it, `secure_messaging` the layer before the
commands, `card_manager` and `ktp_el` the commands, `channel` the reader that it lies on. The chip
shares no code with what writes it or reads it.
"""
