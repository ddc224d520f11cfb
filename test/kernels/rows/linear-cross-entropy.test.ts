import { expect, test } from "vitest";
import { normal } from "../../../src/check/random.ts";
import { memoryUse } from "../../../src/gpu/device/memory-use.ts";
import { linearCrossEntropy } from "../../../src/kernels/cross-entropy/linear.ts";
import { linearCrossEntropyBackward } from "../../../src/kernels/cross-entropy/linear-backward.ts";
import { Tensor, tensor, zeros } from "../../../src/tensor/tensor.ts";
import { gradients } from "../../../src/train/gradients/gradients.ts";
import { testGpu } from "../../support/devices/gpu.ts";

const gpu = await testGpu();
const [rows, v, c] = [70, 192, 8];
const ids = Array.from({ length: rows }, (_, row) => (row % 7 === 3 ? -100 : (row * 13) % v));
const targets = tensor(gpu, [rows], ids, "i32");
const x = tensor(gpu, [rows, c], normal(rows * c, 1));
const values = normal(v * c, 2);
const dloss = tensor(gpu, [1], [0.3]);

/** The weight in two segments. */
function inSegments(): Tensor {
  const parts = [0, 128].map((begin) => {
    const end = begin === 0 ? 128 : v;
    return { storage: tensor(gpu, [end - begin, c], values.slice(begin * c, end * c)).storage, begin, end };
  });
  return new Tensor(gpu, [v, c], "f32", parts);
}

test("a weight in segments has the bits of one in one piece, and its gradient the segments", async () => {
  const whole = tensor(gpu, [v, c], values);
  const bias = tensor(gpu, [v], normal(v, 3));
  const options = { variant: "vocabularyBlocks", chunk: 64 } as const;
  const found = [whole, inSegments()].map((weight) => {
    const loss = linearCrossEntropy(gpu, { x, weight, bias, targets }, options);
    const { lse, count, others } = loss;
    const of = { x, weight, bias, targets, lse, count, dloss, others };
    return { ...loss, ...linearCrossEntropyBackward(gpu, of, options) };
  });
  const [one, two] = await Promise.all(
    found.map(async ({ losses, dx, dweight, dbias }) => {
      const segments = dweight?.segments.map(({ storage, begin, end }) =>
        new Tensor(gpu, [end - begin, c], "f32", [{ storage, begin: 0, end: end - begin }]).read(),
      );
      const read = await Promise.all([losses.read(), dx?.read(), dbias?.read(), ...(segments ?? [])]);
      return read.flatMap((part) => [...(part ?? [])]);
    }),
  );
  expect(two).toEqual(one);
  expect(found[1]?.dweight?.segments.map(({ begin, end }) => [begin, end])).toEqual([
    [0, 128],
    [128, 192],
  ]);
});

test("the other variants refuse segments, and blocks need what the loss in blocks has left", () => {
  const weight = inSegments();
  for (const variant of ["whole", "rowChunks"] as const) {
    expect(() => linearCrossEntropy(gpu, { x, weight, targets }, { variant })).toThrow("weight has 2 segments");
  }
  const whole = tensor(gpu, [v, c], values);
  const { lse, count } = linearCrossEntropy(gpu, { x, weight: whole, targets });
  const of = { x, weight: whole, targets, lse, count, dloss };
  expect(() => linearCrossEntropyBackward(gpu, of, { variant: "vocabularyBlocks" })).toThrow("it needs others");
});

test("mistakes are named", () => {
  const weight = tensor(gpu, [v, c], values);
  const call = (tensors: object, options: object = {}) =>
    linearCrossEntropy(gpu, { x, weight, targets, ...tensors }, options);
  expect(() => call({ x: targets })).toThrow(
    "x, weight and targets are [70], [192, 8], [70], expected [rows, c], [v, c]",
  );
  expect(() => call({}, { chunk: 100 })).toThrow("chunk is 100, expected a multiple of 64");
  expect(() => call({ bias: zeros(gpu, [v + 1]) })).toThrow("bias is [193], expected [192], the rows of weight");
  expect(() => call({}, { vocabulary: 193 })).toThrow("vocabulary is 193, expected 1 to 192, the rows of weight");
});

test("only the gradients that are needed are computed", () => {
  const weight = tensor(gpu, [v, c], values);
  for (const variant of ["whole", "rowChunks", "vocabularyBlocks"] as const) {
    const bias = zeros(gpu, [v]);
    const { lse, count, others } = linearCrossEntropy(gpu, { x, weight, bias, targets }, { variant });
    const of = { x, weight, bias, targets, lse, count, dloss, ...(others && { others }) };
    const ofX = linearCrossEntropyBackward(gpu, of, { variant, needs: { weight: false, bias: false } });
    expect([ofX.dx?.shape, ofX.dweight, ofX.dbias]).toEqual([[rows, c], undefined, undefined]);
    const ofWeight = linearCrossEntropyBackward(gpu, of, { variant, needs: { x: false } });
    expect([ofWeight.dx, ofWeight.dweight?.shape, ofWeight.dbias?.shape]).toEqual([undefined, [v, c], [v]]);
  }
});

test("logits of 32,000 tokens are never whole in memory: 1,024 rows of them would be 131 MB", () => {
  const [many, tokens, width] = [1024, 32_000, 64];
  const big = zeros(gpu, [tokens, width]);
  const bias = zeros(gpu, [tokens]);
  const states = zeros(gpu, [many, width]);
  const of = zeros(gpu, [many], "i32");
  const program = gpu.record(() => {
    const { loss } = linearCrossEntropy(gpu, { x: states, weight: big, bias, targets: of });
    return gradients(gpu, loss, { states, big, bias });
  });
  const sizes = program.dispatches.flatMap(({ bindings }) => bindings.map(({ storage }) => storage.bytes));
  const { planned } = memoryUse(program);
  console.log(`largest buffer ${Math.max(...sizes) / 1e6} MB, planned ${planned / 1e6} MB`);
  expect(Math.max(...sizes)).toBeLessThan(2 ** 24 + 1);
  expect(planned).toBeLessThan(3 * 2 ** 24);
  for (const one of [big, bias, states, of]) one.dispose();
});
