import { expect, test } from "vitest";
import { tokenLogprobCases, topIdCases, topLogprobCases } from "../../../src/check/cases/sampling/logprobs.ts";
import { tokenLogprobs, topLogprobs } from "../../../src/kernels/sampling/logprobs.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, topLogprobCases);
testCases(() => gpu, topIdCases);
testCases(() => gpu, tokenLogprobCases);

test("a row with NaN, with +∞, or with nothing above −∞ has no logprobs, the others have", async () => {
  const minus = Number.NEGATIVE_INFINITY;
  const values = [1, Number.NaN, 3, minus, minus, minus, 1, Number.POSITIVE_INFINITY, 2, 0, 0, 0];
  const logits = tensor(gpu, [4, 3], values);
  const ids = tensor(gpu, [4], [2, 0, 1, 1], "u32");
  const top = topLogprobs(gpu, { logits, chosen: ids }, { n: 2 });
  expect([...(await top.ids.read())]).toEqual([2, 0, 0, 1, 1, 2, 0, 1]);
  const { logprobs } = tokenLogprobs(gpu, { logits, targets: ids });
  for (const found of [await top.chosenLogprob.read(), await logprobs.read()]) {
    expect([...found.subarray(0, 3)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(found[3]).toBeCloseTo(-Math.log(3), 6);
  }
});

test("n is 1 to 64 and at most v", () => {
  const logits = tensor(gpu, [1, 100], new Float64Array(100));
  const chosen = tensor(gpu, [1], [0], "u32");
  for (const n of [0, 65, 1.5])
    expect(() => topLogprobs(gpu, { logits, chosen }, { n })).toThrow(`n is ${n}, expected an integer from 1 to 64`);
  const few = tensor(gpu, [1, 4], new Float64Array(4));
  expect(() => topLogprobs(gpu, { logits: few, chosen }, { n: 5 })).toThrow("n is 5, expected 1 to 4 for 4 tokens");
});
