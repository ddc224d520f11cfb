import { useEffect, useRef, useState } from "preact/hooks";
import { colourOf, theme } from "../../shell/theme.ts";
import { grid, nothing, type Picked, picked, rowScale } from "../state.ts";
import type { Run } from "../text/run.ts";
import { drawGrid, extentOf, type GridPlace, type GridView, pickAt, placeGrid, revealed } from "./drawing.ts";
import { isMove, pointerLeaves } from "./pointer.ts";

/** Pixels around the grid, for the focus frame. */
const padding = 3;
/** Pixels reserved for a scroll bar, so that its appearance does not change the layout that causes it. */
const bar = 17;

/** The visible size of a frame, and its scroll position. */
function viewIn(frame: HTMLElement, place: GridPlace): GridView {
  const [wide, high] = extentOf(place);
  return {
    width: Math.min(wide, frame.clientWidth - 2 * padding),
    height: Math.min(high, frame.clientHeight - 2 * padding),
    x: frame.scrollLeft,
    y: frame.scrollTop,
  };
}

/** The grid, explored by pointer and arrow keys. If it is larger than its frame, only the visible part is drawn. */
export function Grid({ now }: { now: Run }) {
  const frame = useRef<HTMLDivElement>(null);
  const extent = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const place = useRef<GridPlace>(undefined);
  const redraw = useRef(() => {});
  const before = useRef<Picked>(nothing);
  const [width, setWidth] = useState(0);
  const [rows, scaled, at, shade] = [grid.value, rowScale.value, picked.value, theme.value];
  useEffect(() => {
    void shade; // changes the colours
    const draw = () => {
      if (!canvas.current || !frame.current || !extent.current) return;
      const picture = { source: now.source, target: now.target, rows, rowScale: scaled, picked: at };
      const here = placeGrid(canvas.current, picture, width);
      place.current = here;
      if (!here) return;
      const [wide, high] = extentOf(here);
      extent.current.style.width = `${wide}px`;
      extent.current.style.height = `${high}px`;
      if (at !== before.current) {
        before.current = at;
        const { x, y } = revealed(here, at, viewIn(frame.current, here));
        frame.current.scrollTo(x, y);
      }
      drawGrid(canvas.current, picture, here, viewIn(frame.current, here), colourOf(frame.current));
    };
    redraw.current = draw;
    draw();
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", draw);
    return () => system.removeEventListener("change", draw);
  }, [now, rows, scaled, at, shade, width]);
  useEffect(() => {
    const around = frame.current;
    if (!around) return;
    const sized = new ResizeObserver(() => {
      setWidth(around.offsetWidth - 2 * padding - bar);
      redraw.current(); // only the height may have changed
    });
    sized.observe(around);
    return () => sized.disconnect();
  }, []);
  const point = ({ offsetX, offsetY }: PointerEvent) => {
    if (!place.current || !frame.current) return;
    picked.value = pickAt(place.current, viewIn(frame.current, place.current), [offsetX, offsetY]);
  };
  const leave = () => {
    picked.value = nothing;
  };
  const move = (event: KeyboardEvent) => {
    const next = moved(picked.value, event, rows.length, now.source.length);
    if (!next || event.metaKey || event.altKey) return;
    event.preventDefault();
    picked.value = next;
  };
  return (
    <div class="grid-frame" ref={frame} onScroll={() => redraw.current()}>
      <div ref={extent}>
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
    </div>
  );
}

type Walk = Pick<KeyboardEvent, "key" | "ctrlKey">;

/** The target cell of a key: a neighbour, the ends of a row or, with Ctrl, of the grid; undefined for other keys. */
function moved({ row, column }: Picked, { key, ctrlKey }: Walk, rows: number, columns: number): Picked | undefined {
  const far = Number.POSITIVE_INFINITY;
  const steps: Readonly<Record<string, readonly [down: number, right: number]>> = ctrlKey
    ? { Home: [-far, -far], End: [far, far] }
    : {
        ArrowUp: [-1, 0],
        ArrowDown: [1, 0],
        ArrowLeft: [0, -1],
        ArrowRight: [0, 1],
        Home: [0, -far],
        End: [0, far],
      };
  const step = steps[key];
  if (!step || rows === 0 || columns === 0) return undefined;
  if (row === undefined || column === undefined) return { row: row ?? 0, column: column ?? 0 };
  const within = (value: number, count: number) => Math.max(0, Math.min(count - 1, value));
  return { row: within(row + step[0], rows), column: within(column + step[1], columns) };
}
