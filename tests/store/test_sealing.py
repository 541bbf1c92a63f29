"""Seals and root keys."""

import base64
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store import Damaged, KeyProblem, RootKey
from bot.store.sealing import DataKey, bound

KEY = DataKey("a" * 32, b"k" * 32)
PLACE = bound("turn 1", "a" * 32, "b" * 32, 17, "person")


@given(words=st.text(st.characters(exclude_categories=()), max_size=200))
def test_words_open_exactly_as_they_were_sealed(words: str) -> None:
    assert KEY.open(KEY.seal(words, PLACE), PLACE) == words


@pytest.mark.parametrize(
    "words",
    [
        "",
        "\0",
        "I am\0not here",
        "\ud800",
        "\ud83d\ude00 written as two halves",
        "\u0439 and \u0438\u0306 are not the same",
        "\u202eturned round\u2066",
        "  spaces around  \n\n",
        "\ufeff\u2028\u2029\u200d",
        "\U0010ffff" * 20_000,
    ],
)
def test_awkward_words_open_exactly_as_they_were_sealed(words: str) -> None:
    assert KEY.open(KEY.seal(words, PLACE), PLACE) == words


def test_what_was_sealed_by_an_earlier_version_opens() -> None:
    secret = bytes(range(32))
    place = bound("turn 1", "c" * 32, 17)
    sealed = b"n" * 12 + bytes.fromhex("ee7b6008db28978b040c0d35c923b8e39a934ebc0094285cd943755edaebe286476c561d")
    assert DataKey("a" * 32, secret).open(sealed, place) == "I want to go home\ud800"
    wrapped = bytes.fromhex("4251e4f06039669ac2ab65c5a2d53cb2591a1b0acd40a1b62565dc3c4e2ae09a991314d413068af2")
    root = RootKey(secret)
    assert root.key_id == "db6c13d3"
    assert root.unwrap(wrapped) == b"d" * 32
    derived = "7f68901438ae10e11c1dfa24cd36a2a0c51c276de73b0a3db275e514d2987edb"
    assert root.derive("step tokens").hex() == derived


def test_a_place_is_its_parts_each_after_its_length_whatever_a_damaged_row_holds() -> None:
    assert bound("turn 1", "ab", 17, "\udcff") == b"\0\0\0\6turn 1\0\0\0\2ab\0\0\0\x0217\0\0\0\1\xff"


def test_the_same_words_never_look_the_same_when_sealed() -> None:
    assert KEY.seal("yes", PLACE) != KEY.seal("yes", PLACE)


def test_a_seal_with_any_bit_flipped_does_not_open() -> None:
    sealed = KEY.seal("I want to go home", PLACE)
    for at in range(len(sealed)):
        flipped = bytearray(sealed)
        flipped[at] ^= 1
        with pytest.raises(Damaged):
            KEY.open(bytes(flipped), PLACE)


@pytest.mark.parametrize("sealed", [b"", b"short", b"x" * 12, b"x" * 27])
def test_a_seal_that_is_cut_off_does_not_open(sealed: bytes) -> None:
    with pytest.raises(Damaged):
        KEY.open(sealed, PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        bound("turn 2", "a" * 32, "b" * 32, 17, "person"),
        bound("turn 1", "c" * 32, "b" * 32, 17, "person"),
        bound("turn 1", "a" * 32, "c" * 32, 17, "person"),
        bound("turn 1", "a" * 32, "b" * 32, 18, "person"),
        bound("turn 1", "a" * 32, "b" * 32, 17, "bot"),
    ],
)
def test_a_seal_that_was_moved_does_not_open(elsewhere: bytes) -> None:
    with pytest.raises(Damaged):
        KEY.open(KEY.seal("I want to go home", PLACE), elsewhere)


def test_no_two_places_look_alike() -> None:
    assert bound("turn 1", "ab", "c") != bound("turn 1", "a", "bc")
    assert bound("turn 1", 1, 17) != bound("turn 1", 11, 7)


def test_an_error_of_a_seal_carries_no_words() -> None:
    not_utf_8 = DataKey("a" * 32, b"k" * 32)
    sealed = not_utf_8._cipher.encrypt(b"n" * 12, b"\xffmy words", PLACE)
    with pytest.raises(Damaged) as caught:
        KEY.open(b"n" * 12 + sealed, PLACE)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_keys_do_not_show_themselves(tmp_path: Path) -> None:
    root = RootKey.create(tmp_path / "root.key")
    assert repr(root) == f"RootKey('{root.key_id}')"
    assert repr(DataKey("a" * 32, b"k" * 32)) == f"DataKey('{'a' * 32}')"


def test_a_new_root_key_is_for_this_account_only_and_reads_back(tmp_path: Path) -> None:
    made = RootKey.create(tmp_path / "keys" / "root.key")
    assert (tmp_path / "keys" / "root.key").stat().st_mode & 0o777 == 0o400
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    read = RootKey.read(tmp_path / "keys" / "root.key", outside=tmp_path / "var")
    assert read.key_id == made.key_id
    assert read.unwrap(made.wrap(b"d" * 32)) == b"d" * 32
    assert len(made.key_id) == 8


def test_a_root_key_is_never_overwritten(tmp_path: Path) -> None:
    made = RootKey.create(tmp_path / "root.key")
    with pytest.raises(KeyProblem, match=r"There is a root key at .* already\. Keep it"):
        RootKey.create(tmp_path / "root.key")
    assert RootKey.read(tmp_path / "root.key").key_id == made.key_id


@pytest.mark.parametrize("secret", [b"\0" * 32, bytes(range(32)), b"\xff" * 32])
def test_a_root_key_may_be_written_as_base64_or_hexadecimal(tmp_path: Path, secret: bytes) -> None:
    texts = [base64.b64encode(secret), b" " + secret.hex().encode() + b"\r\n", secret.hex().upper().encode()]
    for number, text in enumerate(texts):
        _write(tmp_path / str(number), text)
    found = [RootKey.read(tmp_path / str(number)) for number in range(len(texts))]
    assert {key.key_id for key in found} == {RootKey(secret).key_id}


def test_derived_keys_differ_by_purpose_and_by_root_key() -> None:
    one, other = RootKey(b"1" * 32), RootKey(b"2" * 32)
    assert len({one.derive("proofs of rows"), one.derive("step tokens"), other.derive("step tokens")}) == 3
    assert one.derive("step tokens") == RootKey(b"1" * 32).derive("step tokens")
    assert len(one.derive("step tokens")) == 32


def test_a_missing_root_key_is_said_with_the_remedy(tmp_path: Path) -> None:
    _refused(tmp_path / "root.key", "There is no root key at", "python -m bot keys new")


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"\n", b"not a key", b"ab" * 31, b"ab" * 33, b"\xff", b"!" * 44, b"a" * 5000),
        *(base64.b64encode(b"k" * 31), base64.b64encode(b"k" * 32).replace(b"=", b"!=")),
    ],
)
def test_a_malformed_root_key_is_refused(tmp_path: Path, text: bytes) -> None:
    _write(tmp_path / "root.key", text)
    _refused(tmp_path / "root.key", "does not hold a root key", "Put the right file back")


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o644, 0o410, 0o402, 0o777])
def test_a_root_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    RootKey.create(tmp_path / "root.key")
    (tmp_path / "root.key").chmod(mode)
    _refused(tmp_path / "root.key", f"is open to others (mode 0{mode:o})", f"chmod 0400 {tmp_path / 'root.key'}")


def test_a_root_key_in_the_data_folder_is_refused(tmp_path: Path) -> None:
    RootKey.create(tmp_path / "var" / "keys" / "root.key")
    with pytest.raises(KeyProblem, match=r"^The root key .* lies inside the data folder"):
        RootKey.read(tmp_path / "var" / "keys" / "root.key", outside=tmp_path / "var")
    (tmp_path / "link.key").symlink_to(tmp_path / "var" / "keys" / "root.key")
    with pytest.raises(KeyProblem, match="lies inside the data folder"):
        RootKey.read(tmp_path / "link.key", outside=tmp_path / "var")


def test_a_folder_or_a_pipe_is_no_root_key(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "pipe", mode=0o600)
    _refused(tmp_path / "folder", "is not a file", "Name the file")
    _refused(tmp_path / "pipe", "is not a file", "Name the file")


def test_a_root_key_that_cannot_be_written_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyProblem, match="No root key could be made at"):
        RootKey.create(tmp_path / "file" / "root.key")


def test_a_data_key_does_not_unwrap_under_another_root_key() -> None:
    with pytest.raises(Damaged):
        RootKey(b"2" * 32).unwrap(RootKey(b"1" * 32).wrap(b"d" * 32))


def test_a_key_of_another_size_is_no_root_key() -> None:
    with pytest.raises(KeyProblem, match="256 bits"):
        RootKey(b"short")


def _write(path: Path, text: bytes) -> None:
    path.write_bytes(text)
    path.chmod(0o400)


def _refused(path: Path, cause: str, remedy: str) -> None:
    with pytest.raises(KeyProblem) as caught:
        RootKey.read(path)
    assert cause in caught.value.cause
    assert remedy in caught.value.remedy
    assert "\n" not in str(caught.value)
