// Calls of the losses of training, their gradients, and those of embeddings.
import { variantsOf } from "../../../src/check/case-table.ts";
import { addBlock, blockGradient, lossOfSums } from "../../../src/kernels/cross-entropy/blocks.ts";
import { countTargets, crossEntropyRows, meanLoss } from "../../../src/kernels/cross-entropy/cross-entropy.ts";
import { crossEntropyBackward } from "../../../src/kernels/cross-entropy/cross-entropy-backward.ts";
import { dropout } from "../../../src/kernels/elementwise/dropout.ts";
import { gatherBackward } from "../../../src/kernels/embedding/gather-backward.ts";
import { columnSums } from "../../../src/kernels/reduce/column-sums.ts";
import type { CountedCall, Inputs } from "./call.ts";

const options = { smoothing: 0.1, zLoss: 0.01 };

export function lossCalls({ gpu, random, words }: Inputs): Readonly<Record<string, CountedCall>> {
  const found: Record<string, CountedCall> = {};
  const add = (name: string, of: (cols: number) => unknown, some = 32) => {
    found[name] = { record: () => of(some), grown: () => of(2 * some) };
  };
  const targets = () => words([2], 3, 30);
  const upstream = () => ({ lse: random([2]), count: random([1]), dloss: random([1]) });
  for (const variant of variantsOf(crossEntropyRows)) {
    add(`crossEntropyRows ${variant}`, (cols) =>
      crossEntropyRows(gpu, { logits: random([2, cols]), targets: targets() }, { ...options, variant }),
    );
  }
  for (const variant of variantsOf(crossEntropyBackward)) {
    for (const inPlace of [false, true]) {
      add(`crossEntropyBackward ${variant}${inPlace ? " in place" : ""}`, (cols) =>
        crossEntropyBackward(
          gpu,
          { logits: random([2, cols]), targets: targets(), ...upstream() },
          { ...options, variant, inPlace },
        ),
      );
    }
  }
  const block = (logits: number) => ({ logits: random([2, logits]), targets: targets() });
  const ofBlock = { ...options, first: 0, vocabulary: 64 };
  add("addBlock", (cols) => addBlock(gpu, { ...block(cols), sums: random([2, 4]) }, ofBlock));
  add("lossOfSums", (rows) => {
    const ids = words([rows], ...Array(rows).keys());
    return lossOfSums(gpu, { sums: random([rows, 4]), targets: ids }, { ...options, vocabulary: 64 });
  });
  add("blockGradient", (cols) => blockGradient(gpu, { ...block(cols), ...upstream(), others: random([2]) }, ofBlock));
  for (const variant of variantsOf(dropout)) {
    add(`dropout ${variant}`, (n) =>
      dropout(gpu, { x: random([2, n]), key: words([2], 1, 2) }, { rate: 0.5, site: 1, variant }),
    );
  }
  add("countTargets", (rows) => countTargets(gpu, { targets: words([rows], ...Array(rows).keys()) }));
  for (const variant of ["naive", "sorted"] as const) {
    add(`gatherBackward ${variant}`, (t) => {
      const ids = words([t], ...Array.from({ length: t }, (_, i) => (i * 7) % 100));
      return gatherBackward(gpu, { ids, dy: random([t, 4]) }, { rows: 100, variant });
    });
  }
  add("columnSums", (rows) => columnSums(gpu, { x: random([4 * rows + 3, 8]) }));
  // One loss of each thread, and two.
  add("meanLoss", (rows) => meanLoss(gpu, { losses: random([rows]), count: random([1]) }), 256);
  return found;
}
