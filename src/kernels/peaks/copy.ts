import source from "#shaders/peaks/copy.wgsl";
import { defineKernel } from "../kernel.ts";

/** Vectors of 16 bytes that one workgroup of `peaks/copy.wgsl` copies. */
const vectors = 64 * 4;

/** The bandwidth of a device's memory: x `[n, 4]` copied to y, 16 bytes at a time (McCalpin 1995, STREAM's copy). */
export const copyVectors = defineKernel({
  name: "peaks/copy",
  source,
  inputs: { x: "[n, 4]" },
  outputs: { y: "[n, 4]" },
  accepts: { x: ["u32"] },
  dtypes: () => ({ y: "u32" as const }),
  params: ({ n }) => ({ n }),
  workgroups: ({ n }) => [Math.ceil(n / vectors)],
  cost: ({ n }) => ({ flops: 0, requestedBytes: 32 * n }),
});
