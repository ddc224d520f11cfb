// A kernel of a user's own, checked by what shaderformer/check exports: that it finds what may be wrong with one.

import { expect, test } from "vitest";
import gridPart from "#shaders/lib/grid.wgsl";
import file from "../../../examples/01-first-kernel/squared-relu.wgsl";
import {
  type CaseTable,
  casesTagged,
  checkCase,
  checkTable,
  dense,
  formatReports,
  normal,
  poisoned,
  variantsOf,
  withTags,
} from "../../../src/check/index.ts";
import { defineKernel, type ShaderModule, wgslModule } from "../../../src/index.ts";
import type { FloatType } from "../../../src/tensor/dtype.ts";
import { testGpu } from "../../support/devices/gpu.ts";

const gpu = poisoned(await testGpu({ features: [] }));

const kernelOf = (name: string, source: ShaderModule) =>
  defineKernel({
    name,
    source,
    inputs: { x: "[...n]" },
    outputs: { y: "[...n]" },
    params: ({ n }) => ({ n }),
    workgroups: ({ n }) => [Math.ceil(n / 64)],
  });

/** The kernel with something else in the place of one piece of its text. */
function changed(name: string, from: string, to: string) {
  expect(file.code.split(from)).toHaveLength(2);
  return kernelOf(name, wgslModule(file.code.replace(from, to), { name, parts: [gridPart] }));
}

const vectors = wgslModule(
  `struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (4 * id.x >= params.n) { return; }
  let positive = max(x[id.x], vec4f());
  y[id.x] = positive * positive;
}`,
  { name: "vectors" },
);

const kernels = {
  right: kernelOf("squared-relu", file),
  "of every sign": changed("of-every-sign", "max(x[i], 0.0)", "x[i]"),
  "without the last element": changed("without-the-last", "i >= params.n", "i + 1 >= params.n"),
  "some ulps off": changed("some-ulps-off", "positive * positive", "positive * positive * 1.000002"),
  "in whole vectors": kernelOf("in-whole-vectors", vectors),
};

const given = (count: number, dtype: FloatType = "f32") => ({
  name: `${count} elements, ${dtype}`,
  inputs: { x: { shape: [count], values: normal(count, count), dtype } },
});
const names = variantsOf({ variants: kernels });

const cases: CaseTable<"x", "y", object, keyof typeof kernels> = {
  op: "squared ReLU",
  variants: names,
  cases: [
    given(1),
    given(64),
    withTags(given(1003), "ragged"),
    { ...given(8, "f16"), refusedBy: names }, // which the kernel does not accept
  ],
  reference: ({ x }) => ({
    y: dense(
      x.shape,
      x.values.map((value) => Math.max(value, 0) ** 2),
    ),
  }),
  run: (on, tensors, options, variant) => kernels[variant](on, tensors, options),
  gate: {
    emulation: ({ x }) => ({
      y: dense(
        x.shape,
        x.values.map((value) => Math.fround(Math.max(value, 0) ** 2)),
      ),
    }),
  },
};

test("a kernel that is right passes every case, and refuses what it does not take", async () => {
  const reports = await checkTable(gpu, cases, { variants: ["right"] });
  expect(reports.map(({ verdict }) => verdict)).toEqual(["pass", "pass", "pass", "refused"]);
  const text = formatReports(reports);
  expect(text).toMatch(/^pass right, 64 elements, f32: NMSE \d\.\de[-+]\d+/m);
  expect(text).toMatch(/\n4 of 4 passed$/);
});

test.each([
  ["of every sign", /^squared ReLU of every sign, 1003 elements, f32: y: NMSE \S+ above 1e-9, worst at \d+: /],
  ["without the last element", /: y: NaN or infinity in the wrong place, at 1002: NaN, expected /],
  ["some ulps off", /: y: largest error \S+ above \S+, where plain f32 loops have /],
  ["in whole vectors", /: y wrote outside, at element 1003$/],
])("of a kernel %s the report says what is wrong", async (variant, message) => {
  const ragged = casesTagged(cases.cases, "ragged");
  const [report] = await checkTable(gpu, cases, { variants: [variant], cases: ragged });
  expect(report).toMatchObject({ variant, case: "1003 elements, f32", verdict: "fail" });
  expect(report?.message).toMatch(message);
});

test("a variant that takes what it should refuse is wrong too", async () => {
  const item = { ...given(3), refusedBy: ["right"] };
  await expect(checkCase(gpu, cases, "right", item)).rejects.toThrow("the variant accepted a case that it must refuse");
});

test("a tag that no case has is a mistake", () => {
  expect(() => casesTagged(cases.cases, "raged")).toThrow(new RangeError("no case has the tag raged"));
});
