import { useState } from "preact/hooks";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { valueText } from "../session/values.ts";
import { type MemoryPicture, scalarOfWord, valueOfWord } from "./drawing.ts";

/** Rows and columns that a table shows around the picked word. */
const [mostRows, mostColumns] = [16, 32];

/** The picture's numbers around the picked word, in a table that is made when it is opened. */
export function MemoryTable({ picture }: { picture: MemoryPicture }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>As a table</summary>
      {isOpen && <Rows picture={picture} />}
    </details>
  );
}

function Rows({ picture }: { picture: MemoryPicture }) {
  const { info, state, shape, heat, word } = picture;
  const words = state.bytes.byteLength >> 2;
  const start = (at: number, most: number, all: number) => Math.max(0, Math.min(at - (most >> 1), all - most));
  const firstRow = start(Math.floor(word / shape.columns), mostRows, shape.rows);
  const firstColumn = start(word % shape.columns, mostColumns, shape.columns);
  const range = (first: number, most: number, all: number) =>
    Array.from({ length: Math.min(most, all - first) }, (_, i) => first + i);
  const columns = range(firstColumn, mostColumns, shape.columns);
  const text = (at: number): string => {
    if (at >= words) return "";
    return heat === "value"
      ? valueText(valueOfWord(info, state, at), scalarOfWord(info, at))
      : String(state[heat][at] ?? 0);
  };
  return (
    <TableFrame label={`Table: ${info.name}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">row</th>
            {columns.map((column) => (
              <th key={column} scope="col" class="number">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {range(firstRow, mostRows, shape.rows).map((row) => (
            <tr key={row}>
              <th scope="row">{row}</th>
              {columns.map((column) => (
                <td key={column} class="number">
                  {text(row * shape.columns + column)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}
