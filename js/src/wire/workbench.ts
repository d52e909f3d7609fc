// The workbench on the wire: what can be filled in, and how things stand.
import { checkVersion, WireError } from "./sections";

/** What is read: what is typed, a variable or an expression, a file, another cell, or nothing. */
export type Source = "text" | "value" | "file" | "cell" | "none";

/** An option of a magic, as a field of a form. */
export interface Field {
  name: string;
  help: string;
  /** What stands for its value in the help; null is a flag. */
  metavar: string | null;
  choices: string[];
  /** Whether it may be given several times. */
  several: boolean;
  /** What holds where nothing is filled in, for a person. */
  default: string;
  /** Where that is set; empty where it is built in. */
  from: string;
  /** Whether it is typed by its place, without a name: the command is about it. */
  word: boolean;
  /** The kinds of input that it is for; empty is any. */
  sources: Source[];
  /** Whether the kernel may know what it can be. */
  picked: boolean;
}

export interface Task {
  name: string;
  /** The heading that it stands under. */
  section: string;
  summary: string;
  sources: Source[];
  /** What is to be typed into its text. */
  label: string;
  /** Whether it takes further options, as they are typed. */
  others: boolean;
  groups: { title: string; options: Field[] }[];
}

export interface WorkbenchHeader {
  title: string;
  /** The task that is chosen at first. */
  task: string;
  /** Whether it is to be that, whatever was chosen before. */
  is_asked: boolean;
  tasks: Task[];
  /** The id of the cell that the workbench stands in; null where the host does not tell it. */
  cell: string | null;
}

export interface HistoryRow {
  number: number;
  task: string;
  typed: string;
  place: "cell" | "workbench";
  since: number;
  seconds: number | null;
  message: string;
  /** Whether what it gave, or said, is there still. */
  has_result: boolean;
  /** Whether there is a program for it. */
  has_code: boolean;
  /** Why there is none, where one may look for it; else empty. */
  no_code: string;
  /** Whether it gave nothing by the user's wish. */
  stopped: boolean;
  /** Whether a stop has left some of it to do. */
  has_rest: boolean;
}

/** A mistake, and the field of a task that it is in; empty where that is not known. */
export interface Mistake {
  message: string;
  task: string;
  field: string;
}

export interface WorkbenchState {
  /** The run that goes on. */
  at_work: number | null;
  /** The run whose panel is shown. */
  shown: number | null;
  /** The model of that panel. */
  child: string | null;
  /** What that run said, where it gave a text and no panel. */
  said: string;
  error: Mistake | null;
  history: HistoryRow[];
}

export type Value = string | boolean | string[];

/** What is filled in. */
export interface Form {
  task: string;
  source: Source;
  text: string;
  options: Record<string, Value>;
  others: string;
}

export function workbenchHeader(raw: Record<string, unknown>): WorkbenchHeader {
  checkVersion(raw);
  const header = raw as unknown as WorkbenchHeader;
  if (raw.kind !== "workbench" || !Array.isArray(header.tasks) || header.tasks.length === 0)
    throw new WireError("This is no workbench.");
  return header;
}

/** What the kernel tells of a workbench; undefined for any other message. */
export function workbenchNews(content: unknown): WorkbenchState | undefined {
  const message = content as ({ type: string } & WorkbenchState) | null;
  return message?.type === "workbench" ? message : undefined;
}
