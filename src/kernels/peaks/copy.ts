import source from "#shaders/peaks/copy.wgsl";
import { constantsOf } from "../../gpu/specialise.ts";
import { withOptions } from "../arguments.ts";
import { defineKernel } from "../kernel.ts";

/** The bandwidth of a device's memory: x `[n, 4]` copied to y, 16 bytes at a time (McCalpin 1995, STREAM's copy). */
export const copyVectors = withOptions(
  defineKernel({
    name: "peaks/copy",
    source,
    inputs: { x: "[n, 4]" },
    outputs: { y: "[n, 4]" },
    accepts: { x: ["u32"] },
    dtypes: () => ({ y: "u32" as const }),
    params: ({ n }) => ({ n }),
    workgroups: ({ n }, _options, _context, shader) => {
      const { WORKGROUP, RUN } = constantsOf(shader, "WORKGROUP", "RUN");
      return [Math.ceil(n / (WORKGROUP * RUN))];
    },
    cost: ({ n }) => ({ flops: 0, requestedBytes: 32 * n }),
  }),
  {},
);
