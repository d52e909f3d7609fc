// Results that went to a file: where it is, and how it begins.
import { Head } from "../views/head";
import { Notes } from "../views/notices";
import { Scrolled } from "../views/scrolled";
import { WithCode } from "../views/withcode";
import { storedHeader } from "../wire/stored";
import type { ResultProps } from "./panel";

export function StoredPanel({ header }: ResultProps) {
  const { title, subtitle, facts, notes, columns, beginning, more } = storedHeader(header);
  return (
    <div class="nbt-result">
      <Head title={title} subtitle={subtitle} facts={facts} />
      <Notes notes={notes} />
      {beginning.length > 0 && (
        <Scrolled label={more ? "The first rows" : "The rows"} class="nbt-stored">
          <table>
            <thead>
              <tr>
                {columns.map((name, at) => (
                  <th key={at} scope="col">
                    <bdi>{name}</bdi>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {beginning.map((cells, row) => (
                <tr key={row}>
                  {cells.map((cell, at) => (
                    <td key={at} title={cell}>
                      <bdi>{cell}</bdi>
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          {more && (
            <p>
              <WithCode text={more} />
            </p>
          )}
        </Scrolled>
      )}
    </div>
  );
}
