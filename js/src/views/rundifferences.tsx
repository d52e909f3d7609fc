// In what runs differ: a row a setting, or a version, and a column a run.
import { useRef } from "preact/hooks";
import type { Channel } from "../channel";
import { cssColour } from "../colour";
import type { Kept } from "../rows/answers";
import { useAsked } from "./asking";
import { NoticeStrip } from "./notices";
import { Scrolled } from "./scrolled";

interface RunDifferencesProps {
  names: readonly string[];
  colours: ReadonlyMap<string, string>;
  channel: Channel;
}

type Settings = [name: string, values: string[]][];

export function RunDifferences({ names, colours, channel }: RunDifferencesProps) {
  const kept = useRef<Kept>(new Map());
  const { answer, notice, retry } = useAsked<Settings>(
    kept.current,
    JSON.stringify(names),
    async (signal) => {
      const options = { signal, timeoutMs: Number.POSITIVE_INFINITY };
      return (await channel.request<{ settings: Settings }>("diff", { names }, options)).result.settings;
    },
  );
  if (!answer) return <NoticeStrip notice={notice} retry={retry} />;
  return (
    <section class="nbt-run-differences" aria-label="Differences">
      <h4>What differs</h4>
      {answer.length === 0 ? (
        <p class="nbt-aside">Nothing: the data, the model, the settings and the versions are the same.</p>
      ) : (
        <Scrolled label="Table">
          <table class="nbt-plain-table nbt-run-table">
            <thead>
              <tr>
                <th scope="col">Setting</th>
                {names.map((name) => (
                  <th key={name} scope="col">
                    <i style={{ background: cssColour(colours.get(name) ?? "grey") }} aria-hidden="true" />
                    <bdi>{name}</bdi>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {answer.map(([setting, values]) => (
                <tr key={setting}>
                  <th scope="row">
                    <bdi>{setting}</bdi>
                  </th>
                  {values.map((value, at) => (
                    <td key={at} class="nbt-run-cell" title={value}>
                      <bdi>{value}</bdi>
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolled>
      )}
    </section>
  );
}
