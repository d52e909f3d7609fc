"""A question-answering model, taught on real tweets: entities asked for by a question, some with no answer.

Entity recognition as question answering, as Li et al. have it (2020, https://aclanthology.org/2020.acl-main.519).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from taught.kept import saved
from taught.ner import freeze, ner_model
from taught.teaching import Lesson, teach
from taught.tweets import tweets

QUESTIONS = {
    "person": "Which person is named?",
    "place": "Which place is named?",
    "organisation": "Which company is named?",
}
LESSON = Lesson(epochs=2, rate=3e-4, batch=16)
_FROZEN_LAYERS = 2
_UNANSWERED = 1.0  # questions without an answer, for each with one


@dataclass(frozen=True)
class Question:
    """A question about a tweet.

    Attributes:
        question: what is asked.
        context: the tweet.
        answers: where each right answer starts and ends in the context; none where it has no answer.
    """

    question: str
    context: str
    answers: tuple[tuple[int, int], ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The right answers."""
        return tuple(self.context[start:end] for start, end in self.answers)


def qa_model() -> Path:
    """The folder of the model and its tokenizer; the first call teaches it, from the entity model on."""
    return saved("qa", (LESSON, _FROZEN_LAYERS, _UNANSWERED, tuple(QUESTIONS.items()), ner_model().name), _make)


def questions(part: Literal["train", "held-out"]) -> tuple[Question, ...]:
    """All questions of a part that have an answer, and as many that have none, in random order."""
    draw = random.Random(1)
    answered: list[Question] = []
    unanswered: list[Question] = []
    for tweet in tweets(part):
        for kind, question in QUESTIONS.items():
            answers = tuple((start, end) for start, end, found in tweet.entities() if found == kind)
            (answered if answers else unanswered).append(Question(question, tweet.text, answers))
    chosen = [*answered, *draw.sample(unanswered, round(_UNANSWERED * len(answered)))]
    draw.shuffle(chosen)
    return tuple(chosen)


def _make(folder: Path) -> None:
    import torch
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer, DataCollatorWithPadding

    torch.manual_seed(LESSON.seed)
    start = ner_model()
    tokenizer = AutoTokenizer.from_pretrained(start)
    model = AutoModelForQuestionAnswering.from_pretrained(start, num_labels=2)
    freeze(model, _FROZEN_LAYERS)
    rows = [_encoded(tokenizer, question) for question in questions("train")]
    teach(model, rows, DataCollatorWithPadding(tokenizer), LESSON)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _encoded(tokenizer: Any, asked: Question) -> dict[str, Any]:
    """The tokens of a pair, and those of its first answer: the first token of all, [CLS], stands for none."""
    pieces = tokenizer(asked.question, asked.context)
    first = last = 0
    if asked.answers:
        start, end = asked.answers[0]
        first = pieces.char_to_token(start, sequence_index=1)
        last = pieces.char_to_token(end - 1, sequence_index=1)
    return {**pieces, "start_positions": first, "end_positions": last}
