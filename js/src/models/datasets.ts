// Datasets as their panel follows them, and what is filled in above the list of them.
import { useEffect } from "preact/hooks";
import { type Channel, isAbort, messageOf } from "../channel";
import { compareCodePoints } from "../text";
import type { DatasetRow, DatasetsHeader, DatasetsListed } from "../wire/datasets";
import { PATIENT, type Searched, useSearched } from "./searched";

/** Filled in; empty is anything. */
export interface DatasetWish {
  search: string;
  task: string;
  language: string;
  licence: string;
  size: string;
  local_only: boolean;
  sort: string;
}

export function datasetWishOf({ asked }: DatasetsListed): DatasetWish {
  const text = (value: string | null) => value ?? "";
  return {
    search: text(asked.search),
    task: text(asked.task),
    language: text(asked.language),
    licence: text(asked.licence),
    size: text(asked.size),
    local_only: asked.local_only,
    sort: asked.sort,
  };
}

export function byName(rows: readonly DatasetRow[]): DatasetRow[] {
  return [...rows].sort((a, b) => compareCodePoints(a.dataset.toLowerCase(), b.dataset.toLowerCase()));
}

export function useDatasets(header: DatasetsHeader, channel: Channel): Searched<DatasetWish, DatasetsListed> {
  const searched = useSearched(channel, header.listed, datasetWishOf);
  useEffect(() => {
    const ended = new AbortController();
    channel
      .request<{ listed: DatasetsListed }>("state", {}, { ...PATIENT, signal: ended.signal })
      .then(({ result }) => searched.take(result.listed))
      .catch((error) => {
        if (!isAbort(error)) searched.setProblem(messageOf(error));
      });
    return () => ended.abort();
  }, [channel]);
  return searched;
}
