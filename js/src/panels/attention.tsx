// The attention inspector: all heads at a glance, one as a map, as lines, step by step, several taken together, and what
// happens without some. What every view is given is in views/looking.ts.
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Channel } from "../channel";
import { ask as askChannel, type Kept } from "../rows/answers";
import { type MapTiles, mapTiles, type Pooling } from "../rows/attentiontiles";
import { useAction } from "../views/action";
import { AttentionExport } from "../views/attentionexport";
import { AttentionGrid } from "../views/attentiongrid";
import { AttentionLines } from "../views/attentionlines";
import { AttentionMatrix, placesOfMap, SIDE_PX } from "../views/attentionmatrix";
import { AttentionSteps } from "../views/attentionsteps";
import { AttentionSummary } from "../views/attentionsummary";
import { ExportButton } from "../views/export";
import { HeadBar } from "../views/headbar";
import type { Ask, Look, ViewProps } from "../views/looking";
import { ScaleChoice } from "../views/scale";
import { Segments } from "../views/segments";
import { type Chosen, WhatIf } from "../views/whatif";
import { attentionHeader, type PartName, Reading } from "../wire/attention";
import { Sections } from "../wire/sections";
import type { ResultProps } from "./panel";
import { Result } from "./rowtable";

type Tab = "grid" | "matrix" | "lines" | "steps" | "summary" | "what if";

const TABS: Record<Tab, string> = {
  grid: "Grid",
  matrix: "Matrix",
  lines: "Lines",
  steps: "Steps",
  summary: "Summary",
  "what if": "What if",
};

/** Views that are pictures; lines are saved beside them. */
const DRAWN: readonly Tab[] = ["grid", "matrix", "summary", "what if"];

const PARTS: Record<PartName, [title: string, help: string]> = {
  self: ["Self", "From a text to itself"],
  cross: ["Cross", "From the text that is written to the one that is read"],
  encoder: ["Encoder", "From the text that is read to itself"],
};

export function AttentionPanel({ header: raw, payload, channel, selection, select }: ResultProps) {
  const reading = useMemo(() => {
    const header = attentionHeader(raw);
    return new Reading(header, new Sections(header.sections, payload));
  }, [raw, payload]);
  return (
    <Result rows={{ header: reading.header, progress: null }}>
      <Inspector reading={reading} channel={channel} selection={selection} select={select} />
    </Result>
  );
}

interface InspectorProps extends Pick<ResultProps, "channel" | "selection" | "select"> {
  reading: Reading;
}

function Inspector({ reading, channel, selection, select }: InspectorProps) {
  const ask = useCallback<Ask>(
    async (method, params, signal) => {
      const { facts, read } = await askChannel<never>(channel, method, params, signal);
      return { result: facts, read };
    },
    [channel],
  );
  const kept = useMemo<Kept>(() => new Map(), [reading]);
  const [look, setLook] = useLook(reading);
  usePinned(look, setLook, selection, select);
  useTokens(reading, ask);
  const tiles = useMemo(
    () =>
      mapTiles(reading, ask, (params) => {
        const part = reading.header.parts.find(({ part }) => part === params.part) ?? look.part;
        const { hide_special: hideSpecial = false, words = false } = params;
        return placesOfMap(reading.queries(part), reading.keys(part), { hideSpecial, words });
      }),
    [reading, ask],
  );
  const [wish, setTab] = useState<Tab>("grid");
  const [chosen, setChosen] = useState<Chosen>(new Set());
  const [exporting, setExporting] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const { parts, can, depth } = reading.header;
  const tabs = (Object.keys(TABS) as Tab[]).filter(
    (key) => key !== "what if" || can.some((one) => one !== "code"),
  );
  const tab = tabs.includes(wish) ? wish : "grid";
  const view: ViewProps = { reading, look, setLook, ask, kept };
  return (
    <div class="nbt-attention" ref={root}>
      <nav class="nbt-tools" aria-label="Views">
        <Segments
          label="View"
          options={tabs.map((key) => [key, TABS[key]] as const)}
          chosen={tab}
          onChoose={(key) => setTab(key)}
        />
        {parts.length > 1 && (
          <Segments
            label="Attention"
            options={parts.map(({ part }) => [part, ...PARTS[part]] as const)}
            chosen={look.part.part}
            onChoose={(name) => setLook({ part: parts.find(({ part }) => part === name) ?? look.part })}
          />
        )}
        {depth > 0 && <BackButton channel={channel} />}
        <ExportButton open={exporting} onToggle={setExporting} />
      </nav>
      {exporting && (
        <AttentionExport
          reading={reading}
          look={look}
          channel={channel}
          root={DRAWN.includes(tab) ? root : null}
        />
      )}
      {tab === "grid" && (
        <AttentionGrid
          {...view}
          onOpen={({ layer, head }) => {
            setLook({ layer, head });
            setTab("matrix");
          }}
        />
      )}
      {tab === "matrix" && <OneMap {...view} tiles={tiles} onTab={setTab} />}
      {tab === "lines" && (
        <>
          <HeadBar reading={reading} look={look} setLook={setLook} choices={["layer", "head", "tokens"]} />
          <AttentionLines {...view} />
        </>
      )}
      {tab === "steps" && (
        <>
          <HeadBar reading={reading} look={look} setLook={setLook} choices={["layer", "head"]} />
          <AttentionSteps {...view} />
        </>
      )}
      {tab === "summary" && <AttentionSummary {...view} tiles={tiles} />}
      {tab === "what if" && <WhatIf {...view} channel={channel} chosen={chosen} onChoose={setChosen} />}
    </div>
  );
}

/** Longer rows than these are seen by a logarithmic scale first. */
const LINEAR = 100;

/** Where one looks, as far as a result has it; another result is looked at in the same place. */
function useLook(reading: Reading): [Look, ViewProps["setLook"]] {
  const { parts, part } = reading.header;
  const [wish, setWish] = useState<Omit<Look, "part"> & { part: PartName }>({
    part,
    layer: 0,
    head: 0,
    heads: [0],
    pinned: null,
    key: null,
    // Of many weights the most are small.
    scale: parts.some(({ keys }) => keys > LINEAR) ? "log" : "linear",
    hideSpecial: false,
    words: false,
  });
  const look = useMemo((): Look => {
    const part = parts.find(({ part }) => part === wish.part) ?? (parts[0] as Look["part"]);
    const layer = Math.min(wish.layer, part.layers - 1);
    const count = reading.headsOf(part, layer);
    const head = Math.min(wish.head, count - 1);
    const heads = wish.heads.filter((one) => one < count);
    return {
      ...wish,
      part,
      layer,
      head,
      heads: heads.includes(head) ? heads : [head],
      pinned: wish.pinned !== null && wish.pinned < part.queries ? wish.pinned : null,
      key: wish.key !== null && wish.key < part.keys ? wish.key : null,
    };
  }, [reading, wish]);
  const setLook = useCallback((change: Partial<Look>) => {
    const { part, ...rest } = change;
    setWish((now) => {
      const next = { ...now, ...rest };
      // Of another part the tokens are others.
      if (part && part.part !== now.part)
        Object.assign(next, { part: part.part, pinned: rest.pinned ?? null });
      // Who goes to another query looks at its heaviest key, unless one is named.
      if (rest.key === undefined && next.pinned !== now.pinned) next.key = null;
      // Who goes to another head means that one; who chooses heads means them all.
      if (rest.head !== undefined && !rest.heads && !next.heads.includes(rest.head)) next.heads = [rest.head];
      if (rest.heads && !rest.heads.includes(next.head)) next.head = rest.heads[0] ?? 0;
      return next;
    });
  }, []);
  return [look, setLook];
}

/** The token that is kept is what Python knows as the selection: either may change it. */
function usePinned(
  { part, pinned }: Look,
  setLook: ViewProps["setLook"],
  selection: readonly number[],
  select: (rows: number[]) => void,
): void {
  // What both sides have.
  const told = useRef<number | null>(null);
  const isText = part.query_side === "queries";
  useEffect(() => {
    const [first = null] = selection;
    // The tokens of another part are others: what is selected stays, and is pinned again on the way back.
    if (!isText) told.current = null;
    else if (first !== told.current) {
      told.current = first;
      setLook({ pinned: first });
    } else if (pinned !== told.current) {
      told.current = pinned;
      select(pinned === null ? [] : [pinned]);
    }
  }, [selection, pinned, isText]);
}

/** Tokens beyond those that came with the header are asked for while one looks; drawn again when some come. */
function useTokens(reading: Reading, ask: Ask): void {
  const [, draw] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    const load = async () => {
      for (const side of reading.sides) {
        let before = -1;
        while (side.known < side.count && side.known > before && !controller.signal.aborted) {
          before = side.known;
          const params = { side: side.name, start: before, stop: side.count };
          const { read } = await ask("tokens", params, controller.signal);
          side.add(read);
          draw((times) => times + 1);
        }
      }
    };
    // Whoever cannot be asked leaves the tokens without names.
    load().catch(() => {});
    return () => controller.abort();
  }, [reading, ask]);
}

/** To what this result took the place of. */
function BackButton({ channel }: { channel: Channel }) {
  const { state, ask } = useAction<unknown>(channel);
  return (
    <>
      <button type="button" class="nbt-button" title="What was shown before" onClick={() => ask("back", {})}>
        ↶ Back
      </button>
      {state.kind === "failed" && <span class="nbt-bad">{state.message}</span>}
    </>
  );
}

/** Where else the query of a weight is looked at. */
const FROM_HERE = [
  ["lines", "Its lines"],
  ["steps", "Its steps"],
] as const;

interface OneMapProps extends ViewProps {
  tiles: MapTiles;
  onTab(tab: Tab): void;
}

/** The map of one head. */
function OneMap({ reading, look, setLook, tiles, onTab }: OneMapProps) {
  const [pooling, setPooling] = useState<Pooling>("max");
  const { part, layer, head } = look;
  const go = (to: { layer: number; head: number }) => {
    if (to.layer >= 0 && to.layer < part.layers) setLook({ ...to, heads: [to.head] });
  };
  const step = (by: number) => {
    const next = head + by;
    if (next < 0) go({ layer: layer - 1, head: reading.headsOf(part, Math.max(0, layer - 1)) - 1 });
    else if (next >= reading.headsOf(part, layer)) go({ layer: layer + 1, head: 0 });
    else go({ layer, head: next });
  };
  const onKey = ({ key }: KeyboardEvent) => {
    if (key === "[" || key === "]") step(key === "[" ? -1 : 1);
    else if (key === "PageUp" || key === "PageDown") go({ layer: layer + (key === "PageUp" ? -1 : 1), head });
    else return false;
    return true;
  };
  return (
    <>
      <HeadBar reading={reading} look={look} setLook={setLook} choices={["layer", "head", "tokens"]}>
        <ScaleChoice look={look} setLook={setLook} />
        {!reading.isWhole(part) && Math.max(part.queries, part.keys) > SIDE_PX && (
          <Segments
            label="Cells of several weights"
            options={[
              ["max", "Greatest", "A cell of several weights shows the greatest"],
              ["mean", "Mean", "A cell of several weights shows their mean"],
            ]}
            chosen={pooling}
            onChoose={(key) => setPooling(key)}
          />
        )}
      </HeadBar>
      <AttentionMatrix
        label={`Attention of layer ${layer}, head ${head}`}
        reading={reading}
        look={look}
        source={{ layer, head }}
        pooling={pooling}
        tiles={tiles}
        onKey={onKey}
        hint="Point at a cell, or walk with the arrow keys; [ and ] go to the head before and behind."
        actions={(query, key) =>
          FROM_HERE.map(([to, title]) => (
            <button
              key={to}
              type="button"
              class="nbt-button nbt-button-outlined"
              onClick={() => {
                setLook({ pinned: query, key });
                onTab(to);
              }}
            >
              {title}
            </button>
          ))
        }
      />
    </>
  );
}
