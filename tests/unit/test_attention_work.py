"""What the panel of an attention can have done with the model again, on real models."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pytest
from oracle.tiny import save_tiny
from transformers import AutoModelForMaskedLM, AutoModelForSeq2SeqLM

import nbtransformers as nbt
from nbtransformers.engine.capture.store import STORE
from nbtransformers.errors import UserError
from nbtransformers.panels.attention.actions import actions
from nbtransformers.panels.attention.wire import attention_header
from nbtransformers.panels.background import open_panel
from nbtransformers.panels.earlier import depth
from nbtransformers.panels.widget import Panel
from nbtransformers.results.attention import Attention

TEXT = "The cat sat because it was tired."


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("attention")
    kinds: dict[str, Any] = {"masked": AutoModelForMaskedLM, "seq2seq": AutoModelForSeq2SeqLM}
    made = {name: ("bart" if name == "seq2seq" else "bert", kind) for name, kind in kinds.items()}
    found = {name: save_tiny(of, root / name, kind=kind) for name, (of, kind) in made.items()}
    return found | {name: save_tiny("bert", root / name) for name in ("classifier", "other")}


@pytest.fixture
def panel() -> Iterator[Panel]:
    with helpers.ipython():
        opened = open_panel("Looking at attention", "attention")
        yield opened
        opened.close()


def shown(panel: Panel, result: Attention) -> Attention:
    panel.view.show(result)
    return result


def does(panel: Panel, action: str, **params: Any) -> Attention:
    """What the panel shows once an action is done."""
    actions(panel.result, panel)[action](params)
    return waited(panel, lambda: not panel.busy)


def waited(panel: Panel, done: Callable[[], bool]) -> Attention:
    until = time.monotonic() + 60
    while not done() and time.monotonic() < until:
        time.sleep(0.01)
    return panel.result


def test_the_code_is_the_program_of_the_result(panel: Panel) -> None:
    result = shown(panel, nbt.attention(TEXT))
    told, _ = actions(result, panel)["code"]({})
    assert told == {"code": nbt.code(result)}


def test_another_text_takes_its_place_and_the_first_comes_back(panel: Panel) -> None:
    first = shown(panel, nbt.attention(TEXT))
    assert panel.header is not None and panel.header["can"] == ["ablate", "edit", "against", "code"]
    second = does(panel, "edit", text="A dog 狗 ran.")
    assert second.tokens == nbt.attention("A dog 狗 ran.").tokens
    assert (panel.header["text"], panel.header["depth"]) == ("A dog 狗 ran.", 1)
    third = does(panel, "edit", text="Again.", pair="And again.")
    assert (third.request.pair, depth(third)) == ("And again.", 2)
    assert does(panel, "back") is second
    assert does(panel, "back") is first
    assert does(panel, "back") is first
    assert panel.header["depth"] == 0


def test_what_cannot_be_read_is_told_and_what_was_there_stays(panel: Panel) -> None:
    first = shown(panel, nbt.attention(TEXT))
    assert does(panel, "edit", text="word " * 2_000) is first
    assert panel.error is not None and "too long" in panel.error["message"]
    assert does(panel, "against", model="no/such-model-anywhere") is first
    assert panel.error is not None
    with pytest.raises(UserError, match="The text is empty"):
        does(panel, "edit", text=" \n")
    with pytest.raises(UserError, match="nothing to compare with"):
        does(panel, "against")


def test_pinned_tokens_are_what_is_selected(panel: Panel) -> None:
    result = shown(panel, nbt.attention(TEXT))
    nbt.panel(result).selection = [4, 2]
    table = nbt.selected(result)
    assert table.shape == (6 * 12 * 2, len(result.tokens))
    np.testing.assert_allclose(table.loc[(3, 7, 4)].to_numpy()[0], result[3, 7, 4], atol=1e-6)
    assert does(panel, "edit", text="A dog.") is not result
    assert panel.selection == [2, 4], "there are so many tokens"
    does(panel, "edit", text="A")
    assert panel.selection == [2]


def test_nothing_is_kept_of_what_is_let_go(panel: Panel) -> None:
    shown(panel, nbt.attention(TEXT))
    attention_header(panel.result)
    first = weakref.ref(panel.result)
    does(panel, "edit", text="A dog.")
    second = weakref.ref(panel.result)
    gc.collect()
    assert first() is not None, "it can be gone back to"
    panel.close()
    gc.collect()
    assert (first(), second()) == (None, None)


def test_one_text_at_a_time_is_read(panel: Panel) -> None:
    first = shown(panel, nbt.attention(TEXT))
    panel.working(lambda: None)
    for action in ("edit", "against", "back", "ablate"):
        with pytest.raises(UserError, match="The model is at work for this panel"):
            actions(first, panel)[action]({"text": "A dog.", "heads": [["self", 0, 0]]})
    panel.working(None)


def test_the_difference_to_another_text(panel: Panel) -> None:
    first = shown(panel, nbt.attention(TEXT))
    found = does(panel, "against", text=TEXT.replace("cat", "dog"))
    other = nbt.attention(TEXT.replace("cat", "dog"))
    expected = first[2, 3] - other[2, 3]
    at = [place for place, token in enumerate(first.tokens) if token != "cat"]
    np.testing.assert_allclose(found[2, 3][np.ix_(at, at)], expected[np.ix_(at, at)], atol=1e-6)
    assert np.isnan(found[2, 3][first.tokens.index("cat")]).all()
    assert panel.header is not None and (panel.header["signed"], panel.header["can"]) == (True, ["code"])
    assert actions(found, panel)["code"]({})[0] == {"code": nbt.code(first - other)}
    assert does(panel, "back") is first


def test_the_difference_to_another_model(panel: Panel, folders: dict[str, Path]) -> None:
    first = shown(panel, nbt.attention(TEXT, model=str(folders["classifier"])))
    found = does(panel, "against", model=str(folders["other"]))
    np.testing.assert_allclose(found[1, 2], np.zeros_like(found[1, 2]), atol=1e-6)  # made from one seed
    assert does(panel, "back") is first
    theirs = nbt.attention(TEXT, model=str(folders["masked"]))
    found = does(panel, "against", model=str(folders["masked"]))
    np.testing.assert_allclose(found[1, 2], first[1, 2] - theirs[1, 2], atol=1e-6)


def test_a_model_of_ones_own_is_read_again(panel: Panel, folders: dict[str, Path]) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = folders["classifier"]
    mine = (AutoModelForSequenceClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder))
    shown(panel, nbt.attention(TEXT, model=mine))
    found = does(panel, "edit", text="A dog.")
    np.testing.assert_allclose(found[0, 1], nbt.attention("A dog.", model=str(folder))[0, 1], atol=1e-6)


def test_a_decoder_writes_anew_what_nobody_has_given(panel: Panel, folders: dict[str, Path]) -> None:
    model = str(folders["seq2seq"])
    shown(panel, nbt.attention(TEXT, model=model))
    assert panel.header is not None and panel.header["target_text"] is None
    found = does(panel, "edit", text="A dog.", target=None)
    assert found.queries.ids.tolist() == nbt.attention("A dog.", model=model).queries.ids.tolist()
    found = does(panel, "edit", text="A dog.", target="tired")
    assert panel.header["target_text"] == "tired"
    # The other text is read with what was written to the first, or tokens could not be paired.
    before = nbt.attention(TEXT, model=model)
    shown(panel, before)
    assert len(does(panel, "against", text="A dog.").queries) == len(before.queries)


def test_a_part_of_a_result_opens_there_and_can_be_asked_all_of_it(panel: Panel, folders: dict[str, Path]) -> None:
    shown(panel, nbt.attention(TEXT, model=str(folders["seq2seq"]), target="tired").cross)
    assert panel.header is not None
    assert (panel.header["part"], panel.header["can"]) == ("cross", ["ablate", "edit", "against", "code"])
    assert ablated(panel, [["cross", 0, 0]])["change"] > 0
    found = does(panel, "edit", text="A dog.", target="tired")
    assert (found.part, panel.header["part"]) == ("cross", "cross")
    assert found.encoded is not None and found.encoded.text == "A dog."


# --- without some heads ---


def asked(panel: Panel, method: str, number: Any = 1, **params: Any) -> list[dict[str, Any]]:
    """Where the replies of the kernel come to be once a page asks it."""
    sent: list[dict[str, Any]] = []
    panel.send = lambda content, buffers=None: sent.append(content)
    panel._receive({"type": "request", "id": number, "method": method, "params": params})  # pyright: ignore[reportPrivateUsage]
    return sent


def ablated(panel: Panel, heads: list[list[Any]], how: str = "zero") -> dict[str, Any]:
    sent = asked(panel, "ablate", heads=heads, how=how)
    waited(panel, lambda: bool(sent))
    (reply,) = sent
    assert (reply["ok"], panel.busy, panel.progress) == (True, False, None), reply
    return reply["result"]


@pytest.mark.parametrize("how", ["zero", "mean"])
def test_labels_before_and_after(how: str, panel: Panel, folders: dict[str, Path]) -> None:
    folder = str(folders["classifier"])
    shown(panel, nbt.attention(TEXT, model=folder))
    found = ablated(panel, [["self", 1, head] for head in range(4)], how)
    scores = nbt.classify([TEXT], model=folder)
    told = dict(zip(found["labels"], found["before"], strict=True))
    assert found["what"] == "label" and told == pytest.approx(dict(zip(scores.labels, scores.scores[0], strict=True)))
    assert sum(found["after"]) == pytest.approx(1)
    assert found["after"] != pytest.approx(found["before"], abs=1e-4) and found["change"] > 0


def test_heads_of_zeros_are_those_that_project_nothing(panel: Panel, folders: dict[str, Path]) -> None:
    """By hand: what a head gives is projected by a part of the output projection alone."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = folders["classifier"]
    shown(panel, nbt.attention(TEXT, model=str(folder)))
    found = ablated(panel, [["self", 0, 2], ["self", 1, 0]])
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    for layer, head in ((0, 2), (1, 0)):
        model.bert.encoder.layer[layer].attention.output.dense.weight.data[:, 8 * head : 8 * head + 8] = 0
    inputs = AutoTokenizer.from_pretrained(folder)(TEXT, return_tensors="pt")
    with torch.inference_mode():
        scores = model(**inputs).logits.softmax(-1)[0].tolist()
    names = list(model.config.id2label.values())
    assert dict(zip(found["labels"], found["after"], strict=True)) == pytest.approx(
        dict(zip(names, scores, strict=True)), abs=1e-5
    )


def test_the_masked_token_and_the_next_one(panel: Panel, folders: dict[str, Path]) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folders["masked"], mask_token="[MASK]")
    tokenizer.save_pretrained(folders["masked"])
    shown(panel, nbt.attention("The [MASK] sat.", model=str(folders["masked"])))
    found = ablated(panel, [["self", 0, 0]])
    assert found["what"] == "masked token" and 5 <= len(found["labels"]) <= 10
    assert found["before"][:5] == sorted(found["before"], reverse=True)[:5]
    shown(panel, nbt.attention(TEXT, model=str(folders["seq2seq"]), target="tired"))
    found = ablated(panel, [["cross", 1, 3], ["encoder", 0, 1]])
    assert found["what"] == "next token" and found["change"] > 0


def test_an_encoder_predicts_nothing_and_moves(panel: Panel) -> None:
    shown(panel, nbt.attention(TEXT))
    found = ablated(panel, [["self", 5, 3]])
    assert (found["what"], found["labels"]) == (None, [])
    assert 0 < found["change"] < 1


@pytest.mark.parametrize(
    ("heads", "said"),
    [
        ([], "No head is chosen."),
        ([["self", 0]], "A head is a part, a layer and a number."),
        ([["cross", 0, 0]], "There is no cross attention here."),
        ([["self", 0, 99]], "There is no head 99."),
    ],
)
def test_heads_that_are_none(heads: list[list[Any]], said: str, panel: Panel) -> None:
    shown(panel, nbt.attention(TEXT))
    (reply,) = asked(panel, "ablate", heads=heads)
    assert not reply["ok"] and said in reply["error"] and not panel.busy


class Halted:
    """A model of one's own that goes no further than its first layer until it is let."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        self.model = AutoModelForSequenceClassification.from_pretrained(folder)
        self.named = (self.model, AutoTokenizer.from_pretrained(folder))
        self.begun, self.over = threading.Event(), threading.Event()
        self.layers = 0

    def __enter__(self) -> Halted:
        def wait(*_: Any) -> None:
            self.layers += 1
            self.begun.set()
            self.over.wait(20)

        self._hooks = [layer.register_forward_hook(wait) for layer in self.model.bert.encoder.layer]
        return self

    def __exit__(self, *_: Any) -> None:
        for hook in self._hooks:
            hook.remove()


@pytest.mark.parametrize("how", ["button", "cancel", "close"])
def test_a_long_prediction_tells_how_far_it_is_and_is_stopped(how: str, panel: Panel, folders: dict[str, Path]) -> None:
    """Also where questions are answered in a thread other than the main one, which no interrupt reaches."""
    halted = Halted(folders["classifier"])
    result = shown(panel, nbt.attention(TEXT, model=halted.named))
    with halted:
        sent = asked(panel, "ablate", 7, heads=[["self", 0, 0]])
        assert halted.begun.wait(20)
        (there,) = asked(panel, "texts", 8)
        assert there["result"]["text"] == TEXT, "others are answered meanwhile"
        (refused,) = asked(panel, "edit", 9, text="A dog.")
        assert refused["error"] == "The model is at work for this panel. Wait for it, or stop it."
        panel.send = lambda content, buffers=None: sent.append(content)
        panel._receive({"type": "cancel", "id": 8})  # pyright: ignore[reportPrivateUsage]
        if how == "button":
            panel._receive({"type": "stop"})  # pyright: ignore[reportPrivateUsage]
        elif how == "cancel":
            panel._receive({"type": "cancel", "id": 7})  # pyright: ignore[reportPrivateUsage]
        else:
            panel.close()
        halted.over.set()
        waited(panel, lambda: bool(sent))
        assert halted.layers == 1, "it went on"
    (reply,) = sent
    assert (reply["id"], reply["ok"]) == (7, False)
    assert reply["error"] == "Interrupted: nothing was ablated. Run it again."
    assert (panel.busy, panel.progress, panel.error) == (False, None, None)
    if how != "close":
        before = result[1, 2]
        assert ablated(panel, [["self", 0, 0]])["change"] > 0
        np.testing.assert_array_equal(panel.result[1, 2], before)


def test_a_prediction_that_nobody_stops_goes_on_to_its_end(panel: Panel, folders: dict[str, Path]) -> None:
    halted = Halted(folders["classifier"])
    shown(panel, nbt.attention(TEXT, model=halted.named))
    seen: list[Any] = []
    panel.observe(lambda change: seen.append(change.new), "progress")
    with halted:
        sent = asked(panel, "ablate", 7, heads=[["self", 0, 0], ["self", 1, 0]])
        assert halted.begun.wait(20)
        time.sleep(0.4)  # as long as it takes until it is told
        halted.over.set()
        waited(panel, lambda: bool(sent))
    assert sent[0]["ok"] and sent[0]["result"]["change"] > 0
    told = [(one["message"], one["done"], one["total"], one["stop"]) for one in seen if one is not None]
    layers = len(halted.model.bert.encoder.layer)
    assert ("Reading the text with all heads", layers, layers, "message") in told
    assert told[-1] == ("Reading the text without 2 heads", layers, layers, "message")
    assert seen[-1] is None


def test_a_question_waits_for_no_model_at_work(panel: Panel, folders: dict[str, Path]) -> None:
    """While it waited the kernel would hear no button; what is done in the background may wait, and be stopped."""
    folder = str(folders["classifier"])
    result = shown(panel, nbt.attention(TEXT, model=folder))
    maps: Any = result.maps
    begun, over = threading.Event(), threading.Event()

    def work() -> None:
        with maps.loaded.lock:
            begun.set()
            over.wait(20)

    other = threading.Thread(target=work)
    other.start()
    begun.wait(20)
    STORE._forget(id(result.maps))  # pyright: ignore[reportPrivateUsage]  # as newer ones had need of the room
    (said,) = asked(panel, "rows", part="self", layer=0, heads=[0], queries=[0])
    assert said["error"] == "classifier is at work in the background. Wait for it, or stop it."
    sent = asked(panel, "ablate", heads=[["self", 0, 0]])
    assert panel.busy and not sent
    panel.stop()
    waited(panel, lambda: bool(sent))
    assert "while classifier was at work elsewhere" in sent[0]["error"]
    (done,) = asked(panel, "edit", text="A dog.")
    assert done["ok"] and panel.busy
    over.set()
    other.join()
    assert waited(panel, lambda: not panel.busy).queries.text == "A dog."
    assert ablated(panel, [["self", 0, 0]])["change"] > 0


def test_what_has_no_model_can_only_be_looked_at_and_has_its_program(panel: Panel, tmp_path: Path) -> None:
    result = nbt.attention(TEXT)
    result.save(tmp_path / "x.npz")
    for one in (Attention.load(tmp_path / "x.npz"), result - nbt.attention("The dog sat.")):
        header = attention_header(one)[0]
        assert (header["can"], header["has_steps"]) == (["code"], False)
        assert set(actions(one, panel)) == {"export", "back", "code"}
