"""The simulated SAM card: the published command set of the KTP-el SAM, with keys of its own.

`card` answers the commands, `messaging` is the reader's side of secure messaging, `verification`
hashes what was read and checks the card's signature object.
"""
