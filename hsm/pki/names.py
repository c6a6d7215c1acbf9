"""Who stands in a certificate: distinguished names and alternative names by Doc 9303-12.

Country codes are upper case and PrintableString (clause 7.1.1); issuerAltName and subjectAltName
carry a contact and a directory name whose locality is the state's three-letter code as it stands in
the MRZ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from asn1crypto.x509 import GeneralName, GeneralNames, Name

__all__ = ["DEVELOPMENT", "STATE", "Issuer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """The state that issues, as its certificates name it.

    `revocation_url` is where verifiers fetch the CRL; its host is the installation's to choose.
    """

    country: str
    state: str
    organization: str
    authority: str
    contact: str
    revocation_url: str

    def authority_name(self) -> Any:
        """The CSCA's distinguished name; it stays the same over its keys."""
        return self.subject(self.authority)

    def subject(self, common_name: str) -> Any:
        """The distinguished name of one of our signers."""
        return Name.build(
            {
                "country_name": self.country,
                "organization_name": self.organization,
                "common_name": common_name,
            },
            use_printable=True,
        )

    def alternative_names(self) -> Any:
        """What issuerAltName and subjectAltName hold."""
        locality = Name.build({"locality_name": self.state}, use_printable=True)
        return GeneralNames(
            [
                GeneralName(name="rfc822_name", value=self.contact),
                GeneralName(name="directory_name", value=locality),
            ]
        )


DEVELOPMENT: Final = Issuer(
    country="ID",
    state="IDN",
    organization="EKTP DEVELOPMENT",
    authority="CSCA DEVELOPMENT",
    contact="csca@ektp.invalid",
    revocation_url="http://csca.ektp.invalid/csca.crl",
)
"""Of a development token: nobody shall take it for the state's."""

STATE: Final = Issuer(
    country="ID",
    state="IDN",
    organization="Dukcapil",
    authority="CSCA KTP-el",
    contact="csca@ektp.invalid",
    revocation_url="http://csca.ektp.invalid/csca.crl",
)
"""Of a production token, until the installation names its own contact and address."""
