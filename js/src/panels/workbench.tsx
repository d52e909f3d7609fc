// The workbench: a task, a model, an input and options; what they give below; and what was run before.
import { useMemo, useRef, useState } from "preact/hooks";
import { ChildPanel } from "../views/childpanel";
import { CodeText } from "../views/codetext";
import { FormField } from "../views/formfield";
import { ErrorStrip } from "../views/notices";
import { SaidText } from "../views/saidtext";
import { StopButton } from "../views/stop";
import { WorkbenchHistory } from "../views/workbenchhistory";
import { WorkbenchInput } from "../views/workbenchinput";
import { WorkbenchOptions } from "../views/workbenchoptions";
import { WorkbenchTask } from "../views/workbenchtask";
import { type Form, type Task, workbenchHeader } from "../wire/workbench";
import { type Filled, fieldOf, formOf, INPUT, MODEL, withForm, withOption } from "../workbench/filled";
import { useBench, useDraft, useLate, useTyped } from "../workbench/use";
import type { ResultProps } from "./panel";

export function WorkbenchPanel({ header: raw, channel, host }: ResultProps) {
  const header = useMemo(() => workbenchHeader(raw), [raw]);
  const draft = useDraft(channel, header);
  const [program, setProgram] = useState<{ number: number; code: string } | null>(null);
  const bench = useBench(channel, host);
  const taskOf = (filled: Filled) =>
    header.tasks.find(({ name }) => name === filled.task) ?? (header.tasks[0] as Task);
  const task = taskOf(draft.filled);
  const form = formOf(draft.filled, task);
  const isLate = useLate(bench.isAsking);
  const { typed, error } = useTyped(channel, form);
  const mistake = bench.mistake ?? error;
  const { state } = bench;
  const change = (next: (now: Filled) => Filled) => {
    bench.forgive();
    draft.fill(next);
  };
  const isOfTask = mistake?.task === task.name;
  const mistakeIn = (name: string) => (isOfTask && mistake.field === name ? mistake.message : null);
  const model = fieldOf(task, MODEL);
  const isAtField = mistake !== null && isOfTask && isField(task, mistake.field);
  const shown = state.history.find(({ number }) => number === state.shown);
  const showCode = async (number: number) => {
    const answer = await bench.ask<{ code: string }>("code", { number });
    if (answer) setProgram({ number, code: answer.code });
  };
  const putBack = async (number: number) => {
    const answer = await bench.ask<Form>("form", { number });
    if (answer) change((now) => withForm(now, answer));
  };
  const isBusy = state.at_work !== null;
  const runButton = useRef<HTMLButtonElement>(null);
  const run = () => {
    setProgram(null);
    if (!isBusy && !bench.isAsking) bench.run(formOf(draft.now(), taskOf(draft.now())));
  };
  return (
    <div class="nbt-result nbt-bench">
      <div class="nbt-head">
        <div class="nbt-head-line">
          <span class="nbt-title">{header.title}</span>
          <span class="nbt-subtitle">{task.summary}</span>
        </div>
      </div>
      <form
        class="nbt-bench-form"
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
        }}
      >
        <div class="nbt-bench-first">
          <WorkbenchTask
            tasks={header.tasks}
            chosen={task.name}
            onChoose={(name) => change((now) => ({ ...now, task: name }))}
          />
          {model && (
            <FormField
              key={task.name}
              field={model}
              value={form.options[MODEL]}
              form={form}
              channel={channel}
              mistake={mistakeIn(MODEL)}
              onChange={(value) => change((now) => withOption(now, MODEL, value))}
            />
          )}
        </div>
        <WorkbenchInput
          task={task}
          form={form}
          channel={channel}
          mistake={mistakeIn(INPUT)}
          host={host}
          cell={header.cell}
          onCopy={(text) => change((now) => ({ ...now, source: "text", texts: { ...now.texts, text } }))}
          onSource={(source) => change((now) => ({ ...now, source }))}
          onText={(text) => change((now) => ({ ...now, texts: { ...now.texts, [form.source]: text } }))}
          onOption={(name, value) => change((now) => withOption(now, name, value))}
        />
        <WorkbenchOptions
          key={task.name}
          task={task}
          form={form}
          channel={channel}
          mistakeIn={mistakeIn}
          onOption={(name, value) => change((now) => withOption(now, name, value))}
          onOthers={(others) => change((now) => ({ ...now, others }))}
        />
        <div class="nbt-tools nbt-bench-run">
          <button
            ref={runButton}
            type="submit"
            class="nbt-button nbt-bench-primary"
            title="Ctrl+Enter"
            aria-disabled={isBusy || bench.isAsking} // a button that is disabled loses the focus
          >
            {isBusy ? "Running…" : "Run"}
          </button>
          {isLate && (
            <span class="nbt-aside" role="status">
              Waiting for the kernel: it may be busy with a cell.
            </span>
          )}
          {isBusy && (
            <StopButton
              key={state.at_work}
              stop={async () => {
                bench.stop();
                runButton.current?.focus(); // this one goes when the work has ended
                return true;
              }}
            />
          )}
          {shown?.has_rest && !isBusy && (
            <button
              type="button"
              class="nbt-button nbt-button-outlined"
              title={`Do what the stop has left of run ${shown.number}`}
              onClick={() => {
                setProgram(null);
                bench.resume(shown.number);
                runButton.current?.focus(); // this one goes
              }}
            >
              Resume
            </button>
          )}
          {shown?.has_code && !isBusy && (
            <button
              type="button"
              class="nbt-button nbt-button-outlined"
              title="The plain program that does the same"
              onClick={() => showCode(shown.number)}
            >
              Code
            </button>
          )}
          {shown?.no_code && !isBusy && <span class="nbt-aside">{shown.no_code}</span>}
        </div>
      </form>
      {mistake && !isAtField && <ErrorStrip message={mistake.message} />}
      {typed && !host.isLost && (
        <CodeText title="The magic that does the same" text={typed} host={host} cell={header.cell} />
      )}
      {program && (
        <CodeText
          title={`The plain program of run ${program.number}`}
          text={program.code}
          host={host}
          cell={header.cell}
        />
      )}
      {shown && (state.said || state.child) && (
        <p class="nbt-bench-which">
          Run {shown.number} <code dir="auto">{shown.typed.split("\n", 1)[0]}</code>
        </p>
      )}
      {state.said && <SaidText text={state.said} />}
      {state.child && <ChildPanel host={host} id={state.child} />}
      <WorkbenchHistory state={state} onShow={bench.show} onPutBack={putBack} onCode={showCode} />
    </div>
  );
}

/** Whether a task has a field of this name, at which a mistake can be shown. */
function isField(task: Task, name: string): boolean {
  return name === INPUT || fieldOf(task, name) !== undefined;
}
