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

/** Draws weights as squares, a row for each token, with the tokens at both sides. */
export function drawWeights(
  canvas: HTMLCanvasElement,
  room: number,
  weights: Float32Array,
  tokens: readonly string[],
  picked: readonly [row: number, column: number] | undefined,
  colour: (name: string) => string,
): void {
  const t = tokens.length;
  const side = Math.max(2, Math.min(30, Math.floor(Math.min(room, 520) / (t + 1))));
  const ratio = devicePixelRatio || 1;
  const pixels = side * (t + 1);
  canvas.width = canvas.height = Math.round(pixels * ratio);
  canvas.style.width = canvas.style.height = `${pixels}px`;
  const context = canvas.getContext("2d");
  if (!context) return;
  context.scale(ratio, ratio);
  context.fillStyle = colour("--paper");
  context.fillRect(0, 0, pixels, pixels);
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = `${Math.min(14, side - 2)}px monospace`;
  context.fillStyle = colour("--text");
  if (side >= 9) {
    for (const [i, token] of tokens.entries()) {
      context.fillText(token, (i + 1.5) * side, side / 2);
      context.fillText(token, side / 2, (i + 1.5) * side);
    }
  }
  context.fillStyle = colour("--accent");
  for (let row = 0; row < t; row++) {
    for (let column = 0; column <= row; column++) {
      context.globalAlpha = Math.min(1, weights[row * t + column] ?? 0);
      context.fillRect((column + 1) * side, (row + 1) * side, side, side);
    }
  }
  context.globalAlpha = 1;
  context.strokeStyle = colour("--line");
  context.lineWidth = 1;
  context.beginPath();
  for (let i = 0; i < t; i++) {
    // The cells that a character may attend to: those up to itself.
    context.moveTo(side, (i + 2) * side);
    context.lineTo((i + 2) * side, (i + 2) * side);
    context.lineTo((i + 2) * side, (i + 1) * side);
  }
  context.moveTo(side, side);
  context.lineTo(side, (t + 1) * side);
  context.moveTo(side, side);
  context.lineTo(2 * side, side);
  if (side >= 6) context.stroke();
  if (picked) {
    context.strokeStyle = colour("--text");
    context.lineWidth = 2;
    context.strokeRect((picked[1] + 1) * side, (picked[0] + 1) * side, side, side);
  }
}
