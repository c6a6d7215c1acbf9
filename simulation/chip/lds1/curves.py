"""The standardized elliptic curves of PACE (ICAO Doc 9303-11, clause 9.5.1), by parameter id."""

from __future__ import annotations

from typing import Final

from simulation.chip.lds1.elliptic import Curve

__all__ = ["CURVES", "P256"]

# Prime, a, b, generator (x, y), order; FIPS 186-4 (P-...) and RFC 5639 (brainpool).
CURVES: Final[dict[int, Curve]] = {
    8: Curve.standard(
        "P-192",
        "ffffffff ffffffff ffffffff fffffffe ffffffff ffffffff",
        "ffffffff ffffffff ffffffff fffffffe ffffffff fffffffc",
        "64210519 e59c80e7 0fa7e9ab 72243049 feb8deec c146b9b1",
        "188da80e b03090f6 7cbf20eb 43a18800 f4ff0afd 82ff1012",
        "07192b95 ffc8da78 631011ed 6b24cdd5 73f977a1 1e794811",
        "ffffffff ffffffff ffffffff 99def836 146bc9b1 b4d22831",
    ),
    9: Curve.standard(
        "brainpoolP192r1",
        "c302f41d 932a36cd a7a34630 93d18db7 8fce476d e1a86297",
        "6a911740 76b1e0e1 9c39c031 fe8685c1 cae040e5 c69a28ef",
        "469a28ef 7c28cca3 dc721d04 4f4496bc ca7ef414 6fbf25c9",
        "c0a0647e aab6a487 53b033c5 6cb0f090 0a2f5c48 53375fd6",
        "14b69086 6abd5bb8 8b5f4828 c1490002 e6773fa2 fa299b8f",
        "c302f41d 932a36cd a7a3462f 9e9e916b 5be8f102 9ac4acc1",
    ),
    10: Curve.standard(
        "P-224",
        "ffffffff ffffffff ffffffff ffffffff 00000000 00000000 00000001",
        "ffffffff ffffffff ffffffff fffffffe ffffffff ffffffff fffffffe",
        "b4050a85 0c04b3ab f5413256 5044b0b7 d7bfd8ba 270b3943 2355ffb4",
        "b70e0cbd 6bb4bf7f 321390b9 4a03c1d3 56c21122 343280d6 115c1d21",
        "bd376388 b5f723fb 4c22dfe6 cd4375a0 5a074764 44d58199 85007e34",
        "ffffffff ffffffff ffffffff ffff16a2 e0b8f03e 13dd2945 5c5c2a3d",
    ),
    11: Curve.standard(
        "brainpoolP224r1",
        "d7c134aa 26436686 2a183025 75d1d787 b09f0757 97da89f5 7ec8c0ff",
        "68a5e62c a9ce6c1c 299803a6 c1530b51 4e182ad8 b0042a59 cad29f43",
        "2580f63c cfe44138 870713b1 a92369e3 3e2135d2 66dbb372 386c400b",
        "0d9029ad 2c7e5cf4 340823b2 a87dc68c 9e4ce317 4c1e6efd ee12c07d",
        "58aa56f7 72c0726f 24c6b89e 4ecdac24 354b9e99 caa3f6d3 761402cd",
        "d7c134aa 26436686 2a183025 75d0fb98 d116bc4b 6ddebca3 a5a7939f",
    ),
    12: Curve.standard(
        "P-256",
        "ffffffff 00000001 00000000 00000000 00000000 ffffffff ffffffff ffffffff",
        "ffffffff 00000001 00000000 00000000 00000000 ffffffff ffffffff fffffffc",
        "5ac635d8 aa3a93e7 b3ebbd55 769886bc 651d06b0 cc53b0f6 3bce3c3e 27d2604b",
        "6b17d1f2 e12c4247 f8bce6e5 63a440f2 77037d81 2deb33a0 f4a13945 d898c296",
        "4fe342e2 fe1a7f9b 8ee7eb4a 7c0f9e16 2bce3357 6b315ece cbb64068 37bf51f5",
        "ffffffff 00000000 ffffffff ffffffff bce6faad a7179e84 f3b9cac2 fc632551",
    ),
    13: Curve.standard(
        "brainpoolP256r1",
        "a9fb57db a1eea9bc 3e660a90 9d838d72 6e3bf623 d5262028 2013481d 1f6e5377",
        "7d5a0975 fc2c3057 eef67530 417affe7 fb8055c1 26dc5c6c e94a4b44 f330b5d9",
        "26dc5c6c e94a4b44 f330b5d9 bbd77cbf 95841629 5cf7e1ce 6bccdc18 ff8c07b6",
        "8bd2aeb9 cb7e57cb 2c4b482f fc81b7af b9de27e1 e3bd23c2 3a4453bd 9ace3262",
        "547ef835 c3dac4fd 97f8461a 14611dc9 c2774513 2ded8e54 5c1d54c7 2f046997",
        "a9fb57db a1eea9bc 3e660a90 9d838d71 8c397aa3 b561a6f7 901e0e82 974856a7",
    ),
    14: Curve.standard(
        "brainpoolP320r1",
        "d35e4720 36bc4fb7 e13c785e d201e065 f98fcfa6 f6f40def 4f92b9ec 7893ec28 fcd412b1 f1b32e27",
        "3ee30b56 8fbab0f8 83ccebd4 6d3f3bb8 a2a73513 f5eb79da 66190eb0 85ffa9f4 92f375a9 7d860eb4",
        "52088394 9dfdbc42 d3ad1986 40688a6f e13f4134 9554b49a cc31dccd 88453981 6f5eb4ac 8fb1f1a6",
        "43bd7e9a fb53d8b8 5289bcc4 8ee5bfe6 f20137d1 0a087eb6 e7871e2a 10a599c7 10af8d0d 39e20611",
        "14fdd055 45ec1cc8 ab409324 7f77275e 0743ffed 117182ea a9c77877 aaac6ac7 d35245d1 692e8ee1",
        "d35e4720 36bc4fb7 e13c785e d201e065 f98fcfa5 b68f12a3 2d482ec7 ee8658e9 8691555b 44c59311",
    ),
    15: Curve.standard(
        "P-384",
        "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff fffffffe "
        "ffffffff 00000000 00000000 ffffffff",
        "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff fffffffe "
        "ffffffff 00000000 00000000 fffffffc",
        "b3312fa7 e23ee7e4 988e056b e3f82d19 181d9c6e fe814112 0314088f 5013875a "
        "c656398d 8a2ed19d 2a85c8ed d3ec2aef",
        "aa87ca22 be8b0537 8eb1c71e f320ad74 6e1d3b62 8ba79b98 59f741e0 82542a38 "
        "5502f25d bf55296c 3a545e38 72760ab7",
        "3617de4a 96262c6f 5d9e98bf 9292dc29 f8f41dbd 289a147c e9da3113 b5f0b8c0 "
        "0a60b1ce 1d7e819d 7a431d7c 90ea0e5f",
        "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff c7634d81 f4372ddf "
        "581a0db2 48b0a77a ecec196a ccc52973",
    ),
    16: Curve.standard(
        "brainpoolP384r1",
        "8cb91e82 a3386d28 0f5d6f7e 50e641df 152f7109 ed5456b4 12b1da19 7fb71123 "
        "acd3a729 901d1a71 87470013 3107ec53",
        "7bc382c6 3d8c150c 3c72080a ce05afa0 c2bea28e 4fb22787 139165ef ba91f90f "
        "8aa5814a 503ad4eb 04a8c7dd 22ce2826",
        "04a8c7dd 22ce2826 8b39b554 16f0447c 2fb77de1 07dcd2a6 2e880ea5 3eeb62d5 "
        "7cb43902 95dbc994 3ab78696 fa504c11",
        "1d1c64f0 68cf45ff a2a63a81 b7c13f6b 8847a3e7 7ef14fe3 db7fcafe 0cbd10e8 "
        "e826e034 36d646aa ef87b2e2 47d4af1e",
        "8abe1d75 20f9c2a4 5cb1eb8e 95cfd552 62b70b29 feec5864 e19c054f f9912928 "
        "0e464621 77918111 42820341 263c5315",
        "8cb91e82 a3386d28 0f5d6f7e 50e641df 152f7109 ed5456b3 1f166e6c ac0425a7 "
        "cf3ab6af 6b7fc310 3b883202 e9046565",
    ),
    17: Curve.standard(
        "brainpoolP512r1",
        "aadd9db8 dbe9c48b 3fd4e6ae 33c9fc07 cb308db3 b3c9d20e d6639cca 70330871 "
        "7d4d9b00 9bc66842 aecda12a e6a380e6 2881ff2f 2d82c685 28aa6056 583a48f3",
        "7830a331 8b603b89 e2327145 ac234cc5 94cbdd8d 3df91610 a83441ca ea9863bc "
        "2ded5d5a a8253aa1 0a2ef1c9 8b9ac8b5 7f1117a7 2bf2c7b9 e7c1ac4d 77fc94ca",
        "3df91610 a83441ca ea9863bc 2ded5d5a a8253aa1 0a2ef1c9 8b9ac8b5 7f1117a7 "
        "2bf2c7b9 e7c1ac4d 77fc94ca dc083e67 984050b7 5ebae5dd 2809bd63 8016f723",
        "81aee4bd d82ed964 5a21322e 9c4c6a93 85ed9f70 b5d916c1 b43b62ee f4d0098e "
        "ff3b1f78 e2d0d48d 50d1687b 93b97d5f 7c6d5047 406a5e68 8b352209 bcb9f822",
        "7dde385d 566332ec c0eabfa9 cf7822fd f209f700 24a57b1a a000c55b 881f8111 "
        "b2dcde49 4a5f485e 5bca4bd8 8a2763ae d1ca2b2f a8f05406 78cd1e0f 3ad80892",
        "aadd9db8 dbe9c48b 3fd4e6ae 33c9fc07 cb308db3 b3c9d20e d6639cca 70330870 "
        "553e5c41 4ca92619 41866119 7fac1047 1db1d381 085ddadd b5879682 9ca90069",
    ),
    18: Curve.standard(
        "P-521",
        "000001ff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff "
        "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff "
        "ffffffff",
        "000001ff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff "
        "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff "
        "fffffffc",
        "00000051 953eb961 8e1c9a1f 929a21a0 b68540ee a2da725b 99b315f3 b8b48991 "
        "8ef109e1 56193951 ec7e937b 1652c0bd 3bb1bf07 3573df88 3d2c34f1 ef451fd4 "
        "6b503f00",
        "000000c6 858e06b7 0404e9cd 9e3ecb66 2395b442 9c648139 053fb521 f828af60 "
        "6b4d3dba a14b5e77 efe75928 fe1dc127 a2ffa8de 3348b3c1 856a429b f97e7e31 "
        "c2e5bd66",
        "00000118 39296a78 9a3bc004 5c8a5fb4 2c7d1bd9 98f54449 579b4468 17afbd17 "
        "273e662c 97ee7299 5ef42640 c550b901 3fad0761 353c7086 a272c240 88be9476 "
        "9fd16650",
        "000001ff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff "
        "fffffffa 51868783 bf2f966b 7fcc0148 f709a5d0 3bb5c9b8 899c47ae bb6fb71e "
        "91386409",
    ),
}
"""All prime curves that PACE has numbers for: 8 (P-192) to 18 (P-521)."""

P256: Final = CURVES[12]
"""Parameter id 12, the curve of this project's own chips."""
