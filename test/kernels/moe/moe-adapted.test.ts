// Experts with adapters: two grouped products next to each of theirs.
import { describe, expect, test } from "vitest";
import {
  adaptedBackward,
  adaptedBackwardCases,
  adaptedCases,
  mergedExperts,
} from "../../../src/check/cases/moe/adapted.ts";
import { randomChoices } from "../../../src/check/cases/moe/experts.ts";
import { normal } from "../../../src/check/random.ts";
import { adaptedExperts } from "../../../src/kernels/moe/adapted-experts.ts";
import { adaptedExpertsBackward } from "../../../src/kernels/moe/adapted-experts-backward.ts";
import { dense } from "../../../src/reference/dense.ts";
import { mixture } from "../../../src/reference/mixture/mixture.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { expectGradients } from "../../support/numbers/central-differences.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, adaptedCases);
testCases(() => gpu, adaptedBackwardCases);

test("the gradients are those of central differences", () => {
  const [t, e, k, c, f, r] = [4, 3, 2, 4, 5, 2];
  const experts = dense([t, k], [0, 2, 2, 3, 2, 0, 5, 0]);
  const drawn = (rows: number, columns: number, seed: number) => dense([rows, columns], normal(rows * columns, seed));
  const stored = { gateUp: drawn(2 * e * f, c, 3), down: drawn(e * c, f, 5) };
  const scales = { gateScale: dense([1], [0.5]), upScale: dense([1], [2]), downScale: dense([1], [-1]) };
  expectGradients({
    inputs: {
      x: drawn(t, c, 1),
      weights: drawn(t, k, 2),
      gateA: drawn(e * r, c, 6),
      gateB: drawn(e * f, r, 7),
      upA: drawn(e * r, c, 8),
      upB: drawn(e * f, r, 9),
      downA: drawn(e * r, f, 10),
      downB: drawn(e * c, r, 11),
    },
    forward: ({ x, weights, ...adapters }) => {
      const matrices = mergedExperts({ x, weights, experts, ...stored, ...scales, ...adapters });
      return mixture({ x, weights, experts, ...matrices }, { activation: "swiglu" });
    },
    backward: (inputs, { y }) => adaptedBackward({ ...inputs, experts, ...stored, ...scales, dy: y }),
  });
});

/** A layer whose last expert no token has. */
function layer(seed: number) {
  const [t, e, k, c, f, r] = [41, 5, 2, 24, 20, 8];
  const of = (shape: readonly [number, number], own: number) =>
    tensor(gpu, shape, normal(shape[0] * shape[1], seed + own));
  const scale = tensor(gpu, [1], [0.5]);
  return {
    x: of([t, c], 1),
    weights: of([t, k], 2),
    dy: of([t, c], 3),
    experts: tensor(gpu, [t, k], randomChoices({ t, e: e - 1, k }, seed), "u32"),
    gateUp: of([2 * e * f, c], 4),
    down: of([e * c, f], 5),
    gateA: of([e * r, c], 6),
    gateB: of([e * f, r], 7),
    gateScale: scale,
    upA: of([e * r, c], 8),
    upB: of([e * f, r], 9),
    upScale: scale,
    downA: of([e * r, f], 10),
    downB: of([e * c, r], 11),
    downScale: scale,
  };
}

const read = async (x: Tensor | undefined) => [...((await x?.read()) ?? [])];

describe.each(["naive", "registers"] as const)("%s", (variant) => {
  test("the same bits every time; an expert without tokens has zeros", async () => {
    const run = async () => {
      const found = adaptedExpertsBackward(gpu, layer(20), { variant });
      const names = Object.keys(found) as (keyof typeof found)[];
      return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await read(found[name])] as const)));
    };
    const [once, again] = [await run(), await run()];
    expect(again).toEqual(once);
    for (const name of ["dgateA", "dgateB", "dupA", "dupB", "ddownA", "ddownB"]) {
      const own = once[name] ?? [];
      expect([...new Set(own.slice((own.length * 4) / 5))], name).toEqual([0]);
      expect(own.every(Number.isFinite) && own.some((one) => one !== 0), name).toBe(true);
    }
  });

  test("rows and columns of zeros up to a width stay zeros, and change nothing else", async () => {
    const [e, r, narrow] = [5, 8, 3];
    const given = layer(30);
    const zeroed = async (x: Tensor, isZero: (row: number, column: number) => boolean) => {
      const [rows = 0, columns = 0] = x.shape;
      const values = [...(await x.read())].map((one, i) => (isZero(Math.floor(i / columns), i % columns) ? 0 : one));
      return tensor(gpu, [rows, columns], values);
    };
    const padded = { ...given };
    for (const part of ["gate", "up", "down"] as const) {
      padded[`${part}A`] = await zeroed(given[`${part}A`], (row) => row % r >= narrow);
      padded[`${part}B`] = await zeroed(given[`${part}B`], (_, column) => column >= narrow);
    }
    const found = adaptedExpertsBackward(gpu, padded, { variant });
    for (const part of ["gate", "up", "down"] as const) {
      const [a, b] = [found[`d${part}A`], found[`d${part}B`]];
      const width = a?.shape[1] ?? 1;
      const rest = [
        ...(await read(a)).filter((_, i) => Math.floor(i / width) % r >= narrow),
        ...(await read(b)).filter((_, i) => i % r >= narrow),
      ];
      expect(rest.length).toBeGreaterThan(e * (r - narrow));
      expect([...new Set(rest.map(Math.abs))], part).toEqual([0]);
    }
  });
});

test("memory that held NaN has no part in the gradients", async () => {
  const many = Array.from({ length: 24 }, () => tensor(gpu, [8192], new Float32Array(8192).fill(Number.NaN)));
  await many[0]?.read();
  for (const one of many) one.dispose(); // the pool lends them again
  for (const one of Object.values(adaptedExpertsBackward(gpu, layer(40)))) {
    expect((await read(one)).every(Number.isFinite)).toBe(true);
  }
});

test("what does not fit is refused by name", () => {
  const { dy, ...given } = layer(50);
  expect(() => adaptedExperts(gpu, { ...given, gateB: undefined })).toThrow(
    "moe/adapted-experts: gateA, gateB and gateScale: expected all or none",
  );
  expect(() => adaptedExperts(gpu, { ...given, upA: given.downA })).toThrow(
    "upA is f32 [40, 20], expected f32 [40, 24]: 5 experts, rank 8 (from upB)",
  );
  expect(() => adaptedExpertsBackward(gpu, { ...given, dy: given.weights })).toThrow("dy is [41, 2]");
  expect(dy.shape).toEqual([41, 24]);
});
