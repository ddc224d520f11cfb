import { visible } from "../../../src/text/token-text.ts";
import type { Picked } from "../state.ts";
import { largest } from "./weights.ts";

/** The contents of the grid. */
export interface GridPicture {
  readonly source: readonly string[];
  readonly target: readonly string[];
  /** Weights of the written tokens. */
  readonly rows: readonly Float32Array[];
  readonly rowScale: boolean;
  readonly picked: Picked;
}

/** The unscrolled positions of cells, in CSS pixels. */
export interface GridPlace {
  /** Width and height of the token labels to the left of and above the cells, which do not scroll. */
  readonly left: number;
  readonly top: number;
  readonly cell: number;
  readonly columns: number;
  readonly rows: number;
}

/** The visible part of the grid: pixels, and scroll position. */
export interface GridView {
  readonly width: number;
  readonly height: number;
  readonly x: number;
  readonly y: number;
}

/** Maximum and minimum side of a cell, so that its label fits. */
const [maxSide, minSide] = [32, 11];
/** Pixels of the longest label, across and down; on a narrow screen the first is a third of it. */
const [labelAcross, labelDown] = [120, 110];
const font = (weight: number, cell: number) => `${weight} ${Math.min(14, cell - 1)}px ui-monospace, monospace`;

/** Widths of labels in the largest font. */
const widths = new Map<string, number>();

function widthOf(context: CanvasRenderingContext2D, token: string): number {
  const known = widths.get(token);
  if (known !== undefined) return known;
  context.font = font(400, maxSide);
  const { width } = context.measureText(visible(token));
  widths.set(token, width);
  return width;
}

function shortened(context: CanvasRenderingContext2D, words: string, most: number): string {
  if (context.measureText(words).width <= most) return words;
  const characters = [...words];
  while (characters.length > 1 && context.measureText(`${characters.join("")}…`).width > most) characters.pop();
  return `${characters.join("")}…`;
}

/** The layout of a grid within this width: cells as large as fit, but not too small, even if the grid becomes wider. */
export function placeGrid(
  canvas: HTMLCanvasElement,
  { source, target }: Pick<GridPicture, "source" | "target">,
  width: number,
): GridPlace | undefined {
  const context = canvas.getContext("2d");
  if (!context || source.length === 0 || width === 0) return undefined;
  const longest = (tokens: readonly string[], most: number) =>
    8 + tokens.reduce((length, token) => Math.max(length, Math.min(most, widthOf(context, token))), 0);
  const left = Math.ceil(longest(target, Math.min(labelAcross, width / 3)));
  const top = Math.ceil(longest(source, labelDown));
  const cell = Math.max(minSide, Math.min(maxSide, Math.floor((width - left - 1) / source.length)));
  return { left, top, cell, columns: source.length, rows: target.length };
}

/** Width and height of the whole grid. */
export const extentOf = ({ left, top, cell, columns, rows }: GridPlace): readonly [width: number, height: number] => [
  left + cell * columns + 1,
  top + cell * Math.max(rows, 1) + 1,
];

/** The visible cells in one direction: the first, and the one after the last. */
const seen = (scrolled: number, room: number, cell: number, count: number): readonly [number, number] => [
  Math.max(0, Math.floor(scrolled / cell)),
  Math.min(count, Math.ceil((scrolled + room) / cell)),
];

/** Draws the visible part of the grid, independent of the total size. */
export function drawGrid(
  canvas: HTMLCanvasElement,
  picture: GridPicture,
  place: GridPlace,
  view: GridView,
  colour: (property: string) => string,
): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const { rows, rowScale, picked } = picture;
  const { left, top, cell } = place;
  const { width, height, x, y } = view;
  const scale = Math.min(2, devicePixelRatio || 1);
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  // Setting a canvas's size reallocates its memory.
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${high / scale}px`;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  const [fromColumn, toColumn] = seen(x, width - left, cell, place.columns);
  const [fromRow, toRow] = seen(y, height - top, cell, rows.length);
  const within = (dx: number, dy: number, draw: () => void) => {
    context.save();
    context.beginPath();
    context.rect(dx, dy, width, height);
    context.clip();
    draw();
    context.restore();
  };
  within(left, top, () => {
    const most = rows.reduce((all, row) => Math.max(all, largest(row)), 1e-9);
    context.translate(left - x, top - y);
    context.fillStyle = colour("--accent");
    for (let t = fromRow; t < toRow; t++) {
      const row = rows[t] ?? new Float32Array();
      const full = rowScale ? Math.max(1e-9, largest(row)) : most;
      for (let s = fromColumn; s < toColumn; s++) {
        context.globalAlpha = Math.max(0, Math.min(1, (row[s] ?? 0) / full));
        context.fillRect(s * cell, t * cell, cell, cell);
      }
    }
    context.globalAlpha = 1;
    context.strokeStyle = colour("--line");
    context.lineWidth = 1;
    context.beginPath();
    for (let s = fromColumn; s <= toColumn; s++) {
      context.moveTo(s * cell + 0.5, fromRow * cell);
      context.lineTo(s * cell + 0.5, toRow * cell);
    }
    for (let t = fromRow; t <= toRow; t++) {
      context.moveTo(fromColumn * cell, t * cell + 0.5);
      context.lineTo(toColumn * cell, t * cell + 0.5);
    }
    context.stroke();
    context.strokeStyle = colour("--text");
    context.lineWidth = 2;
    const [across, down] = [cell * place.columns, cell * rows.length];
    if (picked.row !== undefined) context.strokeRect(1, picked.row * cell, across - 1, cell);
    if (picked.column !== undefined) context.strokeRect(picked.column * cell, 1, cell, down - 1);
  });
  context.fillStyle = colour("--text");
  context.textBaseline = "middle";
  const label = (token: string | undefined, isPicked: boolean, room: number, at: readonly [number, number]) => {
    context.font = font(isPicked ? 700 : 400, cell);
    context.fillText(shortened(context, visible(token ?? ""), room - 8), ...at);
  };
  within(0, top, () => {
    context.textAlign = "right";
    for (let t = fromRow; t < toRow; t++) {
      label(picture.target[t], t === picked.row, left, [left - 6, top - y + (t + 0.5) * cell]);
    }
  });
  within(left, 0, () => {
    context.textAlign = "left";
    for (let s = fromColumn; s < toColumn; s++) {
      context.save();
      context.translate(left - x + (s + 0.5) * cell, top - 6);
      context.rotate(-Math.PI / 2);
      label(picture.source[s], s === picked.column, top, [0, 0]);
      context.restore();
    }
  });
}

/** The cell or label at a point of the visible part; undefined elsewhere. */
export function pickAt(
  { left, top, cell, columns, rows }: GridPlace,
  { x, y }: Pick<GridView, "x" | "y">,
  [across, down]: readonly [across: number, down: number],
): Picked {
  const column = Math.floor((across - left + x) / cell);
  const row = Math.floor((down - top + y) / cell);
  return {
    row: down >= top && row < rows ? row : undefined,
    column: across >= left && column < columns ? column : undefined,
  };
}

/** The scroll position in one direction that makes a cell visible. */
function scrolledTo(index: number | undefined, scrolled: number, room: number, cell: number): number {
  if (index === undefined) return scrolled;
  return Math.min(Math.max(scrolled, (index + 1) * cell + 1 - room), index * cell);
}

/** The scroll position that makes the picked cell visible. */
export const revealed = (
  { left, top, cell }: GridPlace,
  { row, column }: Picked,
  { width, height, x, y }: GridView,
): Pick<GridView, "x" | "y"> => ({
  x: scrolledTo(column, x, width - left, cell),
  y: scrolledTo(row, y, height - top, cell),
});
