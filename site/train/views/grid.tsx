import { useEffect, useRef, useState } from "preact/hooks";
import { visible } from "../../../src/text/token-text.ts";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { useWidth } from "../../shell/plots/figure.tsx";
import { colourOf, theme } from "../../shell/theme.ts";
import type { HeadChoice } from "../../shell/tokens/head-picker.tsx";
import { share } from "../../shell/tokens/tokens.ts";
import type { Attention } from "../worker/history.ts";
import { drawWeights, type Heat, heatSize, seenBy, weightsOf } from "./heat.ts";

interface GridProps {
  readonly now: Attention;
  readonly layers: number;
  readonly heads: number;
  readonly choice: HeadChoice;
  /** The choice as text, if there is one. */
  readonly words: string;
  /** True if tokens attend only to those up to themselves. */
  readonly causal: boolean;
}

/** Token labels at the sides, without the space after a word. */
const sides = (tokens: readonly string[]) => tokens.map((token) => visible(token).replace(/(?<=.)␣$/, ""));

/** Attention as a picture, explored by keys and pointer, and as a table. */
export function Grid({ now, layers, heads, choice, words, causal }: GridProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const [cell, setCell] = useState<readonly [row: number, column: number]>();
  const rows = sides(now.tokens);
  const columns = now.columns ? sides(now.columns) : rows;
  const shape = { layers, heads, rows: rows.length, columns: columns.length };
  const heat: Heat = { rows, columns, causal, weights: weightsOf(now.weights, shape, choice) };
  const shade = theme.value;
  const size = heatSize(useWidth(frame), heat);
  const last = rows.length - 1;
  // A new picture may have fewer cells than the one in which this was picked.
  const picked = cell && cell[0] <= last && cell[1] < seenBy(heat, cell[0]) ? cell : undefined;
  useEffect(() => {
    const element = canvas.current;
    if (element) drawWeights(element, size, heat, picked, colourOf(element));
  }, [now, choice, shade, picked, size.side, size.left, size.top]);
  const within = (row: number, column: number): readonly [number, number] => {
    const r = Math.max(0, Math.min(last, row));
    return [r, Math.max(0, Math.min(seenBy(heat, r) - 1, column))];
  };
  const wordsOf = ([row, column]: readonly [number, number]) =>
    `position ${row}, “${rows[row]}”, attends to position ${column}, “${columns[column]}”: ${share(heat.weights[row * columns.length + column] ?? 0)}`;
  const move = (event: KeyboardEvent) => {
    const [row, column] = picked ?? within(last, last);
    const to: Readonly<Record<string, readonly [number, number]>> = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      Home: [row, 0],
      End: [row, columns.length],
    };
    const next = to[event.key];
    if (!next || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    setCell(within(...next));
  };
  const point = ({ currentTarget, clientX, clientY }: PointerEvent) => {
    const { left, top } = (currentTarget as Element).getBoundingClientRect();
    const row = Math.floor((clientY - top - size.top) / size.side);
    const column = Math.floor((clientX - left - size.left) / size.side);
    const isIn = row >= 0 && row <= last && column >= 0 && column < seenBy(heat, row);
    setCell(isIn ? [row, column] : undefined);
  };
  const tokens = now.columns ? `${rows.length} tokens over ${columns.length}` : `${rows.length} tokens`;
  return (
    <div class="attention-grid" ref={frame}>
      <canvas
        id="attention-grid"
        ref={canvas}
        role="img"
        tabIndex={0}
        aria-label={`Attention of ${tokens}, ${words && `${words}, `}at step ${now.step}; the arrow keys walk it, and a table has the numbers`}
        onKeyDown={move}
        onFocus={() => setCell((old) => old ?? within(last, last))}
        onBlur={() => setCell(undefined)}
        onPointerMove={point}
        onPointerLeave={() => setCell(undefined)}
      />
      <p class="small muted" id="cell-says" aria-live="polite">
        {picked ? wordsOf(picked) : "Without colour is nothing, full colour all of the mix."}
      </p>
      <GridTable heat={heat} />
    </div>
  );
}

/** Maximum tokens on a side of a table. */
const maxInTable = 40;

/** The same as a table, created when opened. */
function GridTable({ heat }: { heat: Heat }) {
  const [open, setOpen] = useState(false);
  const { rows, columns, weights } = heat;
  const most = Math.max(rows.length, columns.length);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>The weights as a table</summary>
      {open &&
        (most > maxInTable ? (
          <p class="small">{most} tokens are too many for a table: walk the picture by keys.</p>
        ) : (
          <TableFrame label="Weights of attention">
            <table>
              <thead>
                <tr>
                  <th scope="col">from, to</th>
                  {columns.map((token, column) => (
                    <th key={column} scope="col" class="number">
                      {column} <code>{token}</code>
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.map((token, row) => (
                  <tr key={row}>
                    <th scope="row">
                      {row} <code>{token}</code>
                    </th>
                    {columns.map((_, column) => (
                      <td key={column} class="number">
                        {column < seenBy(heat, row) ? share(weights[row * columns.length + column] ?? 0) : ""}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </TableFrame>
        ))}
    </details>
  );
}
