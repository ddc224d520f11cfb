import { expect, test } from "vitest";
import type { Case, CaseTable } from "../../../src/check/case-table.ts";
import { activationCases } from "../../../src/check/cases/activation.ts";
import { attentionCases } from "../../../src/check/cases/attention/attention.ts";
import { linearAttentionCases } from "../../../src/check/cases/attention/linear.ts";
import { mergeCases } from "../../../src/check/cases/attention/merge.ts";
import { matmulCases } from "../../../src/check/cases/products/matmul.ts";
import { layerNormCases } from "../../../src/check/cases/rows/layer-norm.ts";
import { rmsNormCases } from "../../../src/check/cases/rows/rms-norm.ts";
import { softmaxCases } from "../../../src/check/cases/rows/softmax.ts";
import { assertGate, errorsOf, limitsOf, ulp } from "../../../src/check/gate.ts";
import { runCase } from "../../../src/check/run-case.ts";
import { sizeOf } from "../../../src/tensor/shape.ts";
import { testGpu } from "../../support/devices/gpu.ts";

const gpu = await testGpu();

const four = (actual: ArrayLike<number>, expected: ArrayLike<number>) =>
  Array.from(expected, (value, i) => value + 4 * ((actual[i] ?? Number.NaN) - value));

const small = ({ inputs }: Case) => Object.values(inputs).every(({ shape }) => sizeOf(shape) <= 40_000);

const tables: readonly CaseTable[] = [
  rmsNormCases,
  layerNormCases,
  softmaxCases,
  matmulCases,
  attentionCases,
  linearAttentionCases,
  mergeCases,
  // Those of one rounding, or of none, have no errors to speak of.
  ...activationCases.filter(({ op }) => !["relu", "squaredRelu", "reglu"].includes(op)),
];

test.each(tables.map((table) => [table.op, table] as const))(
  "the gate on %s is tight: errors four times as large are mostly found",
  async (_, table) => {
    const judged = { found: 0, all: 0 };
    for (const item of table.cases.filter(small).slice(0, 6)) {
      // It is the gate that is judged, not the kernels: one variant will do.
      const [variant] = table.variants;
      if (variant === undefined || item.refusedBy?.includes(variant)) continue;
      for (const { actual, expected, emulated, allowed } of await runCase(gpu, table, variant, item)) {
        if (!emulated) continue;
        expect(() => assertGate(actual, expected, emulated, allowed, item.name)).not.toThrow();
        // A result that is all but exact has no error to speak of: four times that is still rounding.
        const top = expected.reduce(
          (largest, value) => Math.max(largest, Number.isFinite(value) ? Math.abs(value) : 0),
          0,
        );
        if (errorsOf(actual, expected).largest < ulp(top) / 2) continue;
        const wrong = four(actual, expected);
        judged.all++;
        if (errorsOf(wrong, expected).largest > limitsOf(emulated, expected, allowed).largest) judged.found++;
        else if (errorsOf(wrong, expected).mean > limitsOf(emulated, expected, allowed).mean) judged.found++;
      }
    }
    expect(judged.all).toBeGreaterThan(0);
    // One in five may hide below the floor of a few ulps, or a single one where there are few.
    expect(judged.all - judged.found).toBeLessThanOrEqual(Math.max(1, judged.all / 5));
  },
);

test("the gate names the norm, the error and the limit", () => {
  const expected = [1, 2, 4];
  expect(() => assertGate([1, 2, 4.0001], expected, expected, 0, "op, case: y")).toThrow(
    /^op, case: y: largest error 1\.00e-4 above 9\.54e-7, where plain f32 loops have 0\.00e\+0$/,
  );
  expect(() => assertGate([1, 2, 4], expected, expected, 0, "y")).not.toThrow();
});

test("errors of NaN and infinities are left to the check of their places", () => {
  expect(errorsOf([Number.NaN, 1, Number.POSITIVE_INFINITY], [Number.NaN, 1.5, Number.POSITIVE_INFINITY])).toEqual({
    largest: 0.5,
    mean: 0.5,
  });
});
