"""How a run went: where, how fast, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nbtransformers.plain_text import count, seconds


def pinned(model: str, revision: str | None) -> str:
    """A model with the commit of its files, so that it can be typed: `acme/tiny@0123456`, or `acme/tiny@v1 (0123456)`.

    Args:
        model: its name, perhaps with the revision that was asked for.
        revision: of a Hub model, the commit that its files are from.
    """
    if revision is None:
        return model
    name, _, asked = model.partition("@")
    commit = revision[:7]
    return f"{name}@{asked} ({commit})" if asked and not revision.startswith(asked) else f"{name}@{commit}"


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run went.

    Attributes:
        model: the name of the model.
        device: where it ran, such as `cpu` or `cuda:0`.
        dtype: the type it computed in.
        threads: batches that ran side by side, one CPU thread each; 1 on an accelerator.
        batch_tokens: the token budget of a batch, padding included.
        batches: how many batches ran.
        tokens: tokens that the model read, padding not counted.
        pad_tokens: padding that it read besides.
        load_seconds: time to load the model; 0 when it was loaded already.
        seconds: time from the first token to the last score.
        out_of_memory: how often the budget was halved.
        revision: of a Hub model, the commit that its files are from.
    """

    model: str
    device: str
    dtype: str
    threads: int
    batch_tokens: int
    batches: int
    tokens: int
    pad_tokens: int
    load_seconds: float
    seconds: float
    out_of_memory: int = 0
    revision: str | None = None

    @property
    def padding_waste(self) -> float:
        """Pad tokens / all tokens, from 0 to 1."""
        return self.pad_tokens / max(1, self.tokens + self.pad_tokens)

    @property
    def tokens_per_s(self) -> float:
        """Tokens a second, padding not counted."""
        return self.tokens / self.seconds if self.seconds > 0 else 0.0

    @property
    def pinned_model(self) -> str:
        """The model with the commit of its files, as `pinned` writes it."""
        return pinned(self.model, self.revision)

    def after(self, before: RunReport) -> RunReport:
        """This run and the one that it went on with, as one."""
        return replace(
            self,
            batches=before.batches + self.batches,
            tokens=before.tokens + self.tokens,
            pad_tokens=before.pad_tokens + self.pad_tokens,
            load_seconds=before.load_seconds + self.load_seconds,
            seconds=before.seconds + self.seconds,
            out_of_memory=before.out_of_memory + self.out_of_memory,
        )

    def facts(self) -> list[tuple[str, str]]:
        """The run as name and value, for a person."""
        facts = [
            ("Model", self.pinned_model),
            ("Device", f"{self.device} · {self.dtype} · {count(self.threads, 'thread')}"),
            ("Time", f"{seconds(self.seconds)} (+ {seconds(self.load_seconds)} to load)"),
            ("Tokens", f"{self.tokens:,} · {self.tokens_per_s:,.0f} tokens/s"),
            ("Batches", f"{self.batches:,} of up to {self.batch_tokens:,} tokens"),
            ("Padding waste", f"{self.padding_waste:.1%}"),
        ]
        if self.out_of_memory:
            facts.append(("Out of memory", f"budget halved {count(self.out_of_memory, 'time')}"))
        return facts
