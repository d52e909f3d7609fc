"""What capturing attention costs: seconds beside a plain pass, bytes that are kept, a head, the panel and its tiles.

    python tests/benchmarks/attention.py                         the bundled encoder and decoder
    python tests/benchmarks/attention.py --models minilm --lengths 64 512 --pairs 20
    python tests/benchmarks/attention.py --bertviz FOLDER        beside bertviz, installed into that folder alone

Passes with and without capture alternate, after one of each; the ratio is the median over the pairs. Each length runs
in a process of its own, so that the peak of its memory is its own. It reports; it judges nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # for everybody alike: kinder to a shared machine

LENGTHS = {"minilm": [32, 128, 512], "smollm2": [128, 512, 1024, 4096]}
MIB = 2**20


def loaded_model(name: str) -> Any:
    """The bundled encoder or decoder, under SDPA."""
    from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

    from nbtransformers.loading.bundled import bundled_folder
    from nbtransformers.loading.registry import LoadedModel

    if name == "smollm2":
        from smollm2 import decoder

        folder, kind = decoder(), AutoModelForCausalLM
    else:
        folder, kind = bundled_folder(name), AutoModel
    model = kind.from_pretrained(folder).eval()
    return LoadedModel(name, model, AutoTokenizer.from_pretrained(folder), folder, "cpu", "float32")


def text_of(loaded: Any, tokens: int) -> dict[str, Any]:
    """A text of so many tokens."""
    import torch

    ids = torch.randint(1000, 20_000, (1, tokens), generator=torch.Generator().manual_seed(0))
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def peak() -> float:
    """MiB that the process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def seconds_of(call: Callable[[], Any]) -> tuple[float, Any]:
    """How long a call takes, and what it gives."""
    started = time.perf_counter()
    found = call()
    return time.perf_counter() - started, found


def ours(name: str, tokens: int, pairs: int) -> dict[str, Any]:
    """A pass alone and a pass with capture, in turn; then one head, and one row of it."""
    import numpy as np
    import torch

    from nbtransformers.engine.capture.forward import called_with, captured
    from nbtransformers.engine.capture.store import Store

    loaded = loaded_model(name)
    inputs, store = text_of(loaded, tokens), Store()

    def plain() -> Any:
        with torch.inference_mode():
            return loaded.model(**called_with(inputs, loaded.model), use_cache=False)

    plain()
    before, maps = peak(), captured(loaded, inputs, store=store)
    alone, capturing = [], []
    for _ in range(pairs):
        alone.append(seconds_of(plain)[0])
        maps = None  # as in a notebook: the last text's go before the next one's come
        spent, maps = seconds_of(lambda: captured(loaded, inputs, store=store))
        capturing.append(spent)
    extent = maps.extent("self")
    head, _ = seconds_of(lambda: maps.weights("self", extent.layers - 1, 0, slice(None)))
    row, _ = seconds_of(lambda: maps.weights("self", extent.layers - 2, 1, np.array([tokens // 2])))
    return {
        "plain": statistics.median(alone),
        "captured": statistics.median(capturing),
        "ratio": statistics.median(after / first for first, after in zip(alone, capturing, strict=True)),
        "kept": maps.nbytes / MIB,
        "all maps": 4 * extent.layers * extent.heads * extent.queries * extent.keys / MIB,
        "head": head,
        "row": row,
        "peak": peak() - before,
    }


def panel(name: str, tokens: int) -> dict[str, Any]:
    """How long the first view takes after the pass, and an exact tile; and what a saved notebook keeps of the panel."""
    import nbtransformers as nbt
    from nbtransformers.panels.kinds import kind_of_result
    from nbtransformers.panels.widget import STATIC

    loaded = loaded_model(name)
    result = nbt.attention(text_of(loaded, tokens), model=(loaded.model, loaded.tokenizer))
    kind = kind_of_result(result)
    seconds, (header, payload) = seconds_of(lambda: kind.header(result))
    code = sum((STATIC / f"attention.{end}").stat().st_size for end in ("js", "css"))
    kept = len(json.dumps(header)) + len(payload) * 4 / 3 + len(kind.snapshot("0", result).encode()) + code
    return {"view": seconds, "tile": tile_seconds(result), "notebook": kept / 1000}


def tile_seconds(result: Any, tiles: int = 11) -> float:
    """How long an exact tile takes that nobody asked for before: the median of some along the diagonal."""
    from nbtransformers.panels.attention.methods import methods

    extent, ask = result.maps.extent("self"), methods(result)["tile"]
    side = min(extent.queries, 256)

    def seconds(number: int) -> float:
        first = (extent.queries - side) * number // (tiles - 1)
        stretch = [first, first + side, side]
        where = {"part": "self", "layer": number % extent.layers, "head": number % extent.heads}
        asked: Any = {**where, "rows": stretch, "columns": stretch, "pooling": "max"}
        spent, (told, _) = seconds_of(lambda: ask(asked))
        assert told["exact"]
        return spent

    return statistics.median(map(seconds, range(tiles)))


def bertviz(name: str, tokens: int, folder: str) -> dict[str, Any]:
    """What it needs, all maps under eager, and the page that its head view puts into a notebook."""
    import torch

    sys.path.append(folder)
    from bertviz import head_view  # pyright: ignore[reportMissingImports]

    loaded = loaded_model(name)
    loaded.model.set_attn_implementation("eager")
    inputs = text_of(loaded, tokens)
    before = peak()
    with torch.inference_mode():
        spent, output = seconds_of(lambda: loaded.model(**inputs, use_cache=False, output_attentions=True))
    pieces = loaded.tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])
    shown, page = seconds_of(lambda: head_view(output.attentions, pieces, html_action="return"))
    return {"plain": spent, "page": shown, "page bytes": len(page.data.encode()) / MIB, "peak": peak() - before}


def in_a_process(options: argparse.Namespace, *more: str) -> dict[str, Any] | str:
    """What a child measures, or how it ended."""
    command = [sys.executable, __file__, "--child", *more, "--pairs", str(options.pairs)]
    command += ["--threads", str(options.threads), *(["--bertviz", options.bertviz] if options.bertviz else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    return f"ended with {done.returncode}: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1][:80]}"


def report(options: argparse.Namespace) -> None:
    """One line a model and length."""
    print(f"{options.threads} thread(s), median of {options.pairs} alternating pairs\n")
    print(
        f"{'model':10}{'tokens':>8}{'plain s':>10}{'captured s':>12}{'ratio':>8}{'kept MiB':>10}{'all maps':>10}"
        f"{'a head s':>10}{'a row s':>10}{'peak MiB':>10}{'view s':>8}{'a tile s':>10}{'notebook kB':>13}"
    )
    for name in options.models:
        for tokens in options.lengths or LENGTHS[name]:
            found = in_a_process(options, "--models", name, "--lengths", str(tokens))
            if isinstance(found, str):
                print(f"{name:10}{tokens:8}  {found}", flush=True)
                continue
            print(
                f"{name:10}{tokens:8}{found['plain']:10.4f}{found['captured']:12.4f}{found['ratio']:8.2f}"
                f"{found['kept']:10.1f}{found['all maps']:10.1f}{found['head']:10.4f}{found['row']:10.4f}"
                f"{found['peak']:10.0f}{found['view']:8.2f}{found['tile']:10.4f}"
                f"{found['notebook']:13.0f}",
                flush=True,
            )
    if options.bertviz:
        report_bertviz(options)


def report_bertviz(options: argparse.Namespace) -> None:
    """The same lengths, as far as it goes."""
    print(f"\n{'bertviz':10}{'tokens':>8}{'eager s':>10}{'page s':>12}{'page MiB':>10}{'peak MiB':>10}")
    for name in options.models:
        for tokens in options.lengths or LENGTHS[name]:
            found = in_a_process(options, "--models", name, "--lengths", str(tokens), "--theirs")
            if isinstance(found, str):
                print(f"{name:10}{tokens:8}  {found}", flush=True)
                break
            print(
                f"{name:10}{tokens:8}{found['plain']:10.4f}{found['page']:12.4f}{found['page bytes']:10.1f}"
                f"{found['peak']:10.0f}",
                flush=True,
            )


def main() -> None:
    """Read the options, and measure or report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="*", default=list(LENGTHS), choices=list(LENGTHS))
    parser.add_argument("--lengths", type=int, nargs="*")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bertviz", metavar="FOLDER")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--theirs", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.child:
        report(options)
        return
    import torch

    torch.set_num_threads(options.threads)
    name, tokens = options.models[0], options.lengths[0]
    if options.theirs:
        found = bertviz(name, tokens, options.bertviz)
    else:
        found = {**ours(name, tokens, options.pairs), **panel(name, tokens)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
