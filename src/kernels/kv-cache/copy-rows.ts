import source from "#shaders/kv-cache/copy-rows.wgsl";
import { integer, required } from "../../options/checks.ts";
import { bytesPerElement, plainType } from "../../tensor/dtype.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import { withOptions } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { maxBatch } from "../step.ts";
import { type KvLayout, kvLayoutCheck, layoutBindings, layoutName, layoutRecord } from "./layouts.ts";

/** Which positions are copied, and where they are. */
export interface CopyRowsOptions {
  /** Maximum number of positions of a row. */
  readonly positions: number;
  /** Layout of the cache; default contiguous. A paged cache is `[pages, g, page, d]`. */
  readonly layout?: KvLayout | undefined;
}

/** A ring is copied like a contiguous cache, since all rows are equally long. */
const addressed = ({ layout = "contiguous" }: CopyRowsOptions): KvLayout =>
  layoutName(layout) === "ring" ? "contiguous" : layout;

function writing(options: CopyRowsOptions) {
  const { name, write } = layoutRecord(addressed(options));
  if (write) return write;
  throw new ShapeError(`kv-cache/copy-rows: it takes no ${name} layout`);
}

/** 4-byte words of a key or value. Throws `ShapeError` if that is not a whole number. */
function wordsOf(d: number, dtype: Parameters<typeof plainType>[0]): number {
  const bytes = d * bytesPerElement[plainType(dtype, "kv-cache/copy-rows: cache")];
  if (bytes % 4 !== 0)
    throw new ShapeError(`kv-cache/copy-rows: cache is ${dtype} of width ${d}, expected an even one`);
  return bytes / 4;
}

/**
 * Makes rows of a cache copies of others, in place, as beam search does when a text has several continuations: row b
 * becomes row `parents[b]`, at the positions before the step's of row b. `cache` is `[b, g, s, d]` of any type that a
 * cache has, or pages; `parents` is `[b]` u32, `step` `[64, 4]` u32. A row that is copied must be its own parent and
 * have as many positions; for a parent that does not exist nothing is copied. Throws `ShapeError` for more than 64 rows
 * and shapes that do not fit.
 */
export const copyCacheRows = withOptions(
  defineKernel({
    name: "kv-cache/copy-rows",
    source,
    inputs: { parents: "[b]", step: "[64, 4]" },
    inout: { cache: "[rows, g, s, d]" },
    accepts: { parents: ["u32"], step: ["u32"], cache: ["f32", "f16", "bf16", "u32"] },
    binds: (options: CopyRowsOptions) => layoutBindings(addressed(options)),
    params: ({ b, g, s, d }, options, { dtypes }) => {
      const t = positionsOf(s, options);
      const words = wordsOf(d, dtypes["cache"] ?? "f32");
      return { size: b * g * t * words, b, g, s, t, words };
    },
    uniforms: ({ rows }, options) => writing(options).uniforms(addressed(options), rows),
    specialise: (_axes, options) => ({ parts: [writing(options).slot] }),
    threads: ({ b, g, s, d }, options, { dtypes }) =>
      b * g * positionsOf(s, options) * wordsOf(d, dtypes["cache"] ?? "f32"),
    cost: () => ({ flops: 0 }),
    check: ({ b, rows, g, s, d }, options) => {
      if (b > maxBatch) throw new ShapeError(`kv-cache/copy-rows: ${b} rows, a step has ${maxBatch}`);
      if (addressed(options) === "contiguous" && rows !== b) {
        throw new ShapeError(`kv-cache/copy-rows: cache is ${formatShape([rows, g, s, d])}, expected ${b} batch rows`);
      }
    },
  }),
  { positions: required(integer(1, 2 ** 30)), layout: kvLayoutCheck },
);

/** Positions that are visited: unless the cache is paged, at most its slots. */
const positionsOf = (s: number, options: CopyRowsOptions): number =>
  layoutName(addressed(options)) === "contiguous" ? Math.min(s, options.positions) : options.positions;
