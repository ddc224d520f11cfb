import { expect, test } from "vitest";
import { layerNormBackwardCases, rmsNormBackwardCases } from "../../../src/check/cases/rows/norm-backward.ts";
import { normal } from "../../../src/check/random.ts";
import { layerNormBackward } from "../../../src/kernels/norm/layer-norm-backward.ts";
import { rmsNormBackward } from "../../../src/kernels/norm/rms-norm-backward.ts";
import { placed, tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, rmsNormBackwardCases);
testCases(() => gpu, layerNormBackwardCases);

const inputs = (zero = false) => ({
  x: tensor(gpu, [300, 24], normal(7200, 1)),
  weight: tensor(gpu, [24], normal(24, 2)),
  dy: tensor(gpu, [300, 24], zero ? new Float32Array(7200) : normal(7200, 3)),
});

test("a gradient of zero gives zeros, of every variant", async () => {
  for (const op of [rmsNormBackward, layerNormBackward]) {
    const given = inputs(true);
    const possible = [...op.survey(gpu, given, { eps: 1e-5 })].filter(([, why]) => why === undefined);
    for (const [variant] of possible) {
      const results = Object.values(op(gpu, given, { eps: 1e-5, variant }));
      expect(results.length).toBe(2);
      for (const gradient of results) {
        expect([...(await gradient.read())].filter((value) => value !== 0)).toEqual([]);
      }
    }
  }
});

test("gradients have the same bits every time, eager and replayed", async () => {
  const given = inputs();
  const program = gpu.record(() => layerNormBackward(gpu, given, { eps: 1e-5, needs: { bias: true } }));
  const { dx, dweight, dbias } = layerNormBackward(gpu, given, { eps: 1e-5, needs: { bias: true } });
  const instance = await program.instantiate();
  for (let run = 0; run < 2; run++) {
    instance.run();
    for (const [name, eager] of Object.entries({ dx, dweight, dbias })) {
      const logical = program.result[name as "dx"];
      if (!eager || !logical) throw new Error(`no ${name}`);
      expect(await placed(instance, logical).read(), name).toEqual(await eager.read());
    }
  }
  instance.dispose();
  program.dispose();
});

test("rows of nothing have gradients of zero", async () => {
  const none = { x: tensor(gpu, [0, 4], []), weight: tensor(gpu, [4], [1, 2, 3, 4]), dy: tensor(gpu, [0, 4], []) };
  for (const op of [rmsNormBackward, layerNormBackward]) {
    for (const variant of ["workgroup", "registers"] as const) {
      const { dx, dweight } = op(gpu, none, { eps: 1e-5, variant });
      expect(dx?.shape).toEqual([0, 4]);
      expect([...((await dweight?.read()) ?? [])]).toEqual([0, 0, 0, 0]);
    }
  }
});

test("no gradient is made that is not needed, and none at all where none is", () => {
  const { dispatches } = gpu.record(() =>
    rmsNormBackward(gpu, inputs(), { eps: 0, needs: { weight: false }, variant: "registers" }),
  );
  expect(dispatches.map(({ kernel }) => kernel)).toEqual(["norm/rms-norm-backward-registers"]);
  const needs = { x: false, weight: false };
  expect(layerNormBackward(gpu, inputs(), { eps: 0, needs })).toEqual({});
});

test("shapes that do not fit are refused by name", () => {
  const { x, weight, dy } = inputs();
  const short = tensor(gpu, [300], normal(300, 1));
  expect(() => rmsNormBackward(gpu, { x, weight, dy: short }, { eps: 0 })).toThrow("dy is [300]");
  expect(() => layerNormBackward(gpu, { x, weight, dy, dsum: short }, { eps: 0 })).toThrow("dsum is [300]");
  expect(() => rmsNormBackward(gpu, { x, weight, dy }, { eps: 0, needs: { bias: true } as never })).toThrow("bias");
});
