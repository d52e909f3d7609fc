// All that is known of a model: facts, the load gate's word, whether it fits, and what can be done with it.
import { useEffect, useState } from "preact/hooks";
import type { Channel } from "../channel";
import type { Host } from "../host";
import type { ModelsInUse } from "../models/use";
import type { ModelDetail as Known } from "../wire/models";
import { useAction } from "./action";
import { CloseIcon } from "./icons";
import { Mark } from "./mark";
import { ModelFit } from "./modelfit";
import { ModelUse } from "./modeluse";
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
  // Once it has come, or some of it, there is more to know.
  const download = models.downloads[name]?.state;
  useEffect(() => {
    if (download !== "running") ask("detail", { name });
  }, [channel, name, download]);
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
              <ModelUse known={known} models={models} host={host} cell={cell} />
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
