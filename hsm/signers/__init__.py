"""The document signers over a token's keys, and the CSCA that certifies them.

* `registry` - which signers there are, their certificates, periods, states and signature counts;
* `authority` - the CSCA: certificates, roll-over, revocation;
* `document_signer` - profile `ktp-el`; `security_object_signer` - profile `icao-lds1`;
* `trust` - what others need to verify our cards.

Importing this package imports no library; importing one of its modules does.
"""
