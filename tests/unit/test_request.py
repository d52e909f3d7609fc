"""Requests: checked when made, never changed, written and read back."""

from __future__ import annotations

import dataclasses
import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtransformers.errors import UserError
from nbtransformers.request import (
    DATA_TYPES,
    LONG_TEXT,
    ClassifyRequest,
    DataRef,
    ModelRef,
    RunOptions,
    TokenizeRequest,
    parse_labels,
)

DATA = DataRef("lines", "Good film.")

# Fields of the request, then how the message begins; None is a request that is fine.
REQUESTS: list[tuple[dict[str, Any], str | None]] = [
    ({}, None),
    ({"threshold": 0}, None),
    ({"threshold": 1}, None),
    ({"threshold": -0.01}, "The threshold is -0.01."),
    ({"threshold": float("nan")}, "The threshold is nan."),
    ({"threshold": None}, "The threshold is None."),
    ({"top_k": 1}, None),
    ({"top_k": 0}, "`--top-k` is 0."),
    ({"top_k": True}, "`--top-k` is True."),
    ({"top_k": 2.0}, "`--top-k` is 2.0."),
    ({"multi_label": False}, None),
    ({"multi_label": "yes"}, "`--multi-label` is 'yes'."),
    ({"labels": ("a", "b")}, None),
    ({"labels": ()}, "There are no labels"),
    ({"labels": ("a",)}, "There is one label only"),
    ({"labels": ("a", "")}, "One of the labels is empty."),
    ({"labels": ("a", "b", "a")}, "The label 'a' is there twice."),
    ({"labels": ("a", "A")}, None),
    ({"labels": ("a", "b"), "template": "{}"}, None),
    ({"labels": ("a", "b"), "template": "{} {}"}, "The template '{} {}' needs one {} for the label."),
    ({"labels": ("a", "b"), "template": "no place"}, "The template 'no place' needs one {} for the label."),
    ({"labels": ("a", "b"), "template": ""}, "The template '' needs one {} for the label."),
    ({"template": "{}"}, "A template is for zero-shot labels"),
]
RUNS: list[tuple[dict[str, Any], str | None]] = [
    *(({"dtype": name}, None) for name in DATA_TYPES),
    *(({"long": name}, None) for name in LONG_TEXT),
    *(({"device": name}, None) for name in ("auto", "cpu", "cuda", "cuda:3", "mps")),
    ({"device": "gpu"}, "There is no device 'gpu'."),
    ({"device": ""}, "There is no device ''."),
    ({"device": None}, "There is no device None."),
    ({"dtype": "float64"}, "There is no dtype 'float64'."),
    ({"dtype": float}, "There is no dtype <class 'float'>."),
    ({"long": "cut"}, "There is no long 'cut'."),
    ({"batch_tokens": 1}, None),
    ({"batch_tokens": 0}, "`--batch-tokens` is 0."),
    ({"threads": -2}, "`--threads` is -2."),
    ({"max_length": "9"}, "`--max-length` is '9'."),
]


@pytest.mark.parametrize(("fields", "message"), REQUESTS, ids=[str(fields) for fields, _ in REQUESTS])
def test_a_request_is_checked(fields: dict[str, Any], message: str | None) -> None:
    if message is None:
        ClassifyRequest(DATA, **fields)
    else:
        with pytest.raises(UserError) as caught:
            ClassifyRequest(DATA, **fields)
        assert str(caught.value).startswith(message)


@pytest.mark.parametrize(("fields", "message"), RUNS, ids=[str(fields) for fields, _ in RUNS])
def test_run_options_are_checked(fields: dict[str, Any], message: str | None) -> None:
    if message is None:
        RunOptions(**fields)
    else:
        with pytest.raises(UserError) as caught:
            RunOptions(**fields)
        assert str(caught.value).startswith(message)


LABELS: list[tuple[Any, tuple[str, ...] | None]] = [
    (None, None),
    ("a,b", ("a", "b")),
    (" a , b c ,d", ("a", "b c", "d")),
    ("a", ("a",)),
    ("", ("",)),
    ("a,", ("a", "")),
    (["a, b", "c"], ("a, b", "c")),
    (("a", " b "), ("a", "b")),
    ((name for name in "ab"), ("a", "b")),
    ({"a": 1, "b": 2}, ("a", "b")),
]


@pytest.mark.parametrize(("given", "labels"), LABELS)
def test_labels_are_read(given: Any, labels: tuple[str, ...] | None) -> None:
    assert parse_labels(given) == labels


def test_a_request_cannot_be_changed() -> None:
    request = ClassifyRequest(DATA, model=ModelRef("hub", "owner/name"), labels=("a", "b"))
    for part in (request, request.data, request.model, request.run):
        for field in dataclasses.fields(part):  # pyright: ignore[reportArgumentType]
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(part, field.name, "other")
        with pytest.raises((AttributeError, TypeError)):
            part.extra = 1  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
    assert hash(request) == hash(ClassifyRequest(DATA, model=ModelRef("hub", "owner/name"), labels=("a", "b")))


def test_a_model_is_named_with_its_revision() -> None:
    assert str(ModelRef("hub", "owner/name", "v1")) == "owner/name@v1"
    assert str(ModelRef("bundled", "minilm")) == "minilm"


any_text = st.text(st.characters(categories=None), max_size=12)  # lone surrogates too
words = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=6)
whole = st.none() | st.integers(1, 10**9)
data_refs = st.builds(DataRef, st.sampled_from(["lines", "whole", "variable"]), any_text, st.none() | any_text)
model_refs = st.builds(
    ModelRef, st.sampled_from(["bundled", "folder", "hub", "variable"]), any_text, st.none() | any_text
)
runs = st.builds(
    RunOptions,
    device=st.sampled_from(["auto", "cpu", "cuda:1", "mps"]),
    dtype=st.sampled_from(DATA_TYPES),
    batch_tokens=whole,
    threads=whole,
    max_length=whole,
    long=st.sampled_from(LONG_TEXT),
)
plain = st.builds(
    ClassifyRequest,
    data=data_refs,
    model=st.none() | model_refs,
    tokenizer=st.none() | any_text,
    multi_label=st.none() | st.booleans(),
    threshold=st.floats(0, 1),
    top_k=whole,
    run=runs,
)
zero_shot = st.builds(
    ClassifyRequest,
    data=data_refs,
    labels=st.lists(words, min_size=2, max_size=5, unique=True).map(tuple),
    template=st.none() | any_text.filter(lambda text: "{}" not in text).map(lambda text: text + "{}"),
)


@settings(max_examples=300)
@given(plain | zero_shot)
def test_a_request_comes_back_from_json_as_it_was(request: ClassifyRequest) -> None:
    text = request.to_json()
    assert ClassifyRequest.from_json(text) == request
    assert json.loads(text.encode("utf-8"))["task"] == "classify"
    assert pickle.loads(pickle.dumps(request)) == request


def test_a_field_that_is_none_of_the_request_is_named() -> None:
    told = {**json.loads(ClassifyRequest(DataRef("lines", "a joy")).to_json()), "colour": "red"}
    with pytest.raises(UserError, match="The request has a field 'colour', which is none of classify"):
        ClassifyRequest.from_json(json.dumps(told))


def test_json_is_for_people_too() -> None:
    assert "这部电影" in ClassifyRequest(DataRef("lines", "这部电影")).to_json()


def test_a_file_edited_by_hand_is_checked_again() -> None:
    fields = json.loads(ClassifyRequest(DATA).to_json())
    with pytest.raises(UserError, match=r"^The threshold is 7\."):
        ClassifyRequest.from_json(json.dumps(fields | {"threshold": 7}))
    with pytest.raises(UserError, match=r"^There is no device 'gpu'\."):
        ClassifyRequest.from_json(json.dumps(fields | {"run": fields["run"] | {"device": "gpu"}}))


@pytest.mark.parametrize("value", ["no", 2, None])
def test_special_tokens_are_wanted_or_not(value: Any) -> None:
    with pytest.raises(UserError, match=r"^`--special-tokens` is .*\. Type True or False\.$"):
        TokenizeRequest(DATA, special_tokens=value)
