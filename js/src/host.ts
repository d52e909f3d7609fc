// The only file that knows the widget model. Everything else sees typed traits and messages.

/** What an anywidget host hands to `initialize` and `render`; a subset, so that a fake is a few lines. */
export interface WidgetModel {
  get(name: string): unknown;
  on(event: string, callback: (...args: never[]) => void): void;
  off(event: string, callback: (...args: never[]) => void): void;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[] | ArrayBufferView[]): void;
  /** JupyterLab's and Notebook's holds the connection to the kernel. */
  widget_manager?: WidgetManager;
}

interface WidgetManager {
  kernel?: { interrupt?(): Promise<void> };
  get_model?(id: string): Promise<unknown>;
  create_view?(model: unknown): Promise<{ el: HTMLElement; remove(): void }>;
  /** JupyterLab's and Notebook's: the document that the widget stands in. */
  context?: { model?: { sharedModel?: SharedNotebook } };
}

interface SharedCell {
  readonly id?: string;
  readonly cell_type?: string;
  getId?(): string;
  getSource?(): string;
}

/** The cells of a notebook, as JupyterLab's and Notebook's shared model has them. */
interface SharedNotebook {
  readonly cells: readonly SharedCell[];
  insertCell(index: number, cell: object): unknown;
}

/** What anywidget hands to `render` to show other widgets by, since 0.11. */
export interface Widgets {
  getWidget(ref: string): Promise<{ render(place: { el: HTMLElement; signal: AbortSignal }): Promise<void> }>;
}

/** Work under way. A `total` of null means that its end is not known. */
export interface Progress {
  stage: string;
  message: string;
  done: number;
  total: number | null;
  unit: string;
  tokens_per_s: number | null;
  eta_s: number | null;
  /** How it can be stopped: by a message, or, where the cell keeps the kernel busy, by an interrupt. */
  stop?: "message" | "interrupt";
}

export interface PanelError {
  message: string;
}

/** The traits that Python keeps in step with the page. */
export interface Traits {
  kind: string;
  panel_id: string;
  progress: Progress | null;
  error: PanelError | null;
  header: Record<string, unknown> | null;
  payload: DataView | null;
  /** Numbers of the selected rows, sorted; the page sets it too. */
  selection: readonly number[];
}

/** What JupyterLab's and Notebook's models tell when their kernel is restarted: what they had there is gone. */
const RESTARTED = "comm_live_update";

const GONE = "The kernel is gone";

/** What is said of what cannot be shown any further without it. */
export const LOST = `${GONE}: run this cell again.`;

/** Where pages have the state of their widgets that were saved with it: by nbconvert, Sphinx, `ipywidgets.embed`. */
const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';

export type MessageListener = (content: unknown, buffers: DataView[]) => void;

export class Host {
  readonly #model: WidgetModel;
  readonly #widgets: Widgets | undefined;
  /** A view for each buffer, so that the same payload reads as the same object. */
  readonly #views = new WeakMap<object, DataView>();
  /** Whether the kernel that had the model is gone. */
  #lost: boolean;

  /** Whether the kernel that had the model is gone. */
  get isLost(): boolean {
    return this.#lost;
  }

  constructor(model: WidgetModel, widgets?: Widgets) {
    this.#model = model;
    this.#widgets = widgets;
    this.#lost = isSaved(model);
  }

  get kind(): string {
    return asString(this.#model.get("kind"));
  }

  get panelId(): string {
    return asString(this.#model.get("panel_id"));
  }

  /** All traits at one moment; a trait that this model lacks reads as empty, and no work goes on without a kernel. */
  read(): Traits {
    const traits = this.#traits();
    if (!this.#lost || !traits.progress) return traits;
    const came = traits.header ? ": this is what had come." : ": nothing had come.";
    return { ...traits, progress: null, error: { message: GONE + came } };
  }

  #traits(): Traits {
    return {
      kind: this.kind,
      panel_id: this.panelId,
      progress: asObject<Progress>(this.#model.get("progress")),
      error: asObject<PanelError>(this.#model.get("error")),
      header: asObject<Record<string, unknown>>(this.#model.get("header")),
      payload: this.#view(this.#model.get("payload")),
      selection: asNumbers(this.#model.get("selection")),
    };
  }

  /** Call `listener` after any of `names` has changed; returns the way to stop. */
  watch(names: readonly (keyof Traits)[], listener: () => void): () => void {
    const events = names.map((name) => `change:${name}`);
    const lost = () => {
      this.#lost = true;
      listener();
    };
    for (const event of events) this.#model.on(event, listener);
    this.#model.on(RESTARTED, lost);
    return () => {
      for (const event of events) this.#model.off(event, listener);
      this.#model.off(RESTARTED, lost);
    };
  }

  /** Call `listener` when the kernel that had the model is gone; returns the way to stop. */
  onLost(listener: () => void): () => void {
    this.#model.on(RESTARTED, listener);
    return () => this.#model.off(RESTARTED, listener);
  }

  #view(value: unknown): DataView | null {
    if (typeof value !== "object" || value === null) return null;
    const known = this.#views.get(value) ?? asView(value);
    if (known) this.#views.set(value, known);
    return known;
  }

  /** Select rows, here and in Python. */
  select(rows: number[]): void {
    this.#model.set("selection", rows);
    this.#model.save_changes();
  }

  send(content: object): void {
    this.#model.send(content);
  }

  /** End the work and keep what came; false where the host offers no way to reach a busy kernel. */
  async stop(how: Progress["stop"]): Promise<boolean> {
    if (how === "message") this.send({ type: "stop" });
    else {
      const kernel = this.#model.widget_manager?.kernel;
      if (!kernel?.interrupt) return false;
      await kernel.interrupt();
    }
    return true;
  }

  /** What reaches beyond this panel; functions below use it, so that only the bundles that need them carry them. */
  get beyond(): { manager: WidgetManager | undefined; widgets: Widgets | undefined } {
    return { manager: this.#model.widget_manager, widgets: this.#widgets };
  }

  onMessage(listener: MessageListener): () => void {
    const receive = (content: unknown, buffers?: unknown[]) => {
      listener(
        content,
        (buffers ?? []).map(asView).filter((view) => view !== null),
      );
    };
    this.#model.on("msg:custom", receive);
    return () => this.#model.off("msg:custom", receive);
  }
}

/** What ipywidgets' models have beyond what anywidget hands out. */
interface KernelModel {
  comm?: { on_msg(receive: (message: object) => unknown): void; send(message: object): unknown };
  _handle_comm_msg?(message: object): Promise<unknown>;
}

/** A message of a widget's that changes nothing. */
const NOTHING = { content: { data: {} } };

/**
 * Hear the kernel also where the page took long to get here.
 *
 * anywidget gives a widget two seconds from the moment in which it is made, which a page that opens much at once may
 * need for other things; after that it hands on nothing that comes, for ever. Then ipywidgets hands it on itself, and
 * the kernel is asked for what was missed (`request_state` of the widget protocol).
 */
export async function hearAlsoLate(host: Host): Promise<void> {
  const model = (await host.beyond.manager?.get_model?.(host.panelId)) as KernelModel | undefined;
  try {
    await model?._handle_comm_msg?.(NOTHING);
  } catch {
    const { _handle_comm_msg: handle } = Object.getPrototypeOf(Object.getPrototypeOf(model));
    model?.comm?.on_msg((message) => handle.call(model, message));
    model?.comm?.send({ method: "request_state" });
  }
}

/** Whether a page was saved with its widgets: no kernel is behind it. */
function isSaved({ widget_manager: manager }: WidgetModel): boolean {
  return manager !== undefined && !manager.kernel && document.querySelector(STATE) !== null;
}

/**
 * Show another widget in an element until the signal says to stop. A widget that the kernel has just made may come to
 * this page a moment later than the word of it.
 */
export async function showWidget(
  host: Host,
  id: string,
  el: HTMLElement,
  signal: AbortSignal,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await shown(host, id, el, signal);
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (tries === WIDGET_TRIES) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, WIDGET_WAIT_MS));
  }
}

async function shown(host: Host, id: string, el: HTMLElement, signal: AbortSignal): Promise<void> {
  const { manager, widgets } = host.beyond;
  if (widgets) {
    const widget = await widgets.getWidget(`anywidget:${id}`);
    if (!signal.aborted) await widget.render({ el, signal });
    return;
  }
  if (!manager?.get_model || !manager.create_view) throw new Error(NO_WIDGETS);
  const view = await manager.create_view(await manager.get_model(id));
  if (signal.aborted) view.remove();
  else el.append(view.el);
  signal.addEventListener("abort", () => view.remove());
}

const WIDGET_TRIES = 20;
const WIDGET_WAIT_MS = 150;
const NO_WIDGETS = "This host shows no panel within another: insert the magic as a cell.";

/** Whether the host lets the page put a cell into the notebook. */
export function takesCells(host: Host): boolean {
  return typeof notebookOf(host)?.insertCell === "function";
}

/** Put a cell of code below another one, by its id, or at the end of the notebook. */
export function insertCell(host: Host, source: string, below: string | null): void {
  const notebook = notebookOf(host);
  if (!notebook) return;
  const at = notebook.cells.findIndex((cell) => idOf(cell) === below);
  const index = at < 0 ? notebook.cells.length : at + 1;
  notebook.insertCell(index, { cell_type: "code", source, metadata: { trusted: true } });
}

/** What stands in the other cells of the notebook; null where the host shows a page none. */
export function otherCells(host: Host, own: string | null): { type: string; source: string }[] | null {
  const cells = notebookOf(host)?.cells;
  if (!cells?.some((cell) => cell.getSource)) return null;
  return cells
    .filter((cell) => idOf(cell) !== own)
    .map((cell) => ({ type: cell.cell_type ?? "", source: cell.getSource?.() ?? "" }));
}

function idOf(cell: SharedCell): string | undefined {
  return cell.getId?.() ?? cell.id;
}

function notebookOf(host: Host): SharedNotebook | undefined {
  return host.beyond.manager?.context?.model?.sharedModel;
}

function asString(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function asObject<T>(value: unknown): T | null {
  return typeof value === "object" && value !== null ? (value as T) : null;
}

const NO_NUMBERS: readonly number[] = [];

function asNumbers(value: unknown): readonly number[] {
  return Array.isArray(value) ? value : NO_NUMBERS;
}

/** Hosts hand over a DataView, a typed array or a bare ArrayBuffer; a view keeps its offset and length. */
function asView(value: unknown): DataView | null {
  if (value instanceof DataView) return value;
  if (ArrayBuffer.isView(value)) return new DataView(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new DataView(value);
  return null;
}
