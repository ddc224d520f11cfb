import type { HeadChoice } from "../../generate/strips/head-picker.tsx";

/** How weights `[layers, heads, tokens, tokens]` lie in memory. */
export interface WeightShape {
  readonly layers: number;
  readonly heads: number;
  readonly tokens: number;
}

/** The weights `[tokens, tokens]` of a choice of layers and heads: their mean. */
export function weightsOf(
  all: Float32Array,
  { layers, heads, tokens }: WeightShape,
  { layer, head }: HeadChoice,
): Float32Array {
  const size = tokens * tokens;
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

/** Where the squares of a picture are. */
export interface HeatSize {
  /** Pixels of a square's side, and of the margins with the tokens, left and above. */
  readonly side: number;
  readonly margin: number;
}

const font = (side: number) => `${Math.max(9, Math.min(14, side - 2))}px monospace`;
/** Squares whose tokens are written, and those with lines between them. */
const [written, ruled] = [9, 6];
/** The widest margin; what is longer is cut. */
const widest = 84;

/** The size of a picture with these tokens in so many pixels: tokens of several characters have margins for themselves. */
export function heatSize(room: number, tokens: readonly string[]): HeatSize {
  const most = Math.max(...tokens.map((token) => [...token].length));
  const wide = Math.min(room, 520);
  const single = Math.max(2, Math.min(30, Math.floor(wide / (tokens.length + 1))));
  if (most <= 1) return { side: single, margin: single };
  const margin = Math.min(widest, 8 * most + 8);
  return { side: Math.max(2, Math.min(30, Math.floor((wide - margin) / tokens.length))), margin };
}

/** Draws weights as squares, a row for each token, with the tokens at both sides. */
export function drawWeights(
  canvas: HTMLCanvasElement,
  { side, margin }: HeatSize,
  weights: Float32Array,
  tokens: readonly string[],
  picked: readonly [row: number, column: number] | undefined,
  colour: (name: string) => string,
): void {
  const t = tokens.length;
  const ratio = devicePixelRatio || 1;
  const pixels = margin + side * t;
  canvas.width = canvas.height = Math.round(pixels * ratio);
  canvas.style.width = canvas.style.height = `${pixels}px`;
  const context = canvas.getContext("2d");
  if (!context) return;
  const at = (index: number) => margin + index * side;
  context.scale(ratio, ratio);
  context.fillStyle = colour("--paper");
  context.fillRect(0, 0, pixels, pixels);
  context.textBaseline = "middle";
  context.font = font(side);
  context.fillStyle = colour("--text");
  if (side >= written) {
    const isSingle = margin === side;
    context.textAlign = isSingle ? "center" : "right";
    for (const [i, token] of tokens.entries()) {
      if (isSingle) {
        context.fillText(token, at(i + 0.5), side / 2);
        context.fillText(token, side / 2, at(i + 0.5));
        continue;
      }
      context.fillText(token, margin - 4, at(i + 0.5), margin - 6);
      context.save();
      context.translate(at(i + 0.5), margin - 4);
      context.rotate(Math.PI / 2); // read from above, so that a column's token ends where the column begins
      context.fillText(token, 0, 0, margin - 6);
      context.restore();
    }
  }
  context.fillStyle = colour("--accent");
  for (let row = 0; row < t; row++) {
    for (let column = 0; column <= row; column++) {
      context.globalAlpha = Math.min(1, weights[row * t + column] ?? 0);
      context.fillRect(at(column), at(row), side, side);
    }
  }
  context.globalAlpha = 1;
  context.strokeStyle = colour("--line");
  context.lineWidth = 1;
  context.beginPath();
  for (let i = 0; i < t; i++) {
    // The cells that a character may attend to: those up to itself.
    context.moveTo(margin, at(i + 1));
    context.lineTo(at(i + 1), at(i + 1));
    context.lineTo(at(i + 1), at(i));
  }
  context.moveTo(margin, margin);
  context.lineTo(margin, at(t));
  context.moveTo(margin, margin);
  context.lineTo(at(1), margin);
  if (side >= ruled) context.stroke();
  if (picked) {
    context.strokeStyle = colour("--text");
    context.lineWidth = 2;
    context.strokeRect(at(picked[1]), at(picked[0]), side, side);
  }
}
