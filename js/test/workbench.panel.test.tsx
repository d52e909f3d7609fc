// The panel of the workbench: its form, what it asks the kernel, the panel within it, and the history.
import { describe, expect, it, vi } from "vitest";
import golden from "../../tests/golden/workbench.json";
import { Host, insertCell, otherCells, showWidget, takesCells, type Widgets } from "../src/host";
import { workbenchHeader } from "../src/wire/workbench";
import { formOf, nothingFilled, withForm, withOption } from "../src/workbench/filled";
import { FakeModel, type Sent } from "./fake";
import { drawn, onCleanPages, show, textOf } from "./page";

onCleanPages();

/** A workbench, and a kernel that answers as it is told. */
async function bench(
  state: Record<string, unknown> = {},
  answers: Record<string, object> = {},
  header: Record<string, unknown> = {},
) {
  const page = show({ kind: "workbench", header: { ...golden.header, ...header }, payload: null });
  const asked = (method: string) => page.model.sent.filter((sent) => sent.method === method);
  const answered = new Set<Sent>();
  const answer = async () => {
    await drawn(400);
    for (const sent of page.model.sent) {
      if (answered.has(sent) || sent.type !== "request") continue;
      answered.add(sent);
      const known: Record<string, object> = {
        state: { ...golden.state, ...state },
        typed: { typed: "%%classify\na joy\n" },
        suggest: { suggestions: [["minilm", "model"]] },
        run: {},
        ...answers,
      };
      // How things stand is told before the answer comes.
      if (sent.method === "run" && !("run" in answers))
        page.model.receive({ type: "workbench", ...golden.state, at_work: 3, shown: 3 });
      page.model.receive({ type: "reply", id: sent.id, ok: true, result: known[sent.method ?? ""] ?? {} });
    }
    await drawn(100);
  };
  await answer();
  await answer();
  const field = (name: string) => {
    const label = page.all("label").find((one) => textOf(one) === name);
    const id = label?.getAttribute("for");
    const found = id ? page.el.querySelector<HTMLInputElement>(`#${id}`) : label?.querySelector("input");
    if (!found) throw new Error(`no field ${name}`);
    return found;
  };
  const type = async (element: HTMLInputElement | HTMLTextAreaElement, text: string) => {
    element.value = text;
    element.dispatchEvent(new Event("input", { bubbles: true }));
    await answer();
  };
  return { ...page, asked, answer, field, type };
}

describe("what is filled in", () => {
  const { tasks } = workbenchHeader(golden.header);
  const [classify, tokenize] = tasks as [(typeof tasks)[0], (typeof tasks)[0]];

  it("is kept task by task, and the input for all", () => {
    let filled = withOption(nothingFilled("classify"), "top-k", "2");
    filled = { ...filled, texts: { text: "a joy" } };
    const cut = { ...filled, task: "tokenize" };
    expect(formOf(cut, tokenize)).toEqual({
      task: "tokenize",
      source: "text",
      text: "a joy",
      options: {},
      others: "",
    });
    expect(formOf({ ...cut, task: "classify" }, classify).options).toEqual({ "top-k": "2" });
    expect(formOf(withOption(filled, "top-k", ""), classify).options).toEqual({});
  });

  it("has no option that is for another kind of input", () => {
    let filled = withOption(withOption(nothingFilled("classify"), "column", "review"), "whole", true);
    filled = { ...filled, texts: { text: "a joy", value: "df" } };
    expect(formOf(filled, classify).options).toEqual({ whole: true });
    expect(formOf({ ...filled, source: "value" }, classify).options).toEqual({ column: "review" });
  });

  it("is what a run of the history said", () => {
    const form = {
      task: "tokenize",
      source: "value",
      text: "texts",
      options: { model: ["a"] },
      others: "",
    } as const;
    const back = withForm(nothingFilled("classify"), { ...form, options: { model: ["a"] } });
    expect(formOf(back, tokenize)).toEqual(form);
  });

  it("needs a header that is one", () => {
    expect(() => workbenchHeader({ ...golden.header, tasks: [] })).toThrow("no workbench");
  });
});

describe("the panel", () => {
  it("has a labelled field for every option of the task", async () => {
    const page = await bench();
    for (const name of ["model", "whole", "top-k", "dtype"])
      page.field(name === "whole" ? "one text in all" : name);
    // A text has no columns, and a table is no whole text.
    expect(() => page.field("column")).toThrow();
    page.button("Variable").click();
    await page.answer();
    for (const name of ["model", "column", "top-k", "dtype"]) page.field(name);
    expect(() => page.field("one text in all")).toThrow();
    expect(page.field("top-k").placeholder).toBe("1");
    // Every field has a name.
    for (const one of page.all("input, select, textarea")) {
      const labelled = one.id && page.el.querySelector(`label[for="${one.id}"]`);
      expect(labelled || one.closest("label") || one.getAttribute("aria-label")).toBeTruthy();
    }
  });

  it("has what a command is about unfolded, and does not say that there is a usual one", async () => {
    const page = await bench();
    const task = page.one("select") as HTMLSelectElement;
    task.value = "runs pause";
    task.dispatchEvent(new Event("change", { bubbles: true }));
    await page.answer();
    expect(page.field("run").placeholder).toBe("name");
    expect(page.field("run").closest("details")?.open).toBe(true);
    expect(page.field("runs-folder").placeholder).toBe("as usual");
  });

  it("runs what is filled in, and says which magic does the same", async () => {
    const page = await bench();
    await page.type(page.one("textarea") as HTMLTextAreaElement, "a joy");
    await page.type(page.field("top-k"), "2");
    expect(page.asked("typed").at(-1)?.params).toEqual({
      form: { task: "classify", source: "text", text: "a joy", options: { "top-k": "2" }, others: "" },
    });
    expect(textOf(page.one(".nbt-bench-code pre"))).toBe("%%classify\na joy");
    expect(page.one(".nbt-bench-code pre").getAttribute("dir")).toBe("ltr");
    page.button("Run").click();
    await page.answer();
    expect(page.asked("run")).toHaveLength(1);
    expect(page.button("Running…").getAttribute("aria-disabled")).toBe("true");
    page.button("Running…").click();
    await drawn();
    expect(page.asked("run")).toHaveLength(1);
    page.button("■ Stop").click();
    await drawn();
    expect(page.asked("stop")).toHaveLength(1);
    expect(document.activeElement).toBe(page.button("Running…"));
    page.model.receive({ type: "workbench", ...golden.state });
    await drawn();
    expect(page.button("Run").getAttribute("aria-disabled")).toBe("false");
  });

  it("runs by Ctrl+Enter from the text", async () => {
    const page = await bench();
    const event = { key: "Enter", ctrlKey: true, bubbles: true };
    page.one("textarea").dispatchEvent(new KeyboardEvent("keydown", event));
    await drawn();
    expect(page.asked("run")).toHaveLength(1);
  });

  it("takes a text of a megabyte: no line of it has a direction of its own, and the beginning is shown", async () => {
    const long = "سلام world\n".repeat(90_000);
    const page = await bench({}, { typed: { typed: `%%classify\n${long}` } });
    const text = page.one("textarea") as HTMLTextAreaElement;
    expect(text.dir).toBe("auto");
    await page.type(text, long);
    expect(text.dir).toBe("rtl");
    const shown = textOf(page.one(".nbt-bench-code pre"));
    expect(shown.length).toBeLessThan(21_000);
    expect(shown).toMatch(/^%%classify\nسلام world\n.*… and 970,010 characters more$/s);
    page.button("Run").click();
    await drawn();
    expect(page.asked("run").at(-1)?.params).toMatchObject({ form: { text: long } });
  });

  it("says so where the kernel lets one wait", async () => {
    const page = await bench();
    const waits = () =>
      page.all("[role=status]").some((one) => textOf(one).startsWith("Waiting for the kernel"));
    page.button("Run").click();
    await drawn(2_000);
    expect(waits()).toBe(true);
    await page.answer();
    expect(waits()).toBe(false);
  });

  it("tells a mistake at its field, and elsewhere where the field is not known", async () => {
    const error = { message: "`--top-k` is few.", task: "classify", field: "top-k" };
    const page = await bench({}, { run: { error } });
    page.button("Run").click();
    await page.answer();
    expect(page.field("top-k").getAttribute("aria-invalid")).toBe("true");
    expect(page.field("top-k").closest("details")?.open).toBe(true);
    expect(page.all("[role=alert]")).toHaveLength(0);
    await page.type(page.field("top-k"), "2");
    expect(page.field("top-k").getAttribute("aria-invalid")).toBeNull();
    const other = await bench({ error: { message: "No memory.", task: "classify", field: "" } });
    expect(textOf(other.one("[role=alert]"))).toBe("No memory.");
    const typed = { message: "Type `nbt.models()`.", task: "classify", field: "" };
    expect(textOf((await bench({ error: typed })).one("[role=alert] code"))).toBe("nbt.models()");
  });

  it("tells no mistake at the field of another task that is called the same", async () => {
    const error = { message: "There is no model minlm.", task: "tokenize", field: "model" };
    const page = await bench({ error });
    expect(page.field("model").getAttribute("aria-invalid")).toBeNull();
    expect(textOf(page.one("[role=alert]"))).toBe(error.message);
  });

  it("tells one mistake at a time: that of a run goes once its form is changed", async () => {
    const error = { message: "No memory.", task: "classify", field: "" };
    const typed = { typed: "", error: { message: "`--top-k` is few.", task: "classify", field: "top-k" } };
    const page = await bench({ error, history: [] }, { typed });
    expect(page.all("[role=alert], .nbt-bad").map(textOf)).toEqual(["No memory."]);
    await page.type(page.field("top-k"), "few");
    expect(page.all("[role=alert], .nbt-bad").map(textOf)).toEqual(["--top-k is few."]);
  });

  it("says which run is shown, whatever is filled in by then", async () => {
    expect((await bench({ shown: 1 })).all(".nbt-bench-which")).toHaveLength(0);
    const page = await bench({ shown: 1, said: "Nothing was loaded." });
    const task = page.one("select") as HTMLSelectElement;
    task.value = "tokenize";
    task.dispatchEvent(new Event("change", { bubbles: true }));
    await page.answer();
    expect(textOf(page.one(".nbt-bench-which"))).toBe("Run 1 %%classify");
  });

  it("has what a stop has left done, and keeps the focus", async () => {
    const history = [{ ...golden.state.history[1], has_rest: true }];
    const page = await bench({ shown: 1, history });
    page.button("Resume").focus();
    page.button("Resume").click();
    await drawn();
    expect(page.asked("resume").map(({ params }) => params)).toEqual([{ number: 1 }]);
    page.model.receive({ type: "workbench", ...golden.state, history, at_work: 1, shown: 1 });
    await drawn();
    expect(() => page.button("Resume")).toThrow();
    expect(document.activeElement).toBe(page.button("Running…"));
  });

  it("tells in the history what was stopped, which is no mistake", async () => {
    const message = "Interrupted: 2 MB are kept.";
    const history = [{ ...golden.state.history[0], message, stopped: true }, golden.state.history[1]];
    const page = await bench({ history });
    expect(page.all(".nbt-bench-what p").map(textOf)).toEqual([message]);
    expect(page.all(".nbt-bad")).toHaveLength(0);
    expect((await bench()).all(".nbt-bad").map(textOf)).toEqual(["There is no model no."]);
  });

  it("offers code where there is a program, and says else why there is none", async () => {
    const first = (page: Awaited<ReturnType<typeof bench>>) => textOf(page.one(".nbt-bench-run"));
    expect(first(await bench({ shown: 2 }))).toBe("Run");
    expect(first(await bench({ shown: 1 }))).toBe("RunCode");
    const why = "There is no program for this run: several processes have trained it.";
    const history = [{ ...golden.state.history[1], has_code: false, no_code: why }];
    const page = await bench({ shown: 1, history });
    expect(first(page)).toBe(`Run${why}`);
    expect(page.button("Code 1").disabled).toBe(true);
    expect(page.button("Code 1").title).toBe(why);
  });

  it("says that the kernel was restarted, and waits for nothing any more", async () => {
    const page = await bench({ at_work: 1 });
    expect(page.button("Running…").getAttribute("aria-disabled")).toBe("true");
    expect(page.all("[aria-label='The magic that does the same']")).toHaveLength(1);
    page.model.lose();
    await drawn();
    expect(page.all("[aria-label='The magic that does the same']")).toHaveLength(0); // it would follow no more
    expect(textOf(page.one("[role=alert]"))).toContain("The kernel is gone");
    expect(page.button("Run").getAttribute("aria-disabled")).toBe("false");
    page.model.onSend = () => {
      throw new Error("Cannot send"); // as a model whose kernel is gone
    };
    page.button("Run").click();
    await drawn();
    expect(textOf(page.one("[role=alert]"))).toBe("The kernel is gone: run this cell again.");
  });

  it("suggests what the kernel knows", async () => {
    const page = await bench();
    await page.type(page.one("textarea") as HTMLTextAreaElement, "long texts");
    const field = page.field("model");
    field.dispatchEvent(new FocusEvent("focus"));
    await page.type(field, "min");
    expect(page.asked("suggest").at(-1)?.params).toMatchObject({
      field: "model",
      begun: "min",
      form: { task: "classify", source: "text", text: "" },
    });
    expect(page.all("[role=option]").map(textOf)).toEqual(["minilm model"]);
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
    await drawn();
    expect(field.getAttribute("aria-activedescendant")).toBe(page.one("[role=option]").id);
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    await page.answer();
    expect(field.value).toBe("minilm");
    expect(field.getAttribute("aria-expanded")).toBe("false");
    expect(page.asked("run")).toHaveLength(0);
  });

  it("lists all that a field can be, to be picked by the mouse alone", async () => {
    const page = await bench();
    page.button("Variable").click();
    await page.answer();
    const field = page.field("column");
    await page.type(field, "rev");
    page.button("Choose column").click();
    await page.answer();
    page.button("Choose column").click();
    await page.answer();
    expect(page.asked("suggest").at(-1)?.params).toMatchObject({ field: "column", begun: "" });
    (page.one("[role=option]") as HTMLElement).click();
    await page.answer();
    expect(field.value).toBe("minilm");
    expect(page.all("[role=listbox]")).toHaveLength(0);
    // What nothing is known of is typed.
    expect(page.all("button").map((one) => one.getAttribute("aria-label"))).not.toContain("Choose top-k");
  });

  it("keeps a list where it is until the pointer has clicked what is beyond it", async () => {
    const page = await bench();
    page.button("Variable").click();
    await page.answer();
    const field = page.field("column");
    await page.type(field, "rev");
    expect(page.all("[role=listbox]")).toHaveLength(1);
    const press = (name: string) => page.button("Run").dispatchEvent(new Event(name, { bubbles: true }));
    press("pointerdown");
    field.dispatchEvent(new FocusEvent("blur"));
    await drawn();
    expect(page.all("[role=listbox]")).toHaveLength(1);
    press("pointerup");
    await drawn();
    expect(page.all("[role=listbox]")).toHaveLength(0);
    // Keys have moved nothing by then.
    await page.type(field, "revi");
    field.dispatchEvent(new FocusEvent("blur"));
    await drawn();
    expect(page.all("[role=listbox]")).toHaveLength(0);
  });

  it("shows what a magic says as text, and has no program for it", async () => {
    const history = [{ ...golden.state.history[1], has_code: false }];
    const page = await bench({ said: "<b>device</b>  cpu\ndtype   auto", shown: 1, history });
    expect(textOf(page.one(".nbt-bench-said pre"))).toBe("<b>device</b>  cpu\ndtype   auto");
    // A sentence is broken where it must be.
    const one = await bench({ said: "Downloaded acme/tiny.", shown: 1, history });
    expect(textOf(one.one("[aria-label='What it says'] pre"))).toBe("Downloaded acme/tiny.");
    expect(one.all(".nbt-bench-said")).toHaveLength(0);
    expect(page.button("Code 1").disabled).toBe(true);
    expect(page.all(".nbt-bench-run button").map(textOf)).toEqual(["Run"]);
  });

  it("keeps what is filled in at the kernel, and has it from there", async () => {
    const kept = {
      task: "tokenize",
      texts: { text: "好 a joy" },
      source: "text",
      options: { classify: { "top-k": "2" } },
      others: "",
    };
    const page = await bench({}, { kept: { filled: kept } });
    expect((page.one("select[aria-label=Task]") as HTMLSelectElement).value).toBe("tokenize");
    const text = page.one("textarea") as HTMLTextAreaElement;
    expect(text.value).toBe("好 a joy");
    await page.type(text, "another");
    expect(page.asked("keep").at(-1)?.params).toEqual({ filled: { ...kept, texts: { text: "another" } } });
  });

  it("has what was filled in when the kernel has lost it, as one that was restarted", async () => {
    const header = { cell: "c1" };
    const first = await bench({}, {}, header);
    await first.type(first.one("textarea") as HTMLTextAreaElement, "好 a joy");
    const text = (page: Awaited<ReturnType<typeof bench>>) =>
      (page.one("textarea") as HTMLTextAreaElement).value;
    const task = (page: Awaited<ReturnType<typeof bench>>) =>
      (page.one("select[aria-label=Task]") as HTMLSelectElement).value;
    expect(text(await bench({}, {}, header))).toBe("好 a joy");
    expect(text(await bench({}, {}, { cell: "c2" }))).toBe("");
    const asked = await bench({}, {}, { ...header, task: "tokenize", is_asked: true });
    expect([task(asked), text(asked)]).toEqual(["tokenize", "好 a joy"]);
    // What the kernel has is of a later page, maybe.
    const kept = { task: "classify", texts: { text: "later" }, source: "text", options: {}, others: "" };
    expect(text(await bench({}, { kept: { filled: kept } }, header))).toBe("later");
  });

  it("says where a host shows it no cells", async () => {
    const page = await bench();
    page.button("Cell").click();
    await drawn();
    expect(textOf(page.one(".nbt-bench-input"))).toContain("this host shows a panel no other cells");
  });

  it("lists what was run, as texts, shows a result once more and puts a form back", async () => {
    const form = { task: "tokenize", source: "value", text: "texts", options: {}, others: "" };
    const page = await bench({}, { form });
    expect(page.all(".nbt-bench-history tbody tr").map(textOf)[0]).toContain("There is no model no.");
    expect(page.el.querySelector(".nbt-bench-history b")).toBeNull();
    expect(page.button("Show 2").disabled).toBe(true);
    page.button("Show 1").click();
    await page.answer();
    expect(page.asked("show").at(-1)?.params).toEqual({ number: 1 });
    page.button("Put back 2").click();
    await page.answer();
    expect((page.one(".nbt-bench-first select") as HTMLSelectElement).value).toBe("tokenize");
    expect((page.one(".nbt-bench-input input") as HTMLInputElement).value).toBe("texts");
  });

  it("says that a host shows no panel within another, and takes no cells", async () => {
    const page = await bench({ child: "abc" });
    await drawn(10_000);
    expect(textOf(page.one("[role=alert]"))).toContain("shows no panel within another");
    expect(textOf(page.one(".nbt-bench-code"))).toContain("copy it");
  });
});

describe("what reaches beyond the panel", () => {
  it("puts a cell below the one that it stands in, where the host has cells", () => {
    const model = new FakeModel({}) as FakeModel & { widget_manager?: object };
    expect(takesCells(new Host(model))).toBe(false);
    const insertCellOf = vi.fn();
    const cells = [{ id: "a" }, { id: "b" }];
    model.widget_manager = { context: { model: { sharedModel: { cells, insertCell: insertCellOf } } } };
    const host = new Host(model);
    expect(takesCells(host)).toBe(true);
    insertCell(host, "%classify x", "a");
    insertCell(host, "%classify x", null);
    expect(insertCellOf.mock.calls.map(([at]) => at)).toEqual([1, 2]);
    expect(insertCellOf.mock.calls[0]?.[1]).toMatchObject({ cell_type: "code", source: "%classify x" });
  });

  it("knows what stands in the other cells, where the host has cells", () => {
    const model = new FakeModel({}) as FakeModel & { widget_manager?: object };
    expect(otherCells(new Host(model), "a")).toBeNull();
    const cells = [
      { id: "a", cell_type: "code", getSource: () => "%workbench" },
      { id: "b", cell_type: "markdown", getSource: () => "# A joy" },
    ];
    model.widget_manager = { context: { model: { sharedModel: { cells } } } };
    expect(otherCells(new Host(model), "a")).toEqual([{ type: "markdown", source: "# A joy" }]);
  });

  it("shows a widget by what anywidget hands over, else by the widget manager, once it is there", async () => {
    const place = document.createElement("div");
    const render = vi.fn(async () => {});
    // The kernel has just made it: at first the page does not know it.
    const getWidget = vi.fn().mockRejectedValueOnce(new Error("No binding")).mockResolvedValue({ render });
    const { signal } = new AbortController();
    const shown = showWidget(new Host(new FakeModel({}), { getWidget } as Widgets), "abc", place, signal);
    await drawn(300);
    await shown;
    expect(getWidget).toHaveBeenLastCalledWith("anywidget:abc");
    expect(render).toHaveBeenCalledWith({ el: place, signal });

    const model = new FakeModel({}) as FakeModel & { widget_manager?: object };
    const view = { el: document.createElement("p"), remove: vi.fn() };
    model.widget_manager = { get_model: async (id: string) => id, create_view: async () => view };
    const ended = new AbortController();
    await showWidget(new Host(model), "abc", place, ended.signal);
    expect(place.firstChild).toBe(view.el);
    ended.abort();
    expect(view.remove).toHaveBeenCalledOnce();
  });
});
