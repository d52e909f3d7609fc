// One prompt and what was written for it: each token shaded by how unsure the model was of it.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Channel, messageOf } from "../channel";
import { useWhole } from "../rows/answers";
import { formatShare, plural } from "../text";
import { visible } from "../tokens/marks";
import { type Written, writtenOf } from "../tokens/written";
import { type GenerateHeader, GeneratePage, type GenerateRow, writtenText } from "../wire/generate";
import type { Section } from "../wire/sections";
import { Alternatives } from "./alternatives";
import { CopyButton } from "./copybutton";
import { useId } from "./id";
import { DetailFrame, TextInFull, useFullText } from "./rowdetail";
import { Toggle } from "./toggle";

interface WrittenProps {
  row: GenerateRow;
  header: GenerateHeader;
  /** None while the work goes on, and nobody answers. */
  channel: Channel | null;
  fullText(position: number, signal: AbortSignal): Promise<string>;
  shading: boolean;
  onShading(shading: boolean): void;
  /** Whether the work goes on. */
  running: boolean;
  /** The way to stop the work, while it goes on. */
  stop: ComponentChildren;
  onClose: (() => void) | null;
}

/** What is read and what is written, by task. */
const NAMES: Record<string, [string, string]> = {
  summarize: ["Text", "Summary"],
  translate: ["Text", "Translation"],
};

/** What is read and what is written. */
export function namesOf(header: GenerateHeader): [string, string] {
  return NAMES[header.task] ?? ["Prompt", "Written"];
}

export function WrittenRow(props: WrittenProps) {
  const { header, channel, fullText, shading, onShading, stop, onClose } = props;
  const { whole: row, problem } = useWholeRow(props.row, channel);
  const full = useFullText(row, fullText);
  const [prompt, output] = namesOf(header);
  const running = props.running && header.partial === true && row.ending === 0;
  const text = useRef<HTMLDivElement>(null);
  const [failure, setFailure] = useState("");
  const [pointed, setPointed] = useState<Written | undefined>(undefined);
  const ask = (method: string, params: object) => {
    setFailure("");
    channel?.request(method, params).catch((error) => setFailure(messageOf(error)));
  };
  const groups = useMemo(
    () =>
      writtenOf(
        Array.from({ length: row.pieces.length }, (_, at) => row.pieces.at(at)),
        row.probabilities,
      ),
    [row],
  );
  const told = [
    plural(row.tokens, "token"),
    ...(row.tokens > 0 ? [`mean probability ${formatShare(row.mean, 1)}`] : []),
    header.endings[row.ending] ?? "",
  ];
  return (
    <DetailFrame row={row} onClose={onClose}>
      {/* A new text of a text stands beside it, where there is room; what goes on with a prompt, below. */}
      <div class={header.task in NAMES ? "nbt-beside" : "nbt-turns"}>
        <section class="nbt-said nbt-said-prompt" aria-label={prompt}>
          <h4>{prompt}</h4>
          <TextInFull row={{ ...row, reason: null }} full={full} />
        </section>
        <section class="nbt-said" aria-label={output}>
          <h4>{output}</h4>
          {row.reason !== null || (row.pending && row.tokens === 0) ? (
            <p class="nbt-muted">{row.reason ?? "waiting…"}</p>
          ) : (
            <WrittenText
              key={row.position}
              box={text}
              label={output}
              groups={groups}
              row={row}
              shading={shading}
              running={running}
              channel={channel}
              onPoint={setPointed}
              onChoose={
                header.branches && !running
                  ? (token, id) => ask("branch", { position: row.position, token, id })
                  : null
              }
            />
          )}
          <p class="nbt-bad" role="status">
            {failure || problem}
          </p>
        </section>
      </div>
      <div class="nbt-written-foot">
        <span class="nbt-aside nbt-written-told" role="status">
          {pointed ? tellOf(pointed, row) : told.filter((word) => word !== "").join(" · ")}
        </span>
        <Toggle pressed={shading} title="Shade each token by its probability" onToggle={onShading}>
          <span class="nbt-sureness" aria-hidden="true" /> unsure – sure
        </Toggle>
        {header.depth > 0 && channel && (
          <button
            type="button"
            class="nbt-button"
            title="The text before this branch"
            onClick={() => ask("back", {})}
          >
            ↶ Back
          </button>
        )}
        {row.tokens > 0 && <CopyButton text={() => writtenText(row)} element={text} />}
        {stop}
      </div>
    </DetailFrame>
  );
}

/** A row of a long table comes with its first tokens: the others are asked for. */
function useWholeRow(row: GenerateRow, channel: Channel | null): { whole: GenerateRow; problem: string } {
  const ask = async (kernel: Channel, signal: AbortSignal) => {
    const { result, buffers } = await kernel.request<{ sections: Section[] }>(
      "row",
      { position: row.position },
      { signal },
    );
    return GeneratePage.read(result.sections, buffers[0] ?? null).row(0);
  };
  return useWhole(row, row.pieces.length >= row.tokens, channel, ask);
}

interface WrittenTextProps {
  box: { current: HTMLDivElement | null };
  label: string;
  groups: readonly Written[];
  row: GenerateRow;
  shading: boolean;
  running: boolean;
  channel: Channel | null;
  /** Which token is looked at. */
  onPoint(group: Written | undefined): void;
  onChoose: ((token: number, id: number) => void) | null;
}

/** The text; a token that is pointed at is told of, one that is pressed shows its alternatives. */
function WrittenText(props: WrittenTextProps) {
  const { box, label, groups, row, shading, running, channel, onPoint, onChoose } = props;
  const [point, setPoint] = useState<number | null>(null);
  const [pin, setPin] = useState<number | null>(null);
  const id = useId("written");
  const shown = pin ?? point;
  const at = shown === null ? -1 : groups.findIndex(({ first, count }) => shown < first + count);
  const group = groups[at];
  useFollowing(box, running, groups);
  useLayoutEffect(() => onPoint(group), [group]);
  useLayoutEffect(() => {
    if (pin !== null && pin >= row.tokens) setPin(null); // a branch may be shorter
  }, [pin, row.tokens]);
  const goTo = (next: number) => {
    const target = groups[Math.min(groups.length - 1, Math.max(0, next))];
    if (target) (pin === null ? setPoint : setPin)(target.first);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== box.current) return;
    const back = getComputedStyle(event.target as Element).direction === "rtl" ? "ArrowRight" : "ArrowLeft";
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") goTo(at + (event.key === back ? -1 : 1));
    else if (event.key === "Home") goTo(0);
    else if (event.key === "End") goTo(groups.length - 1);
    else if ((event.key === "Enter" || event.key === " ") && channel) setPin(shown);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  // Whoever was on the card is back in the text.
  const close = () => {
    setPin(null);
    setPoint(pin);
    box.current?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only Escape, which closes what the inside has opened
    <div
      onKeyDown={(event) => {
        if (event.key !== "Escape" || pin === null) return;
        event.stopPropagation();
        close();
      }}
    >
      <div
        ref={box}
        class={`nbt-written${shading ? " nbt-written-shaded" : ""}`}
        dir="auto"
        role="listbox"
        aria-label={`${label}, token by token`}
        aria-activedescendant={group && id}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onFocus={() => box.current?.matches(":focus-visible") && shown === null && goTo(0)}
        onBlur={() => setPoint(null)}
        onPointerMove={(event) => setPoint(tokenOf(event))}
        onPointerLeave={() => setPoint(null)}
        onClick={(event) => {
          const token = tokenOf(event);
          // A drag that selects text is not a press.
          if (token !== null && channel && String(getSelection()) === "")
            setPin(token === pin ? null : token);
        }}
      >
        {groups.map(({ first, text, probability }, number) => (
          <span
            key={first}
            id={number === at ? id : undefined}
            class={text === "" ? "nbt-written-end" : undefined}
            role="option"
            aria-selected={number === at}
            aria-label={text.trim() ? undefined : visible(text) || "end"}
            data-n={first}
            style={{ "--doubt": 1 - probability }}
          >
            {text === "" ? "⏹" : text}
          </span>
        ))}
        {running && <span class="nbt-caret" />}
      </div>
      {pin !== null && channel && (
        <Alternatives
          position={row.position}
          token={pin}
          tokens={row.tokens}
          channel={channel}
          anchor={() => box.current?.querySelector(`[id="${id}"]`) ?? null}
          onChoose={
            onChoose &&
            ((choice) => {
              close();
              onChoose(pin, choice);
            })
          }
          onMove={setPin}
          onClose={close}
        />
      )}
    </div>
  );
}

/** "Paris" 97% · token 3 of 12 */
function tellOf({ first, count, text }: Written, row: GenerateRow): ComponentChildren {
  const shares = Array.from({ length: count }, (_, at) => formatShare(row.probabilities[first + at] ?? 0, 1));
  const place = count > 1 ? `tokens ${first + 1}–${first + count}` : `token ${first + 1}`;
  return (
    <>
      {text !== "" && (
        <strong>
          <bdi>{visible(text)}</bdi>
        </strong>
      )}{" "}
      {shares.join(" × ")} · {place} of {row.tokens}
    </>
  );
}

function tokenOf(event: MouseEvent): number | null {
  const element = (event.target as Element).closest<HTMLElement>("[data-n]");
  return element ? Number(element.dataset.n) : null;
}

/** While text comes, its end stays in sight, unless the reader has gone up. */
function useFollowing(box: { current: HTMLElement | null }, running: boolean, changed: unknown): void {
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || !running) return;
    if (atEnd.current) element.scrollTop = element.scrollHeight;
    const look = () => {
      atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 30;
    };
    element.addEventListener("scroll", look, { passive: true });
    return () => element.removeEventListener("scroll", look);
  }, [running, changed]);
}
