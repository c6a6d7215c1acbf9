"""Keys and what is done with them: tokens, diversification, the document signer, CMS, the SAM.

* `hsm.soft_token` - the development token: software keys in one sealed file;
* `hsm.document_signer`, `hsm.chip_keys` - what is the same for every token;
* `hsm.envelope` - signed and enveloped files of approved records; `hsm.site_signature` - our own;
* `hsm.sam_channel` - a SAM card by its published commands;
* `hsm.keys`, `hsm.inventory` - which keys there are, for what, and how much use is left.

Importing this package imports no cryptographic library; importing one of its modules does.
"""

__all__ = [
    "certificates",
    "chip_keys",
    "diversification",
    "document_signer",
    "envelope",
    "inventory",
    "keys",
    "sam_channel",
    "site_signature",
    "soft_token",
]
