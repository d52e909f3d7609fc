// One dataset: all that is known of it, its first rows, and what one does next.
import { useState } from "preact/hooks";
import type { Channel } from "../channel";
import type { Host } from "../host";
import type { DatasetDetail as Known, Look } from "../wire/datasets";
import { CodeText } from "./codetext";
import { DatasetLook, type RowSelection } from "./datasetlook";
import { DetailFrame, useDetail } from "./detailframe";
import { Segments } from "./segments";

interface DetailProps {
  id: string;
  name: string;
  channel: Channel;
  host: Host;
  cell: string | null;
  isLost: boolean;
  /** What was looked into already; null where nothing was. */
  first: Look | null;
  /** Null where it is all that is shown. */
  close: (() => void) | null;
  /** Null where rows are not selected. */
  selection: RowSelection | null;
}

export function DatasetDetail(props: DetailProps) {
  const { id, name, channel, host, cell, isLost, first, close, selection } = props;
  const asked = useDetail<Known>(channel, name, isLost ? null : name);
  const [look, setLook] = useState(first);
  return (
    <DetailFrame id={id} label={`The dataset ${name}`} name={name} asked={asked} close={close}>
      <DatasetLook
        name={name}
        channel={channel}
        isLost={isLost}
        isSaid={asked.problem !== null}
        look={look}
        onLook={setLook}
        selection={selection}
      />
      {look && look.uses.length > 0 && <Uses uses={look.uses} host={host} cell={cell} />}
    </DetailFrame>
  );
}

/** What one may do next, each as a cell. */
function Uses({ uses, host, cell }: { uses: Look["uses"]; host: Host; cell: string | null }) {
  const [chosen, choose] = useState<string | null>(null);
  const [title, text] = uses.find(([one]) => one === chosen) ?? uses[0] ?? ["", ""];
  return (
    <section class="nbt-dataset-uses" aria-label="What next">
      <Segments
        label="What next"
        options={uses.map(([one]) => [one, one] as const)}
        chosen={title}
        onChoose={choose}
      />
      <CodeText title={`${title}, in a cell`} text={text} host={host} cell={cell} />
    </section>
  );
}
