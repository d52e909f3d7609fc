// Models on the wire: the list, one of them in full, its memory, and how downloads go.
import type { Progress } from "../host";
import { checkVersion, WireError } from "./sections";

/** A model of the list, as a person reads it. */
export interface ModelRow {
  model: string;
  /** `bundled`, `cached`, `folder`, `run` or `hub`, and what is special about that. */
  place: string;
  task: string;
  architecture: string;
  parameters: string;
  context: string;
  languages: string;
  licence: string;
  size: string;
  downloads: string;
  changed: string;
  /** By which they are sorted; null is unknown. */
  nbytes: number | null;
}

/** What a list was asked for; null is anything. */
export interface AskedFor {
  search: string | null;
  task: string | null;
  language: string | null;
  library: string | null;
  licence: string | null;
  max_size: string | null;
  local_only: boolean;
  sort: string;
}

export interface Listed {
  /** Counts the lists of this panel. */
  number: number;
  asked: AskedFor;
  summary: string;
  /** Whether the Hub goes on. */
  more: boolean;
  notes: string[];
  /** Where nothing was found, names that may have been meant. */
  near: string[];
  rows: ModelRow[];
}

export interface ModelsHeader {
  title: string;
  tasks: string[];
  /** How the Hub can sort. */
  sorts: string[];
  listed: Listed;
  /** The id of the cell that the panel stands in; null where the host does not tell it. */
  cell: string | null;
}

/** All that is known of a model. */
export interface ModelDetail {
  name: string;
  description: string;
  /** The commit that it is at now. */
  revision: string | null;
  facts: [name: string, value: string][];
  /** Whether the load gate was asked; else it is what the list knows. */
  is_whole: boolean;
  /** What the load gate says. */
  gate: string;
  passes: boolean;
  /** The options with which the gate lets it pass, and what stands beside the box of each. */
  passes_with: [option: string, label: string][];
  /** How much of a download that is not finished is here; empty where there is none. */
  kept: string;
  /** How much a download would be; empty where nothing is to come. */
  to_fetch: string;
  is_here: boolean;
  /** The codes of the languages that it knows. */
  languages: string[];
  /** A cell that uses it once; null where no magic does its task. */
  cell: CellParts | null;
}

/** A cell that uses a model once, in the parts that a reader changes. */
export interface CellParts {
  /** With the options that it always has. */
  magic: string;
  /** As it is typed behind `--model`. */
  model: string;
  /** The same at the commit that it has now; null where it has none. */
  pinned: string | null;
  /** The one language that can be translated into, empty where several can be; null where nothing is translated. */
  target: string | null;
  text: string;
}

/** The memory that a model takes. */
export interface Fit {
  title: string;
  heads: string[];
  /** Of each way to use it; `share` of the free memory is what it wants. */
  rows: { cells: string[]; fits: boolean; share: number }[];
  batch_size: number;
  length: number;
  advice: string;
  notes: string[];
}

export interface Download {
  state: "running" | "done" | "stopped" | "failed";
  progress: Progress | null;
  said: string;
}

/** By the names of models. */
export type Downloads = Readonly<Record<string, Download>>;

export interface ModelsState {
  listed: Listed;
  downloads: Downloads;
  /** The model that is the default of the session. */
  default: string | null;
}

export interface ModelsNews {
  downloads: Downloads;
  /** The list, where a download has changed it. */
  listed: Listed | null;
}

export function modelsHeader(raw: Record<string, unknown>): ModelsHeader {
  checkVersion(raw);
  const header = raw as unknown as ModelsHeader;
  if (raw.kind !== "models" || !Array.isArray(header.listed?.rows))
    throw new WireError("This is no list of models.");
  return header;
}

/** What the kernel tells unasked; undefined for any other message. */
export function modelsNews(content: unknown): ModelsNews | undefined {
  const message = content as ({ type: string } & ModelsNews) | null;
  return message?.type === "models" ? message : undefined;
}
