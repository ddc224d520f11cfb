import { useEffect, useRef, useState } from "preact/hooks";
import { count, percent } from "../../shell/format.ts";
import { say } from "../../shell/status.ts";
import { theme } from "../../shell/theme.ts";
import { drawMask } from "./drawing.ts";
import { type MaskPicture, placeOf, tileStates } from "./tiles.ts";

const words = {
  skipped: "never visited",
  full: "full, not tested",
  partial: "partial, tested",
  wasted: "visited, empty",
};

/** A tile of the picture. */
export type Tile = readonly [row: number, column: number];

/** Painting: whether a tile is visible, and the change. */
export interface Brush {
  readonly isOn: (tile: Tile) => boolean;
  readonly set: (tile: Tile, on: boolean) => void;
}

const steps: Readonly<Record<string, Tile>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/**
 * Draws a mask, queries down and keys across, by tiles; arrow keys move a cursor and describe its tile. With a brush,
 * the pointer paints what it goes over, Space toggles a tile, and Shift with an arrow paints on.
 */
export function MaskView({
  picture,
  keep,
  brush,
}: {
  picture: MaskPicture | undefined;
  keep: (query: number, key: number) => boolean;
  brush: Brush | undefined;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [cursor, setCursor] = useState<Tile | undefined>();
  const [width, setWidth] = useState(0);
  const painting = useRef<boolean | undefined>(undefined);
  const shade = theme.value;
  useEffect(() => {
    // What affects the drawing other than its contents: the theme, the system's theme, the size.
    void [shade, width];
    const draw = () => {
      if (canvas.current && picture) drawMask(canvas.current, picture, keep, { cursor, lines: brush !== undefined });
    };
    draw();
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", draw);
    return () => system.removeEventListener("change", draw);
  }, [picture, keep, cursor, shade, width, brush]);
  const drawnYet = picture !== undefined;
  useEffect(() => {
    if (!canvas.current || !drawnYet) return;
    const sized = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    sized.observe(canvas.current);
    return () => sized.disconnect();
  }, [drawnYet]);
  if (!picture) return <p class="muted small mask-waits">drawing the mask…</p>;

  const { t, s, rows, columns, origin, across, down } = picture;
  const summary = summaryOf(picture);
  const clamp = (value: number, end: number) => Math.max(0, Math.min(end - 1, value));
  const move = (event: KeyboardEvent) => {
    const step = steps[event.key];
    const [row, column] = cursor ?? [0, step ? -1 : 0];
    if (step) {
      event.preventDefault();
      const next: Tile = [clamp(row + step[0], down), clamp(column + step[1], across)];
      if (event.shiftKey && cursor && brush) brush.set(next, brush.isOn(cursor));
      setCursor(next);
      say(describe(picture, next, brush));
    } else if (brush && (event.key === " " || event.key === "Enter")) {
      event.preventDefault();
      const on = !brush.isOn([row, column]);
      brush.set([row, column], on);
      setCursor([row, column]);
      say(on ? "painted" : "cleared");
    }
  };
  const tileAt = (event: PointerEvent): Tile | undefined => {
    const box = canvas.current?.getBoundingClientRect();
    if (!box) return undefined;
    const query = ((event.clientY - box.top) / box.height) * t;
    const key = ((event.clientX - box.left) / box.width) * s;
    if (query < 0 || query >= t || key < 0 || key >= s) return undefined;
    return [Math.floor((query - origin) / rows), Math.floor(key / columns)];
  };
  const point = (event: PointerEvent) => {
    const tile = tileAt(event);
    if (!tile) return;
    setCursor(tile);
    if (brush && painting.current !== undefined && brush.isOn(tile) !== painting.current)
      brush.set(tile, painting.current);
  };
  const press = (event: PointerEvent) => {
    const tile = tileAt(event);
    if (brush && tile && event.button === 0) {
      painting.current = !brush.isOn(tile);
      canvas.current?.setPointerCapture(event.pointerId);
    }
    point(event);
  };
  const lift = () => {
    painting.current = undefined;
  };

  return (
    <figure class="mask">
      <div class="mask-frame">
        <span class="axis axis-k">keys 0 … {s - 1} →</span>
        <span class="axis axis-q">queries {s - t > 0 ? `${s - t} … ${s - 1}` : `0 … ${t - 1}`} ↓</span>
        <canvas
          ref={canvas}
          role={brush ? "application" : "img"}
          tabIndex={0}
          aria-label={`Mask: ${summary} ${brush ? "Arrow keys move, Space paints a tile, Shift and an arrow paint on." : "Arrow keys read the tiles."}`}
          class={brush ? "paintable" : ""}
          style={`aspect-ratio: ${Math.min(8, Math.max(0.5, s / t))}`}
          onKeyDown={move}
          onPointerMove={point}
          onPointerDown={press}
          onPointerUp={lift}
          onPointerCancel={lift}
        />
      </div>
      <figcaption class="small">
        <p>{summary}</p>
        <ul class="legend">
          {tileStates.map((state) => (
            <li key={state}>
              <span class={`swatch swatch-${state}`} aria-hidden="true" />
              {words[state]}
            </li>
          ))}
        </ul>
        <p class="muted tile-text">
          {cursor ? describe(picture, cursor, brush) : "Point at a tile, or focus the picture and use the arrow keys."}
        </p>
      </figcaption>
    </figure>
  );
}

function summaryOf({ t, s, rows, columns, live, visited }: MaskPicture): string {
  const waste = visited === 0 ? 0 : 1 - live / visited;
  return `${count(live)} of ${count(t * s)} pairs are live (${percent(live / (t * s))}); tiles of ${rows} × ${columns} visit ${percent(visited / (t * s))}, of which ${percent(waste)} is masked away.`;
}

function describe(picture: MaskPicture, [row, column]: Tile, brush: Brush | undefined): string {
  const { tiles, pairs, across, down } = picture;
  const at: Tile = [Math.min(row, down - 1), Math.min(column, across - 1)]; // the picture may have shrunk
  const { queries, keys } = placeOf(picture, ...at);
  const tile = at[0] * across + at[1];
  const state = tileStates[tiles[tile] ?? 0] ?? "skipped";
  const paint = brush ? (brush.isOn(at) ? " Painted." : " Not painted.") : "";
  return `Queries ${queries.join(" to ")}, keys ${keys.join(" to ")}: ${words[state]}, ${count(pairs[tile] ?? 0)} live pairs.${paint}`;
}
