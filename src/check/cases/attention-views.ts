// Attention's results are views: out is [b, h, t, dv] over memory that is [b, t, h, dv].
import type { Dense } from "../../reference/dense.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";

/** Swaps axes 1 and 2: `[b, h, t, d]` to `[b, t, h, d]` and back. */
export function swapTokensAndHeads({ shape, values }: Dense): Dense {
  const [b = 0, m = 0, n = 0, d = 0] = shape;
  const out = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const [x, y, z] = [Math.floor(i / (n * m * d)), Math.floor(i / (n * d)) % m, Math.floor(i / d) % n];
    out[((x * n + z) * m + y) * d + (i % d)] = values[i] ?? Number.NaN;
  }
  return { shape: [b, n, m, d], values: out };
}

/** Attention's results, or memory for them. */
interface Results {
  readonly out?: Tensor;
  readonly lse?: Tensor;
}

/** Memory for out `[b, h, t, dv]` in the kernels' order `[b, t, h, dv]`, and for lse unchanged. */
export function inTokens(into: Results | undefined): { readonly into?: Results } {
  if (!into?.out) return into ? { into } : {};
  const [b = 0, h = 0, t = 0, dv = 0] = into.out.shape;
  return { into: { ...into, out: reshape(into.out, [b, t, h, dv]) } };
}
