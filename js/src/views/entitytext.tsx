// A text with its entities coloured; what each is stands beside it in small letters.
import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { cssColour } from "../colour";
import { formatCount, formatScore } from "../text";
import { CodePoints } from "../tokens/codepoints";
import type { Entity } from "../wire/entities";

/** How the types of a result are shown. */
export interface Types {
  names: readonly string[];
  colours: readonly string[];
  /** The type that the rows are filtered by: the others step back. */
  only: number | null;
}

interface EntityTextProps {
  text: string;
  entities: readonly Entity[];
  types: Types;
  /** What a part of the text is written as. */
  written?(part: string): string;
}

/** So many are drawn before the reader asks for the rest: a book has tens of thousands. */
const FIRST = 1_000;

export function EntityText({ text, entities, types, written = (part) => part }: EntityTextProps) {
  const [all, setAll] = useState(false);
  const points = useMemo(() => new CodePoints(text), [text]);
  const shown = all ? entities : entities.slice(0, FIRST);
  const parts: ComponentChildren[] = [];
  let at = 0;
  for (const entity of shown) {
    parts.push(written(points.slice(at, entity.start)));
    parts.push(
      <Mark key={entity.start} {...entity} types={types}>
        {written(points.slice(entity.start, entity.stop))}
      </Mark>,
    );
    at = entity.stop;
  }
  const left = entities.length - shown.length;
  return (
    <>
      {parts}
      {written(points.slice(at, points.last))}
      {left > 0 && (
        <button type="button" class="nbt-button" onClick={() => setAll(true)}>
          {`Mark ${formatCount(left)} more`}
        </button>
      )}
    </>
  );
}

interface MarkProps extends Entity {
  types: Types;
  children: string;
}

function Mark({ type, score, types: { names, colours, only }, children }: MarkProps) {
  const name = names[type] ?? "";
  return (
    <mark
      class={only !== null && only !== type ? "nbt-entity nbt-entity-off" : "nbt-entity"}
      style={{ "--colour": cssColour(colours[type] ?? "grey") }}
      title={`${name} ${formatScore(score)}`}
    >
      {/* No line ends before the type. */}
      <bdi>{children}</bdi>
      {"\u00a0"}
      <bdi class="nbt-entity-type">{name}</bdi>
    </mark>
  );
}
