import { expect, test } from "vitest";
import { uniform } from "../../src/kernels/elementwise/random.ts";
import { threefry2x32, uniform01 } from "../../src/tensor/threefry.ts";
import { logarithm, numbersOf, onCircle } from "../../src/train/initialisers/random-numbers.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu();

test("logarithm, cosine and sine from additions, products and quotients alone are right to the last digits", () => {
  let [log, wave] = [0, 0];
  for (let i = 0; i < 10_000; i++) {
    const word = i < 100 ? i : i > 9_900 ? 2 ** 32 - 1 - (10_000 - i) : Math.imul(i, 0x9e3779b1) >>> 0;
    const exact = Math.log((word + 0.5) / 2 ** 32);
    log = Math.max(log, Math.abs(logarithm(word) - exact) / Math.abs(exact));
    const v = word / 2 ** 32;
    wave = Math.max(wave, Math.abs(onCircle(v)[0] - Math.cos(2 * Math.PI * v)));
    wave = Math.max(wave, Math.abs(onCircle(v)[1] - Math.sin(2 * Math.PI * v)));
  }
  expect(log).toBeLessThan(1e-15);
  expect(wave).toBeLessThan(1e-15);
  expect([0, 0.25, 0.5, 0.75].map((v) => onCircle(v).map((x) => x + 0))).toEqual([
    [1, 0],
    [0, 1],
    [-1, 0],
    [0, -1],
  ]);
});

test("uniform numbers are those of the device to the bit", async () => {
  const y = await uniform(gpu, [1000], { seed: 42 }).read();
  const words = Array.from({ length: 1000 }, (_, i) => threefry2x32([42, 0], [i >> 1, 1])[i & 1] ?? 0);
  expect([...y]).toEqual(words.map(uniform01));
});

test("normal numbers: moments, independence of seeds and names, and a list that every machine has", () => {
  const { normal, uniform: even } = numbersOf(7, "h.0.mlp.c_fc.weight");
  const numbers = Array.from({ length: 100_000 }, (_, i) => normal(i));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(Math.abs(mean(numbers))).toBeLessThan(0.01);
  expect(Math.abs(mean(numbers.map((x) => x * x)) - 1)).toBeLessThan(0.02);
  expect(Math.abs(mean(numbers.map((x) => x ** 3)))).toBeLessThan(0.05);
  expect(Math.abs(mean(numbers.map((x) => x ** 4)) - 3)).toBeLessThan(0.1);
  for (const other of [numbersOf(8, "h.0.mlp.c_fc.weight"), numbersOf(7, "h.1.mlp.c_fc.weight")]) {
    const product = mean(numbers.map((x, i) => x * other.normal(i)));
    expect(Math.abs(product)).toBeLessThan(0.02);
  }
  expect(normal(5)).toBe(numbers[5]); // in any order
  expect(Array.from({ length: 4 }, (_, i) => normal(i))).toEqual(listed.normal);
  expect(Array.from({ length: 4 }, (_, i) => even(i))).toEqual(listed.uniform);
});

const listed = {
  normal: [-0.4142703600220075, 0.4472172062261913, -0.29027544268588495, -0.8891897251217095],
  uniform: [0.8304300308227539, 0.36891621351242065, 0.6456748843193054, 0.6997798681259155],
};
