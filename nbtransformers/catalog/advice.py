"""What a model is good for, and what to do where it does not fit: a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from nbtransformers.loading.heads import Head
from nbtransformers.loading.smaller import smaller_model
from nbtransformers.plain_text import size
from nbtransformers.results.memory import Memory
from nbtransformers.results.modelcard import INFERENCE
from nbtransformers.results.models import ModelEntry

_GOOD_FOR: Mapping[Head, str] = {
    "classifier": "A classifier, for labels: `%%classify`, and more of them by fine-tuning",
    "tokens": "A tagger, for a label a word: `%%entities`",
    "spans": "A reader that answers with a span of a text: `%%answer`",
    "causal": "A decoder, for text to be written: `%%generate`; for labels an encoder is smaller and mostly better",
    "seq2seq": "An encoder-decoder, for text that is made of another: `%%summarize`, `%%translate`",
    "masked": "An encoder, for labels after fine-tuning, and for gaps: `%finetune`, `%%fill`",
    "encoder": "An encoder, for vectors, and for labels after fine-tuning: `%%embed`, `%%similar`, `%finetune`",
}
_FEW = 3  # languages that are told
_EASIER = ("lora", "head")  # the methods that take less than all weights, the better one first


def advise(head: Head, entry: ModelEntry, memory: Mapping[str, Memory], fits: Mapping[str, bool], rest: str) -> str:
    """A sentence on what a model is good for, its languages, and what of it fits.

    Args:
        head: what it is.
        entry: what is known of it.
        memory: of each way to use it.
        fits: whether there is room for each.
        rest: what to do where something does not fit, as `instead` has it.
    """
    languages = ", ".join(entry.languages[:_FEW])
    told = f"{_GOOD_FOR[head]} (languages: {languages})" if languages else _GOOD_FOR[head]
    if not memory:
        return f"{told}."
    if all(fits.values()):
        return f"{told}; there is room for it, and for every way to fine-tune it." if len(fits) > 1 else f"{told}."
    return f"{told}; {rest}."


def instead(
    head: Head,
    memory: Mapping[str, Memory],
    fits: Mapping[str, bool],
    free: int,
    batch_size: int,
    *,
    halved: Memory | None = None,
    on_gpu: bool = False,
) -> str:
    """What would fit in the place of what does not: a type, a device, a method, a batch, a smaller model.

    Args:
        head: what the model is.
        memory: of each way to use it.
        fits: whether there is room for each.
        free: the bytes that there are.
        batch_size: the texts at once that this is for.
        halved: the memory of inference with weights in bfloat16.
        on_gpu: whether it would run on a GPU, and may on the CPU.
    """
    if not fits.get(INFERENCE, True):
        if halved is not None and halved.added <= free:
            return f"it does not fit, but `--dtype bfloat16` does, in {size(halved.added)}"
        smaller = smaller_model(head, free)
        ways = ["`--device cpu`"] if on_gpu else []
        ways += [f"`--model {smaller}`"] if smaller else []
        return f"it does not fit here: try {' or '.join(ways) or 'a smaller model'}"
    easier = next((way for way in _EASIER if fits.get(way)), None)
    if easier is not None:
        return f"to fine-tune all of it does not fit, but `--method {easier}` does, in {size(memory[easier].needed)}"
    batch = _batch_that_fits(memory, free, batch_size)
    if batch is not None:
        way, rows = batch
        return f"to fine-tune it does not fit at this batch: try `--method {way} --batch-size {rows}`"
    smaller = smaller_model(head, free, training=True)
    return "it can be used here, but not fine-tuned" + (f": try `--model {smaller}` for that" if smaller else "")


def _batch_that_fits(memory: Mapping[str, Memory], free: int, batch_size: int) -> tuple[str, int] | None:
    """The method, and the texts at once, that fit: what a batch takes grows with it."""
    for way in ("lora", "full"):
        if way not in memory:
            continue
        always = memory[way].needed - memory[way].activations
        rows = batch_size
        while rows > 1:
            rows //= 2
            if always + memory[way].activations * rows / batch_size <= free:
                return way, rows
    return None
