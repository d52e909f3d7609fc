"""Questions from a panel, each answered on its id with a value or an error.

The browser sends `{type: "request", id, method, params}` and gets `{type: "reply", id, ok, result}` with
buffers, or `{type: "reply", id, ok: false, error}`. Answers are given as questions come, so a
`{type: "cancel", id}` always comes too late to matter here, and is only for the browser's side.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from nbtransformers.errors import Interrupted, UserError
from nbtransformers.interrupt import waiting_for_nobody

Answer = tuple[dict[str, Any], list[bytes]]
Method = Callable[[dict[str, Any]], Answer]
Send = Callable[[dict[str, Any], list[bytes]], None]

_log = logging.getLogger(__name__)


def answer(message: object, methods: Mapping[str, Method], send: Send) -> None:
    """Answer one message from the browser; anything that is no question is passed over."""
    if not isinstance(message, dict) or message.get("type") != "request":
        return
    question: dict[str, Any] = message
    reply = {"type": "reply", "id": question.get("id")}
    try:
        method = methods.get(str(question.get("method")))
        if method is None:
            raise UserError(f"This panel knows no {question.get('method')}.", hint="Run the cell again.")
        with waiting_for_nobody():
            result, buffers = method(question.get("params") or {})
    except (UserError, Interrupted) as error:
        send({**reply, "ok": False, "error": str(error)}, [])
    except KeyboardInterrupt:  # it meant this question, whose panel would else wait for ever
        send({**reply, "ok": False, "error": "Interrupted."}, [])
    except Exception as error:  # the question must be answered; the traceback goes to the log
        _log.exception("A panel's question failed: %s", question.get("method"))
        send({**reply, "ok": False, "error": f"{type(error).__name__}: {error}"}, [])
    else:
        send({**reply, "ok": True, "result": result}, buffers)
