// Some columns of an encoding of positions as curves over its rows, and the choice of which.
import { useMemo, useState } from "preact/hooks";
import type { Channel } from "../channel";
import { colourAt, cssColour, PALETTE } from "../colour";
import { type Kept, useAnswer } from "../rows/answers";
import type { Encoding, Line, Picture } from "../wire/positions";
import { type Curve, Curves } from "./curves";
import { FormulaLines } from "./formulalines";
import { PICTURES, PictureBar, type PictureBarProps } from "./picturebar";

interface PositionCurvesProps extends PictureBarProps {
  channel: Channel;
  kept: Kept;
}

export function PositionCurves({ encoding, channel, kept, picture, setPicture }: PositionCurvesProps) {
  const { facts } = encoding;
  const [chosen, setChosen] = useState<readonly number[]>(facts.curves);
  const { lines, notice } = useLines(encoding, picture, chosen, channel, kept);
  const curves = useMemo(
    () =>
      chosen.flatMap((column, at): Curve[] => {
        const line = lines.get(column);
        return line ? [{ ...line, name: `${facts.column} ${column}`, colour: colourAt(at) }] : [];
      }),
    [chosen, lines],
  );
  return (
    <>
      <PictureBar encoding={encoding} picture={picture} setPicture={setPicture} />
      <Chooser encoding={encoding} chosen={chosen} onChoose={setChosen} />
      {notice && <p class="nbt-none">{notice}</p>}
      <Curves
        label={`${PICTURES[picture]} by ${facts.row}`}
        curves={curves}
        across={facts.row}
        axis={axisOf(encoding)}
      >
        <FormulaLines lines={facts.formula} source={facts.source} />
      </Curves>
    </>
  );
}

function axisOf({ facts: { row } }: Encoding): string {
  return row === "distance" ? "distance, key minus query" : row;
}

/** The lines of some columns: those that came, and those that are asked for. */
function useLines(
  encoding: Encoding,
  picture: Picture,
  chosen: readonly number[],
  channel: Channel,
  kept: Kept,
): { lines: Map<number, Line>; notice: string | null } {
  const here = useMemo(
    () => new Map(chosen.map((column) => [column, encoding.curve(picture, column)] as const)),
    [encoding, picture, chosen],
  );
  const missing = chosen.filter((column) => !here.get(column));
  const { curve_step: step } = encoding.facts;
  const params = missing.length > 0 ? { encoding: encoding.number, picture, columns: missing, step } : null;
  const asked = useAnswer<object, Line[]>(channel, kept, "curves", params, (_, read) =>
    encoding.lines(read.float32("values")),
  );
  const lines = useMemo(() => {
    const found = new Map<number, Line>();
    for (const [column, line] of here) if (line) found.set(column, line);
    asked.answer?.forEach((line, at) => {
      found.set(missing[at] as number, line);
    });
    return found;
  }, [here, asked.answer]);
  return { lines, notice: asked.notice?.message ?? null };
}

/** As many as can be told apart. */
const MOST_CURVES = PALETTE.length;

interface ChooserProps {
  encoding: Encoding;
  chosen: readonly number[];
  onChoose(columns: readonly number[]): void;
}

/** Which columns are drawn: each with its colour, a press leaves it out; another is typed. */
function Chooser({ encoding: { facts }, chosen, onChoose }: ChooserProps) {
  const [typed, setTyped] = useState("");
  const column = Number(typed);
  const isNew = /^\d+$/.test(typed.trim()) && column < facts.columns && !chosen.includes(column);
  return (
    <form
      class="nbt-tools"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isNew) return;
        onChoose([...chosen.slice(-(MOST_CURVES - 1)), column]);
        setTyped("");
      }}
    >
      <fieldset class="nbt-legend" aria-label={`The ${facts.column}s that are drawn`}>
        {chosen.map((one, at) => (
          <button
            key={one}
            type="button"
            title={`Leave out ${facts.column} ${one}`}
            onClick={() => onChoose(chosen.filter((other) => other !== one))}
          >
            <i class="nbt-curve-mark" style={{ background: cssColour(colourAt(at)) }} aria-hidden="true" />
            {`${facts.column} ${one}`}
          </button>
        ))}
      </fieldset>
      <input
        class="nbt-curve-number"
        inputMode="numeric"
        aria-label={`Another ${facts.column}, from 0 to ${facts.columns - 1}`}
        placeholder={`${facts.column} 0–${facts.columns - 1}`}
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => event.stopPropagation()}
      />
      <button type="submit" class="nbt-button nbt-button-outlined" disabled={!isNew}>
        Add
      </button>
    </form>
  );
}
