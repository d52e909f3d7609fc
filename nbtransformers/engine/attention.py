"""AttentionRequest in, Attention out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.attentionbatch import batch_of, batch_sides, batch_tensors
from nbtransformers.engine.attentionrecipe import recipe_of, recipe_of_batch
from nbtransformers.engine.attentiontokens import Reading, behind_start, read_target, read_texts, written
from nbtransformers.engine.capture.forward import CapturedMaps, captured
from nbtransformers.engine.decoding import Decoding, Prompt, decode
from nbtransformers.engine.encoding import text_limit
from nbtransformers.engine.failures import first_line
from nbtransformers.engine.generation_config import start_token
from nbtransformers.engine.layerprogress import told_by_layers
from nbtransformers.engine.out_of_memory import is_out_of_memory
from nbtransformers.engine.padding import tensors_of
from nbtransformers.engine.prompts import decoder_limit
from nbtransformers.engine.remarks import in_another_script, remarks
from nbtransformers.engine.rowtask import Ready, prepare
from nbtransformers.engine.running import at_work
from nbtransformers.engine.threads import StepThreads
from nbtransformers.errors import Interrupted, UserError
from nbtransformers.inputs.onetext import one_text
from nbtransformers.interrupt import deferred_interrupts
from nbtransformers.loading.bundled import BUNDLED_ENCODER
from nbtransformers.loading.card import Card
from nbtransformers.loading.heads import Head
from nbtransformers.loading.models import quiet_transformers
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.plain_text import count
from nbtransformers.progress import OnPartial, OnProgress, Progress, silent
from nbtransformers.request import AttentionRequest, ModelRef, Objects
from nbtransformers.results.attention import SPECIAL, Attention, Side
from nbtransformers.results.run import RunReport

TARGET_TOKENS = 64  # that a model writes at most, where nobody says what its decoder reads

# A model is loaded with its own head, so that what it predicts can be seen to change; the rarest comes first.
_HEADS: tuple[Head, ...] = ("classifier", "tokens", "spans", "seq2seq", "causal", "masked")


def attention(
    request: AttentionRequest,
    objects: Objects,
    on_progress: OnProgress = silent,
    on_partial: OnPartial | None = None,
) -> Attention:
    """Read a text with a model, and keep what its attention is computed from.

    Args:
        request: what to do.
        objects: what the request's `variable` references name.
        on_progress: told what is going on.
        on_partial: never called: there is nothing to see before the end.

    Raises:
        UserError: when there is not exactly one text, it is too long, or the model has no attention.

    Example:
        >>> attention(AttentionRequest(DataRef("whole", "Good film.")), {}).tokens
        ['[CLS]', 'good', 'film', '.', '[SEP]']
    """
    batch = batch_of(request, objects)
    text, notes = "", ()
    if batch is None:
        text, notes = one_text(request.data, objects, looked_at="Attention is looked at in one text", to="read")
    ready = ready_model(request, objects, on_progress)
    loaded = ready.loaded
    with at_work(loaded, on_progress), quiet_transformers():
        started = time.perf_counter()
        if batch is None:
            inputs = model_inputs(request, loaded, text, on_progress)
        else:
            inputs = _as_given(batch, request, loaded)
        threads = StepThreads(
            loaded, request.run.threads, like=f"layers of {inputs.tokens.bit_length()} bits of tokens"
        )
        with threads, told_by_layers(loaded.model, "Reading the text", on_progress, threads.step):
            maps = captured(loaded, inputs.tensors) if batch is None else _of_row(loaded, inputs, request.row or 0)
        seconds = time.perf_counter() - started
    if batch is None:
        recipe = recipe_of(request, ready.ref, loaded, text, inputs.queries, inputs.encoded, maps)
    else:
        recipe = recipe_of_batch(request, ready.ref, loaded, inputs.tensors, inputs.queries, inputs.encoded)
    return Attention(
        request=request,
        queries=inputs.queries,
        encoded=inputs.encoded,
        maps=maps,
        run=_report(ready, inputs, seconds, threads.number),
        notes=(*_remarks(ready.card, text), *inputs.notes, *maps.notes, *notes),
        recipe=recipe,
    )


def model_ref(request: AttentionRequest) -> ModelRef:
    """The request's model, or the bundled encoder."""
    return request.model or ModelRef("bundled", BUNDLED_ENCODER)


def head_of(card: Card) -> Head:
    """The head that a model is loaded with: its own, else none."""
    for head in _HEADS:
        if head in card.heads:
            return head
    return "encoder"


def ready_model(request: AttentionRequest, objects: Objects, on_progress: OnProgress) -> Ready:
    """The model of a request, with its own head where that is trained: attention needs none.

    Raises:
        UserError: when it cannot be used.
    """
    wanted: Head = "encoder"

    def wants(card: Card) -> Head:
        nonlocal wanted
        wanted = head_of(card)
        return wanted

    ref = model_ref(request)
    try:
        return prepare(request, ref, wants, objects, on_progress)
    except UserError:
        if wanted == "encoder":
            raise
        # Its files may name a head whose weights they lack. Whatever else is wrong is said again.
        return prepare(request, ref, lambda card: "encoder", objects, on_progress)


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """What a model is called with, and what its tokens are.

    Attributes:
        tensors: argument to an int64 tensor `[row, token]`.
        queries: the tokens that attend.
        encoded: of an encoder-decoder, the encoder's.
        notes: what a careful reader should know of them.
    """

    tensors: Mapping[str, Any]
    queries: Side
    encoded: Side | None
    notes: tuple[str, ...]

    @property
    def tokens(self) -> int:
        """Tokens that are read, on both sides."""
        return len(self.queries) + (0 if self.encoded is None else len(self.encoded))


def model_inputs(request: AttentionRequest, loaded: LoadedModel, text: str, on_progress: OnProgress) -> Inputs:
    """The tokens of a request's texts within the model's limits; a decoder's text is written where none is given.

    Raises:
        UserError: when a text is too long, or there is a target and no decoder to read it.
    """
    config, cut = loaded.model.config, request.run.long == "truncate"
    taken = loaded.tokenizer.num_special_tokens_to_add(pair=request.pair is not None)
    limit = text_limit(loaded, request.run.max_length, taken)
    what = "The text" if request.pair is None else "The pair of texts"
    reading = read_texts(loaded.tokenizer, text, request.pair, limit, what=what, who=loaded.name, cut=cut)
    notes = _notes(reading, what, loaded.name)
    arrays = _arrays(loaded.model, reading)
    if not config.is_encoder_decoder:
        if request.target is not None:
            raise UserError(f"{loaded.name} is no encoder-decoder: it reads no target.", hint="Leave `--target` out.")
        return Inputs(tensors_of(arrays, loaded.device), reading.side, None, notes)
    if request.target is None:
        decoder, note = _written(loaded, reading.side.ids, on_progress)
        notes = (*notes, note)
    else:
        decoder = _taught(loaded, request.target, cut)
    arrays["decoder_input_ids"] = decoder.ids[None]
    return Inputs(tensors_of(arrays, loaded.device), decoder, reading.side, notes)


def _as_given(batch: Mapping[str, Any], request: AttentionRequest, loaded: LoadedModel) -> Inputs:
    """Inputs that a tokenizer has made, and what the tokens of the row that is looked at are."""
    tensors = batch_tensors(batch, request)
    queries, encoded = batch_sides(tensors, request.row or 0, loaded)
    return Inputs(tensors, queries, encoded, ())


def _of_row(loaded: LoadedModel, inputs: Inputs, row: int) -> CapturedMaps:
    """The pass of inputs that somebody else has made: the model may fail on them in a way of its own.

    Raises:
        UserError: when it does.
    """
    try:
        return captured(loaded, inputs.tensors, row=row)
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        if is_out_of_memory(error):
            raise
        raise UserError(
            f"{loaded.name} fails on these inputs: {type(error).__name__}: {first_line(error, 160).rstrip('.')}.",
            hint="Tokenize with its own tokenizer and `truncation=True`, or give the text itself.",
        ) from error


def _arrays(model: Any, reading: Reading) -> dict[str, NDArray[np.int64]]:
    import inspect

    arrays = {"input_ids": reading.side.ids[None]}
    # A tokenizer may give types to a model that has no use for them.
    if reading.types is not None and "token_type_ids" in inspect.signature(model.forward).parameters:
        arrays["token_type_ids"] = reading.types[None]
    return arrays


def _notes(reading: Reading, what: str, name: str) -> tuple[str, ...]:
    notes: list[str] = []
    if reading.unread:
        notes.append(f"{what} was cut: {count(reading.unread, 'token')} beyond the limit of {name} went unread.")
    if (reading.side.flags & SPECIAL).all():
        notes.append("All tokens are special ones: no word of the text is among them.")
    elif len(reading.side) == 1:
        notes.append("There is one token: all its attention is on itself.")
    return tuple(notes)


def _taught(loaded: LoadedModel, target: str, cut: bool) -> Side:
    """The decoder's side of a text that is given: as the model is taught to write it."""
    import torch

    model, tokenizer = loaded.model, loaded.tokenizer
    side = read_target(tokenizer, target, decoder_limit(loaded), who=loaded.name, cut=cut)
    if hasattr(model, "prepare_decoder_input_ids_from_labels"):  # some models move another token than the first
        ids = model.prepare_decoder_input_ids_from_labels(labels=torch.from_numpy(side.ids[None].copy()))[0].numpy()
    else:
        ids = np.concatenate([[_start(model)], side.ids[:-1]])
    return behind_start(tokenizer, side, ids.astype(np.int64))


def _written(loaded: LoadedModel, ids: NDArray[np.int64], on_progress: OnProgress) -> tuple[Side, str]:
    """The decoder's side of what the model writes itself, and the note that says so."""
    model, tokenizer = loaded.model, loaded.tokenizer
    if not model.can_generate():
        raise UserError(
            f"{loaded.name} is an encoder-decoder without a head to write with: it needs a text for its decoder.",
            hint='Type `--target "a text"`.',
        )
    on_progress(Progress("running", "Writing the decoder's text", 0, None))
    limit = decoder_limit(loaded)
    most = min(TARGET_TOKENS, limit) if limit else TARGET_TOKENS
    greedily = Decoding({"do_sample": False, "num_beams": 1})
    with deferred_interrupts() as stop:
        (found,) = decode(model, tokenizer, [Prompt(0, ids, most)], greedily, stop)
        if stop():
            raise Interrupted("Interrupted while the model wrote its decoder's text. Run it again, or give a target.")
    side = written(tokenizer, found.ids.astype(np.int64), found.pieces)
    # The last token is what the decoder says, and reads no more: as in teaching.
    decoder = np.concatenate([[_start(model)], side.ids[:-1]]).astype(np.int64)
    text = "".join(found.pieces).strip()
    end = "" if found.ending == "end of text" else f", and would go on after {count(len(side), 'token')}"
    note = f"The model wrote its decoder's text itself, greedily{end}: {text or '(nothing)'}"
    return behind_start(tokenizer, side, decoder), note


def _start(model: Any) -> int:
    """The token that a decoder's text begins with."""
    config = getattr(model, "generation_config", None)
    if config is None or (config.decoder_start_token_id is None and config.bos_token_id is None):
        config = model.config
    return start_token(config)


def _remarks(card: Card, text: str) -> list[str]:
    return remarks(card, np.zeros(1, np.int64), in_another_script(card, [text]), "attention")


def _report(ready: Ready, inputs: Inputs, seconds: float, threads: int) -> RunReport:
    loaded = ready.loaded
    return RunReport(
        model=loaded.name,
        device=loaded.device,
        dtype=loaded.dtype,
        threads=threads,
        batch_tokens=inputs.tokens,
        batches=1,
        tokens=inputs.tokens,
        pad_tokens=0,
        load_seconds=ready.load_seconds,
        seconds=seconds,
        revision=ready.card.revision,
    )
