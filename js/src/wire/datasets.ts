// Datasets on the wire: the list, one of them in full, and its first rows.
import { checkVersion, WireError } from "./sections";

/** A dataset of the list, as a person reads it. */
export interface DatasetRow {
  dataset: string;
  /** `cached` or `hub`, and what is special about that. */
  place: string;
  task: string;
  rows: string;
  languages: string;
  licence: string;
  size: string;
  downloads: string;
  changed: string;
}

/** What a list was asked for; null is anything. */
export interface DatasetsAsked {
  search: string | null;
  task: string | null;
  language: string | null;
  licence: string | null;
  size: string | null;
  local_only: boolean;
  sort: string;
}

export interface DatasetsListed {
  /** Counts the lists of this panel. */
  number: number;
  asked: DatasetsAsked;
  summary: string;
  /** Whether the Hub goes on. */
  more: boolean;
  notes: string[];
  /** Where there are no rows, names that may have been meant. */
  near: string[];
  rows: DatasetRow[];
}

export interface DatasetsHeader {
  title: string;
  tasks: string[];
  /** How many rows, in the Hub's words and in a reader's. */
  sizes: [word: string, title: string][];
  /** How the Hub can sort. */
  sorts: string[];
  listed: DatasetsListed;
  /** The id of the cell that the panel stands in; null where the host does not tell it. */
  cell: string | null;
}

/** All that is known of a dataset without reading it. */
export interface DatasetDetail {
  name: string;
  description: string;
  facts: [name: string, value: string][];
}

/** A cell; of one that is too long `left` is how many characters more it has. */
export interface LookCell {
  text: string;
  left: number;
}

/** The first rows of a dataset. */
export interface Look {
  name: string;
  subset: string | null;
  /** All to choose from. */
  subsets: string[];
  split: string;
  /** Each with its rows; null where nobody says. */
  splits: [name: string, rows: number | null][];
  columns: [name: string, type: string][];
  rows: LookCell[][];
  notes: string[];
  /** What one may do next, each in a word, and as a cell. */
  uses: [title: string, cell: string][];
}

export interface DatasetHeader {
  title: string;
  look: Look;
  cell: string | null;
}

export function datasetsHeader(raw: Record<string, unknown>): DatasetsHeader {
  checkVersion(raw);
  const header = raw as unknown as DatasetsHeader;
  if (raw.kind !== "datasets" || !Array.isArray(header.listed?.rows))
    throw new WireError("This is no list of datasets.");
  return header;
}

export function datasetHeader(raw: Record<string, unknown>): DatasetHeader {
  checkVersion(raw);
  const header = raw as unknown as DatasetHeader;
  if (raw.kind !== "dataset" || !Array.isArray(header.look?.rows))
    throw new WireError("This is no look into a dataset.");
  return header;
}
