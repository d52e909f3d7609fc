// Models: what is searched for and how it is filtered, the list, and all that is known of the one that is chosen.
import { useMemo, useRef, useState } from "preact/hooks";
import { useModels } from "../models/use";
import { inOrder, type Order } from "../models/wish";
import { LOST, useLost } from "../training/lost";
import { useId } from "../views/id";
import { ModelDetail } from "../views/modeldetail";
import { ModelFilters } from "../views/modelfilters";
import { ModelTable } from "../views/modeltable";
import { ErrorStrip, Notes } from "../views/notices";
import { WithCode } from "../views/withcode";
import { modelsHeader } from "../wire/models";
import type { ResultProps } from "./panel";

export function ModelsPanel({ header: raw, channel, host }: ResultProps) {
  const header = useMemo(() => modelsHeader(raw), [raw]);
  const models = useModels(header, channel);
  const isLost = useLost(host);
  const [order, setOrder] = useState<Order | null>(null);
  const [chosen, choose] = useState<string | null>(null);
  const detailId = useId("model");
  const table = useRef<HTMLTableElement>(null);
  const { listed, isAsking, problem } = models;
  const rows = inOrder(listed, order);
  const focusOn = (selector: string) => table.current?.querySelector<HTMLElement>(selector)?.focus();
  return (
    <div class="nbt-result nbt-models">
      <div class="nbt-head">
        <div class="nbt-head-line">
          <span class="nbt-title">{header.title}</span>
          <span class="nbt-subtitle" role="status">
            {isAsking ? "Searching…" : listed.summary}
          </span>
        </div>
      </div>
      {isLost && <ErrorStrip message={LOST} />}
      <ModelFilters
        header={header}
        wish={models.wish}
        setWish={models.setWish}
        order={order}
        setOrder={setOrder}
        onDown={() => focusOn("tbody button")}
      />
      {problem && !isLost && (
        <p class="nbt-models-problem nbt-bad" role="alert">
          <WithCode text={problem} />
        </p>
      )}
      <Notes notes={listed.notes} />
      <div class={chosen === null ? "nbt-models-body" : "nbt-models-body nbt-models-two"}>
        <ModelTable
          table={table}
          rows={rows}
          chosen={chosen}
          detailId={detailId}
          choose={choose}
          usual={models.usual}
          isAsking={isAsking}
          near={isLost ? [] : listed.near}
          search={(search) => models.setWish({ search })}
          more={listed.more && !isLost ? models.more : null}
        />
        {chosen !== null && (
          <ModelDetail
            key={chosen}
            id={detailId}
            name={chosen}
            models={models}
            channel={channel}
            host={host}
            cell={header.cell}
            isLost={isLost}
            close={() => {
              focusOn('tr[aria-current="true"] button');
              choose(null);
            }}
          />
        )}
      </div>
    </div>
  );
}
