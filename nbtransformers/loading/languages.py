"""Languages by their codes and their English names: what a person calls one, and what a model calls it.

Models write codes in their own ways (`deu_Latn`, `de_DE`, `__de__`, `>>deu<<`, `<2de>`); in each of them the first part
is a code of ISO 639. The names are those of the Unicode CLDR, in `languages.tsv`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("languages.tsv")
_AROUND = re.compile(r"^(?:>>|__|<2)|(?:<<|__|>)$")
_CODE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
_OF_THE_HUB = ("multilingual", "code")
# Models have one or the other of a pair.
_KIN = {"no": "nb", "nb": "no", "tl": "fil", "fil": "tl"}


def language_name(code: str) -> str | None:
    """The English name of a language by its code in any of the ways to write it; None for one that is not known.

    Example:
        >>> language_name("deu_Latn"), language_name("zho_Hans"), language_name("xx")
        ('German', 'Simplified Chinese', None)
    """
    names, _ = _known()
    base, *more = _parts(code)
    for given in (f"{base}_{more[0]}" if more else "", base):
        if given in names:
            return names[given]
    return None


def is_tagged_language(tag: str) -> bool:
    """Whether a tag of the Hub is the code of a language, as BCP 47 writes it; it has two words of its own, too.

    Example:
        >>> [is_tagged_language(tag) for tag in ("de", "zh-Hans", "multilingual", "nlp", "rag", "ai-art")]
        [True, True, True, False, False, False]
    """
    return tag in _OF_THE_HUB or (_CODE.fullmatch(tag) is not None and language_name(tag) is not None)


def english_names() -> list[str]:
    """The English names of all languages, those with a code of two letters first."""
    return [name for _, name in sorted(_known()[0].items(), key=lambda item: (len(item[0]) > 2, item[1]))]


def typed_code(code: str) -> str:
    """A model's code as it is typed on the line of a magic.

    Example:
        >>> typed_code(">>fra<<"), typed_code("deu_Latn")
        ('fra', 'deu_Latn')
    """
    return _AROUND.sub("", code)


def meant(given: str, codes: Sequence[str]) -> list[str]:
    """Which of a model's codes somebody means: by the code itself, a code of ISO 639, or an English name.

    More than one is a question to ask back: a name may stand for a language in two scripts.

    Example:
        >>> meant("German", ["deu_Latn", "fra_Latn"]), meant("zh", ["zho_Hans", "zho_Hant"])
        (['deu_Latn'], ['zho_Hans', 'zho_Hant'])
    """
    bare = {code: typed_code(code).casefold() for code in codes}
    exact = [code for code in codes if given == code] or [
        code for code in codes if given.casefold().replace("-", "_") in (code.casefold(), bare[code].replace("-", "_"))
    ]
    if exact:
        return exact
    wanted = code_of(given)
    if wanted is None:
        return []
    base, *more = wanted.split("_")
    for language in (wanted, base, _KIN.get(base)):  # `prs` is all of fa_AF, with no region of its own
        of_it = [code for code in codes if _parts(code)[0] == language]
        exactly = [code for code in of_it if more and more[0] in _parts(code)[1:]]
        if of_it:
            return exactly or of_it
    return []


def code_of(given: str) -> str | None:
    """The CLDR code of a language by any code or its English name; None for one that is not known.

    Example:
        >>> code_of("german"), code_of("deu"), code_of("deu_Latn"), code_of("Klingonese")
        ('de', 'de', 'de', None)
    """
    names, _ = _known()
    by_name = {name.casefold(): code for code, name in names.items()}
    folded = given.strip().casefold()
    if folded in by_name:
        return by_name[folded]
    base, *more = _parts(given)
    whole = f"{base}_{more[0]}" if more else base
    return whole if whole in names else base if base in names else None


def nearest_language(given: str, codes: Iterable[str] | None = None) -> str | None:
    """The language closest to a mistyped one, among a model's codes or, without these, by name; None when none is."""
    names, _ = _known()
    if codes is None:
        by_name = {name.casefold(): name for name in names.values()}
    else:
        # Names behind codes, so that a code that is typed nearly right is found as one.
        by_name = {(language_name(code) or code).casefold(): code for code in codes}
        by_name |= {code.casefold(): code for code in codes}
    close = get_close_matches(given.casefold(), by_name, n=1, cutoff=0.6)
    return by_name[close[0]] if close else None


def _parts(code: str) -> list[str]:
    """The subtags of a code: the language as CLDR has it, a script as `Hans`, a region as `BR`."""
    _, also = _known()
    first, *more = re.split(r"[-_]", typed_code(code.strip()))
    language = first.lower()
    return [also.get(language, language), *(part.title() if len(part) == 4 else part.upper() for part in more)]


@cache
def _known() -> tuple[dict[str, str], dict[str, str]]:
    """CLDR code to name, and whatever else a language is called, in small letters, to its code."""
    names: dict[str, str] = {}
    also: dict[str, str] = {}
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        code, name, *more = line.split("\t")
        names[code] = name
        also |= {other.lower(): code for other in more}
    return names, also
