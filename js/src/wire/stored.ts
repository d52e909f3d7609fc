// Results that went to a file, as the kernel tells of them: a header alone.
import { checkVersion } from "./sections";

export interface StoredHeader {
  title: string;
  subtitle: string;
  facts: [string, string][];
  notes: string[];
  /** Rows of the input that the file holds the results of. */
  rows: number;
  columns: string[];
  /** The cells of the first rows of the table. */
  beginning: string[][];
  /** That there are more rows, and how to have them; empty when there are none. */
  more: string;
}

export function storedHeader(header: Record<string, unknown>): StoredHeader {
  checkVersion(header);
  return header as unknown as StoredHeader;
}
