"""A model as a default: one that is neither here nor on the Hub is refused; a Hub that is slow is not waited for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import Terminal
from hub import Hub
from hubonline import bulky_files, online
from hubrepos import COMMIT, Repository

import nbtransformers as nbt
from nbtransformers import settings
from nbtransformers.loading import hub_known


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(hub_known, "_MOMENT", 60.0)  # this machine may be slow
    made = Hub(models={"acme/bulky": Repository(bulky_files(20)), "acme/closed": Repository({}, gated="manual")})
    with online(made, tmp_path / "cache") as running:
        yield running
    settings.forget_session()


def test_one_that_the_hub_has_is_set_and_not_fetched(hub: Hub, tmp_path: Path, terminal: Terminal) -> None:
    assert terminal.printed("%nbt set model acme/bulky").split() == ["model", "acme/bulky", "this", "session"]
    assert [path.partition("?")[0] for path in hub.asked if "bulky" in path] == ["/api/models/acme/bulky"]
    assert not list((tmp_path / "cache").rglob("*.json"))
    for name in ("acme/bulky@v1", f"acme/bulky@{COMMIT}", "acme/closed"):
        nbt.set_default("classify.model", name)
        assert settings.default("classify.model").value == name


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("acme/bulk", "The Hub has no model acme/bulk, or it is private. Did you mean acme/bulky?"),
        ("bulkyy", "The Hub has no model bulkyy, or it is private. Did you mean acme/bulky?"),
        (
            "zzz/qqqqq",
            "The Hub has no model zzz/qqqqq, or it is private. Check the spelling, or type `hf auth login`.",
        ),
        ("acme/bulky@v9", "acme/bulky has no revision v9. Type `acme/bulky` for the newest."),
    ],
)
def test_one_that_is_nowhere_is_refused_with_the_nearest(hub: Hub, terminal: Terminal, name: str, told: str) -> None:
    assert terminal.refusal(f"%nbt set model {name}") == told
    assert settings.default("model").value is None


def test_what_is_here_needs_no_hub(hub: Hub, terminal: Terminal) -> None:
    nbt.download("acme/bulky")
    hub.asked.clear()
    for name in ("minilm", "acme/bulky", f"acme/bulky@{COMMIT[:7]}"):
        terminal.printed(f"%nbt set model {name}")
    assert hub.asked == []


def test_a_hub_that_fails_is_said_and_hinders_nothing(hub: Hub, terminal: Terminal) -> None:
    hub.failure = (503, b"")
    said = terminal.printed("%nbt set model acme/unknown")
    assert said.splitlines()[1:] == [
        "Whether there is a model acme/unknown cannot be checked: the Hub fails (HTTP 503)."
    ]
    assert settings.default("model").value == "acme/unknown"
    with pytest.warns(UserWarning, match="cannot be checked: the Hub fails"):
        nbt.set_default("model", "acme/unknown")


def test_a_hub_that_is_slow_is_not_waited_for(hub: Hub, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_known, "_MOMENT", 0.1)
    hub.delay = 1.0
    said = terminal.printed("%nbt set model acme/bulk")
    assert said.splitlines()[1:] == [
        "Whether there is a model acme/bulk cannot be checked: the Hub has not answered in 100 ms."
    ]
    assert settings.default("model").value == "acme/bulk"


def test_a_name_that_is_near_is_not_waited_for_either(
    hub: Hub, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(name: str, known: list[str]) -> str:
        raise TimeoutError

    monkeypatch.setattr(hub_known, "nearest_id", late)
    assert terminal.refusal("%nbt set model acme/bulk").endswith("Check the spelling, or type `hf auth login`.")


def test_a_name_that_is_near_and_here_is_told_without_the_hub(
    hub: Hub, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(name: str, known: list[str]) -> str:
        raise TimeoutError

    nbt.download("acme/bulky")
    monkeypatch.setattr(hub_known, "nearest_id", late)
    assert terminal.refusal("%nbt set model acme/bulk").endswith("Did you mean acme/bulky?")
