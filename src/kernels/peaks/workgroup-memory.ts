import source from "#shaders/peaks/workgroup-memory.wgsl";
import { constantsOf } from "../../gpu/specialise.ts";
import { checkValue, required, size } from "../../options/checks.ts";
import { withOptions } from "../arguments.ts";
import { defineKernel } from "../kernel.ts";

/** The amount read; turns are a multiple of 8. */
export interface WorkgroupMemoryOptions {
  /** Threads, each of which writes one vector. */
  readonly n: number;
  /** Vectors of 16 bytes that a thread reads. */
  readonly turns: number;
}

/** The bandwidth of workgroup memory: `[n, 4]` sums of `turns` vectors that each thread reads from its workgroup's tile. */
export const readWorkgroupMemory = withOptions(
  defineKernel({
    name: "peaks/workgroup-memory",
    source,
    inputs: {},
    outputs: { y: "[n, 4]" },
    axes: (_, { n }: WorkgroupMemoryOptions) => ({ n }),
    dtypes: () => ({ y: "u32" as const }),
    params: ({ n }, { turns }) => ({ n, turns }),
    threads: ({ n }) => n,
    cost: ({ n }) => ({ flops: 0, requestedBytes: 16 * n }),
  }),
  { n: required(size), turns: required(size) },
);

/** The four numbers that `readWorkgroupMemory` writes at index `i`, modulo 2³². */
export function workgroupMemoryResult(i: number, turns: number): readonly number[] {
  for (const [name, value] of Object.entries({ i, turns })) checkValue("workgroupMemoryResult", name, size, value);
  const { WORKGROUP } = constantsOf(source, "WORKGROUP"); // as many vectors are in the tile
  let sum = 0;
  for (let turn = 0; turn < turns; turn++) sum += 4 * ((i + turn) % WORKGROUP);
  return [0, 1, 2, 3].map((component) => (sum + component * turns) % 2 ** 32);
}
