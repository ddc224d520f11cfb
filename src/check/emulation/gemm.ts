// Matrix products with an epilogue as plain f32 loops, every operation rounded.
import { at, type Dense, dense } from "../../reference/dense.ts";
import { type GemmOptions, products, gemm as reference } from "../../reference/matmul.ts";
import type { Gate } from "../gate.ts";
import { activationGates } from "./activation.ts";
import { inTurn } from "./sums.ts";

const f = Math.fround;

type Tensors = { a: Dense; b: Dense; bias?: Dense | undefined };

const gates = {
  silu: activationGates.silu,
  gelu: activationGates.gelu,
  "gelu-tanh": activationGates.geluTanh,
} as const;

/** Matrix products in f32; as `src/reference/matmul.ts`. Products are rounded, unlike in a fused multiply-add. */
export function gemm({ a, b, bias }: Tensors, { activation }: GemmOptions): { y: Dense } {
  const y = products({ a, b }, (left, right, { row, column, k, n }) => {
    const sum = inTurn((i) => f(at(left, row * k + i) * at(right, i * n + column)), k);
    return bias ? f(sum + at(bias.values, column)) : sum;
  });
  if (activation === undefined) return { y };
  if (activation === "relu")
    return {
      y: dense(
        y.shape,
        y.values.map((value) => Math.max(value, 0)),
      ),
    };
  return gates[activation].emulation({ x: y }, {}, inTurn);
}

/** Ulps that WGSL allows the activation beyond correct rounding. */
export function gemmAllowed(tensors: Tensors, { activation }: GemmOptions): ReturnType<NonNullable<Gate["allowed"]>> {
  if (activation === undefined || activation === "relu") return 0;
  const x = reference(tensors).y;
  return gates[activation].allowed?.({ x }, "map", {}) ?? 0;
}
