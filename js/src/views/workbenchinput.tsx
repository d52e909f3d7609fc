// What is read: typed text, a variable, a file, or another cell of the notebook.
import type { Channel } from "../channel";
import type { Form, Source, Task, Value } from "../wire/workbench";
import { BESIDE_TEXT, fieldOf } from "../workbench/filled";
import { Segments } from "./segments";
import { Suggested, useId } from "./suggested";
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
const SHOWN_LINES = { least: 3, most: 14 };

interface InputProps {
  task: Task;
  form: Form;
  channel: Channel;
  mistake: string | null;
  onSource(source: Source): void;
  onText(text: string): void;
  onOption(name: string, value: Value): void;
}

export function WorkbenchInput({ task, form, channel, mistake, ...on }: InputProps) {
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
          dir="auto"
          spellcheck={false}
          aria-label={task.label}
          placeholder={task.label}
          aria-invalid={isWrong || undefined}
          value={text}
          onInput={({ currentTarget }) => on.onText(currentTarget.value)}
        />
      ) : (
        <Suggested
          id={id}
          channel={channel}
          form={form}
          field="text"
          value={text}
          label={TITLES[source]}
          placeholder={PLACEHOLDERS[source] ?? ""}
          isWrong={isWrong}
          onType={on.onText}
        />
      )}
      {mistake && (
        <p class="nbt-field-help nbt-bad">
          <WithCode text={mistake} />
        </p>
      )}
    </div>
  );
}
