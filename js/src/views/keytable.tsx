// The keys of a query in a table: their vectors as strips, and what becomes of each product, stage by stage.
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Tokens } from "../wire/attention";
import type { Steps } from "../wire/attentionsteps";
import { formatWeight } from "./attentionmatrix";
import { Token } from "./linesreadout";
import { brief, farthest, figures, isByRoot, isScaled, type Stages, stagesOf } from "./stages";
import { Strip } from "./strip";

/** A dimension of the queries and keys, or of the values. */
export interface Cell {
  of: "products" | "values";
  dim: number;
}

interface KeyTableProps {
  steps: Steps;
  keys: Tokens;
  /** The key that is looked at, as its place in the list, and the dimension. */
  at: number;
  cell: Cell | null;
  onCell(cell: Cell | null): void;
  onKey(at: number): void;
}

interface Stage {
  name: string;
  help: string;
  of(stages: Stages): number;
}

/** The stages that this model has. */
function stagesIn(steps: Steps): Stage[] {
  const { dims, scaling, softcap, masked_keys } = steps.facts;
  const found: Stage[] = [
    { name: "q · k", help: "The sum of q × k over the dimensions", of: ({ sum }) => sum },
  ];
  if (isScaled(steps))
    found.push({
      name: isByRoot(steps) ? `÷ √${dims}` : `× ${Number(scaling.toPrecision(3))}`,
      help: "Scaled",
      of: ({ scaled }) => scaled,
    });
  if (softcap !== null)
    found.push({
      name: `± ${softcap}`,
      help: "Kept within the soft cap",
      of: ({ capped }) => capped ?? Number.NaN,
    });
  if (steps.bias)
    found.push({
      name: "bias",
      help: "Added for the distance between the tokens",
      of: ({ bias }) => bias ?? Number.NaN,
    });
  if (steps.bias || masked_keys > 0)
    found.push({
      name: "score",
      help: "What the softmax is taken of: −∞ where masked",
      of: ({ score }) => score,
    });
  return found;
}

export function KeyTable(props: KeyTableProps) {
  const { steps, keys, at } = props;
  const stages = useMemo(() => stagesIn(steps), [steps]);
  const strips = useMemo(() => stripsOf(steps), [steps]);
  const scroll = useInSight(at);
  return (
    <div class="nbt-steps-scroll" ref={scroll}>
      <table class="nbt-steps-table">
        <thead>
          <tr>
            <th scope="row">q</th>
            <td class="nbt-steps-strip">
              <Strip label="The query" values={steps.q} {...pointed(props, at, "products")} />
            </td>
            <td colSpan={stages.length + 3} />
          </tr>
          <tr>
            <th scope="col">Key</th>
            <th scope="col" class="nbt-steps-strip">
              k
            </th>
            <th scope="col" class="nbt-steps-strip">
              q × k
            </th>
            {stages.map(({ name, help }) => (
              <th key={name} scope="col" class="nbt-steps-value" title={help}>
                {name}
              </th>
            ))}
            <th scope="col" class="nbt-steps-value nbt-steps-weight">
              Weight
            </th>
            <th scope="col" class="nbt-steps-strip">
              weight × v
            </th>
          </tr>
        </thead>
        <tbody>
          {Array.from(steps.keys, (key, row) => {
            const of = stagesOf(steps, row);
            const strip = (label: string, { rows, most }: Strips, which: Cell["of"]) => (
              <td class="nbt-steps-strip">
                <Strip
                  label={label}
                  values={rows[row] ?? NOTHING}
                  most={most}
                  isWalked={row === at}
                  {...pointed(props, row, which)}
                />
              </td>
            );
            return (
              <tr key={key} class={of.masked ? "nbt-steps-masked" : undefined} aria-current={row === at}>
                <th scope="row">
                  <button type="button" onClick={() => props.onKey(row)}>
                    <Token text={keys.at(key)?.text ?? "…"} />
                    <span class="nbt-lines-place">{key}</span>
                  </button>
                </th>
                {strip("The key", strips.k, "products")}
                {strip("The products", strips.products, "products")}
                {stages.map(({ name, of: numberOf }) => (
                  <td key={name} class="nbt-steps-value" title={figures(numberOf(of))}>
                    {brief(numberOf(of))}
                  </td>
                ))}
                <td class="nbt-steps-value nbt-steps-weight" title={figures(of.weight)}>
                  <i style={{ "--share": Math.min(1, Math.max(0, of.weight)) }} />
                  <span>{formatWeight(of.weight)}</span>
                </td>
                {strip("The weighted values", strips.weighted, "values")}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const NOTHING = new Float32Array();

/** The rows of a matrix `[key, dim]`, coloured beside the farthest from zero of all. */
interface Strips {
  rows: Float32Array[];
  most: number;
}

function stripsOf({ k, products, v, weights, output, facts }: Steps) {
  const rowsOf = (values: Float32Array, size: number): Strips => ({
    rows: Array.from(weights, (_, row) => values.subarray(row * size, (row + 1) * size)),
    most: farthest(values),
  });
  const weighted = v.map((value, place) => value * (weights[Math.floor(place / output.length)] ?? 0));
  return {
    k: rowsOf(k, facts.dims),
    products: rowsOf(products, facts.dims),
    weighted: rowsOf(weighted, output.length),
  };
}

/** A dimension that is pointed at is marked in all strips that have it, and its key is looked at. */
function pointed({ at, cell, onCell, onKey }: KeyTableProps, row: number, of: Cell["of"]) {
  return {
    at: cell?.of === of ? cell.dim : null,
    onPoint: (dim: number | null) => {
      onCell(dim === null ? null : { of, dim });
      if (dim !== null && row !== at) onKey(row);
    },
  };
}

/** A key that is stepped to comes into sight; the notebook around stays where it is. */
function useInSight(at: number) {
  const scroll = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const row = scroll.current?.querySelector<HTMLElement>('[aria-current="true"]');
    const head = scroll.current?.querySelector("thead");
    if (!scroll.current || !row || !head) return;
    const [box, own] = [scroll.current.getBoundingClientRect(), row.getBoundingClientRect()];
    const above = own.top - box.top - head.getBoundingClientRect().height;
    const below = own.bottom - box.bottom;
    if (above < 0) scroll.current.scrollTop += above;
    else if (below > 0) scroll.current.scrollTop += below;
  }, [at]);
  return scroll;
}
