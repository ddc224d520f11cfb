import { describe, expect, test } from "vitest";
import type { AttentionMask } from "../../src/kernels/attention/attention.ts";
import { defineKernel } from "../../src/kernels/kernel.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { maskOf } from "../cases/attention.ts";
import { testGpu } from "../support/gpu.ts";

const gpu = await testGpu({ features: [] });

// What each mask says of a block of queries and a tile of keys, and of one query and one key.
const source = `// with: attention/masks/causal
struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> blocks: array<vec4u>;  // first and last query, first and last key
@group(0) @binding(1) var<storage, read> lengths: array<u32>;
@group(0) @binding(2) var<storage, read_write> says: array<vec4u>;  // key_range, tile_full, mask_mod of the two firsts
@group(0) @binding(3) var<uniform> params: Params;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.n) { return; }
  let block = blocks[id.x];
  let keys = key_range(block.x, block.y, lengths[id.x]);
  let full = tile_full(block.x, block.y, block.z, block.w);
  says[id.x] = vec4u(keys, u32(full), u32(mask_mod(0, 0, block.x, block.z)));
}`;

const ask = defineKernel({
  name: "test/masks",
  source,
  inputs: { blocks: "[n, 4]", lengths: "[n]" },
  outputs: { says: "[n, 4]" },
  accepts: { blocks: ["u32"], lengths: ["u32"] },
  dtypes: () => ({ says: "u32" as const }),
  params: ({ n }) => ({ n }),
  uniforms: (_axes, mask: { keys?: number; part: string }): Record<string, Record<string, number>> =>
    mask.keys === undefined ? {} : { mask_params: { keys: mask.keys } },
  specialise: (_axes, { part }) => ({ parts: [part] }),
  workgroups: ({ n }) => [Math.ceil(n / 64)],
});

const masks: readonly AttentionMask[] = [
  "full",
  "causal",
  { kind: "sliding-window", keys: 1 },
  { kind: "sliding-window", keys: 4 },
];

describe.each(masks.map((mask) => [JSON.stringify(mask), mask] as const))("mask %s", (_, mask) => {
  const part = `attention/masks/${typeof mask === "string" ? mask : mask.kind}`;
  const options = typeof mask === "string" ? { part } : { part, keys: mask.keys };
  const visible = maskOf(mask);
  const spans = (from: number, to: number, widths: readonly number[]) =>
    Array.from({ length: to - from }, (_, i) => from + i).flatMap((first) =>
      widths.map((width) => [first, first + width - 1] as const),
    );
  const blocks = spans(-6, 13, [1, 3, 8]).flatMap((queries) =>
    spans(0, 13, [1, 2, 5]).flatMap((keys) => [0, 1, 7, 20].map((length) => ({ queries, keys, length }))),
  );

  test("ranges hold every visible key and no tile is called full that is not", async () => {
    const { says } = ask(
      gpu,
      {
        blocks: tensor(
          gpu,
          [blocks.length, 4],
          blocks.flatMap(({ queries, keys }) => [...queries.map((q) => q >>> 0), ...keys]),
          "u32",
        ),
        lengths: tensor(
          gpu,
          [blocks.length],
          blocks.map(({ length }) => length),
          "u32",
        ),
      },
      options,
    );
    const told = await says.read();
    for (const [i, { queries, keys, length }] of blocks.entries()) {
      const [begin = 0, end = 0, full = 0, first = 0] = told.slice(4 * i, 4 * i + 4);
      const what = `queries ${queries}, keys ${keys}, ${length} keys`;
      const rows = Array.from({ length: queries[1] - queries[0] + 1 }, (_, r) => queries[0] + r);
      const seen = Array.from({ length }, (_, key) => key).filter((key) => rows.some((q) => visible(0, 0, q, key)));
      const tile = Array.from({ length: keys[1] - keys[0] + 1 }, (_, k) => keys[0] + k);
      expect([...seen], what).toEqual(Array.from({ length: Math.max(0, end - begin) }, (_, k) => begin + k));
      expect(full === 1, what).toBe(rows.every((q) => tile.every((key) => visible(0, 0, q, key))));
      expect(first === 1, what).toBe(visible(0, 0, queries[0], keys[0]));
    }
  });
});
