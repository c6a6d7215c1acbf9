"""The simulated chip: a contactless card that answers the chip profiles byte for byte.

`card` is the platform (power, life cycle, the layers of a command), `models` what the maker builds
for each profile, `state`, `memory` and `file_system` what a chip keeps, `rights` and `security` its
access rules and what has been proved to it, `framing` chaining and long answers, `scp03` and
`security_domain` the personalization channel, `file_manager` and `card_manager` the commands of a
blank, `context` what all commands share. On the platform stands an application: `ktp_el` or `lds1`.
`channel` is the reader that the chip lies on. The chip shares no code with what writes or reads it.
"""
