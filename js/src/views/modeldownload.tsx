// A model onto this machine: its button, how far it is, and how it ended.
import type { ModelsInUse } from "../models/use";
import type { ModelDetail } from "../wire/models";
import { ProgressView } from "./progress";
import { WithCode } from "./withcode";

interface DownloadProps {
  known: ModelDetail;
  revision: string | null;
  models: ModelsInUse;
}

const STARTING = {
  stage: "loading",
  message: "Asking the Hub…",
  done: 0,
  total: null,
  unit: "",
  tokens_per_s: null,
  eta_s: null,
};

export function ModelDownload({ known, revision, models }: DownloadProps) {
  const { name, is_here: isHere, to_fetch: toFetch } = known;
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
          onClick={() => models.download(name, revision)}
        >
          {download?.state === "stopped" ? "Go on with the download" : "Download"}
          {toFetch && ` (${toFetch})`}
        </button>
      )}
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
