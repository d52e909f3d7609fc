// Words with a bar for each method: to the right what speaks for the prediction, to the left what speaks against it.
import { useMemo, useState } from "preact/hooks";
import { plural } from "../text";
import type { Unit } from "../wire/explain";
import { Segments } from "./segments";
import { type SignedProps, signed, strength, unitUnder } from "./signedtext";

type Order = "text" | "weight";

const MOST = 25;

export function SignedBars(props: SignedProps) {
  const { units, shown, methods, scales, hovered, onHover, isSelected, onToggle } = props;
  const [order, setOrder] = useState<Order>("weight");
  const [all, setAll] = useState(false);
  const sorted = useMemo(() => {
    if (order === "text") return shown;
    const weight = (at: number) =>
      Math.max(...scales.map((scale, method) => strength(units[at]?.values[method] ?? 0, scale)));
    return [...shown].sort((a, b) => weight(b) - weight(a) || a - b);
  }, [units, shown, scales, order]);
  const some = all ? sorted : sorted.slice(0, MOST);
  const left = sorted.length - some.length;
  return (
    <div class="nbt-signed-bars">
      <Segments<Order>
        label="Order"
        options={[
          ["weight", "Heaviest first"],
          ["text", "As in the text"],
        ]}
        chosen={order}
        onChoose={setOrder}
      />
      <table>
        <thead>
          <tr>
            <th scope="col">Word</th>
            {methods.map(({ name, title }) => (
              <th key={name} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody
          onPointerMove={(event) => onHover(unitUnder(event.target))}
          onPointerLeave={() => onHover(null)}
        >
          {some.map((at) => {
            const unit = units[at] as Unit;
            return (
              <tr key={at} data-hovered={at === hovered || undefined} data-unit={at}>
                <th scope="row">
                  <button
                    type="button"
                    class="nbt-signed-name"
                    aria-pressed={isSelected(unit)}
                    title="Select"
                    onClick={() => onToggle(unit)}
                  >
                    <bdi>{unit.name}</bdi>
                  </button>
                </th>
                {methods.map(({ name }, method) => {
                  const value = unit.values[method] ?? 0;
                  return (
                    <td key={name}>
                      <span class="nbt-signed-bar" data-sign={value < 0 ? "against" : "for"}>
                        <span style={{ "--strength": strength(value, scales[method] ?? 0) }} />
                      </span>
                      <span class="nbt-signed-number">{signed(value)}</span>
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
      {left > 0 && (
        <button type="button" class="nbt-button nbt-button-outlined" onClick={() => setAll(true)}>
          Show {plural(left, "more word")}
        </button>
      )}
    </div>
  );
}
