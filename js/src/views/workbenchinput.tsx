// What is read: typed text, a variable, a file, or another cell of the notebook.
import type { Channel } from "../channel";
import { type Host, otherCells } from "../host";
import { directionOf } from "../tokens/direction";
import type { Form, Source, Task, Value } from "../wire/workbench";
import { BESIDE_TEXT, fieldOf, INPUT } from "../workbench/filled";
import { useId } from "./id";
import { Segments } from "./segments";
import { Suggested } from "./suggested";
import { WithCode } from "./withcode";

const TITLES: Record<Source, string> = {
  text: "Text",
  value: "Variable",
  file: "File",
  cell: "Cell",
  none: "",
};
const PLACEHOLDERS: Partial<Record<Source, string>> = {
  value: "df, texts[:10], hub:owner/name",
  file: "reviews.csv",
  cell: "the number of a cell that ran",
};
const MOST_TITLE = 60;
/** Characters; of more, each line's own direction takes Chromium seconds, and a page that is laid out again minutes. */
const MOST_AUTO = 20_000;
const SHOWN_LINES = { least: 3, most: 14 };

interface InputProps {
  task: Task;
  form: Form;
  channel: Channel;
  mistake: string | null;
  host: Host;
  /** The cell that the workbench stands in. */
  cell: string | null;
  /** A text is put into the field for texts. */
  onCopy(text: string): void;
  onSource(source: Source): void;
  onText(text: string): void;
  onOption(name: string, value: Value): void;
}

export function WorkbenchInput({ task, form, channel, mistake, host, cell, ...on }: InputProps) {
  const id = useId("input");
  const { source, text } = form;
  if (source === "none") return null;
  const lines = Math.min(SHOWN_LINES.most, Math.max(SHOWN_LINES.least, text.split("\n").length));
  const beside = BESIDE_TEXT.map((name) => fieldOf(task, name)).find((field) => field !== undefined);
  const isWrong = mistake !== null;
  return (
    <div class="nbt-bench-input">
      <div class="nbt-tools">
        <Segments
          label="Input"
          options={task.sources.map((key) => [key, TITLES[key]] as const)}
          chosen={source}
          onChoose={on.onSource}
        />
        {source === "text" && beside && (
          <label class="nbt-bench-whole">
            <input
              type="checkbox"
              checked={form.options[beside.name] === true}
              onChange={({ currentTarget }) => on.onOption(beside.name, currentTarget.checked)}
            />
            {beside.name === "whole" ? "one text in all" : "one a line"}
          </label>
        )}
      </div>
      {source === "text" ? (
        <textarea
          id={id}
          rows={lines}
          dir={text.length > MOST_AUTO ? directionOf(text) : "auto"}
          spellcheck={false}
          aria-label={task.label}
          placeholder={task.label}
          aria-invalid={isWrong || undefined}
          value={text}
          onPaste={({ currentTarget, clipboardData }) => {
            const pasted = clipboardData?.getData("text") ?? "";
            if (pasted.length > MOST_AUTO) currentTarget.dir = directionOf(pasted);
          }}
          onInput={({ currentTarget }) => on.onText(currentTarget.value)}
        />
      ) : (
        <Suggested
          id={id}
          channel={channel}
          form={form}
          field={INPUT}
          value={text}
          label={TITLES[source]}
          placeholder={PLACEHOLDERS[source] ?? ""}
          isWrong={isWrong}
          isPicked
          onType={on.onText}
        />
      )}
      {source === "cell" && <OtherCells host={host} own={cell} task={task} onCopy={on.onCopy} />}
      {mistake && (
        <p class="nbt-field-help nbt-bad">
          <WithCode text={mistake} />
        </p>
      )}
    </div>
  );
}

interface OtherCellsProps {
  host: Host;
  own: string | null;
  task: Task;
  onCopy(text: string): void;
}

/** Cells that have no number, since they have not run or are no code: their text can be copied. */
function OtherCells({ host, own, task, onCopy }: OtherCellsProps) {
  const cells = otherCells(host, own);
  if (!cells)
    return (
      <p class="nbt-field-help">
        A cell that has run is named by its number; this host shows a panel no other cells: copy their text.
      </p>
    );
  if (!task.sources.includes("text")) return null;
  return (
    <label class="nbt-bench-whole">
      or copy the text of
      <select
        aria-label="Copy the text of a cell"
        value=""
        onChange={({ currentTarget }) => {
          const chosen = cells[Number(currentTarget.value)];
          if (currentTarget.value !== "" && chosen) onCopy(chosen.source);
        }}
      >
        <option value="">a cell …</option>
        {cells.map(({ type, source }, at) =>
          source.trim() ? (
            <option key={at} value={String(at)}>
              {`${at + 1}. ${type}: ${source.trim().split("\n", 1)[0]?.slice(0, MOST_TITLE)}`}
            </option>
          ) : null,
        )}
      </select>
    </label>
  );
}
