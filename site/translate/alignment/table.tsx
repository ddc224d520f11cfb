import { useState } from "preact/hooks";
import { visible } from "../../../src/text/token-text.ts";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { share } from "../../shell/tokens/tokens.ts";
import { grid, shown } from "../state.ts";
import { strongestOf, strongestShown } from "./weights.ts";

/** Maximum cells of a table; a larger one shows only the strongest of each row. */
const maxCells = 3000;

/** The grid as a table, only while it is open. */
export function AlignmentTable() {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>The grid as a table</summary>
      {open && <Table />}
    </details>
  );
}

function Table() {
  const now = shown.value;
  const rows = grid.value;
  if (!now) return null;
  const { source, target } = now;
  if (rows.length * source.length > maxCells) {
    return (
      <>
        <p class="small muted">
          {rows.length} rows and {source.length} columns are too many for a table: the {strongestShown} strongest of
          each row.
        </p>
        <TableFrame label="The strongest weights of each written token">
          <table>
            <tbody>
              {rows.map((row, t) => (
                <tr key={t}>
                  <th scope="row">{visible(target[t] ?? "")}</th>
                  <td>
                    {strongestOf(row)
                      .map((s) => `${visible(source[s] ?? "")} [${s}] ${share(row[s] ?? 0)}`)
                      .join(" · ")}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableFrame>
      </>
    );
  }
  return (
    <TableFrame label="Weights of each written token">
      <table>
        <thead>
          <tr>
            <th scope="col">Written</th>
            {source.map((token, s) => (
              <th key={s} scope="col" class="number">
                {visible(token)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, t) => {
            const [most] = strongestOf(row);
            return (
              <tr key={t}>
                <th scope="row">{visible(target[t] ?? "")}</th>
                {Array.from(row, (weight, s) => (
                  <td key={s} class="number">
                    {s === most ? <strong>{share(weight)}</strong> : share(weight)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </TableFrame>
  );
}
