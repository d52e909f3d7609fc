// Files of training runs: the table of all, and the curves of those that are ticked, as a picture or as a table.
import type { RefObject } from "preact";
import type { Channel } from "../channel";
import type { RunRows } from "../wire/runs";
import { FilesBar } from "./files";
import { metricsOf, type RunsLook } from "./runcurves";

interface RunsExportProps {
  /** Of the runs that are ticked. */
  names: readonly string[];
  runs: RunRows;
  colours: ReadonlyMap<string, string>;
  look: RunsLook;
  /** Where the curves stand. */
  root: RefObject<HTMLElement | null>;
  channel: Channel;
}

const TABLE = [["table", "Table as CSV", "All runs: a row a run"]] as const;
const CURVES = [
  ["png", "PNG", "A figure of these curves, fit for a paper"],
  ["svg", "SVG", "A figure of these curves, fit for a paper"],
  ["csv", "Curves as CSV", "Of the runs that are ticked every point, not smoothed: a row a point"],
] as const;

export function RunsExport({ names, runs, colours, look, root, channel }: RunsExportProps) {
  const [metrics, metric] = metricsOf(names, runs, look);
  const hasCurves = metrics.length > 0;
  const params = {
    names,
    colours: names.map((name) => colours.get(name)),
    metric,
    along: look.along === "elapsed_s" ? "time" : look.along,
    smoothing: look.smoothing,
    is_log: look.isLog,
    range: look.range,
  };
  return (
    <FilesBar
      channel={channel}
      title={`runs ${metric}`}
      pictures={hasCurves ? root : null}
      files={hasCurves ? [...CURVES, ...TABLE] : TABLE}
      params={params}
      about="Files are written into the notebook's folder; the pictures as seen are saved by the browser."
    />
  );
}
