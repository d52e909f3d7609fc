"""How well a text fits the languages that an encoding is used for: the evidence behind a guess.

Bytes that mean `é` in a Western file mean a letter in nearly every other encoding too, so what tells them apart is
whether the letters make up the alphabet of one language, its common letters before its rare ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

_READ = 4096  # characters; more says nothing new
_RARE = 0.7  # what a rare letter counts, beside 1 for a common one
_CAPITALS = 0.95  # what a word in capitals counts: for KOI8-R they are where windows-1251 has its small letters
_SELDOM = 0.5  # letters that must speak for an encoding that is met less often
_NO_LETTER = 1.0  # for a text whose only characters beyond ASCII are such as `“` and `°`: nothing speaks against it

# What every encoding of a family has at the same place, or what stands in any language.
_NEUTRAL = re.compile(
    r"[\x00-\x7f\xa0§©®°·±×÷£½«»‘’‚“”„†•…‰‹›€™–—¿¡\u3000-\u3004\u3006-\u303f\uff01-\uff5e\u200e\u200f]"
)
_WORD = re.compile(r"[^\W\d_]+|[^\w\s]|\d")

# No word: Greek, Cyrillic and the like beside a Latin letter, which Chinese may well have, or a final sigma within.
_NO_WORD = re.compile("[a-zA-Z][\u0370-\u1cff]|[\u0370-\u1cff][a-zA-Z]|ς[^\\W\\d_]")

# Where a standard has its everyday characters: its name, and the first and last leading byte of these.
_SIMPLIFIED = ("gb2312", 0xB0, 0xD7)
_TRADITIONAL = ("big5", 0xA4, 0xC6)
_JAPANESE = ("euc_jp", 0xB0, 0xCF)
_KOREAN = ("euc_kr", 0xB0, 0xC8)
_WESTERN = ("cp1252", "iso8859_15")
_CENTRAL = ("cp1250", "iso8859_2")
_CYRILLIC = ("cp1251", "koi8_r", "cp866", "iso8859_5")
_GREEK = ("cp1253", "iso8859_7")
_HEBREW = ("cp1255", "iso8859_8")
_ARABIC = ("cp1256", "iso8859_6")


@dataclass(frozen=True, slots=True)
class _Language:
    """The letters beyond ASCII of a language, as the inside of `[…]` in a pattern.

    Attributes:
        codecs: that it is written in, the commonest first.
        common: the letters that most of a text is made of.
        rare: the others.
        everyday: where a standard has more of the others.
        seldom: whether it is met less often than those that share its bytes.
    """

    codecs: tuple[str, ...]
    common: str
    rare: str = ""
    everyday: tuple[str, int, int] | None = None
    seldom: bool = False

    def weight(self, character: str) -> float:
        if re.match(f"[{self.common}]", character, re.IGNORECASE):
            return 1.0
        rare = self.rare and re.match(f"[{self.rare}]", character, re.IGNORECASE)
        return _RARE if rare or (self.everyday and _is_everyday(character, *self.everyday)) else 0.0


# The commonest first: of two that fit a text as well, the first is taken.
_LANGUAGES = (
    _Language(_WESTERN, "éèàêç", "ôûîâùëïœüÿæ"),  # French
    _Language(_WESTERN, "äöüß", "éèàê"),  # German
    _Language(_WESTERN, "áéíóúñ", "üªºç"),  # Spanish
    _Language(_WESTERN, "ãçáéíóê", "õâúàôüªº"),  # Portuguese
    _Language(_WESTERN, "èàòùì", "éîºª"),  # Italian
    _Language(_WESTERN, "åäö", "éàü"),  # Swedish, Finnish
    _Language(_WESTERN, "åæø", "éóòôäö"),  # Danish, Norwegian
    _Language(_WESTERN, "éëï", "èöüóêáâîôû"),  # Dutch
    _Language(_WESTERN, "àèéíòóç", "úïü·"),  # Catalan
    _Language(
        ("gb18030",),
        "的一是不了在人有我他这个们中来上大为和国到以说时要就出会可也你对生能子那得着下自过发后里用好很看电影太没差",
        everyday=_SIMPLIFIED,
    ),
    _Language(
        ("big5",),
        "的一是不了在人有我他這個們中來上大為和國到以說時要就出會可也你對生能子那得著下自過發後裡用好很看電影太沒差",
        everyday=_TRADITIONAL,
    ),
    _Language(("cp932", "euc_jp"), "\u3041-\u3096\u30a1-\u30fc", "々", everyday=_JAPANESE),
    _Language(
        ("cp949",),
        "이다는에의을가고하지사기도은나로한그어들시자리를인대서아있것전정부말요해보안게주수라면만일여세무었음좋습니",
        everyday=_KOREAN,
    ),
    _Language(_CYRILLIC, "оеаинтсрвл", "а-яё№"),  # Russian, Bulgarian
    _Language(("cp1251", "koi8_u", "iso8859_5"), "оаиніевртсл", "а-щьюяіїєґ№"),  # Ukrainian
    _Language(("cp1251", "iso8859_5"), "оаиенрстјв", "а-шђјљњћџ№", seldom=True),  # Serbian
    _Language(_GREEK, "αοιετσνηυρπκμλςάέήίό", "α-ωύώϊϋΐΰ"),
    _Language(_HEBREW, "יוהלארתשמבנם", "\u05d0-\u05ea\u05b0-\u05c2"),
    _Language(_ARABIC, "اليمونرتبةعدسفهكقأح", "\u0621-\u064aپچژگک،؛؟ـ\u064b-\u0652"),
    _Language(_CENTRAL, "ąęółśżćńź", "é", seldom=True),  # Polish
    _Language(_CENTRAL, "áéěíýčřšžů", "úťňďóľĺŕäô", seldom=True),  # Czech, Slovak
    _Language(_CENTRAL, "áéóöőüűíú", "", seldom=True),  # Hungarian
    _Language(_CENTRAL, "ăâîşţ", "é", seldom=True),  # Romanian
    _Language(_CENTRAL, "čšžćđ", "", seldom=True),  # Croatian, Slovene
    _Language(("cp1254", "iso8859_9"), "ıüşçğöİ", "âîû", seldom=True),  # Turkish
    _Language(("cp1257",), "ėšųžūįčąę", "", seldom=True),  # Lithuanian
    _Language(("cp1257",), "āēīšņūļčžģķ", "", seldom=True),  # Latvian
    _Language(("cp1257",), "õäöü", "šž", seldom=True),  # Estonian
    _Language(("cp1258",), "đươă\u0300\u0301\u0303\u0309\u0323", "ôêâáàéèíóúù", seldom=True),  # Vietnamese
    _Language(("tis_620",), "านรอกเงมยลวดทตสิีั่้", "\u0e01-\u0e3a\u0e40-\u0e5b", seldom=True),
    _Language(_WESTERN, "áðéíóúýþæö", "", seldom=True),  # Icelandic
)


def fit(text: str, codec: str | None = None) -> float:
    """How well a text fits the best of the languages that are written in an encoding, or of all: 1 when wholly.

    Example:
        >>> fit("très agréable", "cp1252") > fit("trčs agréable", "cp1250")
        True
    """
    counted = Counter[str]()
    capitals = Counter[str]()
    beyond = 0
    for word, letters in _words(text[:_READ]):
        beyond += len(letters)
        if _NO_WORD.search(word):
            continue
        if word[1:] == word[1:].lower():
            counted.update(letters)
        elif word == word.upper():
            capitals.update(letters)
    spoken = [language for language in _LANGUAGES if codec is None or codec in language.codecs]
    if not beyond:
        return 0.0 if text.isascii() else _NO_LETTER
    best = max((_sum(counted, capitals, one) - _SELDOM * one.seldom for one in spoken), default=0.0)
    return (best - _SELDOM * (codec or "").startswith(("iso", "cp866"))) / beyond


def order(codec: str) -> int:
    """Where an encoding comes among those that fit as well: the commonest first."""
    known = list(dict.fromkeys(name for language in _LANGUAGES for name in language.codecs))
    return known.index(codec) if codec in known else len(known)


def _words(text: str) -> Iterator[tuple[str, list[str]]]:
    """The words of a text that hold letters beyond ASCII, with these."""
    for word in _WORD.findall(text):
        letters = [character for character in word if not _NEUTRAL.match(character)]
        if letters:
            yield word, letters


def _sum(counted: Counter[str], capitals: Counter[str], language: _Language) -> float:
    whole = sum(language.weight(character) * number for character, number in counted.items())
    return whole + _CAPITALS * sum(language.weight(character) * number for character, number in capitals.items())


def _is_everyday(character: str, standard: str, first: int, last: int) -> bool:
    coded = character.encode(standard, "ignore")
    return len(coded) == 2 and first <= coded[0] <= last
