"""The cases of TR-03105-5.1 about EF.SOD and the certificates under it (LDS_H)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from ektp.ports import TrustAnchors
from inspection.lds1.tlv import encode
from tests.integration.lds1 import pki
from tests.integration.lds1.documents import (
    Case,
    Document,
    accept,
    com,
    passport,
    reject,
    relengthed,
    retagged,
)
from tests.integration.lds1.pki import Signing, digest_algorithm, signature_algorithm
from tests.integration.lds1.specimens import (
    contents,
    details,
    files_of,
    house_files,
    passport_groups,
    sod,
)
from tests.unit.inspection.lds1.helpers import (
    der_int,
    oid,
    sequence,
)

GROUPS = passport_groups()
HASHES = pki.hashes_of(GROUPS, "sha384")


def signed(**changed: Any) -> Document:
    """A passport with parts of EF.SOD changed and signed as they are."""
    return passport(sod=sod(GROUPS, **changed).der())


def holding(**changed: Any) -> Document:
    """A passport whose security object is another."""
    return signed(content=pki.security_object(HASHES, **changed))


def certified(
    body: Any = None, extensions: Any = None, outer: Any = None, **changed: Any
) -> Document:
    """A passport whose signer has another certificate."""
    made = pki.signer(pki.AUTHORITY, pki.SIGNER, body=body, extensions=extensions, outer=outer)
    return signed(certificate=made, **changed)


def chained(
    signing: Signing,
    authority: Signing = pki.AUTHORITY,
    *,
    hashed: str | None = None,
    weak: bool = False,
) -> Document:
    """A passport that was signed so, under a CSCA that signs so."""
    anchors = TrustAnchors(
        certificates=(pki.csca(authority),), revocation_lists=(pki.revocation_list(authority),)
    )
    digest = hashed or signing.digest
    made = sod(
        GROUPS,
        content=pki.security_object(pki.hashes_of(GROUPS, digest), digest),
        certificate=pki.signer(authority, signing),
        signing=signing,
    )
    return Document(
        files=files_of(GROUPS, sod=made.der()), checks=lambda: contents(anchors, weak=weak)
    )


RSA, ELLIPTIC = pki.rsa_key(1), pki.ec_key(0xE1, ec.SECP256R1)
RSA_CSCA = pki.rsa_key(2)


def by(kind: str, digest: str) -> Case:
    """A sound EF.SOD of that kind; SHA-1 only for who asks for weak algorithms."""
    key = ELLIPTIC if kind in ("ecdsa", "bsi") else RSA
    return accept(chained(Signing(key=key, kind=kind, digest=digest), weak=digest == "sha1"))


def known_signer() -> Document:
    """EF.SOD without certificate; the verifier has it."""
    authority = Signing(key=RSA_CSCA, kind="rsa", digest="sha256")
    own = Signing(key=RSA, kind="rsa", digest="sha256")
    certificate = pki.signer(authority, own)
    anchors = TrustAnchors(
        certificates=(pki.csca(authority), certificate),
        revocation_lists=(pki.revocation_list(authority),),
    )
    made = sod(
        GROUPS,
        content=pki.security_object(pki.hashes_of(GROUPS, "sha256"), "sha256"),
        certificate=certificate,
        signing=own,
        inside=False,
    )
    return Document(files=files_of(GROUPS, sod=made.der()), checks=lambda: contents(anchors))


def revoked() -> Document:
    anchors = TrustAnchors(
        certificates=(pki.CSCA,), revocation_lists=(pki.revocation_list(pki.AUTHORITY, 0x4A11),)
    )
    return Document(files=files_of(GROUPS), checks=lambda: contents(anchors))


LDS_18 = sequence(encode(0x13, b"0108"), encode(0x13, b"040000"))
COM_18 = com(b"0108")
VERSION_1 = {"version": der_int(1), "lds_version": LDS_18}


def lds_18(com_file: bytes = COM_18, **changed: Any) -> Document:
    content = pki.security_object(HASHES, **{**VERSION_1, **changed})
    return passport(com=com_file, sod=sod(GROUPS, content=content).der())


def entries(**changed: bytes) -> bytes:
    """The list of hashes with entries of other bytes."""
    parts = {
        f"dg{number}": sequence(der_int(number), encode(0x04, value))
        for number, value in HASHES.items()
    }
    return b"".join({**parts, **changed}.values())


MD5_RSA = signature_algorithm("rsa", "md5")
SKI_SIGNER = {
    "version": der_int(3),
    "signer": encode(0x80, pki.key_identifier(pki.SIGNER.key)),
}
TAMPERED = bytes(96)
SPKI_MD5 = sequence(MD5_RSA, encode(0x03, b"\x00" + bytes(140)))
TIMES_GENERALIZED = sequence(
    pki.generalized(datetime(2026, 1, 1, tzinfo=UTC)), pki.utc(datetime(2037, 1, 1, tzinfo=UTC))
)
HOUSE = dict(house_files())


def more_hashes(com_tags: str, *numbers: int) -> Document:
    """EF.SOD hashes these groups, EF.COM lists those; the files of all are there."""
    more: dict[int, bytes] = {
        11: details(0x6B, {0x5F11: b"JAKARTA"}),
        12: details(0x6C, {0x5F26: b"20260105"}),
    }
    groups = {**GROUPS, **{number: more[number] for number in numbers}}
    files = files_of({**GROUPS, **more}, com=com(tags=com_tags), sod=sod(groups).der())
    return Document(files=files)


SOD_CASES: Mapping[str, Case] = {
    "LDS_H_01": by("rsa", "sha1"),
    "LDS_H_02": by("pss", "sha1"),
    "LDS_H_03": by("pss", "sha256"),
    "LDS_H_04": by("rsa", "sha224"),
    "LDS_H_05": by("rsa", "sha256"),
    "LDS_H_06": by("rsa", "sha384"),
    "LDS_H_07": by("rsa", "sha512"),
    "LDS_H_08": Case(
        documents=(signed(info={"algorithm": signature_algorithm("dsa", "sha1")}),), holds=True
    ),
    "LDS_H_09": by("ecdsa", "sha1"),
    **{
        f"LDS_H_{number}": by("bsi", digest)
        for number, digest in enumerate(("sha1", "sha224", "sha256", "sha384", "sha512"), 10)
    },
    "LDS_H_15": accept(known_signer()),
    "LDS_H_17": reject("file.sod", passport(sod=retagged(sod(GROUPS).der(), 0x78))),
    "LDS_H_18": reject("file.sod", passport(sod=relengthed(sod(GROUPS).der(), -2))),
    "LDS_H_19": reject("file.sod", passport(sod=relengthed(sod(GROUPS).der(), 2))),
    "LDS_H_20": reject("passive.structure", signed(data={"version": der_int(4)})),
    "LDS_H_21": reject("passive.structure", signed(data={"version": None})),
    "LDS_H_22": reject(
        "passive.algorithms",
        signed(data={"digests": encode(0x31, digest_algorithm("md5"))}),
        signed(
            data={"digests": encode(0x31, digest_algorithm("md5") + digest_algorithm("sha384"))}
        ),
    ),
    "LDS_H_23": reject("passive.structure", signed(data={"digests": None})),
    "LDS_H_24": reject(
        "passive.structure",
        signed(
            data={
                "content": sequence(
                    oid(bytes.fromhex("2A864886F70D010701")),
                    encode(0xA0, encode(0x04, pki.security_object(HASHES))),
                )
            }
        ),
    ),
    "LDS_H_25": reject(
        "passive.structure",
        signed(data={"content": sequence(encode(0xA0, encode(0x04, pki.security_object(HASHES))))}),
    ),
    "LDS_H_26": reject("passive.structure", signed(info={"version": der_int(2)})),
    "LDS_H_27": reject("passive.structure", signed(info={"version": None})),
    "LDS_H_28": reject(
        "passive.signer",
        signed(info={"signer": sequence(pki.CSCA_NAME, der_int(0x4A12))}),
        signed(info={"signer": sequence(pki.name("CSCB"), der_int(0x4A11))}),
    ),
    "LDS_H_29": reject(
        "passive.signer", signed(info={"version": der_int(3), "signer": encode(0x80, bytes(20))})
    ),
    "LDS_H_30": reject("passive.algorithms", signed(info={"digest": digest_algorithm("md5")})),
    "LDS_H_31": reject("passive.structure", signed(info={"digest": None})),
    "LDS_H_32": reject(
        "passive.signed_attributes",
        signed(attributes={"digest": pki.attribute(4, encode(0x04, bytes(48)))}),
    ),
    "LDS_H_33": reject("passive.signed_attributes", signed(attributes={"digest": None})),
    "LDS_H_36": reject("passive.algorithms", signed(info={"algorithm": MD5_RSA})),
    "LDS_H_37": reject("passive.signature", signed(info={"signature": encode(0x04, TAMPERED)})),
    "LDS_H_38": reject("passive.structure", signed(info={"signature": None})),
    "LDS_H_39": reject("passive.security_object", holding(version=der_int(2))),
    "LDS_H_40": reject("passive.security_object", holding(version=b"")),
    "LDS_H_41": reject("passive.security_object", holding(algorithm=digest_algorithm("md5"))),
    "LDS_H_42": reject("passive.security_object", holding(algorithm=b"")),
    "LDS_H_43": reject(
        "passive.dg2", signed(content=pki.security_object({**HASHES, 2: bytes(48)}))
    ),
    "LDS_H_44": reject("passive.security_object", holding(entries=entries(dg1=b""))),
    "LDS_H_45": reject(
        "passive.data_groups", signed(content=pki.security_object({**HASHES, 10: bytes(48)}))
    ),
    "LDS_H_46": reject(
        "passive.security_object passive.data_groups",
        *(
            holding(entries=entries(dg2=sequence(der_int(n), encode(0x04, HASHES[2]))))
            for n in (1, 3, 0, 17, 255)
        ),
    ),
    "LDS_H_47": reject(
        "passive.security_object", holding(entries=entries(dg2=sequence(encode(0x04, HASHES[2]))))
    ),
    "LDS_H_48": reject("passive.signer_profile", certified({"version": encode(0xA0, der_int(1))})),
    "LDS_H_49": reject("passive.signer", certified({"version": None})),
    "LDS_H_50": reject("passive.signer", certified({"serial": None})),
    "LDS_H_51": reject(
        "passive.signer_profile",
        certified({"algorithm": signature_algorithm("ecdsa", "sha256")}),
    ),
    "LDS_H_52": reject("passive.signer", certified({"algorithm": None})),
    "LDS_H_53": reject(
        "passive.signer_profile",
        *(
            certified({"issuer": issuer}, info={"signer": sequence(issuer, der_int(0x4A11))})
            for issuer in (
                pki.name("CSCA", None),
                pki.name("CSCA", b"id"),
                pki.name("CSCA", b"IDN"),
            )
        ),
    ),
    "LDS_H_54": reject(
        "passive.chain",
        certified(
            {"issuer": pki.name("CSCB")},
            info={"signer": sequence(pki.name("CSCB"), der_int(0x4A11))},
        ),
    ),
    "LDS_H_55": reject(
        "passive.signer passive.signer_profile",
        certified({"issuer": None}),
        certified({"issuer": sequence()}, info={"signer": sequence(sequence(), der_int(0x4A11))}),
    ),
    "LDS_H_56": reject("passive.signer_profile", certified({"validity": TIMES_GENERALIZED})),
    "LDS_H_57": reject("passive.signer", certified({"validity": None})),
    "LDS_H_58": reject("passive.signer_key", certified({"key": SPKI_MD5})),
    "LDS_H_59": reject("passive.signer", certified({"key": None})),
    "LDS_H_60": reject(
        "passive.signer_profile",
        certified(extensions={"authority": pki.extension("551D23", sequence())}),
    ),
    "LDS_H_61": reject("passive.signer_profile", certified(extensions={"authority": None})),
    "LDS_H_62": reject(
        "passive.signer_profile", certified(extensions={"usage": pki.usage(0x80, critical=False)})
    ),
    "LDS_H_63": reject("passive.signer_profile", certified(extensions={"usage": pki.usage(0x40)})),
    "LDS_H_64": reject("passive.signer_profile", certified(extensions={"usage": None})),
    "LDS_H_65": reject(
        "passive.algorithms", certified({"algorithm": MD5_RSA}, outer={"algorithm": MD5_RSA})
    ),
    "LDS_H_66": reject("passive.signer", certified(outer={"algorithm": None})),
    "LDS_H_67": reject(
        "passive.chain", certified(outer={"signature": encode(0x03, b"\x00" + TAMPERED)})
    ),
    "LDS_H_68": reject("passive.signer", certified(outer={"signature": None})),
    # A verdict is all that is shown here, and it says FAIL.
    "LDS_H_69": reject("passive.signature", signed(info={"signature": encode(0x04, TAMPERED)})),
    **{
        f"LDS_H_{number}": by("ecdsa", digest)
        for number, digest in enumerate(("sha224", "sha256", "sha384", "sha512"), 70)
    },
    "LDS_H_74": accept(chained(Signing(key=ELLIPTIC, digest="sha256"), hashed="sha224")),
    "LDS_H_75": accept(chained(Signing(key=RSA, kind="pss", digest="sha256"), hashed="sha224")),
    "LDS_H_76": accept(
        chained(
            Signing(key=RSA, kind="rsa", digest="sha256"), Signing(key=ELLIPTIC, digest="sha224")
        )
    ),
    "LDS_H_77": accept(
        chained(
            Signing(key=RSA, kind="pss", digest="sha256"),
            Signing(key=RSA_CSCA, kind="pss", digest="sha224"),
        )
    ),
    "LDS_H_78": accept(
        chained(
            Signing(key=RSA, kind="pss", digest="sha256"),
            Signing(key=RSA_CSCA, kind="rsa", digest="sha256"),
        )
    ),
    **{
        f"LDS_H_{number}": by("plain-rsa", digest)
        for number, digest in enumerate(("sha1", "sha224", "sha256", "sha384", "sha512"), 79)
    },
    "LDS_H_84": reject("passive.structure", signed(info={"version": der_int(3)})),
    "LDS_H_85": reject("passive.structure", signed(info={**SKI_SIGNER, "version": der_int(1)})),
    "LDS_H_86": accept(lds_18()),
    "LDS_H_87": reject(
        "passive.security_object passive.data_groups",
        lds_18(version=der_int(0)),
        lds_18(version=der_int(0), lds_version=b""),
        lds_18(version=der_int(2)),
    ),
    "LDS_H_88": reject("passive.security_object", holding(version=der_int(1))),
    "LDS_H_89": reject(
        "passive.security_object",
        lds_18(com(b"0109"), lds_version=sequence(encode(0x13, b"0109"), encode(0x13, b"040000"))),
    ),
    "LDS_H_90": reject("passive.data_groups", more_hashes("61756B", 11, 12)),
    "LDS_H_91": reject("passive.data_groups", more_hashes("61756B6C", 11)),
    "LDS_H_92": reject("passive.data_groups", more_hashes("61756C", 11)),
    "LDS_H_94": by("pss", "sha224"),
    "LDS_H_95": by("pss", "sha384"),
    "LDS_H_96": by("pss", "sha512"),
    **{
        f"LDS_H_{number}": Case(
            documents=(
                signed(info={"algorithm": sequence(oid(bytes.fromhex(f"6086480165030403{arc}")))}),
            ),
            holds=True,
        )
        for number, arc in ((97, "01"), (98, "02"))
    },
    "ISO7816_B_10": reject("passive.revocation", revoked()),
}
