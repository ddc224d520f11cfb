import { expect, test } from "vitest";
import { normal } from "../../src/check/random.ts";
import { gemm } from "../../src/kernels/gemm/gemm.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { transpose } from "../../src/tensor/views.ts";
import { testGpu } from "../support/gpu.ts";
import { portable } from "../support/portable.ts";
import { countTraffic } from "./count.ts";

const gpu = await testGpu({ features: [] });

const random = (rows: number, columns: number, seed: number) =>
  tensor(gpu, [rows, columns], normal(rows * columns, seed));

const [m, k, n] = [8, 12, 4];
const operands = {
  A·B: { a: random(m, k, 1), b: random(k, n, 2) },
  A·Bᵀ: { a: random(m, k, 1), b: transpose(random(n, k, 2)) },
  Aᵀ·B: { a: transpose(random(k, m, 1)), b: random(k, n, 2) },
  "odd sizes": { a: random(5, 3, 1), b: random(3, 2, 2) },
};

// The interpreter knows no subgroups.
test.each(portable(gemm))("gemm %s requests and executes what its cost says", (variant) => {
  for (const [name, { a, b }] of Object.entries(operands)) {
    const bias = tensor(gpu, [b.shape[1] ?? 0], normal(b.shape[1] ?? 0, 3));
    const program = gpu.record(() => gemm(gpu, { a, b, bias }, { variant }));
    for (const dispatch of program.calls.flatMap(({ dispatches }) => dispatches)) {
      const values = dispatch.bindings
        .filter(({ access }) => access === "read")
        .map(({ name: binding, bytes }) => [binding, Float32Array.from(normal(bytes / 4, 4))]);
      const counted = countTraffic(dispatch, Object.fromEntries(values));
      const { requestedBytes, executedFlops = 0, flops } = dispatch.cost;
      const what = `${dispatch.kernel}, ${name}`;
      expect(counted.requestedBytes, `${what}: bytes requested`).toBe(requestedBytes);
      if (dispatch.kernel === "gemm/split-k/join") continue; // it multiplies nothing
      const added = dispatch.kernel === "gemm/split-k/parts" ? 0 : (a.shape[0] ?? 0) * (b.shape[1] ?? 0);
      expect(counted.executedFlops + added, `${what}: operations executed`).toBe(executedFlops || flops);
    }
  }
});
