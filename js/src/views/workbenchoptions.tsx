// The options of a task, in the groups of its help, folded until they are wanted.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Channel } from "../channel";
import type { Form, Task, Value } from "../wire/workbench";
import { BESIDE_TEXT, isFor, MODEL } from "../workbench/filled";
import { FormField } from "./formfield";
import { useId } from "./id";

interface OptionsProps {
  task: Task;
  form: Form;
  channel: Channel;
  mistakeIn(name: string): string | null;
  onOption(name: string, value: Value): void;
  onOthers(others: string): void;
}

export function WorkbenchOptions({ task, form, channel, mistakeIn, onOption, onOthers }: OptionsProps) {
  const others = useId("others");
  const isElsewhere = (name: string) => name === MODEL || BESIDE_TEXT.includes(name);
  return (
    <>
      <div class="nbt-bench-groups">
        {task.groups.map(({ title, options }) => {
          const here = options.filter((field) => !isElsewhere(field.name) && isFor(field, form.source));
          if (here.length === 0) return null;
          const given = here.filter(({ name }) => name in form.options).length;
          return (
            <Group
              key={title}
              isNeeded={here.some(({ word }) => word)}
              isWrong={here.some(({ name }) => mistakeIn(name) !== null)}
            >
              <summary>
                {title} <span class="nbt-aside">{given > 0 ? `${given} set` : ""}</span>
              </summary>
              <div class="nbt-bench-fields">
                {here.map((field) => (
                  <FormField
                    key={field.name}
                    field={field}
                    value={form.options[field.name]}
                    form={form}
                    channel={channel}
                    mistake={mistakeIn(field.name)}
                    onChange={(value) => onOption(field.name, value)}
                  />
                ))}
              </div>
            </Group>
          );
        })}
      </div>
      {task.others && (
        <div class="nbt-field nbt-bench-others">
          <label for={others}>Further options</label>
          <input
            id={others}
            type="text"
            spellcheck={false}
            autocomplete="off"
            value={form.others}
            placeholder="--max-grad-norm 0.5"
            aria-describedby={`${others}-about`}
            onInput={({ currentTarget }) => onOthers(currentTarget.value)}
          />
          <p id={`${others}-about`} class="nbt-field-help">
            any field of TrainingArguments, as it is typed behind %finetune
          </p>
        </div>
      )}
    </>
  );
}

interface GroupProps {
  /** Whether it holds what the command is about: it is unfolded at first. */
  isNeeded: boolean;
  isWrong: boolean;
  children: ComponentChildren;
}

/** Folded or not, as the reader likes; one that holds a mistake unfolds. */
function Group({ isNeeded, isWrong, children }: GroupProps) {
  const element = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    if ((isNeeded || isWrong) && element.current) element.current.open = true;
  }, [isNeeded, isWrong]);
  return (
    <details ref={element} class="nbt-bench-group">
      {children}
    </details>
  );
}
