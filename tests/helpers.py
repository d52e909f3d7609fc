"""What several test files share: results made by hand, shells, tiny models."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbtransformers.request import ClassifyRequest, DataRef
from nbtransformers.results.classification import Classification, Problem
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.run import RunReport
from nbtransformers.results.texts import Texts

# --- results made by hand ---

RUN = RunReport(
    model="a-model",
    device="cpu",
    dtype="float32",
    threads=2,
    batch_tokens=512,
    batches=3,
    tokens=1200,
    pad_tokens=12,
    load_seconds=0.5,
    seconds=0.4,
)


def classification(
    texts: Sequence[str | None],
    scores: Sequence[Sequence[float] | None],
    *,
    labels: Sequence[str] = ("negative", "positive"),
    reasons: Mapping[int, str] | None = None,
    index: Any = None,
    problem: Problem = "single_label",
    unread: Sequence[int] | None = None,
    run: RunReport = RUN,
    notes: Sequence[str] = (),
    method: str | None = None,
    **fields: Any,
) -> Classification:
    """A result as the engine could have given it; None as a row's scores is a row without a score."""
    nothing = [np.nan] * len(labels)
    given = {row: "missing" for row, values in enumerate(scores) if values is None}
    return Classification(
        request=ClassifyRequest(DataRef("variable", "data"), **fields),
        texts=Texts(texts),
        index=index,
        labels=tuple(labels),
        scores=np.array([nothing if row is None else row for row in scores], np.float32).reshape(-1, len(labels)),
        reasons=Reasons(len(texts), given | dict(reasons or {})),
        problem=problem,
        tokens=np.full(len(texts), 7, dtype=np.int64),
        unread=np.array([0] * len(texts) if unread is None else unread, dtype=np.int64),
        doubtful=np.zeros(len(texts), dtype=bool),
        run=run,
        notes=tuple(notes),
        method=method,
    )


# --- shells ---


@contextmanager
def ipython() -> Iterator[Any]:
    """A fresh IPython shell that `get_ipython()` finds, with no history on disk."""
    from IPython.core.history import HistoryManager
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config)
    assert isinstance(shell.history_manager, HistoryManager)
    try:
        yield shell
    finally:
        atexit.unregister(shell.atexit_operations)
        InteractiveShell.clear_instance()


@dataclass
class Terminal:
    """An IPython shell and what it prints."""

    shell: Any
    capsys: pytest.CaptureFixture[str]

    def run(self, code: str) -> Any:
        """The value of a cell that goes well."""
        done = self.shell.run_cell(code, store_history=True)
        assert done.success, done.error_in_exec or done.error_before_exec
        return done.result

    def printed(self, code: str) -> str:
        """What a cell that goes well prints."""
        self.capsys.readouterr()
        self.run(code)
        return self.capsys.readouterr().out

    def refusal(self, code: str) -> str:
        """The one line that a cell ends with when it is refused."""
        from nbtransformers.errors import UserError

        self.capsys.readouterr()
        done = self.shell.run_cell(code, store_history=True)
        assert isinstance(done.error_in_exec, UserError), repr(done.error_in_exec)
        return one_line(self.capsys.readouterr().out)


def one_line(shown: str) -> str:
    """The message in what a shell showed for an error: one line and no traceback."""
    lines = shown.strip("\n").split("\n")
    assert len(lines) == 1, shown
    mark = "\x1b[31mnbtransformers:\x1b[0m "
    assert lines[0].startswith(mark), shown
    return lines[0].removeprefix(mark)


@dataclass
class Notebook:
    """A kernel, and what a notebook would get from it."""

    client: Any
    manager: Any

    def interrupt(self) -> None:
        """What the stop button does."""
        self.manager.interrupt_kernel()

    def run(self, code: str, timeout: float = 120) -> list[dict[str, Any]]:
        """The messages that a cell sends, in order: each its content, with its type as `msg_type`."""
        messages: list[dict[str, Any]] = []
        self.client.execute_interactive(
            code,
            timeout=timeout,
            output_hook=lambda message: messages.append({"msg_type": message["msg_type"], **message["content"]}),
        )
        return messages


@contextmanager
def kernel() -> Iterator[Notebook]:
    """A running kernel in a process of its own."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3")
    try:
        yield Notebook(client, manager)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for something that is about to be so; a busy machine may take its time."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.01)


# --- tiny models ---

WORDS = ("a joy from start to end dull and far too long the striker scored twice film good bad").split()  # noqa: SIM905


def tokenizer(**options: Any) -> Any:
    """A tokenizer that knows a few words and every letter."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = [chr(code) for code in range(33, 127)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *dict.fromkeys([*WORDS, *letters]), *(f"##{c}" for c in letters)]
    made = Tokenizer(models.WordPiece({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", **options
    )


def bert_config(labels: Sequence[str] = ("red", "green", "blue"), **options: Any) -> Any:
    """The configuration of a model of two thin layers that reads 32 tokens."""
    from transformers import BertConfig

    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    return BertConfig(
        vocab_size=400,
        max_position_embeddings=32,
        id2label=dict(enumerate(labels)),
        label2id={name: number for number, name in enumerate(labels)},
        **sizes,
        **options,
    )


def llama_config(**options: Any) -> Any:
    """The same of a decoder."""
    from transformers import LlamaConfig

    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    special = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
    return LlamaConfig(vocab_size=400, max_position_embeddings=32, **sizes, **special, **options)


def classifier(**options: Any) -> Any:
    """A tiny classifier whose weights are random, the same each time."""
    import torch
    from transformers import BertForSequenceClassification

    torch.manual_seed(0)
    return BertForSequenceClassification(bert_config(**options)).eval()


def write_models(folder: Path) -> None:
    """A good model as `tiny` and `encoder`, and changed copies of it that the load gate must tell apart."""
    from transformers import BertForMaskedLM, BertForQuestionAnswering, BertModel, LlamaForCausalLM

    classifier().save_pretrained(folder / "tiny")
    tokenizer().save_pretrained(folder / "tiny")
    BertModel(bert_config()).save_pretrained(folder / "encoder")
    tokenizer().save_pretrained(folder / "encoder")
    BertForQuestionAnswering(bert_config(("start", "end"))).save_pretrained(folder / "answerer")
    tokenizer().save_pretrained(folder / "answerer")
    LlamaForCausalLM(llama_config()).save_pretrained(folder / "storyteller")
    tokenizer().save_pretrained(folder / "storyteller")
    BertForMaskedLM(bert_config()).save_pretrained(folder / "masker")
    tokenizer(mask_token="[MASK]").save_pretrained(folder / "masker")
    BertForMaskedLM(bert_config()).save_pretrained(folder / "maskless")
    tokenizer().save_pretrained(folder / "maskless")

    _copy(folder, "headless", source="encoder", architectures=["BertForSequenceClassification"])
    _copy(folder, "entailing", id2label={0: "contradiction", 1: "neutral", 2: "entailment"})
    _copy(folder, "unknown-type", model_type="nosuchnet")
    _copy(folder, "remote", model_type="nosuchnet", auto_map={"AutoConfig": "config_x.C", "AutoModel": "net.M"})
    _copy(folder, "elsewhere", model_type="nosuchnet", auto_map={"AutoConfig": "x.C", "AutoModel": "a/b--net.M"})
    _copy(folder, "unclear", model_type="nosuchnet", auto_map={"AutoConfig": "../x.C"})
    _copy(folder, "unconfigured", model_type="nosuchnet", auto_map={"AutoModel": "net.M"})
    (folder / "unconfigured" / "net.py").write_text("class M: pass\n", encoding="utf-8")
    _copy(folder, "tagger", architectures=["BertForTokenClassification"])
    _copy(folder, "writer", architectures=["T5ForConditionalGeneration"])
    _copy(folder, "listed")
    (folder / "listed" / "config.json").write_text("[]", encoding="utf-8")
    _copy(folder, "deep", deep=_nested(60))
    _copy(folder, "towering", num_hidden_layers=10**9)
    _copy(folder, "adapted")
    (folder / "adapted" / "adapter_config.json").write_text("{}", encoding="utf-8")
    _copy(folder, "quantised-file")
    (folder / "quantised-file" / "model.safetensors").rename(folder / "quantised-file" / "model.gguf")
    _copy(folder, "oddly-pickled")
    (folder / "oddly-pickled" / "model.safetensors").rename(folder / "oddly-pickled" / "weights.pt")
    (folder / "run").mkdir()
    shutil.copytree(folder / "tiny", folder / "run" / "checkpoint-10")
    _copy(folder, "untyped", model_type=None)
    deep = {"layers": [{"_attn_implementation": "evil/kernel", "use_kernels": True}]}
    _copy(folder, "kernels", attn_implementation="evil/kernel", _attn_implementation_internal="evil/kernel", more=deep)
    _copy(folder, "no-tokenizer")
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (folder / "no-tokenizer" / file).unlink()
    _copy(folder, "damaged")
    weights = folder / "damaged" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    _copy(folder, "torn")
    (folder / "torn" / "config.json").write_text('{"model_type": "bert",', encoding="utf-8")
    _copy(folder, "empty-of-weights")
    (folder / "empty-of-weights" / "model.safetensors").unlink()
    _copy(folder, "pickled")
    (folder / "pickled" / "model.safetensors").rename(folder / "pickled" / "pytorch_model.bin")
    _copy(folder, "unpicklable")
    (folder / "unpicklable" / "model.safetensors").unlink()
    (folder / "unpicklable" / "pytorch_model.bin").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    (folder / "adapter").mkdir()
    (folder / "adapter" / "adapter_config.json").write_text("{}", encoding="utf-8")
    (folder / "bare").mkdir()


def _copy(folder: Path, name: str, source: str = "tiny", **entries: Any) -> None:
    shutil.copytree(folder / source, folder / name)
    path = folder / name / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | entries), encoding="utf-8")


def _nested(depth: int) -> dict[str, Any]:
    return {"more": _nested(depth - 1)} if depth else {}


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def write_hub_cache(model: Path) -> Path:
    """The model as `acme/tiny` in the Hugging Face cache, laid out as huggingface_hub does it."""
    repository = Path(os.environ["HF_HUB_CACHE"], "models--acme--tiny")
    shutil.copytree(model, repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT, encoding="utf-8")
    return repository


# --- the wire, read without the code that writes it ---


def decoded(sections: list[dict[str, Any]], payload: bytes) -> list[dict[str, Any]]:
    """The rows on the wire, as the browser reads them."""
    found: dict[str, Any] = {}
    for section in sections:
        assert section["offset"] % 8 == 0
        start, stop = section["offset"], section["offset"] + section["nbytes"]
        assert stop <= len(payload)
        found[section["name"]] = np.frombuffer(payload[start:stop], section["dtype"]).reshape(section["shape"])
    tables = {name: _strings(found, name) for name in ("texts", "index", "reasons")}
    return [
        {
            "position": int(position),
            "index": tables["index"][row],
            "text": tables["texts"][row],
            "reason": tables["reasons"][found["reason"][row] - 1] if found["reason"][row] else None,
            "clipped": bool(found["flags"][row] & 1),
            "cut": bool(found["flags"][row] & 2),
            "pending": bool(found["flags"][row] & 4),
            "scores": found["scores"][row],
        }
        for row, position in enumerate(found["position"])
    ]


def _strings(found: Mapping[str, Any], name: str) -> list[str]:
    offsets, data = found[f"{name}_offsets"].tolist(), found[f"{name}_bytes"].tobytes()
    return [data[start:stop].decode("utf-8") for start, stop in pairwise(offsets)]


GOLDEN: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("golden").joinpath("classify.json").read_text(encoding="utf-8")
)


def golden(name: str) -> Classification:
    """The result that a golden case tells of."""
    header, rows = GOLDEN[name]["header"], GOLDEN[name]["rows"]
    return classification(
        [row["text"] if row["text"] or row["reason"] is None else None for row in rows],
        [row["scores"] for row in rows],
        labels=header["labels"],
        reasons={number: row["reason"] for number, row in enumerate(rows) if row["reason"]},
        index=[row["index"] for row in rows],
        problem=header["problem"],
        unread=[int(row["cut"]) for row in rows],
        threshold=header["threshold"],
        notes=header["notes"],
        run=replace(RUN, model=header["title"]),
    )
