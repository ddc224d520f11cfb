import { describe, expect, test } from "vitest";
import attentionMasksCausal from "#shaders/attention/masks/causal.wgsl";
import extentFixed from "#shaders/lib/extent/fixed.wgsl";
import { maskExamples } from "../../../src/check/cases/attention/mask-examples.ts";
import { uploaded } from "../../../src/check/named.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { wgslModule } from "../../../src/gpu/shader/wgsl-module.ts";
import { visiblePairs } from "../../../src/kernels/attention/definition.ts";
import type { AttentionProblem } from "../../../src/kernels/attention/options.ts";
import { anyMaskMod, makeMods } from "../../../src/kernels/attention/records/made-mods.ts";
import type { MaskMod } from "../../../src/kernels/attention/records/mod.ts";
import { defineKernel } from "../../../src/kernels/define/kernel.ts";
import { pairs } from "../../../src/reference/attention/masks.ts";
import { type MaskDescription, maskOf } from "../../../src/reference/described.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testBeside } from "../../support/devices/side-by-side.ts";

const gpu = await testGpu({ features: [] });
const start = -6;
const shape = { b: 2, h: 3, t: 36, s: 20, unit: 3 } as const;
const { h, s } = shape;

// What each mask says of a block of queries and a tile of keys, and of one query and one key.
const source = wgslModule(
  `struct Params { n: u32, t: u32, start: i32, length: u32 }
@group(0) @binding(0) var<storage, read> blocks: array<vec4u>;  // first and last query, first and last key
@group(0) @binding(1) var<storage, read> places: array<vec4u>;  // keys there are, batch row, head
@group(0) @binding(2) var<storage, read_write> says: array<vec4u>;  // key_range, tile_full, mask_mod of the two firsts
@group(0) @binding(3) var<uniform> params: Params;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.n) { return; }
  let block = blocks[id.x];
  let place = places[id.x];
  let keys = key_range(place.y, block.x, block.y, place.x);
  let full = tile_full(place.y, block.x, block.y, block.z, block.w);
  says[id.x] = vec4u(keys, u32(full), u32(mask_mod(place.y, place.z, block.x, block.z)));
}`,
  { parts: [attentionMasksCausal, extentFixed] },
);

const ask = defineKernel({
  name: "test/masks",
  source,
  inputs: { blocks: "[n, 4]", places: "[n, 4]" },
  outputs: { says: "[n, 4]" },
  accepts: { blocks: ["u32"], places: ["u32"] },
  dtypes: () => ({ says: "u32" as const }),
  binds: ({ mod }: { mod: MaskMod }) =>
    Object.fromEntries(
      Object.entries(mod.tensors).map(([name, one]) => [name, { tensor: one.tensor, types: one.types }]),
    ),
  params: ({ n }) => ({ n, t: shape.t, start, length: s }),
  uniforms: (_axes, { mod }): Record<string, Record<string, number>> => ({ ...mod.uniforms }),
  specialise: (_axes, { mod }) => ({ parts: [mod.part] }),
  workgroups: ({ n }) => [Math.ceil(n / 64)],
});

const spans = (from: number, to: number, widths: readonly number[]) =>
  Array.from({ length: to - from }, (_, i) => from + i).flatMap((first) =>
    widths.map((width) => [first, first + width - 1] as const),
  );
const lengths = [0, 7, s] as const;
// The lengths by turns: a range depends on queries and length, whether a tile is full on queries and keys.
const blocks = spans(start, 22, [1, 3, 8]).flatMap((queries, i) =>
  spans(0, 15, [1, 2, 5]).map((keys, j) => {
    const n = (i + j + Math.floor(j / 3)) % 3;
    return { queries, keys, length: lengths[n] ?? 0, batch: (i + j) % 2, head: (i + j + n) % h };
  }),
);
const rowsOf = (row: (block: (typeof blocks)[number]) => readonly number[]) => Uint32Array.from(blocks.flatMap(row));
const words = {
  blocks: rowsOf(({ queries, keys }) => [...queries, ...keys]),
  places: rowsOf(({ length, batch, head }) => [length, batch, head, 0]),
};
const upload = (on: Gpu, of: keyof typeof words) => tensor(on, [blocks.length, 4], words[of], "u32");

/** Masks with holes that know all their full tiles. */
const exact = [
  "block diffusion",
  "neighbourhood in two dimensions",
  "neighbourhood in two dimensions, even, by strides",
  "neighbourhood in two dimensions, causal",
  "sliding tile",
  "sliding tile, a text",
  "sliding tile, a video",
];

/** Masks with holes, and what they fill: of its full tiles they have to know. */
const fills: Readonly<Record<string, MaskDescription | undefined>> = {
  ...Object.fromEntries(exact.map((kind) => [kind, maskExamples(shape)[kind]])),
  "sink window": { kind: "sliding-window", keys: shape.unit + 1 },
  "strided, paper, merged": { kind: "sliding-window", keys: 2 * shape.unit + 1 },
  "strided by one": "causal",
  "fixed, paper, merged": { kind: "chunked", keys: 3 * shape.unit },
};

describe.each(Object.entries(maskExamples(shape)))("mask %s", (kind, description) => {
  const mod = anyMaskMod(uploaded(gpu, description));
  const visible = maskOf(description, start);
  const filled = fills[kind] && maskOf(fills[kind]);
  const isTold = /key-padding|fn key_range/.test(JSON.stringify(description)); // its range, by what the CPU does not read

  const ranges = "ranges hold every visible key and no tile is called full that is not";
  const device = () => gpu;
  testBeside(ranges, device, async (own) => {
    const { says } = ask(
      own,
      { blocks: upload(own, "blocks"), places: upload(own, "places") },
      { mod: anyMaskMod(uploaded(own, description)) },
    );
    const values = await says.read();
    const heads = mod.byHead ? [0, 1, 2] : [0];
    // Thousands of comparisons: what is wrong is collected, since an assertion each takes longer than the kernel.
    const wrong: string[] = [];
    for (const [i, { queries, keys, length, batch, head }] of blocks.entries()) {
      const [begin = 0, end = 0, full = 0, first = 0] = values.subarray(4 * i, 4 * i + 4);
      const rows = Array.from({ length: queries[1] - queries[0] + 1 }, (_, r) => queries[0] + r);
      const tile = Array.from({ length: keys[1] - keys[0] + 1 }, (_, k) => keys[0] + k);
      const seen = Array.from({ length }, (_, key) =>
        heads.some((one) => rows.some((q) => visible(batch, one, q, key))),
      );
      const inRange = (key: number) => key >= begin && key < end;
      const allSeen = heads.every((one) => rows.every((q) => tile.every((key) => visible(batch, one, q, key))));
      const filledTile = filled && rows.every((q) => tile.every((key) => filled(batch, 0, q, key)));
      const [from, to] = mod.range(queries[0], queries[1], length);
      const claims = {
        "the range ends past the keys": end > length,
        "a visible key is outside of the range": seen.some((sees, key) => sees && !inRange(key)),
        "the range of a closed mask holds a hidden key": mod.closed && seen.some((sees, key) => !sees && inRange(key)),
        "a tile is called full that is not": full === 1 && !allSeen,
        "a full tile is not called full": (mod.closed ? allSeen : filledTile) && full !== 1,
        "the range is not the CPU's": !isTold && (begin < end ? begin !== from || end !== to : from < to),
        "the first key and query": (first === 1) !== visible(batch, head, queries[0], keys[0]),
      };
      for (const [claim, holds] of Object.entries(claims)) {
        if (holds) wrong.push(`batch row ${batch}, queries ${queries}, keys ${keys}, ${length} keys: ${claim}`);
      }
    }
    expect(wrong.slice(0, 20)).toEqual([]);
  });

  test("the CPU knows the ranges and counts the pairs, as far as it can without tensors", () => {
    for (const [queries, length] of spans(start, 15, [1, 3, 8]).flatMap((q) => [[q, 7] as const, [q, s] as const])) {
      const [begin, end] = mod.range(queries[0], queries[1], length);
      const rows = Array.from({ length: queries[1] - queries[0] + 1 }, (_, r) => queries[0] + r);
      const hidden = Array.from({ length }, (_, key) => key).filter(
        (key) =>
          (key < begin || key >= end) &&
          rows.some((q) => [0, 1].some((batch) => [0, 1, 2].some((head) => visible(batch, head, q, key)))),
      );
      if (hidden.length > 0) expect(hidden, `queries ${queries}, ${length} keys`).toEqual([]);
    }
    for (const length of [3, 11, s]) {
      const { unit: _, ...counts } = { ...shape, t: 17 };
      const mask = uploaded(gpu, description);
      makeMods({ mask });
      const problem = { mask, start: 1, length, stepped: false } as AttentionProblem;
      const counted = visiblePairs(counts, problem);
      // Tensors with a row for each query are read from `start` on: these have the rows for it.
      const exact = pairs(maskOf(description, start), counts, { start: 1, length });
      const isExact = Object.keys(mod.tensors).length === 0 && (mod.closed || mod.count !== undefined);
      if (isExact) expect(counted).toBe(exact);
      else expect(counted).toBeGreaterThanOrEqual(exact);
    }
  });
});
