import { useEffect, useRef, useState } from "preact/hooks";
import { HeadPicker, headWords } from "../../generate/strips/head-picker.tsx";
import { colourOf, theme } from "../../shell/theme.ts";
import { grid, head, nothing, type Picked, picked, rowScale, shown } from "../state.ts";
import type { Run } from "../text/run.ts";
import { drawGrid, type GridPlace, pickAt } from "./drawing.ts";
import { isMove, pointerLeaves } from "./pointer.ts";
import { AlignmentTable } from "./table.tsx";
import { pickedWords } from "./words.ts";

/** What each token that was written attends to: a grid with the choice of layer and head, and the same as a table. */
export function AlignmentView() {
  const now = shown.value;
  if (!now) return null;
  return (
    <section class="alignment" aria-label="Alignment" id="alignment">
      <h2>Alignment</h2>
      <p class="small muted">
        A row for each token that was written, a column for each of your text's: the fuller a cell, the more the one
        attended to the other when it was chosen. Shown is the <strong>{headWords(head.value)}</strong>. A weight says
        what was read, not why.
      </p>
      <Grid now={now} />
      <p class="small" id="picked-words" aria-live="polite">
        {pickedWords(now, grid.value, picked.value) ||
          "Point at a cell or a token, or walk the grid with the arrow keys."}
      </p>
      <p>
        <label class="small check">
          <input
            type="checkbox"
            checked={rowScale.value}
            onChange={({ currentTarget: { checked } }) => {
              rowScale.value = checked;
            }}
          />{" "}
          Scale each row by its largest weight
        </label>
      </p>
      {now.perHead ? (
        <HeadPicker
          layers={now.layers}
          heads={now.heads}
          choice={head.value}
          onPick={(chosen) => {
            head.value = chosen;
          }}
        />
      ) : (
        <p class="small muted" id="mean-only">
          For a text of this length there is the mean of all layers and heads alone: each of them would take too much
          memory.
        </p>
      )}
      <AlignmentTable />
    </section>
  );
}

/** The grid, which the pointer and the arrow keys walk. */
function Grid({ now }: { now: Run }) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const place = useRef<GridPlace | undefined>(undefined);
  const [width, setWidth] = useState(0);
  const [rows, scaled, at, shade] = [grid.value, rowScale.value, picked.value, theme.value];
  useEffect(() => {
    void shade; // changes the colours
    const draw = () => {
      if (!canvas.current || !frame.current) return;
      const picture = { source: now.source, target: now.target, rows, rowScale: scaled, picked: at };
      place.current = drawGrid(canvas.current, picture, width, colourOf(frame.current));
    };
    draw();
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", draw);
    return () => system.removeEventListener("change", draw);
  }, [now, rows, scaled, at, shade, width]);
  useEffect(() => {
    if (!frame.current) return;
    const sized = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    sized.observe(frame.current);
    return () => sized.disconnect();
  }, []);
  const point = ({ offsetX, offsetY }: PointerEvent) => {
    if (place.current) picked.value = pickAt(place.current, offsetX, offsetY);
  };
  const leave = () => {
    picked.value = nothing;
  };
  const move = (event: KeyboardEvent) => {
    const next = moved(picked.value, event.key, rows.length, now.source.length);
    if (!next || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    picked.value = next;
  };
  return (
    <div class="grid-frame" ref={frame}>
      <canvas
        ref={canvas}
        id="grid"
        role="img"
        tabIndex={0}
        aria-label={`Grid of ${rows.length} written tokens and ${now.source.length} of the source; the arrow keys walk it, and the table below says the same`}
        aria-describedby="picked-words"
        onPointerMove={(event) => isMove(event) && point(event)}
        onPointerDown={point}
        onPointerLeave={pointerLeaves}
        onBlur={leave}
        onKeyDown={move}
      />
    </div>
  );
}

/** The cell that a key leads to; undefined for other keys. */
function moved({ row, column }: Picked, key: string, rows: number, columns: number): Picked | undefined {
  const steps: Readonly<Record<string, readonly [down: number, right: number]>> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
  };
  const step = steps[key];
  if (!step || rows === 0 || columns === 0) return undefined;
  if (row === undefined || column === undefined) return { row: row ?? 0, column: column ?? 0 };
  const within = (value: number, count: number) => Math.max(0, Math.min(count - 1, value));
  return { row: within(row + step[0], rows), column: within(column + step[1], columns) };
}
