// All that is known of a model: facts, the load gate's word, whether it fits, and what can be done with it.
import { useEffect, useState } from "preact/hooks";
import type { Channel } from "../channel";
import type { Host } from "../host";
import type { ModelsInUse } from "../models/use";
import type { ModelDetail as Known } from "../wire/models";
import { useAction } from "./action";
import { CodeText } from "./codetext";
import { CloseIcon } from "./icons";
import { Mark } from "./mark";
import { ModelDownload } from "./modeldownload";
import { ModelFit } from "./modelfit";
import { WithCode } from "./withcode";

interface DetailProps {
  id: string;
  name: string;
  models: ModelsInUse;
  channel: Channel;
  host: Host;
  cell: string | null;
  isLost: boolean;
  close(): void;
}

export function ModelDetail({ id, name, models, channel, host, cell, isLost, close }: DetailProps) {
  const { state, ask } = useAction<Known>(channel);
  const [known, setKnown] = useState<Known | null>(null);
  // Once it has come, there is more to know.
  const hasCome = models.downloads[name]?.state === "done";
  useEffect(() => ask("detail", { name }), [channel, name, hasCome]);
  useEffect(() => {
    if (state.kind === "answered") setKnown(state.answer);
  }, [state]);
  return (
    <section
      id={id}
      class="nbt-models-detail"
      aria-label={`The model ${name}`}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        close();
      }}
    >
      <div class="nbt-models-name">
        <h3>
          <bdi>{name}</bdi>
        </h3>
        <button type="button" class="nbt-icon-button" aria-label={`Close ${name}`} onClick={close}>
          <CloseIcon />
        </button>
      </div>
      {state.kind === "asking" && known === null && (
        <p class="nbt-aside" role="status">
          <span class="nbt-spinner" /> Looking at it…
        </p>
      )}
      {state.kind === "failed" && (
        <p class="nbt-bad" role="alert">
          <WithCode text={state.message} />
        </p>
      )}
      {known && (
        <>
          {known.description && <p dir="auto">{known.description}</p>}
          <dl>
            {known.facts.map(([fact, value]) => (
              <div key={fact}>
                <dt>{fact}</dt>
                <dd dir="auto">{value}</dd>
              </div>
            ))}
          </dl>
          <Gate known={known} />
          {!isLost && (
            <>
              <InUse known={known} models={models} host={host} cell={cell} />
              <ModelFit name={name} gate={known.gate} channel={channel} />
            </>
          )}
        </>
      )}
    </section>
  );
}

function Gate({ known }: { known: Known }) {
  return (
    <p class="nbt-models-gate">
      <Mark isGood={known.passes} />{" "}
      {known.passes ? (
        "The load gate lets it pass."
      ) : (
        <>
          The load gate: <WithCode text={known.gate} />
        </>
      )}
    </p>
  );
}

interface InUseProps {
  known: Known;
  models: ModelsInUse;
  host: Host;
  cell: string | null;
}

/** What can be done with it: at the commit that it has now, where the reader says so. */
function InUse({ known, models, host, cell }: InUseProps) {
  const [isPinned, pin] = useState(false);
  const { name, revision } = known;
  const at = isPinned ? revision : null;
  const typed = isPinned ? (known.pinned ?? known.cell) : known.cell;
  const wanted = at === null ? name : `${name}@${at}`;
  const isUsual = models.usual === wanted;
  return (
    <>
      {revision !== null && (
        <label class="nbt-models-check">
          <input
            type="checkbox"
            checked={isPinned}
            onChange={({ currentTarget }) => pin(currentTarget.checked)}
          />
          <span>
            Pin the revision that it has now, <code>{revision.slice(0, 7)}</code>
          </span>
        </label>
      )}
      <div class="nbt-tools">
        <button
          type="button"
          class="nbt-button nbt-button-outlined"
          disabled={isUsual}
          title="Magics take it where no other model is named"
          onClick={() => models.use(name, at)}
        >
          Use in this session
        </button>
        <ModelDownload known={known} revision={at} models={models} />
      </div>
      {isUsual && (
        <p role="status">
          <bdi class="nbt-models-wanted">{wanted}</bdi> is the default of this session;{" "}
          <code>%nbt unset model</code> takes it back.
        </p>
      )}
      {typed !== null && <CodeText title="To use it once" text={typed} host={host} cell={cell} />}
    </>
  );
}
