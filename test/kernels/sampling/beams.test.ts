import { expect, test } from "vitest";
import {
  beamTotalCases,
  copyRowCases,
  mergeBeamCases,
  topTokenCases,
} from "../../../src/check/cases/sampling/beams.ts";
import { stepOf } from "../../../src/check/step.ts";
import { blockTable } from "../../../src/kernels/kv-cache/block-table.ts";
import { copyCacheRows } from "../../../src/kernels/kv-cache/copy-rows.ts";
import { topTokens } from "../../../src/kernels/sampling/beams.ts";
import { tensor, zeros } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, beamTotalCases);
testCases(() => gpu, topTokenCases);
testCases(() => gpu, mergeBeamCases);
testCases(() => gpu, copyRowCases);

test("pages of one row are copied into those of another, and no others", async () => {
  // Pages of two positions with one element; rows have three positions, the third row's pages are none of both.
  const values = Array.from({ length: 14 }, (_, i) => i);
  const cache = tensor(gpu, [7, 1, 2, 1], values);
  const table = blockTable(
    gpu,
    [
      [4, 1],
      [0, 6],
      [3, 5],
    ],
    { pages: 7, entries: 3 },
  );
  const parents = tensor(gpu, [3], [1, 1, 2], "u32");
  const step = stepOf(gpu, [
    [3, 1],
    [3, 1],
    [3, 1],
  ]);
  copyCacheRows(gpu, { cache, parents, step }, { positions: 512, layout: { kind: "paged", blockTable: table } });
  // Positions 0 and 1 of row 0 are page 4, position 2 the first of page 1.
  const expected = [...values];
  expected[8] = 0;
  expected[9] = 1;
  expected[2] = 12;
  expect([...(await cache.read())]).toEqual(expected);
});

test("errors say what was expected", () => {
  const step = zeros(gpu, [64, 4], "u32");
  const cache = zeros(gpu, [3, 1, 4, 2]);
  const parents = zeros(gpu, [2], "u32");
  expect(() => copyCacheRows(gpu, { cache, parents, step }, { positions: 4 })).toThrow(
    "kv-cache/copy-rows: cache is [3, 1, 4, 2], expected 2 batch rows",
  );
  expect(() => topTokens(gpu, { logits: zeros(gpu, [1, 3]) }, { n: 4 })).toThrow(
    "n is 4, expected 1 to 3 for 3 tokens",
  );
});
