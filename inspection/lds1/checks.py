"""The checks of an `icao-lds1` card: their names, their meaning, their order."""

from __future__ import annotations

from typing import Final

from inspection.lds1.files import DATA_GROUPS, HOUSE_FILES, LDS_FILES

__all__ = ["LDS_CHECKS", "LDS_CONTENT_CHECKS"]

LDS_CHECKS: Final[dict[str, str]] = {
    "chip.answers": "the chip answers until everything is read",
    "chip.serial": "its CPLC names the serial that is expected",
    "chip.life_cycle": "it is closed (SECURED)",
    "chip.application": "it has the application A0000002471001",
    "access.card_access": "EF.CardAccess offers what is possible, and something of it can be run",
    "access.forbidden_reads": "no file of the application is read before BAC or PACE",
    "access.forbidden_writes": "every command that writes is refused",
    "access.pace_can": "PACE with the CAN opens the chip",
    "access.pace_mrz": "PACE with the MRZ opens the chip",
    "access.bac": "BAC opens the chip",
    "access.no_downgrade": "a chip that offers PACE is opened by PACE, and DG14 offers the same",
    "access.marker_gone": "the marker of the personalization is gone",
    "access.session_reads": "inside a session a bare read is refused too",
    "access.session_writes": "inside a session a write is refused too",
    "channel.secure_messaging": "every protected answer verifies, and nothing comes bare",
    "channel.chip_authentication": "the chip agrees on new keys with its own and then uses them",
    "chip.active_authentication": "the chip signs a challenge with the key of DG15",
    **{
        f"file.{name}": f"{file.file_id} is whole, under its own tag, as long as it says"
        for name, file in LDS_FILES.items()
    },
}
"""Every check of a reading by name, in the order in which a verdict lists them."""

LDS_CONTENT_CHECKS: Final[dict[str, str]] = {
    **{
        f"digest.{name}": f"{LDS_FILES[name].file_id} holds exactly what was approved"
        for name in HOUSE_FILES
    },
    "passive.structure": "EF.SOD is a CMS SignedData of version 3 over a security object",
    "passive.security_object": "the security object has a known version, and whole hashes",
    "passive.signer": "the signer's certificate is there, and is the one that SignerInfo names",
    "passive.signer_key": "the signer's key is sound, on a known curve to its last parameter",
    "passive.algorithms": "every algorithm that is named is known, and strong enough",
    "passive.signed_attributes": "what is signed is the digest of this security object",
    "passive.signature": "the signature verifies with the signer's key",
    "passive.data_groups": "EF.COM and EF.SOD name the same data groups, in the same LDS",
    **{
        f"passive.{file.name}": f"DG{number} is the one that was signed"
        for number, file in DATA_GROUPS.items()
    },
    "passive.signer_profile": "the signer's certificate keeps the profile of Doc 9303-12",
    "passive.document_type": "the signer signs documents of this type",
    "passive.signing_time": "signer and key were valid when the card was signed",
    "passive.chain": "a trusted CSCA signed the signer's certificate",
    "passive.trust_anchor": "that CSCA keeps the profile, and is valid: then and now",
    "passive.revocation": "neither signer nor CSCA is on a fresh revocation list",
    "passive.chip_keys": "the keys that the chip proved are signed ones",
    "passive.not_voided": "the signature is not on the void list of the house",
    "com.content": "versions and tag list of EF.COM",
    "dg1.fields": "every field of the machine-readable zone has a shape that it may have",
    "dg1.check_digits": "every check digit of the zone is right",
    "dg1.access": "the zone is the one that is printed, or that opened the chip",
    "dg2.template": "a CBEFF template of face image data",
    "dg2.face_record": "whole face records of ISO/IEC 19794-5 with possible values",
    "dg2.picture": "the picture is whole, of the kind and size that its record says",
    "dg7.picture": "whole pictures of the signature",
    "dg11.elements": "the elements of the list, their shapes; the zone's date of birth",
    "dg12.elements": "the elements of the list, their shapes",
    "dg13.elements": "the national data, their shapes; the NIK of DG11",
    "dg13.chip": "the national data name this chip",
    "dg13.attempt": "the national data name this attempt",
    "dg14.security_infos": "possible offers only, each key with its protocol",
    "dg15.key": "a sound key, on a known curve where it is on one",
    "card_control.layout": "version, issuer, date and fill of the card control",
    "card_control.serial": "it names this chip",
    "card_control.attempt": "it names this attempt",
    "card_control.signer": "it names the document signer",
}
"""Every check over what was read, in the order in which a verdict lists them after the others."""
