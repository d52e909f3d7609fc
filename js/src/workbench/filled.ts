// What is filled in, task by task: what was typed for one is there again when it is chosen again.
import type { Field, Form, Source, Task, Value } from "../wire/workbench";

/** What is filled in for all tasks. */
export interface Filled {
  task: string;
  /** What each kind of source holds, whichever task reads it. */
  texts: Readonly<Partial<Record<Source, string>>>;
  source: Source;
  options: Readonly<Record<string, Readonly<Record<string, Value>>>>;
  others: string;
}

export function nothingFilled(task: string): Filled {
  return { task, texts: {}, source: "text", options: {}, others: "" };
}

/** The source that a task reads: the chosen one, where it can. */
export function sourceOf(filled: Filled, task: Task): Source {
  return task.sources.includes(filled.source) ? filled.source : (task.sources[0] ?? "none");
}

export function formOf(filled: Filled, task: Task): Form {
  const source = sourceOf(filled, task);
  return {
    task: task.name,
    source,
    text: filled.texts[source] ?? "",
    options: optionsFor(filled.options[task.name] ?? {}, task, source),
    others: task.others ? filled.others : "",
  };
}

/** Whether an option says something of a kind of input; what is filled in for another kind is no part of the form. */
export function isFor({ sources }: Field, source: Source): boolean {
  return sources.length === 0 || sources.includes(source);
}

function optionsFor(
  options: Readonly<Record<string, Value>>,
  task: Task,
  source: Source,
): Record<string, Value> {
  const isMeant = (name: string) => {
    const field = fieldOf(task, name);
    return !field || isFor(field, source);
  };
  return Object.fromEntries(Object.entries(options).filter(([name]) => isMeant(name)));
}

export function withOption(filled: Filled, name: string, value: Value): Filled {
  const options = { ...filled.options[filled.task] };
  if (value === "" || value === false || (Array.isArray(value) && value.length === 0)) delete options[name];
  else options[name] = value;
  return { ...filled, options: { ...filled.options, [filled.task]: options } };
}

/** With the form of a run of the history. */
export function withForm(filled: Filled, form: Form): Filled {
  return {
    task: form.task,
    source: form.source,
    texts: { ...filled.texts, [form.source]: form.text },
    options: { ...filled.options, [form.task]: form.options },
    others: form.others || filled.others,
  };
}

/** The options that have a place of their own, and do not stand among the others. */
export const BESIDE_TEXT = ["whole", "lines"];
export const MODEL = "model";
/** The field of what is read; no option is called so. */
export const INPUT = "input";

export function fieldOf(task: Task, name: string): Field | undefined {
  for (const { options } of task.groups) {
    const found = options.find((option) => option.name === name);
    if (found) return found;
  }
  return undefined;
}
