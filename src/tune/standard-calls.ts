// Calls to measure without a model: the ops of a decode step and of a prefill at sizes that models have.

import { normal } from "../check/random.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Storage } from "../gpu/storage.ts";
import { tableAttention as attention } from "../kernels/attention/attention.ts";
import { matmul } from "../kernels/matmul/matmul.ts";
import { projection } from "../kernels/matmul/projection.ts";
import { rmsNorm } from "../kernels/norm/rms-norm.ts";
import { softmax } from "../kernels/softmax/softmax.ts";
import { sizeOf } from "../tensor/shape.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { collect, subjectsOf } from "./collect.ts";
import type { Subject } from "./measure-call.ts";

/** Rows of a decode step and of a prefill. */
const rows = [1, 128];

/** Width and hidden width of a model of about 500 million parameters. */
const [width, hidden] = [1024, 4096];

/** Subjects of the standard list, and what frees their memory. */
export function standardSubjects(gpu: Gpu): { readonly subjects: readonly Subject[]; dispose(): void } {
  const made: Storage[] = [];
  let seed = 1;
  const random = (...shape: number[]) => keep(tensor(gpu, shape, normal(sizeOf(shape), seed++, 1 / Math.sqrt(width))));
  const half = (...shape: number[]) =>
    keep(tensor(gpu, shape, normal(sizeOf(shape), seed++, 1 / Math.sqrt(width)), "f16"));
  const keep = (one: Tensor) => {
    made.push(...one.storages);
    return one;
  };
  const inputs = gpu.unscoped(() => ({
    norm: random(width),
    square: half(width, width),
    up: half(2 * hidden, width),
    down: half(width, hidden),
    cache: { k: random(1, 4, 512, 64), v: random(1, 4, 512, 64) },
    each: rows.map((t) => ({ x: random(t, width), h: random(t, hidden), q: random(1, 16, t, 64) })),
  }));
  const { norm, square, up, down, cache, each } = inputs;
  const { collected } = collect(gpu, () =>
    gpu.record(() => {
      for (const { x, h, q } of each) {
        projection(gpu, { x, weight: square, norm }, { eps: 1e-5 });
        projection(gpu, { x, weight: up, norm }, { eps: 1e-5, gate: "silu" });
        projection(gpu, { x: h, weight: down, residual: x });
        matmul(gpu, { x, weight: square });
        rmsNorm(gpu, { x, weight: norm }, { eps: 1e-5 });
        softmax(gpu, { x: h });
        attention(gpu, { q, ...cache }, { start: 512 - (q.shape[2] ?? 0) });
      }
    }),
  );
  const subjects = subjectsOf(
    gpu,
    [...collected].sort((a, b) => b.depth - a.depth),
    new Map(),
    made,
  );
  return {
    subjects,
    dispose: () => {
      for (const storage of made) gpu.release(storage);
    },
  };
}
