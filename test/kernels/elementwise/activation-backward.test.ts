import { expect, test } from "vitest";
import { stored } from "../../../src/check/case-table.ts";
import { activationBackwardCases } from "../../../src/check/cases/activation-backward.ts";
import { assertClose, nmseCaps } from "../../../src/check/compare.ts";
import { normal } from "../../../src/check/random.ts";
import { geluBackward, siluBackward, softcapBackward } from "../../../src/kernels/elementwise/activation-backward.ts";
import { gegluErfBackward, swigluBackward } from "../../../src/kernels/elementwise/gated-backward.ts";
import * as reference from "../../../src/reference/activation-backward.ts";
import { slice as sliceReference, transpose as transposeReference } from "../../../src/reference/layout.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { slice, transpose } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
for (const table of activationBackwardCases) testCases(() => gpu, table);

const random = (shape: readonly number[], seed: number) => ({
  shape,
  values: normal(
    shape.reduce((size, axis) => size * axis, 1),
    seed,
  ),
});
const uploaded = ({ shape, values }: ReturnType<typeof random>) => tensor(gpu, shape, values);

test("gradients of the halves of one tensor go into the halves of another, whatever their alignment", async () => {
  for (const half of [64, 12, 10, 7]) {
    const [both, upstream, old] = [random([5, 2 * half], 4), random([5, half], 5), random([6, 2 * half], 6)];
    const x = uploaded(both);
    const target = uploaded(old);
    const halves = (of: typeof x) => [slice(of, 1, 0, half), slice(of, 1, half, 2 * half)] as const;
    const [gate, up] = halves(x);
    const [dgate, dup] = halves(slice(target, 0, 1, 6));
    const { dispatches } = gpu.record(() =>
      swigluBackward(gpu, { gate, up, dy: uploaded(upstream) }, { into: { dgate, dup } }),
    );
    expect(dispatches.length).toBe(1);
    const results = swigluBackward(gpu, { gate, up, dy: uploaded(upstream) }, { into: { dgate, dup } });
    expect(results).toEqual({ dgate, dup });
    const dense = stored(both);
    const part = (start: number) => sliceReference({ x: dense }, { axis: 1, start, end: start + half }).y;
    const expected = reference.swigluBackward({ gate: part(0), up: part(half), dy: stored(upstream) });
    assertClose(await dgate.read(), expected.dgate.values, nmseCaps.f32, `dgate of halves of ${half}`);
    assertClose(await dup.read(), expected.dup.values, nmseCaps.f32, `dup of halves of ${half}`);
    expect((await slice(target, 0, 0, 1).read()).join()).toBe(Float32Array.from(old.values.slice(0, 2 * half)).join());
  }
});

test("the halves of one tensor may be those along its first axis, and one of them alone", async () => {
  const [gate, up, dy] = [random([3, 8], 1), random([3, 8], 2), random([3, 8], 3)];
  const expected = reference.gegluErfBackward({ gate: stored(gate), up: stored(up), dy: stored(dy) });
  const tensors = { gate: uploaded(gate), up: uploaded(up), dy: uploaded(dy) };
  const target = uploaded(random([6, 8], 4));
  const later = { dgate: slice(target, 0, 3, 6), dup: slice(target, 0, 0, 3) };
  gegluErfBackward(gpu, tensors, { into: later });
  assertClose(await later.dgate.read(), expected.dgate.values, nmseCaps.f32, "dgate");
  assertClose(await later.dup.read(), expected.dup.values, nmseCaps.f32, "dup");
  const only = gegluErfBackward(gpu, tensors, { into: { dup: slice(target, 0, 2, 5) } });
  assertClose(await only.dgate.read(), expected.dgate.values, nmseCaps.f32, "dgate in memory of its own");
  assertClose(await only.dup.read(), expected.dup.values, nmseCaps.f32, "dup in a view");
});

test("gradients take transposed and offset views, and go into them", async () => {
  const [whole, upstream] = [random([6, 10, 9], 5), random([9, 6, 10], 6)];
  const x = transpose(uploaded(whole), [2, 0, 1]);
  const { y: dense } = transposeReference({ x: stored(whole) }, { order: [2, 0, 1] });
  const expected = reference.siluBackward({ x: dense, dy: stored(upstream) }).dx.values;
  const dx = transpose(uploaded(random([10, 6, 9], 7)), [2, 1, 0]);
  siluBackward(gpu, { x, dy: uploaded(upstream) }, { into: { dx } });
  assertClose(await dx.read(), expected, nmseCaps.f32, "into a transposed view");
  const later = slice(transpose(uploaded(random([10, 8, 9], 7)), [2, 1, 0]), 1, 1, 7);
  siluBackward(gpu, { x, dy: slice(uploaded(random([10, 6, 10], 8)), 0, 1, 10) }, { into: { dx: later } });
  const above = sliceReference({ x: stored(random([10, 6, 10], 8)) }, { axis: 0, start: 1, end: 10 }).y;
  const shifted = reference.siluBackward({ x: dense, dy: above }).dx.values;
  assertClose(await later.read(), shifted, nmseCaps.f32, "from and into views that begin elsewhere");
  const own = siluBackward(gpu, { x, dy: uploaded(upstream) }).dx;
  expect(own.contiguous).toBe(true);
  assertClose(await own.read(), expected, nmseCaps.f32, "into new memory");
});

test("a gradient of zero gives zeros", async () => {
  const x = uploaded(random([50], 1));
  const dy = tensor(gpu, [50], new Float32Array(50));
  const gradients = [
    geluBackward(gpu, { x, dy }).dx,
    softcapBackward(gpu, { x, dy }, { cap: 2 }).dx,
    ...Object.values(swigluBackward(gpu, { gate: x, up: x, dy })),
  ];
  for (const gradient of gradients) expect([...(await gradient.read())].filter((value) => value !== 0)).toEqual([]);
});

test("shapes that differ are refused, and one memory for two gradients", () => {
  const [x, short] = [uploaded(random([2, 3], 1)), uploaded(random([3], 2))];
  expect(() => geluBackward(gpu, { x, dy: short })).toThrow("gelu-backward: dy is [3], expected [2, 3] (from x)");
  expect(() => swigluBackward(gpu, { gate: x, up: x, dy: short })).toThrow("dy is [3], expected [2, 3] (from gate)");
  const into = { dgate: uploaded(random([2, 3], 3)), dup: short };
  expect(() => swigluBackward(gpu, { gate: x, up: x, dy: x }, { into })).toThrow("into.dup is [3]");
  const same = uploaded(random([2, 3], 3));
  expect(() => swigluBackward(gpu, { gate: x, up: x, dy: x }, { into: { dgate: same, dup: same } })).toThrow(
    "same memory",
  );
  expect(() => geluBackward(gpu, { x, dy: uploaded(random([2, 3], 4)) }, { into: { dx: x } })).toThrow(
    "shares its memory",
  );
});
