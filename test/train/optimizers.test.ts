import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { normal } from "../../src/check/random.ts";
import { gradientNorm } from "../../src/kernels/optimizer/gradient-norm.ts";
import { at, dense } from "../../src/reference/dense.ts";
import { lion as lionReference, momentum, newtonSchulz } from "../../src/reference/optimizers.ts";
import { type Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";
import { orthogonalise } from "../../src/train/optimizers/muon.ts";
import type { Optimizer } from "../../src/train/optimizers/optimizer.ts";
import { type OptimizerOptions, optimizerOf } from "../../src/train/optimizers/optimizers.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu();

interface Golden {
  readonly shapes: readonly (readonly number[])[];
  readonly start: readonly (readonly number[])[];
  readonly gradients: readonly (readonly (readonly number[])[])[];
  readonly runs: Readonly<
    Record<string, { steps: number; clip: number | null; norms: (number | null)[]; after: number[][] }>
  >;
}

const golden: Golden = JSON.parse(readFileSync("test/golden/optimizers.json", "utf8"));
const rate = 1e-2;

/** Parameters of the golden file after some steps; vectors do not decay. */
async function stepsOf(optimizer: Optimizer, steps: number, most?: number): Promise<Float64Array[]> {
  const parameters = golden.shapes.map((shape, i) => tensor(gpu, shape, golden.start[i] ?? []));
  const states = golden.shapes.map((shape) =>
    Object.fromEntries(Object.entries(optimizer.state(shape)).map(([name, own]) => [name, zeros(gpu, own)])),
  );
  const skipped = zeros(gpu, [1], "u32");
  for (let step = 1; step <= steps; step++) {
    const gradients = golden.shapes.map((shape, i) => tensor(gpu, shape, golden.gradients[step - 1]?.[i] ?? []));
    const { clip } = gradientNorm(gpu, { gradients, skipped }, { maxNorm: most });
    const numbers = optimizer.scalars(step, rate);
    const scalars = tensor(gpu, [numbers.length], numbers);
    const updates = parameters.map((parameter, i) => ({
      name: `p${i}`,
      parameter,
      gradient: gradients[i] as Tensor,
      state: states[i] ?? {},
      decay: i === 0 ? optimizer.weightDecay : 0,
    }));
    optimizer.record(gpu, updates, { scalars, clip });
  }
  return await Promise.all(parameters.map((parameter) => parameter.read()));
}

/** The distance over the size of all numbers. */
const relative = (found: readonly ArrayLike<number>[], expected: readonly ArrayLike<number>[]) => {
  const flat = (lists: readonly ArrayLike<number>[]) => lists.flatMap((list) => Array.from(list));
  const [a, b] = [flat(found), flat(expected)];
  expect(a.length).toBe(b.length);
  return Math.hypot(...a.map((value, i) => value - (b[i] ?? Number.NaN))) / Math.hypot(...b);
};

const settings: Readonly<Record<string, OptimizerOptions>> = {
  adamw: { name: "adamw", betas: [0.9, 0.95], weightDecay: 0.1 },
  "adamw clipped": { name: "adamw" },
  sgd: { name: "sgd" },
  "sgd momentum": { name: "sgd", momentum: 0.9, weightDecay: 0.1 },
  "sgd nesterov": { name: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.1 },
};

test.each(Object.entries(settings))("%s: the parameters are PyTorch's in float64", async (name, options) => {
  const { steps, clip, norms, after } = golden.runs[name] ?? expect.fail("no golden run");
  if (clip !== null) {
    expect(norms.some((norm) => (norm ?? 0) > clip)).toBe(true);
    expect(norms.some((norm) => (norm ?? 0) < clip)).toBe(true);
  }
  const error = relative(await stepsOf(optimizerOf("test", options), steps, clip ?? undefined), after);
  console.log(`${name}: ${steps} steps within ${error.toExponential(1)}`);
  expect(error).toBeLessThan(1e-6);
});

test("lion: five steps are those of float64", async () => {
  const found = await stepsOf(optimizerOf("test", { name: "lion", weightDecay: 0.1 }), 5);
  const expected = golden.shapes.map((shape, i) => {
    let state = { parameter: dense(shape, golden.start[i] ?? []), first: dense(shape) };
    for (let step = 0; step < 5; step++) {
      const gradient = dense(shape, golden.gradients[step]?.[i] ?? []);
      const options = { beta1: 0.9, beta2: 0.99, decay: i === 0 ? 0.1 : 0 };
      state = lionReference({ ...state, gradient, scalars: dense([1], [rate]) }, options);
    }
    return state.parameter.values;
  });
  expect(relative(found, expected)).toBeLessThan(1e-6);
});

/** The singular values of a matrix, by Jacobi's rotations of its rows (Hestenes 1958). */
function singularValues(values: ArrayLike<number>, rows: number, columns: number): number[] {
  const list = Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => values[i * columns + j] ?? 0),
  );
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
  for (let sweep = 0; sweep < 12; sweep++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < i; j++) {
        const [a, b] = [list[i] ?? [], list[j] ?? []];
        const [own, other, both] = [dot(a, a), dot(b, b), dot(a, b)];
        if (Math.abs(both) < 1e-15) continue;
        const angle = 0.5 * Math.atan2(2 * both, own - other);
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        list[i] = a.map((value, k) => c * value + s * (b[k] ?? 0));
        list[j] = b.map((value, k) => c * value - s * (a[k] ?? 0));
      }
    }
  }
  return list.map((row) => Math.sqrt(dot(row, row)));
}

describe("muon", () => {
  const shapes = [
    [12, 20],
    [20, 12],
    [16, 16],
  ] as const;

  test.each(shapes)("%i × %i: float64's matrices, singular values from 0.5 to 1.25", async (rows, columns) => {
    const given = [1, 2, 3].map((seed) => normal(rows * columns, seed, seed === 2 ? 1e-4 : 1));
    const found = orthogonalise(
      gpu,
      given.map((values) => tensor(gpu, [rows, columns], values)),
    );
    for (const [i, matrix] of found.entries()) {
      const values = await matrix.read();
      const x = dense([rows, columns], Float32Array.from(given[i] ?? []));
      expect(relative([values], [newtonSchulz({ x }, { steps: 5 }).y.values])).toBeLessThan(1e-5);
      const wide = rows <= columns;
      const swapped = Array.from({ length: rows * columns }, (_, at) =>
        wide ? values[at] : values[(at % rows) * columns + Math.floor(at / rows)],
      );
      const singular = singularValues(swapped as number[], Math.min(rows, columns), Math.max(rows, columns));
      expect(Math.min(...singular)).toBeGreaterThan(0.5);
      expect(Math.max(...singular)).toBeLessThan(1.25);
    }
  });

  test("five steps are those of float64: Nesterov's momentum, the scale of tall matrices, decay", async () => {
    const shape = [20, 12];
    const optimizer = optimizerOf("test", { name: "muon", weightDecay: 0.1 });
    const start = Float32Array.from(normal(240, 9));
    const parameter = tensor(gpu, shape, start);
    const state = { velocity: zeros(gpu, shape) };
    const skipped = zeros(gpu, [1], "u32");
    const scalars = tensor(gpu, [1], [0.02]);
    let [expected, velocity] = [Float64Array.from(start), dense(shape)];
    for (let step = 0; step < 5; step++) {
      const drawn = Float32Array.from(normal(240, 20 + step));
      const gradient = tensor(gpu, shape, drawn);
      const { clip } = gradientNorm(gpu, { gradients: [gradient], skipped });
      optimizer.record(gpu, [{ name: "w", parameter, gradient, state, decay: 0.1 }], { scalars, clip });
      const g = dense(shape, drawn);
      const options = { momentum: 0.95, fresh: 0.05, ahead: 0.05, held: 0.95, decay: 0 };
      const moved = momentum({ gradient: g, parameter: g, velocity }, options);
      velocity = moved.velocity;
      const { y } = newtonSchulz({ x: moved.update }, { steps: 5 });
      expected = expected.map((p, i) => p * (1 - 0.02 * 0.1) - 0.02 * Math.sqrt(20 / 12) * at(y.values, i));
    }
    expect(relative([await parameter.read()], [expected])).toBeLessThan(1e-6);
  });
});

test("settings that are none are refused by name", () => {
  const of = (options: unknown) => () => optimizerOf("Trainer", options as OptimizerOptions);
  expect(of({ name: "sgd", momentum: 1 })).toThrow(
    "Trainer: optimizer.momentum is 1, expected a number from 0 to below 1",
  );
  expect(of({ name: "lion", eps: 1 })).toThrow("optimizer.eps");
  expect(of({ name: "muon", adamw: { betas: [0.9] } })).toThrow("optimizer.adamw.betas");
  expect(of({ name: "adam" })).toThrow('Trainer: optimizer.name is "adam", expected');
});
