import { describe, expect, test } from "vitest";
import { normal } from "../../src/check/random.ts";
import type { Dispatch } from "../../src/gpu/dispatch.ts";
import { type AttentionMask, attention } from "../../src/kernels/attention/attention.ts";
import { blockMap, forgetBlockMaps } from "../../src/kernels/attention/block-map.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { testGpu } from "../support/gpu.ts";
import { portable } from "../support/portable.ts";
import { countTraffic } from "./count.ts";

const gpu = await testGpu({ features: [] });
type Name = keyof typeof attention.variants;
const variants = portable(attention); // the interpreter knows no subgroups

/** Kernels that multiply no matrices: what they execute is not counted in multiply-adds. */
const withoutProducts: readonly string[] = ["attention/naive/softmax", "attention/split-k/join"];

interface Problem {
  readonly h: number;
  readonly g: number;
  readonly t: number;
  readonly s: number;
  readonly d: number;
  readonly mask: AttentionMask;
}

const problems: readonly Problem[] = [
  { h: 2, g: 1, t: 5, s: 9, d: 8, mask: "causal" },
  { h: 2, g: 2, t: 3, s: 11, d: 8, mask: { kind: "sliding-window", keys: 4 } },
  { h: 1, g: 1, t: 4, s: 6, d: 8, mask: "full" },
];

const random = (shape: readonly number[], seed: number) =>
  tensor(
    gpu,
    shape,
    normal(
      shape.reduce((size, axis) => size * axis, 1),
      seed,
    ),
  );

/** The dispatches of one call, recorded. */
function dispatchesOf(variant: Name, { h, g, t, s, d, mask }: Problem): readonly Dispatch[] {
  const [q, k, v] = [random([1, h, t, d], 1), random([1, g, s, d], 2), random([1, g, s, d], 3)];
  const program = gpu.record(() => attention(gpu, { q, k, v }, { variant, mask }));
  return program.calls.flatMap(({ dispatches }) => dispatches);
}

/** What the two buffers of a block map hold, on which it depends what is requested. */
async function mapOf({ h, g, t, s, d, mask }: Problem): Promise<Record<string, Uint32Array>> {
  const tensors = { q: random([1, h, t, d], 1), k: random([1, g, s, d], 2), v: random([1, g, s, d], 3) };
  const map = blockMap(gpu, tensors, { mask });
  const tileMap = Uint32Array.from(await map.read());
  forgetBlockMaps(gpu); // so that a program makes it anew
  const entries = map.shape[3] ?? 0;
  const classes = new Uint32Array((tileMap.length / entries) * (entries - 1));
  for (let row = 0; row < tileMap.length / entries; row++) {
    for (const entry of tileMap.slice(row * entries + 1).slice(0, tileMap[row * entries])) {
      classes[row * (entries - 1) + Math.floor(entry / 2)] = 1 + (entry % 2);
    }
  }
  return { tileMap, classes };
}

/** What the buffers of a dispatch hold that it reads; what else it requests does not depend on the numbers. */
function contentsOf(
  { bindings }: Dispatch,
  known: Record<string, Uint32Array>,
): Record<string, Float32Array | Uint32Array> {
  return Object.fromEntries(
    bindings
      .filter(({ name, access }) => access === "read" || name === "scores")
      .map(({ name, bytes }, seed) => [name, known[name] ?? Float32Array.from(normal(bytes / 4, seed + 1))]),
  );
}

describe.each(variants)("attention %s: figures of cost against the interpreter's count", (variant) => {
  test.each(problems)("$h/$g heads, $t queries, $s keys, mask $mask", async (problem) => {
    const known = variant === "blocks" ? await mapOf(problem) : {};
    for (const dispatch of dispatchesOf(variant, problem)) {
      const counted = countTraffic(dispatch, contentsOf(dispatch, known));
      const { requestedBytes, executedFlops, flops } = dispatch.cost;
      expect(counted.requestedBytes, `${dispatch.kernel}: bytes requested`).toBe(requestedBytes);
      if (withoutProducts.includes(dispatch.kernel)) continue;
      expect(counted.executedFlops, `${dispatch.kernel}: operations executed`).toBe(executedFlops ?? flops);
    }
  });
});
