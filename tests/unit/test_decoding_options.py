"""What decoding options may be: every range is checked here, since `GenerationConfig` takes a temperature of −1."""

from __future__ import annotations

import math
from typing import Any

import pytest

from nbtransformers.errors import UserError
from nbtransformers.request import DataRef, DecodingOptions, GenerateRequest, ModelRef, RunOptions

GOOD: list[dict[str, Any]] = [
    {},
    {"max_new_tokens": 1, "min_new_tokens": 1},
    {"temperature": 1e-3},
    {"temperature": 2, "top_k": 0, "top_p": 1, "min_p": 0, "typical_p": 1.0},
    {"do_sample": True, "top_p": 0.1, "min_p": 1},
    {"do_sample": False, "num_beams": 4, "length_penalty": -2.5, "early_stopping": "never"},
    {"length_penalty": 1.0, "early_stopping": True},  # for a model whose own settings search
    {"repetition_penalty": 0.5, "no_repeat_ngram_size": 0, "seed": 0},
    {"stop_strings": ("\n", "END")},
]

BAD: list[tuple[dict[str, Any], str]] = [
    ({"max_new_tokens": 0}, "`--max-new-tokens` is 0"),
    ({"max_new_tokens": 1.5}, "`--max-new-tokens` is 1.5"),
    ({"max_new_tokens": True}, "`--max-new-tokens` is True"),
    ({"min_new_tokens": -1}, "`--min-new-tokens` is -1"),
    ({"max_new_tokens": 3, "min_new_tokens": 4}, "`--min-new-tokens` is 4, and `--max-new-tokens` 3."),
    ({"temperature": 0}, "`--temperature` is 0, and so no token would be drawn."),
    ({"temperature": 0.0, "do_sample": True}, "`--temperature` is 0, and so no token would be drawn."),
    ({"temperature": -1}, "`--temperature` is -1."),
    ({"temperature": math.inf}, "`--temperature` is inf."),
    ({"temperature": math.nan}, "`--temperature` is nan."),
    ({"temperature": "hot"}, "`--temperature` is 'hot'."),
    ({"temperature": False}, "`--temperature` is False."),
    ({"top_k": -1}, "`--top-k` is -1."),
    ({"top_k": 2.0}, "`--top-k` is 2.0."),
    ({"top_p": 3}, "`--top-p` is 3."),
    ({"top_p": 0}, "`--top-p` is 0."),
    ({"typical_p": 1.1}, "`--typical-p` is 1.1."),
    ({"min_p": -0.1}, "`--min-p` is -0.1."),
    ({"min_p": 1.1}, "`--min-p` is 1.1."),
    ({"repetition_penalty": 0}, "`--repetition-penalty` is 0."),
    ({"no_repeat_ngram_size": -2}, "`--no-repeat-ngram-size` is -2."),
    ({"num_beams": 0}, "`--num-beams` is 0."),
    ({"length_penalty": math.nan}, "`--length-penalty` is nan."),
    ({"early_stopping": "soon"}, "`--early-stopping` is 'soon'."),
    ({"seed": -1}, "`--seed` is -1."),
    ({"seed": "one"}, "`--seed` is 'one'."),
    ({"do_sample": "yes"}, "`--do-sample` is 'yes'."),
    ({"stop_strings": ("",)}, "The stop string '' is no text."),
    ({"stop_strings": (3,)}, "The stop string 3 is no text."),
    ({"stop_strings": 3}, "The stop strings are 3, an int."),
    ({"do_sample": False, "top_p": 0.9}, "`--top-p` says how to draw tokens, and do_sample=False draws none."),
    ({"num_beams": 2, "do_sample": True}, "`--num-beams` looks for the likeliest text, and `--do-sample` draws one."),
    ({"num_beams": 2, "top_k": 5}, "`--num-beams` looks for the likeliest text, and `--top-k` draws one."),
    ({"num_beams": 1, "length_penalty": 2.0}, "`--length-penalty` is for a beam search."),
]


@pytest.mark.parametrize("given", GOOD, ids=str)
def test_what_may_be(given: dict[str, Any]) -> None:
    DecodingOptions(**given)


@pytest.mark.parametrize(("given", "message"), BAD, ids=lambda value: str(value)[:50])
def test_what_may_not_be(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        DecodingOptions(**given)
    assert caught.value.message.startswith(message)
    assert caught.value.hint


def test_an_option_that_says_how_to_draw_has_tokens_drawn() -> None:
    assert DecodingOptions(temperature=0.5).given == {"temperature": 0.5, "do_sample": True}
    assert DecodingOptions(max_new_tokens=3, seed=2, stop_strings=("x",)).given == {}
    assert DecodingOptions(do_sample=False).given == {"do_sample": False}


def test_a_request_is_read_back_as_it_was_written() -> None:
    decoding = DecodingOptions(max_new_tokens=7, temperature=0.5, seed=3, stop_strings=("a", "b"))
    request = GenerateRequest(
        DataRef("lines", "a\nb"), ModelRef("hub", "acme/writer"), system="Brief.", decoding=decoding, run=RunOptions()
    )
    assert GenerateRequest.from_json(request.to_json()) == request


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"chat": "yes"}, "`--chat` is 'yes'."),
        ({"messages": 2}, "`--messages` is 2."),
        ({"system": 3}, "The system message is 3, an int."),
    ],
)
def test_what_a_request_may_not_be(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        GenerateRequest(DataRef("lines", "a"), **fields)


def test_a_system_message_or_messages_make_a_chat_of_it() -> None:
    data = DataRef("lines", "a")
    assert [
        GenerateRequest(data, **given).chats for given in ({}, {"chat": True}, {"system": "Brief."}, {"messages": True})
    ] == [
        False,
        True,
        True,
        True,
    ]
