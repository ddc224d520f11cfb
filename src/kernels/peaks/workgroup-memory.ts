import source from "#shaders/peaks/workgroup-memory.wgsl";
import { defineKernel } from "../kernel.ts";

/** How much is read; turns are a multiple of 8. */
export interface WorkgroupMemoryOptions {
  /** Threads, each of which writes one vector. */
  readonly n: number;
  /** Vectors of 16 bytes that a thread reads. */
  readonly turns: number;
}

/** Threads of a workgroup of `peaks/workgroup-memory.wgsl`, and vectors of its tile. */
const workgroup = 256;

/** The bandwidth of workgroup memory: `[n, 4]` sums of `turns` vectors that each thread reads from its workgroup's tile. */
export const readWorkgroupMemory = defineKernel({
  name: "peaks/workgroup-memory",
  source,
  inputs: {},
  outputs: { y: "[n, 4]" },
  axes: (_, { n }: WorkgroupMemoryOptions) => ({ n }),
  dtypes: () => ({ y: "u32" as const }),
  params: ({ n }, { turns }) => ({ n, turns }),
  workgroups: ({ n }) => [Math.ceil(n / workgroup)],
  cost: ({ n }) => ({ flops: 0, requestedBytes: 16 * n }),
});

/** The four numbers that `readWorkgroupMemory` writes at index `i`, modulo 2³². */
export function workgroupMemoryResult(i: number, turns: number): readonly number[] {
  let sum = 0;
  for (let turn = 0; turn < turns; turn++) sum += 4 * ((i + turn) % workgroup);
  return [0, 1, 2, 3].map((component) => (sum + component * turns) % 2 ** 32);
}
