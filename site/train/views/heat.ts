import type { HeadChoice } from "../../shell/tokens/head-picker.tsx";

/** The shape of weights `[layers, heads, rows, columns]`. */
export interface WeightShape {
  readonly layers: number;
  readonly heads: number;
  readonly rows: number;
  readonly columns: number;
}

/** The weights `[rows, columns]` of a choice of layers and heads: their mean. */
export function weightsOf(
  all: Float32Array,
  { layers, heads, rows, columns }: WeightShape,
  { layer, head }: HeadChoice,
): Float32Array {
  const size = rows * columns;
  const found = new Float32Array(size);
  let count = 0;
  for (let l = 0; l < layers; l++) {
    if (layer !== undefined && l !== layer) continue;
    for (let h = 0; h < heads; h++) {
      if (head !== undefined && h !== head) continue;
      const begin = (l * heads + h) * size;
      for (let i = 0; i < size; i++) found[i] = (found[i] ?? 0) + (all[begin + i] ?? 0);
      count++;
    }
  }
  return found.map((sum) => sum / Math.max(1, count));
}

/** The positions of a picture's squares, in pixels. */
export interface HeatSize {
  readonly side: number;
  /** The margins with the tokens: of the rows to the left, of the columns above. */
  readonly left: number;
  readonly top: number;
}

/** What a picture shows. */
export interface Heat {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** True if a row attends only to the columns up to its own. */
  readonly causal: boolean;
  /** `[rows, columns]`. */
  readonly weights: Float32Array;
}

/** Columns that a row attends to. */
export const seenBy = ({ columns, causal }: Pick<Heat, "columns" | "causal">, row: number): number =>
  causal ? row + 1 : columns.length;

const font = (side: number) => `${Math.max(9, Math.min(14, side - 2))}px monospace`;
/** Minimum square for token labels, and for lines between squares. */
const [written, ruled] = [9, 6];
/** The widest margin; longer labels are cut. */
const widest = 88;

/** The size of a picture with these tokens in so many pixels; longer tokens get separate margins. */
export function heatSize(room: number, { rows, columns }: Pick<Heat, "rows" | "columns">): HeatSize {
  const wide = Math.min(room, 520);
  const margins = [rows, columns].map((tokens) => {
    const most = Math.max(...tokens.map((token) => [...token].length));
    return most <= 1 ? 0 : Math.min(widest, Math.ceil(8.5 * most) + 10);
  });
  const [left = 0, top = 0] = margins;
  // A margin of single tokens is as wide as a square.
  const squares = columns.length + Number(left === 0);
  const side = Math.max(2, Math.min(30, Math.floor((wide - left) / squares)));
  return { side, left: left || side, top: top || side };
}

/** Draws weights as squares, a row for each token, with the tokens at both sides. */
export function drawWeights(
  canvas: HTMLCanvasElement,
  { side, left, top }: HeatSize,
  heat: Heat,
  picked: readonly [row: number, column: number] | undefined,
  colour: (name: string) => string,
): void {
  const { rows, columns, weights } = heat;
  const ratio = devicePixelRatio || 1;
  const [width, height] = [left + side * columns.length, top + side * rows.length];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  if (!context) return;
  const [x, y] = [(column: number) => left + column * side, (row: number) => top + row * side];
  context.scale(ratio, ratio);
  context.fillStyle = colour("--paper");
  context.fillRect(0, 0, width, height);
  context.textBaseline = "middle";
  context.font = font(side);
  context.fillStyle = colour("--text");
  if (side >= written) {
    context.textAlign = left === side ? "center" : "right";
    for (const [row, token] of rows.entries()) {
      context.fillText(token, left === side ? side / 2 : left - 4, y(row + 0.5), left === side ? side : left - 6);
    }
    context.textAlign = top === side ? "center" : "right";
    for (const [column, token] of columns.entries()) {
      if (top === side) {
        context.fillText(token, x(column + 0.5), side / 2);
        continue;
      }
      context.save();
      context.translate(x(column + 0.5), top - 4);
      context.rotate(Math.PI / 2); // read downwards, so that a token ends where its column begins
      context.fillText(token, 0, 0, top - 6);
      context.restore();
    }
  }
  context.fillStyle = colour("--accent");
  for (let row = 0; row < rows.length; row++) {
    for (let column = 0; column < seenBy(heat, row); column++) {
      context.globalAlpha = Math.min(1, weights[row * columns.length + column] ?? 0);
      context.fillRect(x(column), y(row), side, side);
    }
  }
  context.globalAlpha = 1;
  context.strokeStyle = colour("--line");
  context.lineWidth = 1;
  if (side >= ruled) {
    context.beginPath();
    for (let row = 0; row < rows.length; row++) {
      // The cells that a token may attend to, each with a line to its right and below it.
      const end = x(seenBy(heat, row));
      context.moveTo(left, y(row));
      context.lineTo(end, y(row));
      context.moveTo(left, y(row + 1));
      context.lineTo(end, y(row + 1));
      for (let column = 0; column <= seenBy(heat, row); column++) {
        context.moveTo(x(column), y(row));
        context.lineTo(x(column), y(row + 1));
      }
    }
    context.stroke();
  }
  if (picked) {
    context.strokeStyle = colour("--text");
    context.lineWidth = 2;
    context.strokeRect(x(picked[1]), y(picked[0]), side, side);
  }
}
