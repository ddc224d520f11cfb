// Attention over caches that are not contiguous, or not f32.
import type { CacheFormat } from "../../../kernels/formats/formats.ts";
import { cacheStorage, type IntegerFormat, isInteger } from "../../../kernels/kv-cache/storage.ts";
import { dequantise, quantise, ringPositions, ringSlot } from "../../../reference/attention/kv-cache.ts";
import { type Dense, dense } from "../../../reference/dense.ts";
import type { ScoreDescription } from "../../../reference/described.ts";
import { type AnyLayoutRecord, type LayoutNumbers, layoutRecords, type SequenceSize } from "../../attention-records.ts";
import type { Case, CaseInput } from "../../case-table.ts";
import { packWords, unpackWords } from "../../packed.ts";
import { normal, randomSource } from "../../random.ts";
import type { StepRow } from "../../step.ts";
import type { AttentionInputs, Fills } from "./problem.ts";

/** The cache layout of a case. `laid` are sequences laid out by the record of a layout. */
type CaseLayout =
  | {
      readonly kind: "laid";
      readonly name: string;
      readonly numbers: LayoutNumbers;
      readonly sequences: readonly SequenceSize[];
    }
  | { readonly kind: "contiguous" }
  | { readonly kind: "paged"; readonly page: number; readonly table: readonly (readonly number[])[] }
  | { readonly kind: "ring"; readonly sinks: number }
  | { readonly kind: "ragged"; readonly queries: readonly number[]; readonly keys: readonly number[] };

/** The inputs of a case: queries `[b, t, h, d]`, and a cache with its layout's tensors and its scales. */
export type LayoutInputs = AttentionInputs | "kScale?" | "vScale?" | "blockTable?" | "queryOffsets?" | "keyOffsets?";

/** The options of a case. `rows` goes through the step, `length` is that of every row. */
export interface LayoutOptions {
  readonly layout: CaseLayout;
  readonly format: CacheFormat;
  readonly length?: number;
  readonly rows?: readonly StepRow[];
  readonly mask?: "full" | "causal" | { readonly kind: "sliding-window"; readonly keys: number };
  readonly score?: ScoreDescription;
  readonly scale?: number;
  readonly lse?: boolean;
}

interface Sizes {
  readonly b?: number;
  /** Rows of the cache; default those of the batch, or pages that the table needs and two more. */
  readonly rows?: number;
  readonly h: number;
  readonly g: number;
  readonly t: number;
  /** Slots of a batch row's cache, or of a page. */
  readonly s: number;
  readonly d?: number;
  readonly dv?: number;
}

/** The sequences of a case that the record of a layout lays out. */
export function laidOut({ name, numbers, sequences }: CaseLayout & { readonly kind: "laid" }) {
  const record = layoutRecords.find((one) => one.name === name);
  if (!record) throw new RangeError(`there is no layout ${name}`);
  return record.layOut(sequences, numbers);
}

/** A table entry one past the last page, which refers to no page. */
export const pastTheLast = -1;

const isPage = (entry: number | undefined): entry is number => entry !== undefined && entry >= 0 && entry < 1000;

const size = (shape: readonly number[]) => shape.reduce((product, axis) => product * axis, 1);
/** Bits of the integers of a format, and how many elements of a row share a scale. */
const bitsOf = (format: IntegerFormat): 8 | 4 => (cacheStorage[format].packed === 8 ? 4 : 8);
const blockOf = (format: IntegerFormat, width: number) => width / size(cacheStorage[format].scales?.(width) ?? []);

/** Number of keys of each batch row or sequence. */
export function lengthsOf({ layout, rows, length }: LayoutOptions, b: number, s: number): number[] {
  if (layout.kind === "ragged") return [...layout.keys];
  if (rows) return rows.map(([position, tokens]) => (tokens > 0 ? position + tokens : 0));
  return Array.from({ length: b }, () => length ?? s);
}

/** True for each slot of a cache `[rows, g, s]` that may be read. */
function inUse(options: LayoutOptions, cacheRows: number, s: number, b: number): boolean[] {
  const used = Array.from({ length: cacheRows * s }, () => false);
  const { layout } = options;
  for (const [row, keys] of lengthsOf(options, b, s).entries()) {
    if (layout.kind === "ragged") continue;
    if (layout.kind === "laid") {
      const { slotOf } = laidOut(layout);
      for (let key = 0; key < keys; key++) {
        const at = slotOf(row, key);
        if (at) used[at[0] * s + at[1]] = true;
      }
      continue;
    }
    const positions =
      layout.kind === "ring" ? ringPositions(keys, { slots: s, sinks: layout.sinks }) : [...Array(keys).keys()];
    for (const position of positions) {
      if (layout.kind === "paged") {
        const page = layout.table[row]?.[Math.floor(position / s)];
        if (isPage(page)) used[page * s + (position % s)] = true;
      } else {
        const slot = layout.kind === "ring" ? ringSlot(position, { slots: s, sinks: layout.sinks }) : position;
        used[row * s + slot] = true;
      }
    }
  }
  return layout.kind === "ragged"
    ? used.fill(
        true,
        0,
        layout.keys.reduce((sum, keys) => sum + keys, 0),
      )
    : used;
}

/** Values of `[b, m, n, d]` by their indices. */
const filled = (shape: readonly [number, number, number, number], fill: NonNullable<Fills["keys"]>): Dense => {
  const [, m, n, d] = shape;
  const at = (_: unknown, i: number) =>
    fill([Math.floor(i / (m * n * d)), Math.floor(i / (n * d)) % m, Math.floor(i / d) % n, i % d]);
  return dense(shape, Float64Array.from({ length: size(shape) }, at));
};

/** Given or random keys or values, with NaN (or NaN scales) in slots that must not be read. */
function cache(
  seed: number,
  shape: readonly [number, number, number, number],
  options: LayoutOptions,
  b: number,
  fill?: Fills["keys"],
): { readonly rows: CaseInput; readonly scales?: CaseInput } {
  const [rows, g, s, width] = shape;
  const used = inUse(options, rows, s, b);
  const x = fill ? filled(shape, fill) : dense(shape, normal(size(shape), seed));
  const poison = (values: Float64Array, perRow: number) =>
    values.map((value, i) => {
      const row = Math.floor(i / perRow);
      return used[Math.floor(row / (g * s)) * s + (row % s)] ? value : Number.NaN;
    });
  const { format } = options;
  if (!isInteger(format)) return { rows: { shape, values: poison(x.values, width), dtype: format } };
  const [bits, block] = [bitsOf(format), blockOf(format, width)];
  const { codes, scales } = quantise({ x }, { bits, block });
  const scaleShape = [...shape.slice(0, 3), ...(cacheStorage[format].scales?.(width) ?? [])];
  return {
    rows: { ...packWords(codes, bits), dtype: "u32" },
    scales: { shape: scaleShape, values: poison(scales.values, width / block) },
  };
}

/** The table of pages, with entries without a page at the end of each row, or the offsets of sequences. */
function places(
  layout: CaseLayout,
  pages: number,
): Pick<Case<LayoutInputs>["inputs"], "blockTable" | "queryOffsets" | "keyOffsets"> {
  if (layout.kind === "paged") {
    const entries = Math.max(...layout.table.map((row) => row.length)) + 1;
    const values = layout.table
      .flatMap((row) => [...row, ...Array(entries - row.length).fill(2147480000)])
      .map((entry) => (entry === pastTheLast ? pages : entry));
    return { blockTable: { shape: [layout.table.length, entries], values, dtype: "u32" } };
  }
  if (layout.kind !== "ragged") return {};
  const offsets = (lengths: readonly number[]): CaseInput => {
    const values = [0];
    for (const length of lengths) values.push((values.at(-1) ?? 0) + length);
    return { shape: [values.length], values, dtype: "u32" };
  };
  return { queryOffsets: offsets(layout.queries), keyOffsets: offsets(layout.keys) };
}

/** One problem; `refusedBy` names the variants that refuse its layout. */
export function layoutProblem(
  name: string,
  { b = 1, rows = b, h, g, t, s, d = 32, dv = d }: Sizes,
  options: LayoutOptions,
  refusedBy: readonly string[] = [],
  fill: Fills = {},
): Case<LayoutInputs, LayoutOptions> {
  const { layout } = options;
  const pages = layout.kind === "paged" ? 1 + Math.max(...layout.table.flat().filter(isPage)) + 2 : rows;
  const k = cache(2, [pages, g, s, d], options, b, fill.keys);
  const v = cache(3, [pages, g, s, dv], options, b, fill.values);
  const inputs = {
    q: fill.q ? filled([b, t, h, d], fill.q) : { shape: [b, t, h, d], values: normal(b * t * h * d, 1) },
    keys: k.rows,
    values: v.rows,
    ...(k.scales && v.scales ? { kScale: k.scales, vScale: v.scales } : {}),
    ...places(layout, pages),
  };
  return { name, inputs, options: { lse: true, ...options }, refusedBy };
}

/**
 * A decode step and a prefill of sequences that a layout's record lays out, with numbers that suit a few hundred keys.
 */
export function laidProblems(
  { name, numbers, inOrder }: AnyLayoutRecord,
  refusedBy: readonly string[],
): Case<LayoutInputs, LayoutOptions>[] {
  const usual = Object.fromEntries(Object.entries(numbers).map(([key, number]) => [key, number.usual]));
  return Object.entries({ decode: [3, 1], prefill: [2, 9] }).map(([what, [b = 1, t = 1]]) => {
    const sequences = Array.from({ length: b }, () => ({ t, s: 171 }));
    const layout = { kind: "laid", name, numbers: usual, sequences } as const;
    const { rows, slots } = laidOut(layout);
    return layoutProblem(
      `${name}, laid out: ${what}`,
      { b, rows, h: 4, g: 2, t, s: slots },
      { layout, format: "f32", length: 171 },
      inOrder ? refusedBy : [...refusedBy, "blocks"],
    );
  });
}

/** The order of pages after a shuffle, for tables. */
export function shuffled(count: number, seed: number): number[] {
  const random = randomSource(seed);
  const pages = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [pages[i], pages[j]] = [pages[j] ?? 0, pages[i] ?? 0];
  }
  return pages;
}

/**
 * The keys (or values) of one batch row or sequence, by their positions `[1, g, length, width]`, dequantised and
 * gathered, for the reference. Positions that the cache no longer holds, or never held, are NaN.
 */
export function gathered(
  { rows, scales }: { readonly rows: Dense; readonly scales?: Dense | undefined },
  { layout, format }: LayoutOptions,
  row: number,
  length: number,
): Dense {
  const { shape, values } =
    scales && isInteger(format) ? dequantise({ codes: unpackWords(rows, bitsOf(format)), scales }) : rows;
  const [, g = 0, s = 0, width = 0] = shape;
  const out = dense([1, g, length, width]);
  out.values.fill(Number.NaN);
  const kept =
    layout.kind === "ring" ? ringPositions(length, { slots: s, sinks: layout.sinks }) : [...Array(length).keys()];
  const laid = layout.kind === "laid" ? laidOut(layout) : undefined;
  for (const position of kept) {
    let [at, slot] = [row, position];
    if (laid) {
      const to = laid.slotOf(row, position);
      if (!to) continue;
      [at, slot] = to;
    }
    if (layout.kind === "ring") slot = ringSlot(position, { slots: s, sinks: layout.sinks });
    if (layout.kind === "paged") {
      const page = layout.table[row]?.[Math.floor(position / s)];
      if (!isPage(page)) continue;
      at = page;
      slot = position % s;
    }
    if (layout.kind === "ragged") {
      at = 0;
      slot = position + layout.keys.slice(0, row).reduce((sum, keys) => sum + keys, 0);
    }
    for (let head = 0; head < g; head++) {
      const from = ((at * g + head) * s + slot) * width;
      out.values.set(values.subarray(from, from + width), (head * length + position) * width);
    }
  }
  return out;
}

/** True if the cache holds the key at this position. */
export function keeps(
  { layout }: LayoutOptions,
  row: number,
  position: number,
  length: number,
  slots: number,
): boolean {
  if (layout.kind === "laid") return laidOut(layout).slotOf(row, position) !== undefined;
  if (layout.kind === "ring") return position < layout.sinks || position >= length - (slots - layout.sinks);
  if (layout.kind === "paged") return isPage(layout.table[row]?.[Math.floor(position / slots)]);
  return true;
}
