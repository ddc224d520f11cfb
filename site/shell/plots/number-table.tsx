import { TableFrame } from "../controls/table-frame.tsx";
import type { Numbers } from "./numbers.ts";

/** Maximum rows of a table. */
const most = 200;

/** Numbers as a table; long ones are thinned out. */
export function NumberTable({ label, names, columns, rows }: Numbers) {
  const every = Math.max(1, Math.ceil(rows.length / most));
  const shown = rows.map((row, i) => [i, row] as const).filter(([i]) => i % every === 0 || i === rows.length - 1);
  return (
    <>
      {every > 1 && (
        <p class="small muted">
          Of {rows.length} rows one in {every}; the CSV file has all.
        </p>
      )}
      <TableFrame label={label}>
        <table>
          <thead>
            <tr>
              {names && <th scope="col">{names.column}</th>}
              {columns.map(({ name }) => (
                <th key={name} scope="col" class="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map(([i, row]) => (
              <tr key={i}>
                {names && <th scope="row">{names.of[i]}</th>}
                {columns.map(({ name, show }, j) => {
                  const value = row[j];
                  return (
                    <td key={name} class="number">
                      {value === undefined ? "–" : show(value)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </TableFrame>
    </>
  );
}
