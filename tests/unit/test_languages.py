"""What a person calls a language, and what a model calls it."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES as M2M100
from transformers.models.mbart50.tokenization_mbart50 import FAIRSEQ_LANGUAGE_CODES as MBART50
from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES as NLLB

from nbtransformers.loading import languages
from nbtransformers.loading.languages import code_of, language_name, meant, nearest_language

MARIAN = [">>deu<<", ">>fra<<", ">>por<<", ">>cmn_Hans<<", ">>cmn_Hant<<", ">>nob<<"]
MADLAD = ["<2de>", "<2fr>", "<2zh>", "<2pt>"]


def test_every_code_of_the_models_has_a_name() -> None:
    unnamed = [code for code in (*NLLB, *M2M100["m2m100"], *MBART50) if language_name(code) is None]
    assert unnamed == ["ns"]  # which M2M100 made up, for Northern Sotho


@pytest.mark.parametrize("codes", [NLLB, M2M100["m2m100"], MBART50], ids=["nllb", "m2m100", "mbart50"])
def test_a_code_means_itself_and_its_name_means_it_or_asks_back(codes: list[str]) -> None:
    for code in codes:
        assert meant(code, codes) == [code]
        assert meant(code.upper(), codes) == [code]
        name = language_name(code)
        assert name is None or code in meant(name, codes)


@pytest.mark.parametrize(
    ("given", "codes", "expected"),
    [
        ("German", NLLB, ["deu_Latn"]),
        ("german", NLLB, ["deu_Latn"]),
        ("de", NLLB, ["deu_Latn"]),
        ("deu", NLLB, ["deu_Latn"]),
        ("deu-Latn", NLLB, ["deu_Latn"]),
        ("de", MBART50, ["de_DE"]),
        ("de-AT", MBART50, ["de_DE"]),
        ("deu", M2M100["m2m100"], ["de"]),
        ("de", MARIAN, [">>deu<<"]),
        ("deu", MARIAN, [">>deu<<"]),
        ("French", MADLAD, ["<2fr>"]),
        ("fr", MADLAD, ["<2fr>"]),
        ("Chinese", NLLB, ["zho_Hans", "zho_Hant"]),
        ("Simplified Chinese", NLLB, ["zho_Hans"]),
        ("zh-Hant", NLLB, ["zho_Hant"]),
        ("zh-Hans", MARIAN, [">>cmn_Hans<<"]),
        ("Chinese", MBART50, ["zh_CN"]),
        ("Brazilian Portuguese", MBART50, ["pt_XX"]),
        ("pt-BR", NLLB, ["por_Latn"]),
        ("Farsi", NLLB, ["pes_Arab"]),
        ("Dari", NLLB, ["prs_Arab"]),
        ("Arabic", NLLB, ["arb_Arab"]),
        ("Egyptian Arabic", NLLB, ["arz_Arab"]),
        ("Norwegian", NLLB, ["nob_Latn"]),
        ("no", MARIAN, [">>nob<<"]),
        ("Norwegian Bokmål", M2M100["m2m100"], ["no"]),
        ("Filipino", NLLB, ["tgl_Latn"]),
        ("Kashmiri", NLLB, ["kas_Arab", "kas_Deva"]),
        ("Klingon", NLLB, []),
        ("xx", NLLB, []),
        ("", NLLB, []),
        ("_", NLLB, []),
    ],
)
def test_what_a_person_types_is_found_among_the_codes(given: str, codes: list[str], expected: list[str]) -> None:
    assert meant(given, codes) == expected


def test_a_slip_is_told_the_nearest() -> None:
    assert nearest_language("Germna") == "German"
    assert nearest_language("deu_Latin", NLLB) == "deu_Latn"
    assert nearest_language("Frensh", NLLB) == "fra_Latn"
    assert nearest_language("qqqq", NLLB) is None


def test_codes_are_read_in_every_way_that_models_write_them() -> None:
    written = ["de", "deu", "ger", "deu_Latn", "de_DE", "__de__", ">>deu<<", "<2de>", "DE"]
    assert {language_name(code) for code in written} == {"German"}
    assert code_of("Klingonese") is None


def test_the_table_is_what_babel_says() -> None:
    """Babel may be another: what is checked is that no name of the table is made up."""
    made = runpy.run_path(str(Path(__file__).parents[1] / "golden" / "make_languages.py"))
    known = set(made["lines"]())
    table = Path(languages.__file__).with_name("languages.tsv").read_text(encoding="utf-8").splitlines()
    assert len(set(table) - known) <= len(table) // 20
