// All that is known of a model: facts, the load gate's word, whether it fits, and what can be done with it.
import { useEffect } from "preact/hooks";
import type { Channel } from "../channel";
import type { Host } from "../host";
import type { ModelsInUse } from "../models/use";
import type { ModelDetail as Known } from "../wire/models";
import { useAction } from "./action";
import { DetailFrame, useDetail } from "./detailframe";
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
  // Once it has come, or some of it, there is more to know.
  const download = models.downloads[name]?.state;
  const asked = useDetail<Known>(channel, name, download === "running" ? null : download);
  const glance = useGlance(channel, name);
  const known = asked.known ?? glance;
  return (
    <DetailFrame id={id} label={`The model ${name}`} name={name} asked={{ ...asked, known }} close={close}>
      {known && !known.is_whole && asked.isAsking && (
        <p class="nbt-aside" role="status">
          <span class="nbt-spinner" /> Asking the load gate…
        </p>
      )}
      {known?.is_whole && (
        <>
          <Gate known={known} />
          {!isLost && (
            <>
              <ModelUse known={known} models={models} host={host} cell={cell} />
              <ModelFit name={name} gate={known.gate} isComing={download === "running"} channel={channel} />
            </>
          )}
        </>
      )}
    </DetailFrame>
  );
}

/** What the list knows, to be read until all is known: for the load gate libraries are loaded, which takes seconds. */
function useGlance(channel: Channel, name: string): Known | null {
  const { state, ask } = useAction<{ known: Known | null }>(channel);
  useEffect(() => ask("glance", { name }), [channel, name]);
  return state.kind === "answered" ? state.answer.known : null;
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
