// A model onto this machine: its button, how far it is, and how it ended.
import type { ModelsInUse } from "../models/use";
import type { ModelDetail } from "../wire/models";
import { ProgressView } from "./progress";
import { WithCode } from "./withcode";

interface DownloadProps {
  known: ModelDetail;
  revision: string | null;
  models: ModelsInUse;
  /** The options that the reader has allowed. */
  allowed: readonly string[];
}

/** Without it there is nothing to fetch of a model that has pickled weights alone. */
const PICKLES = "allow-pickle";
const STARTING = {
  stage: "loading",
  message: "Asking the Hub…",
  done: 0,
  total: null,
  unit: "",
  tokens_per_s: null,
  eta_s: null,
};

export function ModelDownload({ known, revision, models, allowed }: DownloadProps) {
  const { name, is_here: isHere, to_fetch: toFetch, kept } = known;
  const download = models.downloads[name];
  const isRunning = download?.state === "running";
  const hasFailed = download?.state === "failed";
  const stop = async () => {
    models.stop(name);
    return true;
  };
  return (
    <>
      {!isHere && !isRunning && (
        <button
          type="button"
          class="nbt-button nbt-button-outlined"
          disabled={known.passes_with.some(([option]) => option === PICKLES && !allowed.includes(option))}
          onClick={() => models.download(name, revision, allowed.includes(PICKLES))}
        >
          {kept ? "Go on with the download" : "Download"}
          {toFetch && ` (${toFetch})`}
        </button>
      )}
      {kept && !isHere && !isRunning && <span class="nbt-aside">{kept} here</span>}
      {isRunning && (
        <div class="nbt-models-progress">
          <ProgressView progress={download.progress ?? STARTING} stop={stop} />
        </div>
      )}
      {download?.said && (
        <p
          class={hasFailed ? "nbt-models-said nbt-bad" : "nbt-models-said nbt-aside"}
          role={hasFailed ? "alert" : "status"}
        >
          <WithCode text={download.said} />
        </p>
      )}
    </>
  );
}
