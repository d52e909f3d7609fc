"""Questions from a panel, each answered on its id with a value or an error.

The browser sends `{type: "request", id, method, params}` and gets `{type: "reply", id, ok, result}` with
buffers, or `{type: "reply", id, ok: false, error}`. Answers are given as questions come; only one that comes `Later`
can still be ended by a `{type: "cancel", id}`, which whoever holds the channel hears.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nbtransformers.errors import Interrupted, UserError
from nbtransformers.interrupt import waiting_for_nobody

Answer = tuple[dict[str, Any], list[bytes]]
Find = Callable[[], Answer]
"""Gives an answer, or raises why there is none."""


@dataclass(frozen=True, slots=True)
class Later:
    """An answer that a thread of its own finds, so that other questions, and buttons, are heard meanwhile.

    Attributes:
        begin: begins to find it, and once that has ended hands on what gives it.
    """

    begin: Callable[[Callable[[Find], None]], None]


Method = Callable[[dict[str, Any]], Answer | Later]
Send = Callable[[dict[str, Any], list[bytes]], None]

_log = logging.getLogger(__name__)


def answer(message: object, methods: Mapping[str, Method], send: Send) -> Callable[[], None] | None:
    """Answer one message from the browser; anything that is no question is passed over.

    Returns:
        What begins to find an answer that comes later; None where nothing is left to do.
    """
    if not isinstance(message, dict) or message.get("type") != "request":
        return None
    question: dict[str, Any] = message
    later = _tell(question, lambda: _found(question, methods), send)
    if later is None:
        return None

    def reply(find: Find) -> None:
        _tell(question, find, send)

    return lambda: later.begin(reply)


def _found(question: Mapping[str, Any], methods: Mapping[str, Method]) -> Answer | Later:
    method = methods.get(str(question.get("method")))
    if method is None:
        raise UserError(f"This panel knows no {question.get('method')}.", hint="Run the cell again.")
    with waiting_for_nobody():
        return method(question.get("params") or {})


def _tell(question: Mapping[str, Any], find: Callable[[], Answer | Later], send: Send) -> Later | None:
    """Tell what is found, or why nothing is; an answer that comes later is given back."""
    reply = {"type": "reply", "id": question.get("id")}
    try:
        found = find()
    except (UserError, Interrupted) as error:
        send({**reply, "ok": False, "error": str(error)}, [])
    except KeyboardInterrupt:  # it meant this question, whose panel would else wait for ever
        send({**reply, "ok": False, "error": "Interrupted."}, [])
    except Exception as error:  # the question must be answered; the traceback goes to the log
        _log.exception("A panel's question failed: %s", question.get("method"))
        send({**reply, "ok": False, "error": f"{type(error).__name__}: {error}"}, [])
    else:
        if isinstance(found, Later):
            return found
        send({**reply, "ok": True, "result": found[0]}, found[1])
    return None
