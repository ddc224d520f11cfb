// Calls of `shaderformer/wgsl-run`.
import { runWgsl } from "../../../../src/wgsl-run.ts";
import type { PublicCalls } from "./calls.ts";

const code = `
  override count: u32 = 1;
  @group(0) @binding(0) var<storage, read_write> y: array<u32>;
  @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) thread: u32) { y[thread] = count; }`;

export const runCalls = (): Readonly<Record<string, PublicCalls>> => ({
  "wgsl-run/runWgsl": {
    of: runWgsl,
    calls: [
      [
        code,
        {
          bindings: [{ group: 0, binding: 0, data: new Uint32Array(4) }],
          workgroups: [1, 1, 1],
          entryPoint: "main",
          subgroupSize: 8,
          mapping: "linear",
          constants: { count: 2 },
          maxSteps: 1000,
          mode: ["counting", "tracing", "racing", "float64"],
        },
      ],
      [code, { bindings: [{ binding: 0, data: new Uint32Array(4) }], workgroups: [1], mode: "racing" }],
      [code, { bindings: [{ binding: 0, data: new Uint32Array(4) }], workgroups: [1], schedule: 7 }],
    ],
  },
});
