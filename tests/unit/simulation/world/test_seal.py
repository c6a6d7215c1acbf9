from pathlib import Path

import pytest

from ektp.errors import ConfigurationError, SealBroken
from simulation.world.seal import WorldSeal


@pytest.fixture
def seal() -> WorldSeal:
    return WorldSeal(bytes(range(32)))


@pytest.mark.parametrize("index", [0, 5, 12, 20, -1])
def test_an_altered_value_does_not_open(seal: WorldSeal, index: int) -> None:
    sealed = bytearray(seal.seal(b"a portrait", "chips/1/state"))
    sealed[index] ^= 1
    with pytest.raises(SealBroken):
        seal.unseal(bytes(sealed), "chips/1/state")


@pytest.mark.parametrize("place", ["chips/2/state", "prints/1/artwork", ""])
def test_a_value_opens_in_its_own_place_only(seal: WorldSeal, place: str) -> None:
    sealed = seal.seal(b"a portrait", "chips/1/state")
    with pytest.raises(SealBroken):
        seal.unseal(sealed, place)


def test_a_value_does_not_open_under_another_key(seal: WorldSeal) -> None:
    sealed = seal.seal(b"a portrait", "chips/1/state")
    with pytest.raises(SealBroken):
        WorldSeal(bytes(32)).unseal(sealed, "chips/1/state")


def test_a_value_that_was_cut_off_does_not_open(seal: WorldSeal) -> None:
    for length in range(12):
        with pytest.raises(SealBroken):
            seal.unseal(bytes(length), "chips/1/state")


def test_a_value_opens_as_it_was_sealed_and_is_never_sealed_twice_alike(seal: WorldSeal) -> None:
    first, second = (seal.seal(b"a portrait", "chips/1/state") for _ in range(2))
    assert first != second
    assert seal.unseal(first, "chips/1/state") == b"a portrait"
    assert b"portrait" not in first


def test_a_key_of_another_length_is_no_key() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        WorldSeal(bytes(16))


def test_the_key_file_is_its_owners_only_and_random(tmp_path: Path) -> None:
    WorldSeal.create(tmp_path / "one")
    WorldSeal.create(tmp_path / "two")
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "one").read_bytes() != (tmp_path / "two").read_bytes()


def test_a_missing_or_damaged_key_file_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        WorldSeal.open(tmp_path / "nothing")
    (tmp_path / "short").write_bytes(b"\x00" * 31)
    with pytest.raises(ConfigurationError):
        WorldSeal.open(tmp_path / "short")


def test_a_key_that_cannot_be_written_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        WorldSeal.create(tmp_path / "no" / "such" / "folder")


def test_nothing_of_the_key_is_shown(seal: WorldSeal) -> None:
    assert repr(seal) == "WorldSeal(***)"
