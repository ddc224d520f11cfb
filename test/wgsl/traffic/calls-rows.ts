// Calls over rows: norms, softmax and reductions. Their figures count operations on elements; what is done once for a
// row or a thread, such as joining sums and the root, shows in the count and not in what more elements add to it.

import { variantsOf } from "../../../src/check/case-table.ts";
import * as library from "../../../src/index.ts";
import { addLayerNorm, layerNorm } from "../../../src/kernels/norm/layer-norm.ts";
import { addRmsNorm, rmsNorm } from "../../../src/kernels/norm/rms-norm.ts";
import { logSoftmax } from "../../../src/kernels/softmax/log-softmax.ts";
import { softmax } from "../../../src/kernels/softmax/softmax.ts";
import type { CountedCall, Inputs } from "./call.ts";

/** Short rows: one load of each of four threads, and two; sums of one run. */
const widths: readonly [number, number] = [16, 32];

/** Whole steps of the subgroup of softmax/subgroups, of up to 16 threads. */
const wholeSteps = [512, 1024] as const;

export function rowCalls({ gpu, random }: Inputs): Readonly<Record<string, CountedCall>> {
  const found: Record<string, CountedCall> = {};
  const [rows, eps] = [2, 1e-5];
  const add = (name: string, of: (cols: number) => unknown, [some, more] = widths) => {
    found[name] = { record: () => of(some), grown: () => of(more) };
  };
  const x = (cols: number) => random([rows, cols]);
  const vector = (cols: number) => random([cols]);
  for (const variant of variantsOf(rmsNorm)) {
    add(`rmsNorm ${variant}`, (cols) => rmsNorm(gpu, { x: x(cols), weight: vector(cols) }, { eps, variant }));
    add(`addRmsNorm ${variant}`, (cols) =>
      addRmsNorm(gpu, { x: x(cols), residual: x(cols), weight: vector(cols) }, { eps, variant }),
    );
    add(`layerNorm ${variant}`, (cols) =>
      layerNorm(gpu, { x: x(cols), weight: vector(cols), bias: vector(cols) }, { eps, variant }),
    );
    add(`layerNorm without bias ${variant}`, (cols) =>
      layerNorm(gpu, { x: x(cols), weight: vector(cols) }, { eps, variant }),
    );
    add(`addLayerNorm ${variant}`, (cols) =>
      addLayerNorm(gpu, { x: x(cols), residual: x(cols), weight: vector(cols), bias: vector(cols) }, { eps, variant }),
    );
  }
  for (const variant of variantsOf(softmax)) {
    const own = variant === "subgroups" ? wholeSteps : widths;
    add(`softmax ${variant}`, (cols) => softmax(gpu, { x: x(cols) }, { variant }), own);
  }
  for (const variant of variantsOf(logSoftmax)) {
    add(`logSoftmax ${variant}`, (cols) => logSoftmax(gpu, { x: x(cols) }, { variant }));
  }
  for (const [name, op] of Object.entries({ sum: library.sum, mean: library.mean, max: library.max })) {
    for (const variant of ["thread", "workgroup"] as const) {
      add(`${name} ${variant}`, (cols) => op(gpu, { x: x(cols) }, { axis: 1, variant }));
    }
  }
  const segments = (t: number) => {
    const offsets = library.tensor(gpu, [3], [0, t / 2, t], "u32");
    return library.reduceSegments(gpu, { x: random([t, 5]), weights: random([t]), offsets }, { operation: "sum" });
  };
  found["reduceSegments"] = { record: () => segments(8), grown: () => segments(16) };
  return found;
}
