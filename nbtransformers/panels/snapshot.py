"""The frame of every static snapshot: no script, readable where no kernel and no widget is left.

It must also read well when a host has stripped its style sheet (an untrusted notebook), so whatever
matters is in the elements and their `style` attributes. Colours are half transparent or inherited,
which suits a light and a dark page alike.
"""

from __future__ import annotations

from html import escape

from nbtransformers.panels.packing import sendable

# Two outputs stand side by side, the snapshot and the live panel, and exactly one must show: the panel where
# it lives, else the snapshot (where a reopened notebook would say "model not found").
_ONE_OF_TWO = """<style>
.jp-OutputArea-child:has(.nbt-snapshot) + .jp-OutputArea-child:not(:has(.nbt-live)) { display: none; }
.jp-OutputArea-child:has(.nbt-snapshot):has(+ .jp-OutputArea-child .nbt-live) { display: none; }
.nbt-snapshot td, .nbt-snapshot th { white-space: normal !important; text-align: start !important; }
</style>"""

# A cell whose only outputs are hidden would still keep the height of its collapser.
_GONE = """<style>
.jp-OutputArea-child:has(.nbt-gone) { display: none; }
.jp-Cell-outputWrapper:has(.nbt-gone):not(:has(.jp-OutputArea-output > :not(.nbt-gone))) { display: none; }
</style>"""

CELL = "padding:3px 10px 3px 0;vertical-align:top;text-align:left"
QUIET = "opacity:0.7"
_FRAME = "font-size:13px;line-height:1.45;max-width:960px;overflow-wrap:anywhere;overflow-x:auto"


def pending_snapshot(panel_id: str, what: str) -> str:
    """What stands in the notebook while the work goes on; a reader sees it only when the work never ended."""
    return framed(panel_id, f"<p><em>{escape(what)}: not finished when this notebook was saved.</em></p>")


def failed_snapshot(panel_id: str, message: str) -> str:
    """Why there is no result, of work in the background."""
    return framed(panel_id, f"<p><strong>✗</strong> {escape(message)}</p>")


def gone_output() -> str:
    """An output that hides itself: for a panel that came and went, and for work that failed."""
    return f'<div class="nbt-gone">{_GONE}</div>'


def framed(panel_id: str, content: str) -> str:
    """A snapshot's content with the rule that shows either it or the live panel."""
    # A notebook would set what stands between dollar signs as a formula.
    classes = f"nbt-snapshot nbt-snapshot-{escape(panel_id)} mathjax_ignore tex2jax_ignore"
    framed = f'<div class="{classes}" style="{_FRAME}">{content}</div>'
    return _ONE_OF_TWO + sendable(framed)


def note_line(note: str) -> str:
    """What the reader should know before trusting the numbers."""
    return f'<p style="{QUIET}">⚠ {escape(note)}</p>'
