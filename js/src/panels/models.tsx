// Models: what is searched for and how it is filtered, the list, and all that is known of the one that is chosen.
import { useMemo, useState } from "preact/hooks";
import { useInList } from "../models/inlist";
import { useModels } from "../models/use";
import { inOrder, type Order } from "../models/wish";
import { ListPanel } from "../views/listpanel";
import { ModelDetail } from "../views/modeldetail";
import { ModelFilters } from "../views/modelfilters";
import { ModelTable } from "../views/modeltable";
import { modelsHeader } from "../wire/models";
import type { ResultProps } from "./panel";

export function ModelsPanel(props: ResultProps) {
  const header = useMemo(() => modelsHeader(props.header), [props.header]);
  const models = useModels(header, props.channel);
  const { listed } = models;
  const names = listed.rows.map(({ model }) => model);
  const { chosen, toList, frame, table, detail } = useInList("model", header, models, names, props);
  const [order, setOrder] = useState<Order | null>(null);
  return (
    <ListPanel
      {...frame}
      filters={
        <ModelFilters
          header={header}
          wish={models.wish}
          setWish={models.setWish}
          order={order}
          setOrder={setOrder}
          onDown={toList}
        />
      }
      list={<ModelTable {...table} rows={inOrder(listed, order)} usual={models.usual} />}
      detail={chosen === null ? null : <ModelDetail key={chosen} name={chosen} {...detail} models={models} />}
    />
  );
}
