// A row a training run: whether its curves are shown, its state, what it learns from and how, and what it can be told.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Channel, isAbort, messageOf } from "../channel";
import { cssColour } from "../colour";
import { formatCount } from "../text";
import { canResume, isLive } from "../training/run";
import type { RunRow, RunsHeader } from "../wire/runs";
import type { Command } from "../wire/training";
import { ColumnHeads } from "./columnheads";
import { exactValue, formatDuration } from "./figures";
import { RunModel } from "./runmodel";
import { StateChip } from "./statechip";
import { WithCode } from "./withcode";

type Tell = (name: string, command: string) => void;

interface RunTableProps {
  header: RunsHeader;
  /** Of the runs that are ticked. */
  colours: ReadonlyMap<string, string>;
  tick(name: string, isTicked: boolean): void;
  channel: Channel;
  /** Nothing can be told to a run from here any more. */
  isLost: boolean;
}

export function RunTable({ header, colours, tick, channel, isLost }: RunTableProps) {
  const { busy, said, tell } = useTelling(channel);
  const [modelled, setModelled] = useState<string | null>(null);
  const opener = useRef<HTMLElement | null>(null);
  return (
    <>
      <div class="nbt-scrolled">
        <table class="nbt-plain-table nbt-run-table">
          <ColumnHeads names={["Run", "State", "Data", "Model", "Settings", "Metrics", "Took"]} />
          <tbody>
            {header.order.map((name) => (
              <Row
                key={name}
                name={name}
                row={header.runs[name] as RunRow}
                colour={colours.get(name) ?? null}
                tick={tick}
                isBusy={busy.has(name)}
                isLost={isLost}
                tell={tell}
                showModel={(name, button) => {
                  opener.current = button;
                  setModelled(name);
                }}
              />
            ))}
          </tbody>
        </table>
      </div>
      {said && !isLost && (
        <p class={said.isBad ? "nbt-run-said nbt-bad" : "nbt-run-said"} role="alert">
          {said.text}
        </p>
      )}
      {modelled !== null && !isLost && header.runs[modelled]?.has_model && (
        <RunModel
          name={modelled}
          channel={channel}
          close={() => {
            setModelled(null);
            opener.current?.focus();
          }}
        />
      )}
    </>
  );
}

interface RowProps {
  name: string;
  row: RunRow;
  colour: string | null;
  tick(name: string, isTicked: boolean): void;
  isBusy: boolean;
  isLost: boolean;
  tell: Tell;
  /** Show how to use its model; the button is where the reader is when that is closed. */
  showModel(name: string, button: HTMLElement): void;
}

function Row({ name, row, colour, tick, isLost, ...rest }: RowProps) {
  const { state, data, model, settings, step, steps, seconds, message, queued } = row;
  const far = state === "done" || !steps ? "" : `${formatCount(step)} of ${formatCount(steps)}`;
  return (
    <tr>
      <th scope="row">
        <label>
          <input
            type="checkbox"
            checked={colour !== null}
            onChange={({ currentTarget }) => tick(name, currentTarget.checked)}
          />
          <i style={{ background: colour ? cssColour(colour) : "transparent" }} aria-hidden="true" />
          <bdi title={name}>{name}</bdi>
        </label>
        {/* Where also those see them who see the table's beginning only. */}
        {!isLost && <Actions name={name} row={row} {...rest} />}
      </th>
      <td class="nbt-run-cell" title={message}>
        <StateChip state={state} />
        {far && <span class="nbt-aside">{far}</span>}
        {queued.length > 0 && (
          <span class="nbt-aside" title={WAITS}>
            {`${[...new Set(queued)].map((command) => QUEUED[command]).join(", ")}: queued`}
          </span>
        )}
        {message && (
          <bdi class="nbt-aside">
            <WithCode text={message} />
          </bdi>
        )}
      </td>
      {[data, model, settings, metricsOf(row)].map((text, at) => (
        <td key={at} class="nbt-run-cell" title={text}>
          <bdi>{text}</bdi>
        </td>
      ))}
      <td class="nbt-number">{formatDuration(seconds)}</td>
    </tr>
  );
}

const QUEUED: Record<Command, string> = {
  pause: "Pause",
  resume: "Resume",
  stop: "Stop",
  save: "Save now",
  lr: "Learning rate",
};
const WAITS = "The worker follows after the step that it is at; before its first, once its model is loaded";

/** That by which the best is chosen first. */
function metricsOf({ metrics, best }: RunRow): string {
  const names = Object.keys(metrics).sort((a, b) => Number(b === best) - Number(a === best));
  return names.map((name) => `${name} ${exactValue(metrics[name] ?? null)}`).join(", ") || "–";
}

function Actions({ name, row, isBusy, tell, showModel }: Omit<RowProps, "colour" | "tick" | "isLost">) {
  const [isAsked, ask] = useState(false);
  const buttons = useRef<HTMLSpanElement>(null);
  const wasAsked = useRef(isAsked);
  // The button that was pressed is gone: on to the one that does no harm, and back.
  useEffect(() => {
    if (isAsked !== wasAsked.current)
      buttons.current?.querySelector<HTMLElement>("button:last-child")?.focus();
    wasAsked.current = isAsked;
  }, [isAsked]);
  const button = (title: string, onClick: (button: HTMLElement) => void, help: string) => (
    <button
      type="button"
      class="nbt-button nbt-button-outlined"
      aria-label={`${title} ${name}`}
      title={help}
      disabled={isBusy}
      onClick={({ currentTarget }) => onClick(currentTarget)}
    >
      {title}
    </button>
  );
  if (isAsked)
    return (
      <span class="nbt-row-actions" ref={buttons}>
        <span>With its model?</span>
        {button("Delete", () => tell(name, "delete"), "It cannot be undone")}
        {button("Keep", () => ask(false), "Leave it as it is")}
      </span>
    );
  const told = (title: string, command: string, help: string) =>
    button(title, () => tell(name, command), help);
  return (
    <span class="nbt-row-actions" ref={buttons}>
      {told("Open", "open", "Its panel, below this cell")}
      {isLive(row) && row.state !== "paused" && told("Pause", "pause", "Wait after the step that it is at")}
      {row.state === "paused" && told("Resume", "resume", "Go on")}
      {canResume(row) && told("Resume", "resume", "A new worker goes on from its last checkpoint")}
      {isLive(row) && told("Save now", "save", "Make a checkpoint after the step that it is at")}
      {isLive(row) && told("Stop", "stop", "Finish the step, save, and keep the best model")}
      {row.has_model && button("Model…", (opener) => showModel(name, opener), "How to use its model")}
      {!isLive(row) && button("Delete…", () => ask(true), "Delete its directory")}
    </span>
  );
}

/** A page that was loaded again shows nothing new below an old cell. */
const SHOWN_MS = 4_000;

function useTelling(channel: Channel) {
  const [busy, setBusy] = useState<ReadonlySet<string>>(new Set());
  const [said, say] = useState<{ text: string; isBad: boolean } | null>(null);
  const ended = useRef<AbortController | null>(null);
  useEffect(() => {
    ended.current = new AbortController();
    return () => ended.current?.abort();
  }, [channel]);
  const tell: Tell = (name, command) => {
    const signal = ended.current?.signal;
    const set = (isBusy: boolean) =>
      setBusy((now) => new Set(isBusy ? [...now, name] : [...now].filter((other) => other !== name)));
    set(true);
    say(null);
    const [method, params] = command === "open" ? ["open", { name }] : ["control", { name, command }];
    const options = { atOnce: true, timeoutMs: Number.POSITIVE_INFINITY, ...(signal ? { signal } : {}) };
    channel
      .request<{ panel_id?: string }>(method, params, options)
      .then(async ({ result: { panel_id: id } }) => {
        if (id && !(await comes(id)) && !signal?.aborted)
          say({
            text: `This page was loaded since its cell ran: type %runs ${name} in a cell.`,
            isBad: false,
          });
      })
      .catch((error) => {
        if (!isAbort(error)) say({ text: messageOf(error), isBad: true });
      })
      .finally(() => set(false));
  };
  return { busy, said, tell };
}

/** Whether the outputs of a panel come to this page. */
async function comes(id: string): Promise<boolean> {
  const until = performance.now() + SHOWN_MS;
  while (performance.now() < until) {
    if (document.getElementsByClassName(`nbt-snapshot-${id}`).length > 0) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}
