"""Keys and what is done with them: tokens, diversification, signers and their PKI, CMS, the SAM.

* `hsm.keys` - which keys there are, for what; `TokenKeys`, the port of a token;
* `hsm.soft_keys` - the development token: software keys in one sealed file;
* `hsm.house_token` - everything that is built on a token's keys, the same for every token;
* `hsm.token_client` - the same for the rest of the house; keys stay in `hsm.process`, a process of
  its own;
* `hsm.initialisation`, `hsm.key_records`, `hsm.key_proofs`, `hsm.inventory` - keys are made,
  written down, proved and listed;
* `hsm.card_keys`, `hsm.scp03` - the keys of one card; `hsm.signers`, `hsm.pki` - document signers;
* `hsm.envelope` - signed and enveloped files of approved records; `hsm.site_signature` - our own;
* `hsm.sam_channel` - a SAM card by its published commands.

Importing this package imports no cryptographic library; importing one of its modules does.
"""

__all__ = [
    "envelope",
    "house_token",
    "initialisation",
    "inventory",
    "keys",
    "places",
    "process",
    "sam_channel",
    "site_signature",
    "soft_keys",
    "token_client",
]
