import { expect, test } from "vitest";
import { crossEntropyBackwardCases, crossEntropyCases } from "../../../src/check/cases/rows/cross-entropy.ts";
import { gradientInBlocksCases, lossInBlocksCases } from "../../../src/check/cases/rows/cross-entropy-blocks.ts";
import {
  linearCrossEntropyBackwardCases,
  linearCrossEntropyCases,
} from "../../../src/check/cases/rows/linear-cross-entropy.ts";
import { normal } from "../../../src/check/random.ts";
import {
  countTargets,
  crossEntropy,
  crossEntropyRows,
  meanLoss,
} from "../../../src/kernels/cross-entropy/cross-entropy.ts";
import { crossEntropyBackward } from "../../../src/kernels/cross-entropy/cross-entropy-backward.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { slice } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, crossEntropyCases);
testCases(() => gpu, crossEntropyBackwardCases);
testCases(() => gpu, lossInBlocksCases);
testCases(() => gpu, gradientInBlocksCases);
testCases(() => gpu, linearCrossEntropyCases);
testCases(() => gpu, linearCrossEntropyBackwardCases);

const [rows, cols] = [192, 90];
const options = { smoothing: 0.1, softcap: 4, zLoss: 1e-3, vocabulary: 87 };

function problem() {
  const ids = Array.from({ length: rows }, (_, row) => (row % 5 === 2 ? -100 : (row * 13) % 87));
  return {
    logits: tensor(gpu, [rows, cols], normal(rows * cols, 6, 2)),
    targets: tensor(gpu, [rows], ids, "i32"),
    dloss: tensor(gpu, [1], [0.37]),
  };
}

test("in chunks of any number of rows, losses and gradients have the same bits", async () => {
  const { logits, targets, dloss } = problem();
  const whole = crossEntropy(gpu, { logits, targets }, options);
  const { count } = countTargets(gpu, { targets });
  const { dlogits } = crossEntropyBackward(
    gpu,
    { logits, targets, dloss, lse: whole.lse, count: whole.count },
    options,
  );
  const [losses, gradients] = [await whole.losses.read(), await dlogits.read()];
  for (const size of [64, 128]) {
    const found: number[] = [];
    const of = tensor(gpu, [rows], new Float32Array(rows));
    for (let begin = 0; begin < rows; begin += size) {
      const end = Math.min(rows, begin + size);
      const chunk = { logits: slice(logits, 0, begin, end), targets: slice(targets, 0, begin, end) };
      const { lse } = crossEntropyRows(gpu, chunk, { ...options, into: { losses: slice(of, 0, begin, end) } });
      const made = crossEntropyBackward(gpu, { ...chunk, dloss, lse, count }, options);
      found.push(...(await made.dlogits.read()));
    }
    expect(found).toEqual([...gradients]);
    expect([...(await of.read())]).toEqual([...losses]);
    const { loss } = meanLoss(gpu, { losses: of, count });
    expect([...(await loss.read())]).toEqual([...(await whole.loss.read())]);
  }
  expect([...(await count.read())]).toEqual([...(await whole.count.read())]);
});

test.each(["lanes", "naive"] as const)("%s in place of the logits gives the bits of new memory", async (variant) => {
  const { logits, targets, dloss } = problem();
  const { lse, count } = crossEntropy(gpu, { logits, targets }, options);
  const tensors = { logits, targets, dloss, lse, count };
  const expected = await crossEntropyBackward(gpu, tensors, { ...options, variant }).dlogits.read();
  const { dlogits } = crossEntropyBackward(gpu, tensors, { ...options, variant, inPlace: true });
  expect(dlogits).toBe(logits);
  expect([...(await dlogits.read())]).toEqual([...expected]);
});

test("a zero upstream gradient gives zeros, and all targets ignored too, whatever the upstream gradient", async () => {
  const { logits, targets, dloss } = problem();
  const none = tensor(gpu, [rows], new Int32Array(rows).fill(-100), "i32");
  for (const [of, upstream] of [
    [targets, tensor(gpu, [1], [0])],
    [none, dloss],
    [none, tensor(gpu, [1], [Number.NaN])],
  ] as const) {
    const { lse, count, loss } = crossEntropy(gpu, { logits, targets: of }, options);
    const tensors = { logits, targets: of, dloss: upstream, lse, count };
    for (const variant of ["lanes", "naive"] as const) {
      const { dlogits } = crossEntropyBackward(gpu, tensors, { ...options, variant });
      expect((await dlogits.read()).every((value) => value === 0)).toBe(true);
    }
    if (of === none) expect([...(await loss.read()), ...(await count.read())]).toEqual([0, 0]);
  }
});

test("no rows: a loss of 0", async () => {
  const none = { logits: tensor(gpu, [0, 5], []), targets: tensor(gpu, [0], [], "i32") };
  const { loss, count, losses } = crossEntropy(gpu, none);
  expect([...(await loss.read()), ...(await count.read()), ...(await losses.read())]).toEqual([0, 0]);
});

test("results are written where they are wanted", async () => {
  const { logits, targets } = problem();
  const into = {
    losses: tensor(gpu, [rows], new Float32Array(rows)),
    loss: tensor(gpu, [1], [5]),
    count: tensor(gpu, [1], [5]),
  };
  const found = crossEntropy(gpu, { logits, targets }, { into });
  expect([found.losses, found.loss, found.count]).toEqual([into.losses, into.loss, into.count]);
  expect((await into.count.read())[0]).toBe(rows - Math.floor((rows + 2) / 5));
  expect((await into.loss.read())[0]).toBeGreaterThan(1);
});

test("mistakes are named", () => {
  const { logits, targets, dloss } = problem();
  const call = (tensors: object, more: object = {}) => crossEntropy(gpu, { logits, targets, ...tensors }, more);
  expect(() => call({ targets: dloss })).toThrow("targets is [1], expected [rows] with rows = 192");
  expect(() => call({ targets: tensor(gpu, [rows], new Float32Array(rows)) })).toThrow("expected u32 or i32");
  expect(() => call({}, { vocabulary: 91 })).toThrow("vocabulary is 91, expected 1 to 90, the columns of logits");
  expect(() => call({}, { smoothing: 1.5 })).toThrow("crossEntropy: smoothing is 1.5");
  expect(() => call({}, { softCap: 1 })).toThrow("did you mean softcap?");
  expect(() => call({}, { variant: "fast" })).toThrow("crossEntropy: variant is");
  const { lse, count } = crossEntropy(gpu, { logits, targets });
  const into = { dlogits: tensor(gpu, [rows, cols], new Float32Array(rows * cols)) };
  expect(() => crossEntropyBackward(gpu, { logits, targets, lse, count, dloss }, { inPlace: true, into })).toThrow(
    "into.dlogits with inPlace, expected one of them",
  );
});
