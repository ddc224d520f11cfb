import type { LanguageModel } from "../../generate/language-model.ts";
import { inspect } from "../../generate/look/inspection.ts";
import { formatShape } from "../../tensor/shape.ts";

/** Rows shown at the beginning and at the end of a long tensor. */
const edge = 6;
const numberWidth = 10;

/** A tensor as text: its range, then its rows along the last axis, without the middle of long ones. */
export function tensorText(name: string, { shape, values }: TensorValues, columns: number): string {
  const width = Math.max(1, shape.at(-1) ?? 1);
  const rows = values.length / width;
  const lines = [`${name}  ${formatShape(shape)}  ${rangeOf(values)}`];
  const labels = Array.from({ length: rows }, (_, row) => label(row, shape.slice(0, -1)));
  const labelWidth = Math.max(0, ...labels.map(({ length }) => length));
  for (const row of rows <= 2 * edge ? labels.keys() : [...indices(edge), -1, ...indices(edge, rows - edge)]) {
    if (row < 0) lines.push(`${" ".repeat(labelWidth)}  … ${rows - 2 * edge} rows more`);
    else {
      const numbers = formatRow(values.subarray(row * width, (row + 1) * width), columns - labelWidth);
      lines.push(`${(labels[row] ?? "").padEnd(labelWidth)}${numbers}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function indices(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

/** Indices of a row on the axes before the last. */
function label(row: number, axes: readonly number[]): string {
  let rest = row;
  const places: number[] = [];
  for (const size of [...axes].reverse()) {
    places.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return `[${places.join(", ")}]`;
}

function formatRow(row: Float64Array, columns: number): string {
  const fitting = Math.floor(columns / numberWidth);
  const shown = [...row].map((value) => number(value).padStart(numberWidth));
  if (shown.length <= fitting) return shown.join("");
  const half = Math.max(1, Math.floor((fitting - 1) / 2));
  return `${shown.slice(0, half).join("")}${"…".padStart(numberWidth / 2)}${shown.slice(-half).join("")}`;
}

function number(value: number): string {
  if (!Number.isFinite(value)) return String(value).replace("Infinity", "inf");
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e4) ? value.toExponential(1) : value.toFixed(4);
}

function rangeOf(values: Float64Array): string {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let squares = 0;
  let strange = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) strange++;
    else {
      least = Math.min(least, value);
      most = Math.max(most, value);
      squares += value * value;
    }
  }
  const finite = values.length - strange;
  const range = finite === 0 ? "" : `${number(least)} to ${number(most)}, rms ${number(Math.sqrt(squares / finite))}`;
  return strange === 0 ? range : `${range} ${strange} NaN or infinite`.trim();
}

/** A tensor's numbers in index order. */
interface TensorValues {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** The names of all taps of the model, in order. Records a prefill of one token. */
export function knownTaps({ programs }: LanguageModel): string[] {
  const names = new Set<string>();
  const taps = (name: string) => {
    names.add(name);
    return false;
  };
  programs.prefill(1, programs.visible(1), "all", { taps });
  return [...names];
}

/** Logits of the last position, or of all, and the tapped tensors for all tokens. */
export async function runTapped(
  model: LanguageModel,
  ids: readonly number[],
  all: boolean,
  names: readonly string[],
): Promise<{ logits: Float64Array[]; taps: Map<string, TensorValues> }> {
  using session = model.session();
  if (names.length === 0) {
    return { logits: (await inspect(session.state, ids, all ? "all" : "last")).logits, taps: new Map() };
  }
  // With "last" the tensors after the last block would have only one position.
  const run = await inspect(session.state, ids, "all", { taps: (name) => names.includes(name) });
  const taps = new Map([...run.taps].map(([name, chunks]) => [name, joinChunks(chunks)] as const));
  return { logits: all ? run.logits : run.logits.slice(-1), taps };
}

/** Joins the chunks of a prefill, `[1, t, …]` each, along the tokens. */
function joinChunks(chunks: readonly TensorValues[]): TensorValues {
  const [first] = chunks;
  if (!first || chunks.length === 1) return first ?? { shape: [0], values: new Float64Array() };
  const [batch = 1, , ...rest] = first.shape;
  const tokens = chunks.reduce((sum, { shape }) => sum + (shape[1] ?? 0), 0);
  const values = new Float64Array(chunks.reduce((sum, chunk) => sum + chunk.values.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    values.set(chunk.values, at);
    at += chunk.values.length;
  }
  return { shape: [batch, tokens, ...rest], values };
}
