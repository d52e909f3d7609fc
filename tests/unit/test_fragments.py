"""Fragments of a file: whatever of each has come, and in whatever order, the whole is the file."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from itertools import count, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtransformers.loading.fragments import Piece, fragment_path, fragments, put_together, to_come


def add(place: Path, content: bytes, piece: Piece, nbytes: int) -> None:
    """So many bytes of a piece come."""
    with fragment_path(place, piece.start).open("ab") as part:
        start = piece.start + part.tell()
        part.write(content[start : min(piece.stop, start + nbytes)])


def come(place: Path, content: bytes, least: int, nbytes: Callable[[], int]) -> None:
    """An attempt that begins as each does: by removing what is of no use."""
    useful, useless = fragments(place, len(content))
    for one in useless:
        one.path.unlink()
    fragment_path(place, 0).touch()
    for piece in to_come(useful, len(content), least):
        add(place, content, piece, nbytes())


@given(st.binary(max_size=120), st.lists(st.integers(1, 60), max_size=3), st.data())
def test_a_file_is_whole_after_attempts_that_end_anywhere(
    content: bytes, leasts: list[int], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        place = Path(folder) / "0123abcd"
        for least in leasts:
            come(place, content, least, lambda: data.draw(st.integers(0, len(content))))
        come(place, content, 20, lambda: len(content))
        digest = sha256()
        assert put_together(place, len(content), lambda: False, [digest])
        assert digest.hexdigest() == sha256(content).hexdigest()
        assert fragment_path(place, 0).read_bytes() == content
        assert [path.name for path in place.parent.iterdir()] == ["0123abcd.incomplete"]


@given(st.integers(0, 10**6), st.integers(10**4, 10**6))
def test_pieces_are_as_large_as_asked_and_leave_nothing_out(size: int, least: int) -> None:
    pieces = to_come([], size, least)
    assert sum(piece.stop - piece.start for piece in pieces) == size
    assert all(one.stop == other.start for one, other in pairwise(pieces))
    rounding = len(pieces)
    assert rounding < 2 or all(piece.stop - piece.start >= least - rounding for piece in pieces)


def test_what_overlaps_or_is_too_long_is_of_no_use(tmp_path: Path) -> None:
    place = tmp_path / "0123abcd"
    for name, nbytes in {
        "0123abcd.incomplete": 30,
        "0123abcd.89abcdef.incomplete": 40,  # of huggingface_hub
        "0123abcd.from-35.incomplete": 10,
        "0123abcd.from-60.incomplete": 20,
        "0123abcd.from-90.incomplete": 11,
        "4567.incomplete": 5,
    }.items():
        (tmp_path / name).write_bytes(bytes(nbytes))
    useful, useless = fragments(place, 100)
    assert [(one.start, one.nbytes) for one in useful] == [(0, 40), (60, 20)]
    assert sorted((one.start, one.nbytes) for one in useless) == [(0, 30), (35, 10), (90, 11)]
    assert to_come(useful, 100, 64) == [Piece(0, 60), Piece(60, 100)]


@pytest.mark.parametrize("looks", range(4))
def test_a_stop_while_it_is_put_together_loses_nothing(
    looks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbtransformers.loading.fragments._READ", 25)  # less than any fragment
    place, content = tmp_path / "0123abcd", bytes(range(100))
    for start, stop in ((0, 40), (40, 70), (70, 100)):
        fragment_path(place, start).write_bytes(content[start:stop])
    asked = count()
    assert not put_together(place, 100, lambda: next(asked) == looks, [])
    assert sum(one.nbytes for one in fragments(place, 100)[0]) == 100
    digest = sha256()
    assert put_together(place, 100, lambda: False, [digest])
    assert digest.hexdigest() == sha256(content).hexdigest()


def test_one_that_another_process_has_taken_meanwhile_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "0123abcd.from-40.incomplete").symlink_to(tmp_path / "gone")  # named by the folder, and not there
    fragment_path(tmp_path / "0123abcd", 0).write_bytes(bytes(40))
    useful, useless = fragments(tmp_path / "0123abcd", 100)
    assert ([one.start for one in useful], useless) == ([0], [])
