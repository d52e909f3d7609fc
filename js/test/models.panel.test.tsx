// The panel of models: what is asked while one types, the list, one model in full, and what can be done with it.
import { describe, expect, it } from "vitest";
import golden from "../../tests/golden/models.json";
import { inOrder, wishOf } from "../src/models/wish";
import { type Listed, modelsHeader, modelsNews } from "../src/wire/models";
import { type Answers, catalogue } from "./catalogue";
import { drawn, onCleanPages, show, textOf } from "./page";

onCleanPages();

const LISTED = golden.header.listed as Listed;
const GATED = golden.detail.name;
const PASSING = { ...golden.detail, name: "minilm", revision: null, gate: "lets it pass", passes: true };

/** A panel of models, and a kernel that answers as it is told. */
async function models(answers: Answers = {}, header: Record<string, unknown> = {}) {
  return catalogue({ kind: "models", header: { ...golden.header, ...header } }, 600, () => ({
    state: { listed: LISTED, downloads: {}, default: null },
    glance: { known: null },
    detail: golden.detail,
    fit: golden.fit,
    ...answers,
  }));
}

describe("the wire of models", () => {
  it("is read as it is written", () => {
    const header = modelsHeader(golden.header);
    expect(header.listed.rows.map(({ model }) => model)).toEqual(["minilm", GATED, "acme/half"]);
    expect(wishOf(header.listed.asked)).toMatchObject({ search: "a", max_size: "2B", language: "" });
    expect(modelsNews(golden.live)?.listed?.rows[2]?.place).toBe("cached");
    expect(modelsNews({ type: "runs" })).toBeUndefined();
    expect(() => modelsHeader({ ...golden.header, kind: "runs" })).toThrow("no list of models");
  });

  it("is sorted by name and by size, what nobody knows last", () => {
    const listed = {
      ...LISTED,
      rows: [...LISTED.rows, { ...LISTED.rows[0], model: "B", nbytes: null }],
    } as Listed;
    const names = (order: "name" | "size" | null) => inOrder(listed, order).map(({ model }) => model);
    expect(names("name")).toEqual(["acme/half", GATED, "B", "minilm"]);
    expect(names("size")).toEqual(["minilm", "acme/half", GATED, "B"]);
    expect(names(null)).toEqual(["minilm", GATED, "acme/half", "B"]);
  });
});

describe("the list of models", () => {
  it("asks once one has stopped typing, and drops what is late", async () => {
    const page = await models();
    await page.type("Search models by name", "b");
    await page.type("Search models by name", "be");
    expect(page.asked("search")).toHaveLength(0);
    await drawn(250);
    expect(page.asked("search").map(({ params }) => params?.search)).toEqual(["be"]);
    expect(textOf(page.one(".nbt-subtitle"))).toBe("Searching…");
    await page.type("Search models by name", "ber");
    await drawn(250);
    const [late, wanted] = page.asked("search");
    const found = (model: string) => ({
      ...LISTED,
      number: 2,
      asked: { ...LISTED.asked, search: "ber" },
      rows: [{ ...LISTED.rows[0], model }],
    });
    page.reply(wanted, found("the new"));
    await drawn();
    page.reply(late, found("the old"));
    await drawn();
    expect(page.names()).toEqual(["the new"]);
    expect(textOf(page.one(".nbt-subtitle"))).toBe(LISTED.summary);
  });

  it("is filtered and sorted, by the Hub and by what is in sight", async () => {
    const page = await models();
    await page.type("Language", "de");
    await page.type("Licence", "mit");
    const local = page.field("On this machine only");
    local.click();
    const task = page.field("Task") as unknown as HTMLSelectElement;
    task.value = "fill-mask";
    task.dispatchEvent(new Event("change", { bubbles: true }));
    await drawn(250);
    expect(page.asked("search").at(-1)?.params).toEqual({
      ...{ search: "a", task: "fill-mask", language: "de", library: "", licence: "mit", max_size: "2B" },
      ...{ local_only: true, sort: "downloads" },
    });
    const sort = page.field("Sort") as unknown as HTMLSelectElement;
    const by = async (key: string) => {
      sort.value = key;
      sort.dispatchEvent(new Event("change", { bubbles: true }));
      await drawn(250);
    };
    const before = page.asked("search").length;
    await by("name");
    expect(page.names()).toEqual(["acme/half", GATED, "minilm"]);
    expect(page.asked("search")).toHaveLength(before);
    await by("date");
    expect(page.asked("search").at(-1)?.params?.sort).toBe("date");
    await page.press("Clear 5 filters");
    expect(page.asked("search").at(-1)?.params).toMatchObject({
      search: "a",
      task: "",
      max_size: "",
      local_only: false,
    });
  });

  it("says what went wrong, and what one should know", async () => {
    const page = await models({ search: "`--language` is 'english'. Give a code." });
    expect(textOf(page.one('[role="note"]'))).toContain("Something that one should know.");
    await page.type("Language", "english");
    await page.answer();
    expect(textOf(page.one('[role="alert"]'))).toBe("--language is 'english'. Give a code.");
    expect(page.names()).toHaveLength(3);
    await page.type("Language", "");
    await drawn();
    expect(page.all('[role="alert"]')).toHaveLength(0);
  });

  it("goes on where the Hub does", async () => {
    const rows = [...LISTED.rows, { ...LISTED.rows[0], model: "acme/more" }];
    const page = await models({ more: { ...LISTED, number: 1, more: false, rows } });
    await page.press("More from the Hub");
    expect(page.asked("more")[0]?.params).toEqual({ number: 0 });
    expect(page.names()).toContain("acme/more");
    expect(page.all(".nbt-models-more")).toHaveLength(0);
  });

  it("is walked through by the keys", async () => {
    const page = await models();
    page.field("Search models by name").focus();
    await page.key("ArrowDown");
    expect(textOf(document.activeElement as Element)).toBe("minilm");
    await page.key("ArrowDown");
    await page.key("End");
    expect(textOf(document.activeElement as Element)).toBe("acme/half");
    await page.key("ArrowUp");
    expect(textOf(document.activeElement as Element)).toBe(GATED);
    expect(page.all('.nbt-models-list button[tabindex="0"]').map(textOf)).toEqual([GATED]);
    (document.activeElement as HTMLElement).click();
    await page.answer();
    expect(page.one(`[aria-label="The model ${GATED}"]`).id).toBe(
      page.one('.nbt-models-list tr[aria-current="true"] button').getAttribute("aria-controls"),
    );
    page.button(`Close ${GATED}`).focus();
    await page.key("Escape");
    expect(page.all(".nbt-models-detail")).toHaveLength(0);
    expect(textOf(document.activeElement as Element)).toBe(GATED);
  });

  it("is there when there is none, and keeps hostile texts texts", async () => {
    const none = await models({ state: { listed: { ...LISTED, rows: [] }, downloads: {}, default: null } });
    expect(textOf(none.one(".nbt-none > p"))).toBe("There is no such model. Did you mean one of these?");
    await none.press("acme/half");
    expect(none.asked("search").at(-1)?.params?.search).toBe("acme/half");
    // It has the whole width until one is looked at.
    expect(none.all(".nbt-models-two")).toHaveLength(0);
    const state = { listed: { ...LISTED, rows: [], near: [] }, downloads: {}, default: null };
    const lost = await models({ state });
    expect(textOf(lost.one(".nbt-none"))).toBe("There is no such model.");
    const page = await models();
    expect(page.all(".nbt-models-two")).toHaveLength(0);
    await page.press(GATED);
    expect(page.all(".nbt-models-two")).toHaveLength(1);
    expect(page.el.querySelector("img, script")).toBeNull();
    expect(textOf(page.el)).toContain("<img src=x onerror=alert(1)> 😀");
  });
});

describe("one model", () => {
  it("is shown in full, and what the gate says once", async () => {
    const page = await models({ fit: golden.detail.gate });
    await page.press(GATED);
    const detail = page.one(".nbt-models-detail");
    expect(page.all(".nbt-models-detail dt").map(textOf)).toEqual(golden.detail.facts.map(([name]) => name));
    expect(textOf(page.one(".nbt-models-gate"))).toContain("is gated");
    expect(textOf(detail).split("is gated")).toHaveLength(2);
    expect(page.asked("fit")[0]?.params).toEqual({ name: GATED, batch_size: null, length: null });
  });

  it("is what is selected, by its number in the kernel's list, and stays when that is another", async () => {
    const page = await models();
    const shown = () => page.el.querySelector(".nbt-models-detail")?.getAttribute("aria-label");
    await page.press("acme/half");
    expect(page.model.get("selection")).toEqual([2]);
    page.model.change({ selection: [0, 1] });
    await page.answer();
    expect(shown()).toBe("The model minilm");
    page.model.change({ selection: [] });
    await page.answer();
    expect(shown()).toBeUndefined();
    // Another list: the kernel tells that there is one, then the numbers in it, and then it comes.
    await page.press("acme/half");
    await page.type("Search models by name", "half");
    await drawn(300);
    page.model.receive({ type: "list", number: 1 });
    page.model.change({ selection: [0] });
    await drawn(50);
    expect(shown()).toBe("The model acme/half");
    const rows = LISTED.rows.slice(2);
    page.reply(page.asked("search").at(-1), {
      ...LISTED,
      number: 1,
      rows,
      asked: { ...LISTED.asked, search: "half" },
    });
    await page.answer();
    expect(shown()).toBe("The model acme/half");
    expect(page.model.get("selection")).toEqual([0]);
    // A view that has not the kernel's list takes none of its numbers, and tells none.
    page.model.receive({ type: "list", number: 2 });
    page.model.change({ selection: [1] });
    await page.answer();
    expect(shown()).toBe("The model acme/half");
    await page.press("acme/half");
    expect(page.model.get("selection")).toEqual([1]);
  });

  it("is shown as the list knows it until the gate was asked", async () => {
    const known = {
      ...golden.detail,
      is_whole: false,
      gate: "",
      facts: [["Task", "of the list"]],
      cell: null,
    };
    const page = show({ kind: "models", header: golden.header, payload: null });
    await drawn(50);
    page.all(".nbt-models-list tbody button")[1]?.click();
    await drawn(50);
    const reply = (method: string, more: object) => {
      const sent = page.model.sent.find((one) => one.method === method);
      page.model.receive({ type: "reply", id: sent?.id, ...more });
    };
    expect(textOf(page.one(".nbt-models-detail"))).toContain("Looking at it…");
    reply("glance", { ok: true, result: { known } });
    await drawn(50);
    expect(page.all(".nbt-models-detail dd").map(textOf)).toEqual(["of the list"]);
    expect(textOf(page.one(".nbt-models-detail"))).toContain("Asking the load gate…");
    expect(page.all(".nbt-models-gate, .nbt-models-fit")).toEqual([]);
    reply("detail", { ok: true, result: golden.detail });
    await drawn(50);
    expect(page.all(".nbt-models-detail dt").map(textOf)).toEqual(golden.detail.facts.map(([name]) => name));
    expect(textOf(page.one(".nbt-models-gate"))).toContain("is gated");
  });

  it("fits, or not, at a batch that can be changed", async () => {
    const page = await models({ detail: PASSING });
    await page.press("minilm");
    expect(page.all(".nbt-models-fit tbody tr").map(textOf)).toEqual([
      "inference✓ yes568 MiB440 MiB100 MiB––28 MiB",
      "fine-tuning, full✕ no1.0 GiB620 MiB100 MiB100 MiB200 MiB4 MiB",
    ]);
    expect(textOf(page.one(".nbt-models-fit > p"))).toBe("An encoder; try --model minilm.");
    expect(textOf(page.one(".nbt-models-gate"))).toContain("lets it pass");
    await page.type("Texts at once", "8");
    await page.type("Tokens of each", "128");
    expect(page.asked("fit")).toHaveLength(1);
    await page.answer();
    expect(
      page
        .asked("fit")
        .slice(1)
        .map(({ params }) => params),
    ).toEqual([{ name: "minilm", batch_size: 8, length: 128 }]);
  });

  it("says that it counts, and that it takes longer beside a download", async () => {
    const page = await models({ detail: PASSING });
    await page.press("minilm");
    const status = () => textOf(page.one('.nbt-models-fit [role="status"]'));
    expect(status()).toBe("");
    await page.type("Texts at once", "8");
    await drawn(100);
    expect(status()).toBe("Counting…");
    const downloads = { minilm: { state: "running", progress: null, said: "" } };
    page.model.receive({ type: "models", downloads, listed: null });
    await drawn();
    expect(status()).toBe("Counting, which takes longer beside a download…");
    await page.answer();
    expect(status()).toBe("");
    expect(page.all(".nbt-models-fit tbody tr")).toHaveLength(2);
  });

  it("says no longer what was wrong while it counts anew", async () => {
    const page = await models({ detail: PASSING, fit: "`batch_size` is 0." });
    await page.press("minilm");
    expect(textOf(page.one('.nbt-models-fit [role="alert"]'))).toBe("batch_size is 0.");
    await page.type("Texts at once", "8");
    await drawn(200);
    expect(page.all('.nbt-models-fit [role="alert"]')).toEqual([]);
  });

  it("says why it cannot be looked at", async () => {
    const page = await models({ detail: "The Hub has no model a. Did you mean `b`?" });
    await page.press("minilm");
    expect(textOf(page.one('.nbt-models-detail [role="alert"]'))).toBe(
      "The Hub has no model a. Did you mean b?",
    );
  });

  it("is used in this session, pinned where that is said", async () => {
    const wanted = `${GATED}@${golden.detail.revision}`;
    const page = await models({ detail: { ...golden.detail, passes: true }, use: { default: wanted } });
    await page.press(GATED);
    expect(textOf(page.one(".nbt-bench-code pre"))).toBe(
      `%%classify --model '${GATED}'\nA joy from start to end.`,
    );
    page.one('.nbt-models-detail input[type="checkbox"]').click();
    await drawn();
    expect(textOf(page.one(".nbt-bench-code pre"))).toBe(
      `%%classify --model '${wanted}'\nA joy from start to end.`,
    );
    await page.press("Use in this session");
    expect(page.asked("use")[0]?.params).toEqual({ name: GATED, revision: golden.detail.revision });
    expect(textOf(page.one(".nbt-models-detail"))).toContain(`${wanted} is the default of this session`);
    expect(textOf(page.one(".nbt-models-usual"))).toBe("default");
  });

  it("is downloaded, stopped, and there at last", async () => {
    const answers: Record<string, object> = { detail: golden.detail };
    const page = await models(answers);
    await page.press(GATED);
    await page.press("Download (3.0 GB)");
    expect(page.asked("download")[0]?.params).toEqual({ name: GATED, revision: null, allow_pickle: false });
    const progress = {
      stage: "loading",
      message: "Downloading",
      done: 1,
      total: 3,
      unit: "MB",
      tokens_per_s: null,
      eta_s: 4,
    };
    const tell = async (state: string, more: object = {}) => {
      const download = { state, progress: null, said: "", ...more };
      page.model.receive({ type: "models", downloads: { [GATED]: download }, listed: null });
      await drawn();
    };
    await tell("running", { progress });
    expect(textOf(page.one(".nbt-models-progress"))).toContain("1 of 3 MB");
    const stop = page.all(".nbt-models-progress button")[0];
    stop?.click();
    await drawn();
    expect(page.asked("stop")[0]?.params).toMatchObject({ name: GATED });
    // What is kept is looked at.
    answers.detail = { ...golden.detail, kept: "1.0 of 3.0 GB", to_fetch: "2.0 GB" };
    await tell("stopped", { said: "Interrupted: 1 MB are kept." });
    await page.answer();
    expect(textOf(page.one(".nbt-models-said"))).toBe("Interrupted: 1 MB are kept.");
    page.button("Go on with the download (2.0 GB)");
    expect(textOf(page.one(".nbt-models-detail"))).toContain("1.0 of 3.0 GB here");
    // Once it has come, it is looked at once more.
    await page.press("acme/half");
    const before = page.asked("detail").length;
    page.model.receive(golden.live);
    await page.answer();
    expect(textOf(page.all(".nbt-models-place").at(-1) as Element)).toBe("cached");
    expect(page.asked("detail")).toHaveLength(before + 1);
  });

  it("is allowed what the gate refuses only by a tick", async () => {
    const passes_with = [["allow-pickle", "Load pickled weights"]];
    const page = await models({ detail: { ...golden.detail, passes_with }, use: { default: GATED } });
    await page.press(GATED);
    const code = () => textOf(page.one(".nbt-bench-code pre")).split("\n")[0];
    expect(page.button("Download (3.0 GB)").disabled).toBe(true);
    expect(page.button("Use in this session").disabled).toBe(true);
    expect(page.all(".nbt-bench-code")).toHaveLength(0);
    const box = page.field("Load pickled weights, --allow-pickle");
    expect(box.checked).toBe(false);
    box.click();
    await drawn();
    expect(code()).toBe(`%%classify --model '${GATED}' --allow-pickle`);
    await page.press("Download (3.0 GB)");
    expect(page.asked("download")[0]?.params).toEqual({ name: GATED, revision: null, allow_pickle: true });
    await page.press("Use in this session");
    expect(textOf(page.one(".nbt-models-detail"))).toContain("Each cell has to say --allow-pickle besides.");
    // Of another model nothing is allowed.
    await page.press("minilm");
    expect(page.field("Load pickled weights, --allow-pickle").checked).toBe(false);
  });

  it("is neither used nor put into a cell where nothing lets it pass", async () => {
    const page = await models();
    await page.press(GATED);
    expect(page.button("Use in this session").disabled).toBe(true);
    expect(page.all(".nbt-bench-code")).toHaveLength(0);
  });

  it("translates into the language that is typed", async () => {
    const cell = { magic: "%%translate", model: "m", pinned: null, target: "", text: "Good morning!" };
    const page = await models({ detail: { ...PASSING, cell, languages: ["de", "fr"] } });
    await page.press("minilm");
    const code = () => textOf(page.one(".nbt-bench-code pre"));
    expect(code()).toBe("%%translate --model m\nGood morning!");
    expect(textOf(page.one(".nbt-models-detail"))).toContain("has to be told one");
    expect(page.all("datalist option").map((one) => one.getAttribute("value"))).toContain("fr");
    await page.type("Translate into", "de");
    expect(code()).toBe("%%translate --model m --target de\nGood morning!");
    await page.type("Translate into", 'Simplified "Chinese');
    expect(code()).toBe('%%translate --model m --target "Simplified Chinese"\nGood morning!');
    const pair = await models({ detail: { ...PASSING, cell: { ...cell, target: "fr" } } });
    await pair.press("minilm");
    expect(textOf(pair.one(".nbt-bench-code pre"))).toBe("%%translate --model m --target fr\nGood morning!");
    expect(pair.all("label").map(textOf)).not.toContain("Translate into");
    expect(textOf(pair.one(".nbt-models-detail"))).toContain("It translates into fr, and into no other");
  });

  it("has no button that reaches nobody once the kernel was restarted", async () => {
    const page = await models();
    await page.press(GATED);
    page.model.lose();
    await drawn();
    expect(textOf(page.one('[role="alert"]'))).toContain("The kernel is gone");
    expect(page.all(".nbt-models-detail button").map((one) => one.getAttribute("aria-label"))).toEqual([
      `Close ${GATED}`,
    ]);
  });
});
