import { numberAt } from "../../../src/wgsl/run/contents.ts";
import type { MemoryInfo, MemoryState, Request } from "../../../src/wgsl/run/step/types.ts";
import { sectorBytes } from "../access/figures.ts";
import { themeColours } from "../session/colours.ts";
import type { MemoryShape } from "./shape.ts";

const sectorWords = sectorBytes / 4;

/** What the colour of a word stands for. */
export const heats = ["value", "reads", "writes"] as const;
export type Heat = (typeof heats)[number];

/** What a picture of a memory shows. */
export interface MemoryPicture {
  readonly info: MemoryInfo;
  readonly state: MemoryState;
  readonly shape: MemoryShape;
  readonly heat: Heat;
  /** Whether colours follow the logarithm of a count. */
  readonly log: boolean;
  /** What the statement at which the run stands accesses of it. */
  readonly requests: readonly Request[];
  readonly word: number;
}

/** The scalar at a word: of f16 the first of two. */
export function scalarOfWord({ scalars, stride }: MemoryInfo, word: number) {
  const at = (4 * word) % Math.max(4, stride);
  return scalars.find(({ offset }) => offset === at)?.scalar ?? scalars[0]?.scalar ?? "u32";
}

/** The value of a word. */
export const valueOfWord = (info: MemoryInfo, { bytes }: MemoryState, word: number): number =>
  numberAt(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), scalarOfWord(info, word), 4 * word);

/** For each word a share from −1 to 1 of the strongest colour, by its sign; NaN where there is no number. */
export function sharesOf({ info, state, shape, heat, log }: MemoryPicture): Float32Array {
  const words = Math.min(shape.columns * shape.rows, state.bytes.byteLength >> 2);
  const values = Float32Array.from({ length: words }, (_, word) =>
    heat === "value" ? valueOfWord(info, state, word) : (state[heat][word] ?? 0),
  );
  const scaled = log && heat !== "value" ? values.map((value) => Math.log2(1 + value)) : values;
  let most = 0;
  for (const value of scaled) if (Number.isFinite(value)) most = Math.max(most, Math.abs(value));
  return scaled.map((value) => (Number.isFinite(value) ? (most === 0 ? 0 : value / most) : Number.NaN));
}

/** The largest and the smallest side of a word's square, in pixels. */
const [largest, smallest] = [22, 3];

/** The side of a word's square in a picture of this width. */
const sideIn = (width: number, columns: number): number => Math.max(smallest, Math.min(largest, width / columns));

const channels = (colour: string): [number, number, number] => {
  const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return [r, g, b];
};

/** A pixel for each word; those that nothing was written to yet are as the page. */
function wordsOf({ shape, info, state }: MemoryPicture, shares: Float32Array): OffscreenCanvas {
  const colour = themeColours();
  const [raised, page] = [channels(colour("--raised")), channels(colour("--paper"))];
  const ends = { up: channels(colour("--series-1")), down: channels(colour("--series-2")) };
  const image = new ImageData(shape.columns, shape.rows);
  for (const [i, share] of shares.entries()) {
    const isUntouched = info.writable && (state.writes[i] ?? 0) === 0 && Number.isNaN(share);
    const [from, to] = [isUntouched ? page : raised, share < 0 ? ends.down : ends.up];
    const strength = Number.isNaN(share) ? 0 : Math.abs(share);
    for (let c = 0; c < 3; c++) {
      image.data[4 * i + c] = (from[c] ?? 0) + ((to[c] ?? 0) - (from[c] ?? 0)) * strength;
    }
    image.data[4 * i + 3] = 255;
  }
  const canvas = new OffscreenCanvas(shape.columns, shape.rows);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}

/** Draws words as squares, the sectors that storage moves, and what the current statement accesses. */
export function drawMemory(canvas: HTMLCanvasElement, picture: MemoryPicture): void {
  const { shape, requests, word, info, state } = picture;
  const context = canvas.getContext("2d");
  const width = canvas.parentElement?.clientWidth ?? 0;
  if (!context || width === 0) return;
  const side = sideIn(width, shape.columns);
  const [wide, high] = [side * shape.columns, side * shape.rows];
  const ratio = Math.min(devicePixelRatio, 8192 / Math.max(1, high));
  Object.assign(canvas, { width: Math.ceil(wide * ratio), height: Math.ceil(high * ratio) });
  Object.assign(canvas.style, { width: `${wide}px`, height: `${high}px` });
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const colour = themeColours();
  const placeOf = (index: number) =>
    [(index % shape.columns) * side, Math.floor(index / shape.columns) * side] as const;
  const shares = sharesOf(picture);
  context.imageSmoothingEnabled = false;
  context.drawImage(wordsOf(picture, shares), 0, 0, wide, high);
  const isWritten = (i: number) => !info.writable || (state.writes[i] ?? 0) > 0;
  for (const [i, share] of shares.entries()) {
    if (Number.isNaN(share) && side >= 6 && isWritten(i)) cross(context, ...placeOf(i), side, colour("--bad"));
  }
  context.fillStyle = colour("--border");
  for (let i = 0; side >= 5 && info.space === "storage" && i < shape.columns * shape.rows; i += sectorWords) {
    const [x, y] = placeOf(i);
    context.fillRect(x, y, 1, side);
  }
  const strokes = { load: colour("--text"), store: colour("--bad"), atomic: colour("--series-4") };
  context.lineWidth = 2;
  for (const { addresses, bytes, kind } of requests) {
    context.strokeStyle = strokes[kind];
    for (const address of new Set(addresses)) {
      if (address < 0) continue;
      const [x, y] = placeOf(address >> 2);
      const across = Math.min(Math.max(1, bytes / 4), shape.columns - ((address >> 2) % shape.columns));
      context.strokeRect(x + 1, y + 1, across * side - 2, side - 2);
    }
  }
  context.strokeStyle = colour("--accent");
  context.lineWidth = 3;
  context.strokeRect(...placeOf(word), side, side);
}

function cross(context: CanvasRenderingContext2D, x: number, y: number, side: number, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x + 2, y + 2);
  context.lineTo(x + side - 2, y + side - 2);
  context.moveTo(x + side - 2, y + 2);
  context.lineTo(x + 2, y + side - 2);
  context.stroke();
}
