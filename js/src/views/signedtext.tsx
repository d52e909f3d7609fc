// A text whose words are coloured by a signed number: blue speaks for, orange against; once for each method.
import { Fragment } from "preact";
import { useState } from "preact/hooks";
import { formatValue, plural } from "../text";
import type { MethodFacts, Unit } from "../wire/explain";

export interface SignedProps {
  units: readonly Unit[];
  /** The numbers of the units to show. */
  shown: readonly number[];
  methods: readonly MethodFacts[];
  /** Of each method, the size of the number that the end of the colours stands for. */
  scales: readonly number[];
  hovered: number | null;
  onHover(unit: number | null): void;
  isSelected(unit: Unit): boolean;
  onToggle(unit: Unit): void;
}

/** More words than these are drawn when they are asked for. */
const MOST = 1_500;

export function SignedText(props: SignedProps) {
  const { units, shown, methods, scales, hovered, onHover, isSelected, onToggle } = props;
  const [all, setAll] = useState(false);
  const some = all ? shown : shown.slice(0, MOST);
  const left = shown.length - some.length;
  return (
    <div class="nbt-signed-texts">
      {methods.map(({ name, title, told, baseline }, method) => (
        <article key={name} class="nbt-signed">
          <header>
            <strong>{title}</strong>
            <span class="nbt-explain-aside"> ±{formatValue(scales[method] ?? 0)}</span>
            <p class="nbt-explain-aside">{[told, baseline].filter(Boolean).join(" · ")}</p>
          </header>
          <p
            class="nbt-signed-text"
            dir="auto"
            onPointerMove={(event) => onHover(unitUnder(event.target))}
            onPointerLeave={() => onHover(null)}
            // The keyboard's side of this press is the bars': a button a word. A drag that selects text is no press.
            onClick={({ target }) => {
              const unit = units[unitUnder(target) ?? -1];
              if (unit && String(getSelection()) === "") onToggle(unit);
            }}
          >
            {some.map((at, place) => {
              const unit = units[at] as Unit;
              const turns = unit.second && !units[some[place - 1] ?? -1]?.second && place > 0;
              return (
                <Fragment key={at}>
                  {turns && <span class="nbt-signed-turn">{"\n"}</span>}
                  {unit.before}
                  <Word
                    unit={unit}
                    at={at}
                    value={unit.values[method] ?? 0}
                    scale={scales[method] ?? 0}
                    hovered={hovered}
                    isSelected={isSelected(unit)}
                  />
                </Fragment>
              );
            })}
          </p>
        </article>
      ))}
      {left > 0 && (
        <button type="button" class="nbt-button nbt-button-outlined" onClick={() => setAll(true)}>
          Show {plural(left, "more word")}
        </button>
      )}
    </div>
  );
}

interface WordProps extends Pick<SignedProps, "hovered"> {
  unit: Unit;
  at: number;
  value: number;
  scale: number;
  isSelected: boolean;
}

function Word({ unit, at, value, scale, hovered, isSelected }: WordProps) {
  const share = strength(value, scale);
  return (
    <span
      class={unit.text === "" ? "nbt-signed-word nbt-signed-piece" : "nbt-signed-word"}
      data-sign={value < 0 ? "against" : "for"}
      data-strong={share > 0.15 || undefined}
      data-hovered={at === hovered || undefined}
      data-selected={isSelected || undefined}
      data-unit={at}
      style={{ "--strength": share }}
    >
      {unit.name}
    </span>
  );
}

/** The number of the word, or of the row of one, that an element is in. */
export function unitUnder(element: EventTarget | null): number | null {
  const unit = (element as Element | null)?.closest?.<HTMLElement>("[data-unit]")?.dataset.unit;
  return unit === undefined ? null : Number(unit);
}

/** From 0 to 1: how much of the whole colour a number has. */
export function strength(value: number, scale: number): number {
  return scale > 0 && Number.isFinite(value) ? Math.min(1, Math.abs(value) / scale) : 0;
}

/** A number with its sign. */
export function signed(value: number): string {
  return value > 0 ? `+${formatValue(value)}` : formatValue(value);
}

/** What the colours mean. */
export function SignedLegend({ name }: { name: string }) {
  return (
    <p class="nbt-signed-legend">
      <span>
        against <bdi>{name}</bdi>
      </span>
      <span class="nbt-signed-ramp" aria-hidden="true" />
      <span>
        for <bdi>{name}</bdi>
      </span>
    </p>
  );
}
