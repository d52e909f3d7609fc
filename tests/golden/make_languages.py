"""Write the table of languages that translation knows by name, the English names of the Unicode CLDR.

    python tests/golden/make_languages.py

One language a line: its CLDR code, its English name, then what else it is called, all between tabs: codes of three
letters, and a few names that people use. Babel has the names.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import babel
from babel.core import get_global

TABLE = Path(__file__).parents[2] / "nbtransformers" / "loading" / "languages.tsv"

# Languages that NLLB translates and the CLDR has no English name for, by ISO 639-3.
_MORE = {
    "acm": "Mesopotamian Arabic",
    "acq": "Ta’izzi-Adeni Arabic",
    "ajp": "South Levantine Arabic",
    "apc": "North Levantine Arabic",
    "azb": "South Azerbaijani",
    "cjk": "Chokwe",
    "fuv": "Nigerian Fulfulde",
    "hne": "Chhattisgarhi",
    "kbp": "Kabiyè",
    "taq": "Tamasheq",
}
_ALSO = {"fa": ["Farsi"], "ps": ["pbt"], "qu": ["quy"], "zh": ["Mandarin"], "es": ["Castilian"], "he": ["iw"]}
_NO_LANGUAGES = ("mis", "mul", "root", "und", "zxx")


def lines() -> list[str]:
    """The table, a line a language."""
    names = {code: name for code, name in babel.Locale("en").languages.items() if code not in _NO_LANGUAGES} | _MORE
    also: dict[str, list[str]] = defaultdict(list)
    for code, base in get_global("language_aliases").items():
        if len(code) == 3 and base in names and code not in names:
            also[base].append(code)
    return ["\t".join([code, name, *sorted(also[code]), *_ALSO.get(code, [])]) for code, name in sorted(names.items())]


if __name__ == "__main__":
    TABLE.write_text("".join(f"{line}\n" for line in lines()), encoding="utf-8")
