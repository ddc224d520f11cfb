// Calls of ops that compute gradients.
import { variantsOf } from "../../src/check/case-table.ts";
import { layerNormBackward } from "../../src/kernels/norm/layer-norm-backward.ts";
import { rmsNormBackward } from "../../src/kernels/norm/rms-norm-backward.ts";
import type { CountedCall, Inputs } from "./call.ts";

/** Short rows: one load of each of four threads, and two; sums of one run. */
const [short, long] = [16, 32] as const;

export function backwardCalls({ gpu, random }: Inputs): Readonly<Record<string, CountedCall>> {
  const found: Record<string, CountedCall> = {};
  const add = (name: string, of: (cols: number) => unknown) => {
    found[name] = { record: () => of(short), grown: () => of(long) };
  };
  const tensors = (rows: number, cols: number) => ({
    ...{ x: random([rows, cols]), dy: random([rows, cols]), weight: random([cols]) },
  });
  for (const variant of variantsOf(rmsNormBackward)) {
    add(`rmsNormBackward ${variant}`, (cols) => rmsNormBackward(gpu, tensors(3, cols), { eps: 1e-5, variant }));
    add(`rmsNormBackward of a sum ${variant}`, (cols) =>
      rmsNormBackward(gpu, { ...tensors(3, cols), dsum: random([3, cols]) }, { eps: 1e-5, variant }),
    );
    add(`layerNormBackward ${variant}`, (cols) =>
      layerNormBackward(gpu, tensors(3, cols), { eps: 1e-5, needs: { bias: true }, variant }),
    );
    add(`layerNormBackward of the rows alone ${variant}`, (cols) =>
      layerNormBackward(gpu, tensors(3, cols), { eps: 1e-5, needs: { weight: false }, variant }),
    );
  }
  // 512 rows are 128 groups of four.
  add("rmsNormBackward in groups subgroups", (cols) =>
    rmsNormBackward(gpu, tensors(512, cols), { eps: 1e-5, variant: "subgroups" }),
  );
  return found;
}
