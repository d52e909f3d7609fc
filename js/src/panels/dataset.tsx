// One dataset: what is known of it, its first rows, and what one does next.
import { useEffect, useMemo, useState } from "preact/hooks";
import { isAbort } from "../channel";
import { PATIENT } from "../models/searched";
import { LOST, useLost } from "../training/lost";
import { DatasetDetail } from "../views/datasetdetail";
import { useId } from "../views/id";
import { ErrorStrip } from "../views/notices";
import { datasetHeader, type Look } from "../wire/datasets";
import type { ResultProps } from "./panel";

export function DatasetPanel({ header: raw, channel, host, selection, select }: ResultProps) {
  const header = useMemo(() => datasetHeader(raw), [raw]);
  const isLost = useLost(host);
  const id = useId("dataset");
  const now = useNow(header.look, channel);
  return (
    <div class="nbt-result nbt-models">
      <div class="nbt-head">
        <div class="nbt-head-line">
          <span class="nbt-title">
            <bdi>{header.title}</bdi>
          </span>
          <span class="nbt-subtitle">Dataset</span>
        </div>
      </div>
      {isLost && <ErrorStrip message={LOST} />}
      <DatasetDetail
        key={now.key}
        id={id}
        name={header.title}
        channel={channel}
        host={host}
        cell={header.cell}
        isLost={isLost}
        first={now.look}
        selection={{ rows: selection, select }}
        close={null}
      />
    </div>
  );
}

/** What was looked into last: what came with the page may be of a while ago. */
function useNow(first: Look, channel: ResultProps["channel"]): { look: Look; key: number } {
  const [now, setNow] = useState({ look: first, key: 0 });
  useEffect(() => {
    const ended = new AbortController();
    channel
      .request<{ look: Look }>("state", {}, { ...PATIENT, signal: ended.signal })
      .then(({ result: { look } }) => {
        if (JSON.stringify(look) !== JSON.stringify(first)) setNow({ look, key: 1 });
      })
      .catch((error) => {
        // The first rows are there all the same.
        if (!isAbort(error)) console.warn(error);
      });
    return () => ended.abort();
  }, [channel]);
  return now;
}
