"""Entities in real tweets, through the magic in a real shell: as many right as were promised, counted by seqeval."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from helpers import Terminal, ipython
from seqeval.metrics import f1_score
from taught.ner import held_out, ner_model
from taught.tweets import Tweet

from nbtransformers.results.entities import Entities, Span


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    with ipython() as shell:
        made = Terminal(shell, capsys)
        made.run("%load_ext nbtransformers")
        yield made


def tags(tweet: Tweet, spans: list[Span]) -> list[str]:
    """The tag of each word of a tweet, by the spans in its text."""
    found: list[str] = []
    for start, token in zip(tweet.starts(), tweet.tokens, strict=True):
        inside = next((span for span in spans if span.start < start + len(token) and start < span.end), None)
        found.append("O" if inside is None else f"{'B' if inside.start >= start else 'I'}-{inside.label}")
    return found


@pytest.mark.slow
def test_held_out_tweets_reach_the_promised_f1(terminal: Terminal) -> None:
    tweets = held_out()
    cell = "\n".join(tweet.text for tweet in tweets)
    result = terminal.run(f"%%entities --model {ner_model()}\n{cell}")
    assert isinstance(result, Entities)
    assert list(result.texts) == [tweet.text for tweet in tweets]
    expected = [list(tweet.tags) for tweet in tweets]
    found = [tags(tweet, spans) for tweet, spans in zip(tweets, result.spans, strict=True)]
    score = f1_score(expected, found)
    print(f"entity F1 {score:.3f} on {len(tweets)} held-out tweets, {len(result.found.flat)} entities found")
    assert score >= 0.5
