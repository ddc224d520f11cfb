import { expect, test } from "vitest";
import { type CaseTable, casesTagged, stored } from "../../../src/check/case-table.ts";
import { activationCases } from "../../../src/check/cases/activation.ts";
import { activationBackwardCases } from "../../../src/check/cases/activation-backward.ts";
import { castCases } from "../../../src/check/cases/cast.ts";
import { elementwiseCases } from "../../../src/check/cases/elementwise.ts";
import { fillCases } from "../../../src/check/cases/fill.ts";
import { gatherBackwardCases } from "../../../src/check/cases/gather-backward.ts";
import { randomCases } from "../../../src/check/cases/random.ts";
import { crossEntropyBackwardCases, crossEntropyCases } from "../../../src/check/cases/rows/cross-entropy.ts";
import { addLayerNormCases, layerNormCases } from "../../../src/check/cases/rows/layer-norm.ts";
import { logSoftmaxBackwardCases, logSoftmaxCases } from "../../../src/check/cases/rows/log-softmax.ts";
import { layerNormBackwardCases, rmsNormBackwardCases } from "../../../src/check/cases/rows/norm-backward.ts";
import { columnSumCases, reduceCases } from "../../../src/check/cases/rows/reduce.ts";
import { addRmsNormCases, rmsNormCases } from "../../../src/check/cases/rows/rms-norm.ts";
import { maxBackwardCases, segmentBackwardCases } from "../../../src/check/cases/rows/segments-backward.ts";
import { softmaxCases } from "../../../src/check/cases/rows/softmax.ts";
import { softmaxBackwardCases } from "../../../src/check/cases/rows/softmax-backward.ts";
import { beamTotalCases } from "../../../src/check/cases/sampling/beams.ts";
import { normal } from "../../../src/check/random.ts";
import { contiguous } from "../../../src/kernels/layout/contiguous.ts";
import { transpose as reference } from "../../../src/reference/layout.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { transpose } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

// A grid of one dimension folds into y when it is longer than the device's limit, 65,535 workgroups. On a device that
// takes 9, grids of 10 to 81 fold, and most of them leave workgroups past the end.
const gpu = await testGpu({ cap: { workgroups: 9 } });

const tables: readonly CaseTable[] = [
  ...activationCases,
  ...activationBackwardCases.filter(({ op }) => op !== "softcapBackward"), // whose grid is too long for nine by nine
  ...castCases,
  ...elementwiseCases,
  fillCases,
  columnSumCases,
  crossEntropyCases,
  crossEntropyBackwardCases,
  gatherBackwardCases,
  layerNormCases,
  addLayerNormCases,
  layerNormBackwardCases,
  rmsNormBackwardCases,
  ...randomCases,
  ...reduceCases,
  rmsNormCases,
  addRmsNormCases,
  segmentBackwardCases,
  maxBackwardCases,
  softmaxCases,
  softmaxBackwardCases,
  logSoftmaxCases,
  logSoftmaxBackwardCases,
  beamTotalCases,
];
for (const table of tables) {
  testCases(() => gpu, { ...table, cases: casesTagged(table.cases, "folds") });
}

test("contiguous", async () => {
  for (const dtype of ["f32", "bf16"] as const) {
    const input = { shape: [51, 41], values: normal(51 * 41, 1), dtype };
    const view = transpose(tensor(gpu, input.shape, input.values, dtype));
    const program = gpu.record(() => contiguous(gpu, { x: view }));
    expect(program.dispatches[0]?.workgroups[1]).toBeGreaterThan(1);
    const expected = reference({ x: stored(input) }, { order: [1, 0] }).y.values;
    expect([...(await contiguous(gpu, { x: view }).y.read())]).toEqual([...expected]);
  }
});
