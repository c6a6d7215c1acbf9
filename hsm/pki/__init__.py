"""Certificates and revocation lists by ICAO Doc 9303-12, made under keys that stay in a token.

* `curves`, `signatures` - EC public keys (named and explicit parameters) and ECDSA;
* `names`, `periods`, `extensions`, `certificates`, `revocation` - what is made;
* `chain` - reading a certificate and proving the way to its CSCA;
* `lint` - the profile, checked clause by clause by a reader of its own.

Importing this package imports no library; importing one of its modules does.
"""
