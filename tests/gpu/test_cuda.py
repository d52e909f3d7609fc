"""What only a GPU can show: types, memory that runs out and comes back, and the same results as on the CPU.

Skipped where there is no CUDA device. The models have random weights: they show parity and bookkeeping, no quality.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification, PreTrainedTokenizerFast

import nbtransformers as nbt

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")

SOURCE = Path(__file__).resolve().parent.parent.parent / "README.md"
WIDE = {"hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 1024}


def tokenizer() -> PreTrainedTokenizerFast:
    """A word-piece tokenizer of this project's own words."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made.train([str(SOURCE)], trainers.WordPieceTrainer(vocab_size=2_000, special_tokens=special, show_progress=False))
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return PreTrainedTokenizerFast(tokenizer_object=made, mask_token="[MASK]", model_max_length=512, **names)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Paragraphs, from a word to some hundred tokens."""
    paragraphs = [line for line in SOURCE.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [" ".join(paragraphs[at : at + 1 + at % 7]) for at in range(len(paragraphs))] * 4


def saved(folder: Path, kind: Any, architecture: str, dtype: torch.dtype = torch.float32, **options: Any) -> Path:
    torch.manual_seed(7)
    own = tokenizer()
    config = AutoConfig.for_model(
        architecture, **{**WIDE, "vocab_size": len(own), "pad_token_id": 0, "initializer_range": 0.1, **options}
    )
    kind.from_config(config).to(dtype).eval().save_pretrained(folder)
    own.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("classifier"), AutoModelForSequenceClassification, "bert", num_labels=3)


@pytest.fixture(autouse=True)
def freed() -> Any:
    """Nothing of a test is left on the device."""
    yield
    nbt.unload()
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1.0)


def test_scores_are_those_of_the_cpu(classifier: Path, texts: list[str]) -> None:
    there = nbt.classify(texts, model=str(classifier), dtype="float32")
    here = nbt.classify(texts, model=str(classifier), device="cpu")
    assert there.run.device == "cuda:0" and there.run.dtype == "float32"
    np.testing.assert_allclose(there.scores, here.scores, atol=2e-3)  # TF32 may be on


def test_the_type_is_bfloat16_unless_the_user_says_otherwise(classifier: Path, texts: list[str]) -> None:
    result = nbt.classify(texts, model=str(classifier))
    assert result.run.dtype == "bfloat16"
    exact = nbt.classify(texts, model=str(classifier), device="cpu")
    assert np.abs(result.scores - exact.scores).mean() < 0.02
    clear = np.sort(exact.scores, axis=1)
    sure = clear[:, -1] - clear[:, -2] > 0.05
    assert (result.best == exact.best)[sure].mean() > 0.99


def test_weights_that_were_stored_in_float16_stay_so(tmp_path: Path) -> None:
    folder = saved(tmp_path, AutoModelForSequenceClassification, "bert", torch.float16, num_labels=3)
    assert nbt.classify(["a text"], model=str(folder)).run.dtype == "float16"


def test_memory_that_runs_out_costs_no_row(classifier: Path, texts: list[str]) -> None:
    whole = nbt.classify(texts * 8, model=str(classifier), dtype="float32")
    nbt.unload()
    gc.collect()
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(600e6 / total)
    tight = nbt.classify(texts * 8, model=str(classifier), dtype="float32", batch_tokens=400_000)
    assert tight.run.out_of_memory > 0
    assert tight.done.all() and not np.isnan(tight.scores).any()
    assert "Memory ran out" in " ".join(tight.notes)
    np.testing.assert_allclose(tight.scores, whole.scores, atol=2e-3)
    (weights,) = nbt.loaded().megabytes
    assert torch.cuda.memory_allocated() / 1e6 < weights + 40, "batches that failed are still held"


def test_a_failure_pins_nothing(classifier: Path) -> None:
    nbt.classify(["a text"], model=str(classifier))
    before = torch.cuda.memory_allocated()
    with pytest.raises(nbt.UserError):
        nbt.classify(["a text " * 2_000], model=str(classifier), long="error")
    sys.last_exc = None
    gc.collect()
    assert torch.cuda.memory_allocated() <= before + 1_000_000


def test_unloading_gives_the_memory_back(classifier: Path, texts: list[str]) -> None:
    start = torch.cuda.memory_allocated()
    result = nbt.classify(texts, model=str(classifier))
    assert torch.cuda.memory_allocated() > start
    nbt.unload()
    assert torch.cuda.memory_allocated() <= start + 100_000, result.run
    assert torch.cuda.memory_reserved() <= start + 64_000_000


AFTER_AN_ERROR = """
import sys
import helpers
import torch

with helpers.ipython() as shell:
    shell.run_line_magic("load_ext", "nbtransformers")
    shell.user_ns["folder"] = sys.argv[1]
    shell.run_cell("%classify ['a text'] --model {folder}")
    shell.run_cell(
        "from transformers import AutoModelForSequenceClassification\\n"
        "def broken():\\n"
        "    own = AutoModelForSequenceClassification.from_pretrained(folder).cuda()\\n"
        "    own(own.bert.embeddings.word_embeddings.weight)\\n"  # which are no tokens
        "broken()"
    )
    assert torch.cuda.memory_allocated() > 15e6
    shell.run_cell("%nbt unload")
    print("left:", torch.cuda.memory_allocated(), torch.cuda.memory_reserved())
"""


def test_unloading_leaves_nothing_behind_an_error_either(classifier: Path) -> None:
    command = [sys.executable, "-c", AFTER_AN_ERROR, str(classifier)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": ":".join(sys.path)})
    assert "left: 0 0\n" in done.stdout, done.stdout + done.stderr


def test_a_model_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path, AutoModelForSequenceClassification, "bert", hidden_size=1024, intermediate_size=4096)
    free, _ = torch.cuda.mem_get_info()
    filler = torch.empty(free - 100_000_000, dtype=torch.uint8, device="cuda")
    with pytest.raises(nbt.UserError, match="memory"):
        nbt.classify(["a text"], model=str(folder), dtype="float32")
    del filler


def test_greedy_text_is_that_of_the_cpu_and_of_one_by_one(tmp_path: Path, texts: list[str]) -> None:
    options = {"num_key_value_heads": 2, "max_position_embeddings": 1024, "bos_token_id": 2, "eos_token_id": 3}
    folder = saved(tmp_path, AutoModelForCausalLM, "llama", **options)
    prompts = [text[:80] for text in texts[:24]]
    there = nbt.generate(prompts, model=str(folder), max_new_tokens=12, dtype="float32")
    here = nbt.generate(prompts, model=str(folder), max_new_tokens=12, device="cpu")
    alone = [nbt.generate(prompt, model=str(folder), max_new_tokens=12, dtype="float32").texts[0] for prompt in prompts]
    assert there.run.device == "cuda:0"
    assert [there.texts[row] for row in range(len(prompts))] == alone
    same = sum(there.texts[row] == here.texts[row] for row in range(len(prompts)))
    assert same >= 0.9 * len(prompts)  # random weights have near ties, which rounding decides


def test_vectors_are_those_of_the_cpu(tmp_path: Path, texts: list[str]) -> None:
    from transformers import AutoModel

    folder = saved(tmp_path, AutoModel, "bert")
    there = nbt.embed(texts, model=str(folder), dtype="float32").vectors
    here = nbt.embed(texts, model=str(folder), device="cpu").vectors
    np.testing.assert_allclose(there, here, atol=2e-3)
    half = nbt.embed(texts, model=str(folder)).vectors
    assert half.dtype == np.float32
    cosine = (half * here).sum(1) / np.linalg.norm(half, axis=1) / np.linalg.norm(here, axis=1)
    assert cosine.min() > 0.99
