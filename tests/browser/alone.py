"""A panel on a page of its own, under the strictest policy, with no kernel but the test's own Python."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from browser.jupyter import OfflineBrowser
from playwright.sync_api import Page, Route

from nbtransformers.panels.channel import Method
from nbtransformers.panels.widget import STATIC

HOST = "http://127.0.0.1:9"
STRICTEST = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
# What a page notes that is refused, and a model of traits whose questions are answered with [reply, buffers].
MODEL = """
window.refused = [];
document.addEventListener("securitypolicyviolation", event => window.refused.push(event.violatedDirective));
const asView = text => new DataView(Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer);
const modelOf = (traits, answer) => {
  const listeners = {};
  const tell = (event, ...rest) => (listeners[event] || []).forEach(listener => listener(...rest));
  const model = {
    get: key => traits[key],
    set: (key, value) => { traits[key] = value; tell(`change:${key}`); },
    save_changes: () => {},
    on: (event, listener) => { (listeners[event] ||= []).push(listener); },
    off: () => {},
    send: ({ type, id, method, params }) => {
      if (type === "request") answer(method, params).then(([reply, buffers]) =>
        tell("msg:custom", { type: "reply", id, ...reply }, buffers));
    },
  };
  return [model, tell];
};
"""
_PAGE = f"""<!doctype html><html><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{STRICTEST}"><link rel="stylesheet" href="/BUNDLE.css"></head>
<body><script type="module" src="/driver.js"></script></body></html>"""
_DRIVER = f"""
import panel from "/BUNDLE.js";
{MODEL}
window.show = (header, payload) => {{
  const traits = {{ kind: "KIND", panel_id: "one", progress: null, error: null, header,
                   payload: asView(payload), selection: [] }};
  const [model, tell] = modelOf(traits, (method, params) => window.ask(method, params).then(
    ({{ result, buffers }}) => [{{ ok: true, result }}, buffers.map(asView)]));
  window.tell = tell;
  panel.initialize({{ model }});
  panel.render({{ model, el: document.body }});
}};
"""
_READY = "window.ready = true;"


@contextmanager
def alone(
    browser: OfflineBrowser,
    kind: str,
    shown: tuple[dict[str, Any], bytes],
    asking: Mapping[str, Method],
    more: str = "",
    bundle: str | None = None,
) -> Iterator[tuple[Page, list[str]]]:
    """The panel on a page of its own, and what happened that must not.

    Args:
        browser: the browser.
        kind: the kind of the panel.
        shown: its header and its payload.
        asking: what answers its questions.
        more: what else runs in the page, where `window.tell` tells the panel something.
        bundle: the bundle that has it; None is called as its kind.
    """
    opened, noted = browser.page(width=1000, height=1000), []
    bundle = bundle or kind

    def ask(method: str, params: dict[str, Any]) -> dict[str, Any]:
        result, buffers = asking[method](params)
        return {"result": result, "buffers": [base64.b64encode(one).decode() for one in buffers]}

    files = {
        "/": ("text/html", _PAGE.replace("BUNDLE", bundle)),
        "/driver.js": ("text/javascript", _DRIVER.replace("BUNDLE", bundle).replace("KIND", kind) + more + _READY),
        f"/{bundle}.js": ("text/javascript", (STATIC / f"{bundle}.js").read_text(encoding="utf-8")),
        f"/{bundle}.css": ("text/css", (STATIC / f"{bundle}.css").read_text(encoding="utf-8")),
    }

    def serve(route: Route) -> None:
        address = route.request.url
        kind, body = files.get(address.removeprefix(HOST), ("", ""))
        if kind:
            route.fulfill(body=body, content_type=f"{kind}; charset=utf-8")
        else:
            noted.append(address)
            route.abort()

    opened.route(re.compile("^http"), serve)
    opened.expose_function("ask", ask)
    opened.on("dialog", lambda dialog: (noted.append(dialog.message), dialog.dismiss()))
    opened.on("popup", lambda popup: noted.append(popup.url))
    opened.goto(f"{HOST}/")
    opened.wait_for_function("() => window.ready")
    header, payload = shown
    opened.evaluate(
        "([header, payload]) => window.show(header, payload)",
        # Not by Playwright's own writer, which would mend what is broken.
        json.loads(json.dumps([header, base64.b64encode(payload).decode()])),
    )
    yield opened, noted
    opened.context.close()
