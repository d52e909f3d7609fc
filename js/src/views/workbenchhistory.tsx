// What was run in this notebook, the newest first: shown once more, or put back into the form.
import type { HistoryRow, WorkbenchState } from "../wire/workbench";
import { ColumnHeads } from "./columnheads";
import { formatDuration } from "./figures";
import { Scrolled } from "./scrolled";
import { WithCode } from "./withcode";

interface HistoryProps {
  state: WorkbenchState;
  onShow(number: number): void;
  onPutBack(number: number): void;
  onCode(number: number): void;
}

export function WorkbenchHistory({ state, ...on }: HistoryProps) {
  const { history } = state;
  if (history.length === 0) return null;
  return (
    <details class="nbt-bench-history">
      <summary>
        History <span class="nbt-aside">{history.length}</span>
      </summary>
      <Scrolled label="History">
        <table class="nbt-plain-table">
          <ColumnHeads names={["Run", "When", "What", "Took"]} />
          <tbody>
            {history.map((row) => (
              <Row key={row.number} row={row} state={state} {...on} />
            ))}
          </tbody>
        </table>
      </Scrolled>
    </details>
  );
}

function Row({ row, state, onShow, onPutBack, onCode }: HistoryProps & { row: HistoryRow }) {
  const { number, typed, message, since, seconds, has_result: hasResult, has_code: hasCode } = row;
  const whyNoCode = row.no_code || "There is no program for what it does";
  const isBusy = state.at_work !== null;
  const button = (title: string, disabled: boolean, help: string, onClick: (number: number) => void) => (
    <button
      type="button"
      class="nbt-button nbt-button-outlined"
      aria-label={`${title} ${number}`}
      title={help}
      disabled={disabled}
      onClick={() => onClick(number)}
    >
      {title}
    </button>
  );
  return (
    <tr aria-current={state.shown === number ? "true" : undefined}>
      <th scope="row" class="nbt-number">
        {number}
      </th>
      <td class="nbt-number">{new Date(since * 1000).toLocaleTimeString()}</td>
      <td class="nbt-bench-what">
        <code dir="auto">{typed}</code>
        {message && (
          <p class={row.stopped ? "nbt-aside" : "nbt-bad"}>
            <WithCode text={message} />
          </p>
        )}
        <span class="nbt-row-actions">
          {button(
            "Show",
            !hasResult || isBusy,
            hasResult ? "Its panel, below" : "Its result is gone",
            onShow,
          )}
          {button("Put back", false, "Into the form", onPutBack)}
          {button("Code", !hasCode, hasCode ? "The plain program that does the same" : whyNoCode, onCode)}
        </span>
      </td>
      <td class="nbt-number">{seconds === null ? "…" : formatDuration(seconds)}</td>
    </tr>
  );
}
