import { integer, listOf, oneOf, required, size } from "../../options/checks.ts";
import { argument, given, ofRows, tensor } from "../arguments.ts";
import { at, axes, type Dense, dense } from "../dense.ts";
import { ofRow } from "./masks.ts";

/**
 * Append to a cache of keys or values: row start + i of the cache becomes token i, heads before positions. k `[b, t, g,
 * d]`, cache `[b, g, s, d]`, start a row for all batch rows or one each → cache, a changed copy. Throws a RangeError
 * where the tokens reach beyond the cache.
 */
export function append(
  tensors: { k: Dense; cache: Dense },
  options: { start: number | readonly number[] },
): { cache: Dense } {
  const { k, cache } = given("append", tensors, { k: tensor, cache: tensor });
  const { start } = given("append", options, { start: required(ofRows(integer())) });
  const { b, t, g, d, s } = axes("append", { k, cache }, { k: "b t g d", cache: "b g s d" });
  const next = dense(cache.shape, cache.values);
  for (let batch = 0; batch < b; batch++) {
    const first = ofRow(start, batch);
    if (first < 0 || first + t > s) {
      throw new RangeError(`append: rows ${first} to ${first + t - 1} of batch row ${batch}, but cache has ${s}`);
    }
    for (let i = 0; i < t; i++) {
      for (let head = 0; head < g; head++) {
        for (let j = 0; j < d; j++) {
          next.values[((batch * g + head) * s + first + i) * d + j] = at(
            k.values,
            ((batch * t + i) * g + head) * d + j,
          );
        }
      }
    }
  }
  return { cache: next };
}

/**
 * Gathers a paged cache: keys or values `[pages, g, page, d]` and the pages of each batch row → `[b, g, s, d]`, with s
 * the capacity of the longest row. Positions without a page are NaN, since they must not be read.
 */
export function gatherPages(tensors: { pages: Dense }, options: { table: readonly (readonly number[])[] }): Dense {
  const { pages } = given("gatherPages", tensors, { pages: tensor });
  const { table } = given("gatherPages", options, { table: required(listOf(listOf(size))) });
  const { n, g, page, d } = axes("gatherPages", { pages }, { pages: "n g page d" });
  const s = page * Math.max(0, ...table.map((row) => row.length));
  const out = dense([table.length, g, s, d]);
  out.values.fill(Number.NaN);
  for (const [b, row] of table.entries()) {
    for (const [i, place] of row.entries()) {
      if (place >= n) continue;
      for (let head = 0; head < g; head++) {
        const first = (place * g + head) * page * d;
        const to = ((b * g + head) * s + i * page) * d;
        for (let j = 0; j < page * d; j++) out.values[to + j] = at(pages.values, first + j);
      }
    }
  }
  return out;
}

/** A ring of slots, of which the first `sinks` (default 0) are kept. */
type Ring = { slots: number; sinks?: number };

function ringOf(definition: string, ring: Ring): Required<Ring> {
  const { slots, sinks = 0 } = given(definition, ring, { slots: required(integer(1)), sinks: size });
  if (sinks >= slots) throw new RangeError(`${definition}: ${sinks} sinks, expected fewer than the ${slots} slots`);
  return { slots, sinks };
}

/** The slot of a position in a ring. */
export function ringSlot(position: number, ring: Ring): number {
  argument("ringSlot", "position", position, size);
  const { slots, sinks } = ringOf("ringSlot", ring);
  return position < sinks ? position : sinks + ((position - sinks) % (slots - sinks));
}

/** The positions that a ring keeps of the first `length`, in order. */
export function ringPositions(length: number, ring: Ring): number[] {
  argument("ringPositions", "length", length, size);
  const { slots, sinks } = ringOf("ringPositions", ring);
  const lost = Math.max(0, length - slots);
  return Array.from({ length: Math.min(length, slots) }, (_, i) => (i < sinks ? i : i + lost));
}

/** How values are quantised to integers: bits per value, and adjacent elements of a row that share a scale. */
export interface Quantisation {
  readonly bits: 8 | 4;
  readonly block: number;
}

/**
 * Symmetric integers for blocks of a row: `code = round(x / scale)`, halves to even. With 8 bits the scale is the
 * largest
 * |x| / 127. With 4 it is the x furthest from 0, divided by −8, as in llama.cpp's Q4_0: that x becomes −8.
 * x `[...rows, d]` → codes `[...rows, d]`, scales `[...rows, d / block]`, both computed in f32.
 */
export function quantise(tensors: { x: Dense }, options: Quantisation): { codes: Dense; scales: Dense } {
  const { x } = given("quantise", tensors, { x: tensor });
  const { bits, block } = given("quantise", options, { bits: required(oneOf(8, 4)), block: required(integer(1)) });
  const d = x.shape.at(-1) ?? 1;
  if (d % block !== 0) throw new RangeError(`quantise: rows of ${d} do not divide into blocks of ${block}`);
  const codes = dense(x.shape);
  const scales = dense([...x.shape.slice(0, -1), d / block]);
  const [lowest, highest] = bits === 8 ? [-127, 127] : [-8, 7];
  for (let i = 0; i < scales.values.length; i++) {
    const values = x.values.subarray(i * block, (i + 1) * block);
    const furthest = values.reduce((far, value) => (Math.abs(value) > Math.abs(far) ? value : far), 0);
    const scale = Math.fround(bits === 8 ? Math.abs(furthest) / 127 : furthest / -8);
    scales.values[i] = scale;
    for (const [j, value] of values.entries()) {
      const code = scale === 0 ? 0 : roundToEven(value / scale);
      codes.values[i * block + j] = Math.min(highest, Math.max(lowest, code));
    }
  }
  return { codes, scales };
}

/** The values of codes and scales: `code · scale`. */
export function dequantise(tensors: { codes: Dense; scales: Dense }): Dense {
  const { codes, scales } = given("dequantise", tensors, { codes: tensor, scales: tensor });
  const [count, parts] = [codes.values.length, scales.values.length];
  const block = count / parts;
  if (count > 0 && !Number.isInteger(block)) {
    throw new RangeError(`dequantise: ${count} codes do not divide among ${parts} scales`);
  }
  return {
    shape: codes.shape,
    values: codes.values.map((code, i) => code * at(scales.values, Math.floor(i / block))),
  };
}

function roundToEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}
