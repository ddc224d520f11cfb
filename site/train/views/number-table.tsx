import { TableFrame } from "../../shell/table-frame.tsx";

/** Numbers under their names, a row for each step; of many rows every so many. */
export function NumberTable({
  label,
  heads,
  rows,
}: {
  label: string;
  heads: readonly string[];
  rows: readonly (readonly string[])[];
}) {
  const every = Math.max(1, Math.ceil(rows.length / 200));
  const shown = rows.filter((_, i) => i % every === 0 || i === rows.length - 1);
  return (
    <>
      {every > 1 && (
        <p class="small muted">
          Of {rows.length} rows one in {every}.
        </p>
      )}
      <TableFrame label={label}>
        <table>
          <thead>
            <tr>
              {heads.map((head) => (
                <th key={head} scope="col" class="number">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, i) => (
              <tr key={i}>
                {row.map((cell, j) => (
                  <td key={heads[j]} class="number">
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </TableFrame>
    </>
  );
}
