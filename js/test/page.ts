// A panel on the page, with the means to look at it and to touch it.
import { afterEach, beforeEach, vi } from "vitest";
import panel from "../src/index";
import { FakeModel } from "./fake";

const open: (() => void)[] = [];

export const textOf = (element: Element) => element.textContent ?? "";

export function show(traits: Record<string, unknown> = {}) {
  const model = new FakeModel(traits);
  const el = document.createElement("div");
  document.body.append(el);
  const disconnect = panel.initialize({ model });
  const unmount = panel.render({ model, el });
  const close = () => {
    unmount();
    disconnect();
    el.remove();
  };
  open.push(close);
  const all = (selector: string) => [...el.querySelectorAll<HTMLElement>(selector)];
  const one = (selector: string) => {
    const found = el.querySelector<HTMLElement>(selector);
    if (!found) throw new Error(`no ${selector}`);
    return found;
  };
  /** A button by the name that it is spoken by. */
  const button = (name: string) => {
    const named = (one: HTMLElement) => one.getAttribute("aria-label") ?? textOf(one);
    const found = all("button").find((one) => named(one) === name);
    if (!found) throw new Error(`no button ${name}`);
    return found as HTMLButtonElement;
  };
  const texts = () =>
    all(".nbt-rows .nbt-row")
      .sort((a, b) => Number(a.dataset.at) - Number(b.dataset.at))
      .map((row) => row.querySelector(".nbt-td.nbt-col-text")?.textContent);
  const click = async (selector: string) => {
    one(selector).click();
    await drawn();
  };
  const key = async (name: string) => {
    const event = new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true });
    document.activeElement?.dispatchEvent(event);
    await drawn();
    return event;
  };
  return { model, el, close, unmount, all, one, button, texts, click, key };
}

/** Let Preact draw what it has planned, and effects run. */
export async function drawn(ms = 60) {
  await vi.advanceTimersByTimeAsync(ms);
}

/** Fake clocks for the tests of a file, and nothing left on the page between them. */
export function onCleanPages(): void {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(async () => {
    for (const close of open.splice(0)) close();
    document.body.replaceChildren();
    // Preact plans its effects once: a plan lost with the fake clock would never be made again.
    await vi.runOnlyPendingTimersAsync();
    vi.useRealTimers();
  });
}
