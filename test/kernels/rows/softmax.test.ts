import { expect, test } from "vitest";
import { stored } from "../../../src/check/case-table.ts";
import { softmaxCases } from "../../../src/check/cases/rows/softmax.ts";
import { assertClose, nmseCaps } from "../../../src/check/compare.ts";
import { normal } from "../../../src/check/random.ts";
import { contiguous } from "../../../src/kernels/layout/contiguous.ts";
import { softmax } from "../../../src/kernels/softmax/softmax.ts";
import { transpose as transposeReference } from "../../../src/reference/layout.ts";
import { softmax as reference } from "../../../src/reference/softmax.ts";
import { placed, tensor } from "../../../src/tensor/tensor.ts";
import { transpose } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, softmaxCases);

test("recorded: every variant on a temporary, replayed twice", async () => {
  const input = { shape: [40, 30], values: normal(1200, 1) };
  const x = tensor(gpu, input.shape, input.values);
  const dense = transposeReference({ x: stored(input) }, { order: [1, 0] }).y;
  const expected = reference({ x: dense }).y.values;
  for (const variant of ["threePass", "workgroup", "online", "registers"] as const) {
    const program = gpu.record(() => softmax(gpu, { x: contiguous(gpu, { x: transpose(x) }).y }, { variant }).y);
    const instance = await program.instantiate();
    instance.run();
    instance.run();
    assertClose(await placed(instance, program.result).read(), expected, nmseCaps.f32, variant);
    expect(program.calls.map(({ op, variant: used }) => `${op}/${used}`)).toEqual([
      "contiguous/copy",
      `softmax/${variant}`,
    ]);
    instance.dispose();
    program.dispose();
  }
});

test("a variant that does not exist is refused", () => {
  const x = tensor(gpu, [2, 3], new Float32Array(6));
  expect(() => softmax(gpu, { x }, { variant: "fast" as never })).toThrow(
    "softmax/fast: there is no such variant; there are threePass, workgroup, online, registers, subgroups, subgroupRegisters",
  );
});
