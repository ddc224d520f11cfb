import { formatShape } from "../tensor/shape.ts";
import type { TensorValues } from "./taps.ts";

/** Rows shown at the beginning and at the end of a long tensor. */
const edge = 6;
const numberWidth = 10;

/** A tensor for people: its range, then its rows along the last axis, with the middle of long ones left out. */
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
