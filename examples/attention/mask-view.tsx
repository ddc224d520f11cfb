import { useEffect, useRef, useState } from "preact/hooks";
import { count, percent } from "../site/format.ts";
import { say } from "../site/status.ts";
import { theme } from "../site/theme.ts";
import { type MaskPicture, tileStates } from "./mask-tiles.ts";

const words = {
  skipped: "never visited",
  full: "full, not tested",
  partial: "partial, tested",
  wasted: "visited, empty",
};

/** Draws a mask, queries down and keys across, by tiles; arrow keys move a cursor whose tile is told. */
export function MaskView({
  picture,
  keep,
}: {
  picture: MaskPicture | undefined;
  keep: (query: number, key: number) => boolean;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [cursor, setCursor] = useState<readonly [row: number, column: number] | undefined>();
  const shade = theme.value;
  useEffect(() => {
    const draw = () => canvas.current && picture && paint(canvas.current, picture, keep, cursor);
    draw();
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", draw);
    return () => system.removeEventListener("change", draw);
  }, [picture, keep, cursor, shade]);
  if (!picture) return <p class="muted small">drawing the mask…</p>;

  const { t, s, rows, columns, across, down, live, visited } = picture;
  const density = live / (t * s);
  const waste = visited === 0 ? 0 : 1 - live / visited;
  const summary = `${count(live)} of ${count(t * s)} pairs are live (${percent(density)}); tiles of ${rows} × ${columns} visit ${percent(visited / (t * s))}, of which ${percent(waste)} is masked away.`;

  const move = (event: KeyboardEvent) => {
    const steps: Readonly<Record<string, readonly [number, number]>> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const clamp = (value: number, end: number) => Math.max(0, Math.min(end - 1, value));
    const [row, column] = cursor ?? [0, -1];
    const next = [clamp(row + step[0], down), clamp(column + step[1], across)] as const;
    setCursor(next);
    say(told(picture, next));
  };
  const point = (event: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    if (!box) return;
    const row = Math.floor(((event.clientY - box.top) / box.height) * down);
    const column = Math.floor(((event.clientX - box.left) / box.width) * across);
    if (row >= 0 && row < down && column >= 0 && column < across) setCursor([row, column]);
  };

  return (
    <figure class="mask">
      <div class="mask-frame">
        <span class="axis axis-k">keys 0 … {s - 1} →</span>
        <span class="axis axis-q">queries {s - t > 0 ? `${s - t} … ${s - 1}` : `0 … ${t - 1}`} ↓</span>
        <canvas
          ref={canvas}
          role="img"
          tabIndex={0}
          aria-label={`Mask: ${summary} Arrow keys read the tiles.`}
          style={`aspect-ratio: ${Math.min(8, Math.max(0.5, s / t))}`}
          onKeyDown={move}
          onPointerMove={point}
          onPointerDown={point}
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
        <p class="muted tile-told">
          {cursor ? told(picture, cursor) : "Point at a tile, or focus the picture and use the arrow keys."}
        </p>
      </figcaption>
    </figure>
  );
}

function told(
  { tiles, pairs, across, rows, columns, t, s }: MaskPicture,
  [row, column]: readonly [number, number],
): string {
  const tile = row * across + column;
  const state = tileStates[tiles[tile] ?? 0] ?? "skipped";
  const lastQuery = Math.min((row + 1) * rows, t) - 1 + s - t;
  const lastKey = Math.min((column + 1) * columns, s) - 1;
  return `Queries ${row * rows + s - t} to ${lastQuery}, keys ${column * columns} to ${lastKey}: ${words[state]}, ${count(pairs[tile] ?? 0)} live pairs.`;
}

function paint(
  canvas: HTMLCanvasElement,
  picture: MaskPicture,
  keep: (query: number, key: number) => boolean,
  cursor: readonly [number, number] | undefined,
): void {
  const { t, s, rows, columns, tiles, across, down } = picture;
  const scale = devicePixelRatio || 1;
  const width = Math.max(1, Math.round(canvas.clientWidth * scale));
  const height = Math.max(1, Math.round(canvas.clientHeight * scale));
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  if (!context) return;
  const style = getComputedStyle(canvas);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  context.fillStyle = colour("--paper");
  context.fillRect(0, 0, width, height);
  const x = (key: number) => Math.round((Math.min(key, s) / s) * width);
  const y = (query: number) => Math.round((Math.min(query, t) / t) * height);
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < across; column++) {
      const state = tileStates[tiles[row * across + column] ?? 0];
      const [left, top] = [x(column * columns), y(row * rows)];
      const [w, h] = [x((column + 1) * columns) - left, y((row + 1) * rows) - top];
      if (state === "full") {
        context.fillStyle = colour("--series-1");
        context.fillRect(left, top, w, h);
      } else if (state === "partial") {
        paintPartial(context, picture, keep, { row, column, left, top, w, h, colour });
      } else if (state === "wasted") {
        context.strokeStyle = colour("--bad");
        context.lineWidth = Math.max(1, scale);
        context.strokeRect(left + 1, top + 1, Math.max(1, w - 2), Math.max(1, h - 2));
      }
    }
  }
  if (cursor) {
    context.strokeStyle = colour("--text");
    context.lineWidth = 2 * scale;
    const [left, top] = [x(cursor[1] * columns), y(cursor[0] * rows)];
    context.strokeRect(left, top, x((cursor[1] + 1) * columns) - left, y((cursor[0] + 1) * rows) - top);
  }
}

/** A partial tile: a light ground and its live pairs, each exactly where a device pixel or more falls to it. */
function paintPartial(
  context: CanvasRenderingContext2D,
  { t, s, rows, columns }: MaskPicture,
  keep: (query: number, key: number) => boolean,
  tile: {
    readonly row: number;
    readonly column: number;
    readonly left: number;
    readonly top: number;
    readonly w: number;
    readonly h: number;
    readonly colour: (name: string) => string;
  },
): void {
  const { row, column, left, top, w, h, colour } = tile;
  context.fillStyle = colour("--tile-partial");
  context.fillRect(left, top, w, h);
  context.fillStyle = colour("--series-1");
  const stepsDown = Math.max(1, Math.min(rows, h));
  const stepsAcross = Math.max(1, Math.min(columns, w));
  for (let i = 0; i < stepsDown; i++) {
    const query = row * rows + Math.floor((i * rows) / stepsDown);
    if (query >= t) break;
    for (let j = 0; j < stepsAcross; j++) {
      const key = column * columns + Math.floor((j * columns) / stepsAcross);
      if (key >= s || !keep(query + s - t, key)) continue;
      const [x0, y0] = [left + Math.round((j * w) / stepsAcross), top + Math.round((i * h) / stepsDown)];
      const [x1, y1] = [left + Math.round(((j + 1) * w) / stepsAcross), top + Math.round(((i + 1) * h) / stepsDown)];
      context.fillRect(x0, y0, Math.max(1, x1 - x0), Math.max(1, y1 - y0));
    }
  }
}
