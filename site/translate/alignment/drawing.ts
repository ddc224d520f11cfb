import { visible } from "../../../src/text/token-text.ts";
import type { Picked } from "../state.ts";

/** What the grid shows. */
export interface GridPicture {
  readonly source: readonly string[];
  readonly target: readonly string[];
  /** Weights of the first tokens that were written. */
  readonly rows: readonly ArrayLike<number>[];
  readonly rowScale: boolean;
  readonly picked: Picked;
}

/** Where the cells are, in pixels of the page. */
export interface GridPlace {
  readonly left: number;
  readonly top: number;
  readonly cell: number;
  readonly columns: number;
  readonly rows: number;
}

/** Sides of a cell, and the smallest that has its token next to it. */
const [largest, labelled] = [32, 11];
/** Pixels of the longest label, across and down. */
const [labelAcross, labelDown] = [120, 110];
/** What browsers draw at most in one direction, with room for two pixels of the screen to one of the page. */
const mostPixels = 8000;
const font = (weight: number, cell: number) => `${weight} ${Math.min(14, cell - 1)}px ui-monospace, monospace`;

function shortened(context: CanvasRenderingContext2D, words: string, most: number): string {
  if (context.measureText(words).width <= most) return words;
  const characters = [...words];
  while (characters.length > 1 && context.measureText(`${characters.join("")}…`).width > most) characters.pop();
  return `${characters.join("")}…`;
}

/** Draws the grid as wide as its cells need, at least as `width` allows, and says where the cells are. */
export function drawGrid(
  canvas: HTMLCanvasElement,
  picture: GridPicture,
  width: number,
  colour: (property: string) => string,
): GridPlace | undefined {
  const context = canvas.getContext("2d");
  const { source, target, rows, rowScale, picked } = picture;
  const columns = source.length;
  if (!context || columns === 0 || width === 0) return undefined;
  const count = Math.max(target.length, 1);
  context.font = font(400, largest);
  const longest = (words: readonly string[], most: number) =>
    Math.min(most, Math.max(0, ...words.map((one) => context.measureText(visible(one)).width))) + 8;
  const [across, down] = [longest(target, labelAcross), longest(source, labelDown)];
  const room = Math.floor((width - across - 1) / columns);
  const least = Math.min(labelled, Math.floor(mostPixels / Math.max(columns, count)));
  const cell = Math.max(1, Math.min(largest, Math.max(least, room)));
  const named = cell >= labelled;
  const [left, top] = named ? [across, down] : [0, 0];
  const place = { left, top, cell, columns, rows: target.length };
  const [wide, high] = [left + cell * columns + 1, top + cell * count + 1];
  const scale = Math.min(2, devicePixelRatio || 1);
  canvas.width = wide * scale;
  canvas.height = high * scale;
  canvas.style.width = `${wide}px`;
  canvas.style.height = `${high}px`;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, wide, high);

  const most = Math.max(1e-9, ...rows.map((row) => Math.max(...Array.from(row))));
  context.fillStyle = colour("--accent");
  for (const [t, row] of rows.entries()) {
    const full = rowScale ? Math.max(1e-9, ...Array.from(row)) : most;
    for (let s = 0; s < columns; s++) {
      context.globalAlpha = Math.max(0, Math.min(1, (row[s] ?? 0) / full));
      context.fillRect(left + s * cell, top + t * cell, cell, cell);
    }
  }
  context.globalAlpha = 1;
  if (cell > 4) lines(context, place, rows.length, colour("--line"));
  if (named) names(context, picture, place, colour);
  context.strokeStyle = colour("--text");
  context.lineWidth = 2;
  const [all, below] = [cell * columns, cell * rows.length];
  if (picked.row !== undefined) context.strokeRect(left, top + picked.row * cell, all, cell);
  if (picked.column !== undefined) context.strokeRect(left + picked.column * cell, top, cell, below);
  return place;
}

function lines(context: CanvasRenderingContext2D, { left, top, cell, columns }: GridPlace, rows: number, line: string) {
  context.strokeStyle = line;
  context.lineWidth = 1;
  context.beginPath();
  for (let s = 0; s <= columns; s++) {
    context.moveTo(left + s * cell + 0.5, top);
    context.lineTo(left + s * cell + 0.5, top + rows * cell);
  }
  for (let t = 0; t <= rows; t++) {
    context.moveTo(left, top + t * cell + 0.5);
    context.lineTo(left + columns * cell, top + t * cell + 0.5);
  }
  context.stroke();
}

function names(
  context: CanvasRenderingContext2D,
  { source, target, picked }: GridPicture,
  { left, top, cell }: GridPlace,
  colour: (property: string) => string,
) {
  context.fillStyle = colour("--text");
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const [t, token] of target.entries()) {
    context.font = font(t === picked.row ? 700 : 400, cell);
    context.fillText(shortened(context, visible(token), left - 8), left - 6, top + (t + 0.5) * cell);
  }
  context.textAlign = "left";
  for (const [s, token] of source.entries()) {
    context.save();
    context.translate(left + (s + 0.5) * cell, top - 6);
    context.rotate(-Math.PI / 2);
    context.font = font(s === picked.column ? 700 : 400, cell);
    context.fillText(shortened(context, visible(token), top - 8), 0, 0);
    context.restore();
  }
}

/** The cell, or the token next to the cells, at a point of the page; nothing elsewhere. */
export function pickAt({ left, top, cell, columns, rows }: GridPlace, x: number, y: number): Picked {
  const [column, row] = [Math.floor((x - left) / cell), Math.floor((y - top) / cell)];
  return {
    row: row >= 0 && row < rows ? row : undefined,
    column: column >= 0 && column < columns ? column : undefined,
  };
}
