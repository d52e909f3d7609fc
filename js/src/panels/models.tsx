// Models: what is searched for and how it is filtered, the list, and all that is known of the one that is chosen.
import { useMemo, useRef, useState } from "preact/hooks";
import { useChosen } from "../models/chosen";
import { useModels } from "../models/use";
import { inOrder, type Order } from "../models/wish";
import { useLost } from "../training/lost";
import { useId } from "../views/id";
import { ListPanel } from "../views/listpanel";
import { ModelDetail } from "../views/modeldetail";
import { ModelFilters } from "../views/modelfilters";
import { ModelTable } from "../views/modeltable";
import { modelsHeader } from "../wire/models";
import type { ResultProps } from "./panel";

export function ModelsPanel({ header: raw, channel, selection, select, host }: ResultProps) {
  const header = useMemo(() => modelsHeader(raw), [raw]);
  const models = useModels(header, channel);
  const isLost = useLost(host);
  const [order, setOrder] = useState<Order | null>(null);
  const detailId = useId("model");
  const table = useRef<HTMLTableElement>(null);
  const { listed, isAsking, problem } = models;
  const names = listed.rows.map(({ model }) => model);
  const [chosen, choose] = useChosen(models, names, selection, select);
  const focusOn = (selector: string) => table.current?.querySelector<HTMLElement>(selector)?.focus();
  return (
    <ListPanel
      title={header.title}
      status={isAsking ? "Searching…" : listed.summary}
      isLost={isLost}
      problem={problem}
      notes={listed.notes}
      filters={
        <ModelFilters
          header={header}
          wish={models.wish}
          setWish={models.setWish}
          order={order}
          setOrder={setOrder}
          onDown={() => focusOn("tbody button")}
        />
      }
      list={
        <ModelTable
          table={table}
          rows={inOrder(listed, order)}
          chosen={chosen}
          detailId={detailId}
          choose={choose}
          usual={models.usual}
          isAsking={isAsking}
          near={isLost ? [] : listed.near}
          search={(search) => models.setWish({ search })}
          more={listed.more && !isLost ? models.more : null}
        />
      }
      detail={
        chosen === null ? null : (
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
        )
      }
    />
  );
}
