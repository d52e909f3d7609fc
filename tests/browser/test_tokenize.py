"""The panel of a tokenization in a real JupyterLab: the tokens on the screen are those that Python has."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LOAD = "%load_ext nbtransformers"
TRAIN = """import nbtransformers as nbt
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

words = "The tokenizer reads unbelievable words. She said hello, and nobody answered. كان الفيلم طويلاً".split()
corpus = [" ".join(words[at % len(words):] + words[: at % len(words)]) for at in range(200)]

made = Tokenizer(models.BPE())
made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
made.decoder = decoders.ByteLevel()
alphabet = pre_tokenizers.ByteLevel.alphabet()
made.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False))
bytewise = PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=1024)

made = Tokenizer(models.Unigram())
made.pre_tokenizer = pre_tokenizers.Metaspace()
special = ["<unk>", "<pad>"]
unigram = trainers.UnigramTrainer(vocab_size=200, special_tokens=special, unk_token="<unk>", show_progress=False)
made.train_from_iterator(corpus, unigram)
pieces = PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>", pad_token="<pad>", model_max_length=12)"""
TEXTS = """%%tokenize --model minilm --model bytewise --model pieces --out texts
The tokenizer reads unbelievable words.
这部电影很好看，值得再看一遍。
كان الفيلم طويلاً
Loved it 👩‍👩‍👧‍👦🎬!

<img src=x onerror=alert(1)> <b>bold</b>
Cafe\u0301 nai\u0308ve"""
LONG = """line = "The tokenizer reads unbelievable words, and nobody answered. "
long = nbt.tokenize(["".join(f"{at}. {line * (1 + at % 7)}\\n" for at in range(4_600))], model=bytewise)
long"""
MANY = """many = nbt.tokenize([f"{line[: 5 + row % 50]} {row}" for row in range(3_000)], model=[bytewise, pieces])
many"""
TRAINED, TEXTS_AT, LONG_AT, MANY_AT, PYTHON = range(1, 6)


@pytest.fixture(scope="module")
def notebook(browser: OfflineBrowser, lab: JupyterServer) -> Any:
    page = browser.page(height=1400)
    lab.write("tokens.ipynb", [LOAD, TRAIN, TEXTS, LONG, MANY, "0"])
    notebook = lab.open(page, "tokens.ipynb")
    notebook.run_all()
    yield notebook
    page.context.close()


def python(notebook: Notebook, expression: str) -> Any:
    """What Python says, through the notebook's last cell."""
    return json.loads(notebook.run_code(PYTHON, f"import json; print(json.dumps({expression}))"))


def opened(notebook: Notebook, row: int) -> Any:
    """The inspector of a row of TEXTS."""
    panel = notebook.panel(TEXTS_AT)
    if (
        panel.locator(".nbt-inspector").count()
        and panel.locator(".nbt-inspector").get_attribute("aria-label") == f"Row {row}"
    ):
        return panel.locator(".nbt-inspector")
    panel.locator(f"[data-at='{row}'] .nbt-col-text").click(position={"x": 3, "y": 10})
    inspector = panel.get_by_role("region", name=f"Row {row}", exact=True)
    expect(inspector).to_be_visible()
    return inspector


def show_as(inspector: Any, look: str) -> None:
    inspector.get_by_role("button", name=look, exact=True).click()


def tokens_in(flow: Any) -> list[str]:
    """What stands in a flow for its tokens, in their order."""
    found = flow.locator("[data-n]").evaluate_all("all => all.map(e => [Number(e.dataset.n), e.textContent])")
    return [text for _, text in sorted(found)]


def test_exactly_one_of_snapshot_and_panel_shows(notebook: Notebook) -> None:
    expect(notebook.panel(TEXTS_AT)).to_be_visible()
    expect(notebook.cell(TEXTS_AT).locator(".nbt-snapshot")).to_be_hidden()


def test_the_comparison_is_that_of_python(notebook: Notebook) -> None:
    rows = notebook.panel(TEXTS_AT).locator(".nbt-compare tbody tr")
    seen = rows.evaluate_all("all => all.map(row => [...row.children].map(cell => cell.lastChild.textContent))")
    table = python(
        notebook,
        "[[t.model, f'{n.tokens:,}', f'{n.fertility:.2f}', f'{n.unknown / (n.tokens - n.special):.3f}',"
        " n.cut_texts, f'{n.words:,}', f'{t.vocabulary:,}']"
        " for t, n in ((t, texts.totals(t.name)) for t in texts.tokenizers)]",
    )
    for (model, tokens, fertility, unknown, cut, _, words, vocabulary), expected in zip(seen, table, strict=True):
        assert [model, tokens, fertility, words, vocabulary] == [expected[at] for at in (0, 1, 2, 5, 6)]
        assert float(unknown.strip("%")) == pytest.approx(100 * float(expected[3]), abs=0.6)
        assert cut == str(expected[4])


@pytest.mark.parametrize("row", [0, 1, 2, 3, 5, 6])
def test_tokens_and_ids_are_those_of_python(notebook: Notebook, row: int) -> None:
    inspector = opened(notebook, row)
    flows = inspector.locator(".nbt-flow")
    expect(flows).to_have_count(3)
    show_as(inspector, "Tokens")
    for number in range(3):
        assert tokens_in(flows.nth(number)) == python(notebook, f"list(texts[{number}].tokens[{row}])")
    show_as(inspector, "IDs")
    for number in range(3):
        ids = python(notebook, f"[int(i) for i in texts[{number}].ids[{row}]]")
        assert [int(text) for text in tokens_in(flows.nth(number))] == ids
    show_as(inspector, "Text")


@pytest.mark.parametrize("row", [0, 1, 2, 3, 5, 6])
def test_the_text_stays_as_it_is(notebook: Notebook, row: int) -> None:
    """All of it, once, whoever cuts it: no character is lost or doubled where tokens share it."""
    inspector = opened(notebook, row)
    text = python(notebook, f"texts.texts[{row}]")
    for number in range(3):
        shown = (
            inspector.locator(".nbt-flow")
            .nth(number)
            .locator(".nbt-block")
            .evaluate_all(
                """blocks => blocks.map(block => {
                const copy = block.cloneNode(true);
                copy.querySelectorAll('.nbt-special, .nbt-placeless, .nbt-limit').forEach(e => e.remove());
                return copy.textContent;
            }).join('')"""
            )
        )
        assert shown == text


def test_markup_in_a_text_stays_text(notebook: Notebook) -> None:
    opened(notebook, 5)
    cell = notebook.cell(TEXTS_AT)
    assert cell.locator(".nbt-live img, .nbt-live b, .nbt-snapshot img, .nbt-snapshot b").count() == 0
    expect(notebook.panel(TEXTS_AT)).to_contain_text("onerror=alert(1)")


def test_a_row_without_text_says_why(notebook: Notebook) -> None:
    expect(notebook.panel(TEXTS_AT).locator("[data-at='4']")).to_contain_text("empty")


def test_the_pointer_shows_a_token_and_what_it_stands_on_elsewhere(notebook: Notebook) -> None:
    told = python(notebook, "[int(texts.ids[0][2]), texts.tokens[0][2], *map(int, texts.offsets[0][2])]")
    offsets = python(notebook, "[list(map(int, pair)) for pair in texts['bytewise'].offsets[0]]")
    inspector = opened(notebook, 0)
    first, second = inspector.locator(".nbt-flow").nth(0), inspector.locator(".nbt-flow").nth(1)
    first.locator("[data-n='2']").hover()
    card = inspector.locator(".nbt-card")
    expect(card).to_be_visible()
    shown = card.inner_text()
    assert told[1] in shown
    assert re.search(rf"id\s*{told[0]}\b", shown)
    assert f"{told[2]}–{told[3]}" in shown
    over = [n for n, (start, stop) in enumerate(offsets) if start < told[3] and stop > told[2]]
    assert second.locator(".nbt-lit").evaluate_all("all => all.map(e => Number(e.dataset.n))") == over
    notebook.page.mouse.move(2, 2)
    expect(card).to_have_count(0)


def test_the_keyboard_walks_the_tokens_and_pins_one(notebook: Notebook) -> None:
    inspector = opened(notebook, 0)
    flow = inspector.get_by_role("listbox").first
    flow.focus()
    page = notebook.page
    for key in ("Home", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    on = inspector.locator(f"[id='{flow.get_attribute('aria-activedescendant')}']")
    expect(on).to_have_attribute("data-n", "2")
    page.keyboard.press("Enter")
    card = inspector.locator(".nbt-card-pinned")
    expect(card).to_contain_text("tok")
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    # The notebook itself must not have taken the keys for commands of its own.
    assert page.locator(".jp-Notebook .jp-Cell").count() == 6


def test_tokens_beyond_the_limit_are_marked(notebook: Notebook) -> None:
    flags = python(notebook, "[int(f) for f in texts['pieces'].flat.flags[: int(texts['pieces'].rows[1])]]")
    inspector = opened(notebook, 0)
    flow = inspector.locator(".nbt-flow").nth(2)
    assert any(flag & 16 for flag in flags)
    show_as(inspector, "Tokens")
    cut = flow.locator(".nbt-cut").evaluate_all("all => all.map(e => Number(e.dataset.n))")
    assert cut == [n for n, flag in enumerate(flags) if flag & 16]
    count = len(flags)
    expect(flow.locator(".nbt-limit")).to_have_text(f"{count - len(cut)} of {count} tokens: {len(cut)} cut")
    show_as(inspector, "Text")


def test_the_batch_is_that_of_python(notebook: Notebook) -> None:
    figures = notebook.panel(TEXTS_AT).locator(".nbt-batch")
    expect(figures).to_have_count(3)
    for number in range(3):
        rows, width, tokens, pads, side = python(
            notebook,
            f"[len(b.rows), int(b.width), int(b.lengths.sum()), int(b.pad_tokens), b.padding_side]"
            f" if (b := texts.batch({number})) else []",
        )
        words = figures.nth(number).inner_text()
        assert f"{rows} × {width}: {tokens} tokens, {pads} " in words
        assert f"on the {side}" in words
        waste = float(re.search(r"([\d.]+)%", words)[1])  # pyright: ignore[reportOptionalSubscript]
        assert waste == pytest.approx(100 * pads / (rows * width), abs=0.51)
        mask = python(notebook, f"texts.batch({number}).attention_mask.tolist()")
        path = figures.nth(number).locator(".nbt-batch-token").get_attribute("d")
        drawn = [[int(n) for n in found] for found in re.findall(r"M(\d+) (\d+)h(\d+)v", path)]
        assert drawn == [[row.index(1), at, sum(row)] for at, row in enumerate(mask)]


def test_a_text_of_a_megabyte_stays_quick(notebook: Notebook) -> None:
    panel = notebook.panel(LONG_AT)
    assert python(notebook, "len(long.texts[0].encode())") > 1_000_000
    total, *told = python(notebook, "[int(long.counts[0]), int(long.ids[0][-5]), *map(int, long.offsets[0][-5])]")
    assert total > 200_000
    panel.scroll_into_view_if_needed()
    expect(panel.locator(".nbt-figures")).to_contain_text(f"{total:,}")
    flow = panel.get_by_role("listbox")
    assert flow.locator("[data-n]").count() < 3_000, "only what is in sight is in the page"
    # Scroll through all of it, a frame at a time, and take the longest frame.
    frames = flow.evaluate(
        """flow => new Promise(done => {
            const times = [];
            let last = performance.now(), at = 0;
            const step = () => {
                const now = performance.now();
                times.push(now - last);
                last = now;
                flow.scrollTop = flow.scrollHeight * (at += 1) / 60;
                if (at < 60) requestAnimationFrame(step); else done(times);
            };
            requestAnimationFrame(step);
        })"""
    )
    assert sorted(frames)[len(frames) // 2] < 100
    assert max(frames) < 500
    notebook.page.mouse.move(0, 0)  # a hand that types is not on the mouse
    flow.focus()
    notebook.page.keyboard.press("End")
    last = flow.locator(f"[data-n='{total - 1}']")
    expect(last).to_be_visible()
    assert flow.locator("[data-n]").count() < 3_000
    expect(panel.locator(".nbt-card")).to_contain_text(f"{total:,} of {total:,}")
    for _ in range(4):
        notebook.page.keyboard.press("ArrowLeft")
    expect(panel.locator(".nbt-card")).to_contain_text(f"{told[1]}–{told[2]}")
    assert re.search(rf"id\s*{told[0]}\b", panel.locator(".nbt-card").inner_text())


def test_pointing_at_tokens_of_a_long_text_is_quick(notebook: Notebook) -> None:
    flow = notebook.panel(LONG_AT).get_by_role("listbox")
    took = flow.evaluate(
        """flow => {
            const frame = flow.getBoundingClientRect();
            const seen = [...flow.querySelectorAll('[data-n]')].filter(token => {
                const { top, bottom } = token.getBoundingClientRect();
                return top >= frame.top && bottom <= frame.bottom;
            }).slice(0, 100);
            return new Promise(done => {
                const times = [];
                const next = () => {
                    const token = seen.pop();
                    if (!token) return done(times);
                    const from = performance.now();
                    token.dispatchEvent(new PointerEvent('pointermove', { bubbles: true }));
                    requestAnimationFrame(() => { times.push(performance.now() - from); next(); });
                };
                next();
            });
        }"""
    )
    assert len(took) == 100
    assert sorted(took)[50] < 60


def test_three_thousand_rows_are_paged_and_ordered_by_python(notebook: Notebook) -> None:
    panel = notebook.panel(MANY_AT)
    panel.scroll_into_view_if_needed()
    expect(panel.locator(".nbt-counter")).to_have_text("3,000 rows")
    grid = panel.get_by_role("grid")
    grid.evaluate("grid => { grid.scrollTop = grid.scrollHeight; }")
    expect(panel.locator("[data-at='2999'] .nbt-col-text")).to_have_text(re.compile("2999$"))
    panel.locator(".nbt-th.nbt-col-tokens0 button").click()
    counts = python(notebook, "sorted(map(int, many.counts), reverse=True)[:8]")
    expect(panel.locator("[data-at='0'] .nbt-col-tokens0")).to_have_text(str(counts[0]))
    seen = panel.locator("[data-at]").evaluate_all(
        "rows => rows.map(row => [Number(row.dataset.at), row.querySelector('.nbt-col-tokens0').textContent])"
    )
    assert [int(text) for _, text in sorted(seen)][:8] == counts


def test_the_tokens_of_selected_rows_are_exported_as_python_has_them(notebook: Notebook) -> None:
    panel = notebook.panel(TEXTS_AT)
    python(notebook, "[setattr(nbt.panel(texts), 'selection', [5, 2])]")
    expect(panel.locator(".nbt-selected-count")).to_have_text("2 selected")
    panel.get_by_role("button", name="Export").click()
    bar = panel.get_by_role("region", name="Export")
    expect(bar.get_by_role("button", name="2 rows selected")).to_have_attribute("aria-pressed", "true")
    tokens = python(notebook, "len(texts.to_pandas([2, 5]))")
    for kind, read in (("CSV", "read_csv(name, keep_default_na=False)"), ("Parquet", "read_parquet(name)")):
        bar.get_by_role("button", name=kind, exact=True).click()
        expect(bar.locator("strong")).to_have_text(f"minilm-bytewise-pieces-tokens.{kind.lower()}")
        expect(bar.get_by_role("status")).to_contain_text(f" · {tokens} rows · ")
        name = bar.locator("strong").inner_text()
        same = f"__import__('pandas').{read.replace('name', repr(name))}.map(str).equals(selected.map(str))"
        assert python(notebook, f"(selected := texts.to_pandas([2, 5])) is not None and bool({same})")
    panel.get_by_role("button", name="Export").click()
    panel.get_by_role("button", name="Clear", exact=True).click()


def test_nothing_was_asked_of_the_outside_and_nothing_went_wrong(notebook: Notebook, browser: OfflineBrowser) -> None:
    assert browser.outside == []
    assert browser.errors(notebook.page) == []
