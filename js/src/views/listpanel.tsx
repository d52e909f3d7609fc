// The frame of a panel in which things of the Hub are found: what is asked for, the list, and the one that is chosen.
import type { ComponentChildren } from "preact";
import { LOST } from "../training/lost";
import { ErrorStrip, Notes } from "./notices";
import { WithCode } from "./withcode";

interface ListPanelProps {
  title: string;
  /** What is found, or what goes on. */
  status: string;
  isLost: boolean;
  /** Why what was asked for last is not there. */
  problem: string | null;
  notes: readonly string[];
  filters: ComponentChildren;
  list: ComponentChildren;
  /** All that is known of the one that is chosen; null where none is. */
  detail: ComponentChildren;
}

export function ListPanel(props: ListPanelProps) {
  const { title, status, isLost, problem, notes, filters, list, detail } = props;
  return (
    <div class="nbt-result nbt-models">
      <div class="nbt-head">
        <div class="nbt-head-line">
          <span class="nbt-title">{title}</span>
          <span class="nbt-subtitle" role="status">
            {status}
          </span>
        </div>
      </div>
      {isLost && <ErrorStrip message={LOST} />}
      {filters}
      {problem && !isLost && (
        <p class="nbt-models-problem nbt-bad" role="alert">
          <WithCode text={problem} />
        </p>
      )}
      <Notes notes={notes} />
      <div class={detail === null ? "nbt-models-body" : "nbt-models-body nbt-models-two"}>
        {list}
        {detail}
      </div>
    </div>
  );
}
