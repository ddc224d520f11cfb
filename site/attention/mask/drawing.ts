import { colourOf } from "../../shell/theme.ts";
import { type MaskPicture, tileStates } from "./tiles.ts";

/**
 * Draws a mask on a canvas, exact to the device's pixel; a cursor around one tile, and lines between tiles to paint.
 */
export function drawMask(
  canvas: HTMLCanvasElement,
  picture: MaskPicture,
  keep: (query: number, key: number) => boolean,
  { cursor, lines }: { cursor: readonly [row: number, column: number] | undefined; lines: boolean },
): void {
  const { t, s, rows, columns, origin, tiles, across, down } = picture;
  const scale = devicePixelRatio || 1;
  const width = Math.max(1, Math.round(canvas.clientWidth * scale));
  const height = Math.max(1, Math.round(canvas.clientHeight * scale));
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  if (!context) return;
  const colour = colourOf(canvas.parentElement ?? document.body);
  context.fillStyle = colour("--paper");
  context.fillRect(0, 0, width, height);
  const x = (key: number) => Math.round((Math.min(key, s) / s) * width);
  const y = (query: number) => Math.round((Math.max(0, Math.min(query, t)) / t) * height);
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < across; column++) {
      const state = tileStates[tiles[row * across + column] ?? 0];
      const [left, top] = [x(column * columns), y(row * rows + origin)];
      const [w, h] = [x((column + 1) * columns) - left, y((row + 1) * rows + origin) - top];
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
  if (lines) {
    context.fillStyle = colour("--border");
    for (let row = 1; row < down; row++) context.fillRect(0, y(row * rows + origin), width, 1);
    for (let column = 1; column < across; column++) context.fillRect(x(column * columns), 0, 1, height);
  }
  if (cursor) {
    context.strokeStyle = colour("--text");
    context.lineWidth = 2 * scale;
    const [left, top] = [x(cursor[1] * columns), y(cursor[0] * rows + origin)];
    context.strokeRect(left, top, x((cursor[1] + 1) * columns) - left, y((cursor[0] + 1) * rows + origin) - top);
  }
}

/** A partial tile: a light ground and its live pairs, exact where each covers at least a device pixel. */
function paintPartial(
  context: CanvasRenderingContext2D,
  { t, s, rows, columns, origin }: MaskPicture,
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
  const [first, end] = [Math.max(0, row * rows + origin), Math.min(t, (row + 1) * rows + origin)];
  const stepsDown = Math.max(1, Math.min(end - first, h));
  const stepsAcross = Math.max(1, Math.min(columns, w));
  for (let i = 0; i < stepsDown; i++) {
    const query = first + Math.floor((i * (end - first)) / stepsDown);
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
