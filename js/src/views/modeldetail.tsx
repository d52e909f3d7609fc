// All that is known of a model: facts, the load gate's word, whether it fits, and what can be done with it.
import type { Channel } from "../channel";
import type { Host } from "../host";
import type { ModelsInUse } from "../models/use";
import type { ModelDetail as Known } from "../wire/models";
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
  const { known } = asked;
  return (
    <DetailFrame id={id} label={`The model ${name}`} name={name} asked={asked} close={close}>
      {known && (
        <>
          <Gate known={known} />
          {!isLost && (
            <>
              <ModelUse known={known} models={models} host={host} cell={cell} />
              <ModelFit name={name} gate={known.gate} channel={channel} />
            </>
          )}
        </>
      )}
    </DetailFrame>
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
