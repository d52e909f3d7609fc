// A panel of models or of datasets, and a kernel that answers as it is told.
import type { Sent } from "./fake";
import { drawn, show, textOf } from "./page";

/** What is answered, by what is asked; a text is why it cannot be. */
export type Answers = Record<string, object | string>;

/** A panel with these traits; `wait` is how long it may be until it asks for what is typed, `known` what is answered. */
export async function catalogue(traits: Record<string, unknown>, wait: number, known: () => Answers) {
  const page = show({ payload: null, ...traits });
  const asked = (method: string) => page.model.sent.filter((sent) => sent.method === method);
  const answered = new Set<Sent>();
  const reply = (sent: Sent | undefined, result: object) =>
    page.model.receive({ type: "reply", id: sent?.id, ok: true, result });
  const answer = async () => {
    await drawn(wait);
    for (const sent of page.model.sent) {
      if (answered.has(sent) || sent.type !== "request") continue;
      answered.add(sent);
      const result = known()[sent.method ?? ""] ?? {};
      if (typeof result === "string")
        page.model.receive({ type: "reply", id: sent.id, ok: false, error: result });
      else reply(sent, result);
    }
    await drawn(100);
  };
  await answer();
  const press = async (name: string) => {
    page.button(name).click();
    await answer();
    await answer();
  };
  const field = (name: string) => {
    const labelled = page.all(`[aria-label="${name}"]`)[0];
    const label = page.all("label").find((one) => textOf(one).trim() === name);
    const id = label?.getAttribute("for");
    const found =
      labelled ?? (id ? page.el.querySelector<HTMLElement>(`#${id}`) : label?.querySelector("input"));
    if (!found) throw new Error(`no field ${name}`);
    return found as HTMLInputElement;
  };
  const type = async (name: string, text: string) => {
    const input = field(name);
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn(10);
  };
  const names = () => page.all(".nbt-models-list tbody button").map(textOf);
  return { ...page, asked, answer, reply, press, field, type, names };
}
