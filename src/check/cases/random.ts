import { normal, uniform } from "../../kernels/elementwise/random.ts";
import { type Dense, dense } from "../../reference/dense.ts";
import { threefry2x32, uniform01 } from "../../reference/dropout.ts";
import type { Case, CaseTable } from "../case-table.ts";

interface Options {
  readonly shape: readonly number[];
  readonly seed: number;
}

/** Two numbers of each pair of words, in turn. */
function draw({ shape, seed }: Options, distribution: (u: number, v: number) => readonly [number, number]): Dense {
  const y = dense(shape);
  for (let i = 0; i < y.values.length; i++) {
    const words = threefry2x32([seed, 0], [i >> 1, 1]);
    y.values[i] = distribution(uniform01(words[0]), uniform01(words[1]))[i % 2] ?? Number.NaN;
  }
  return y;
}

const boxMuller = (u: number, v: number): [number, number] => {
  const radius = Math.sqrt(-2 * Math.log(1 - u));
  return [radius * Math.cos(2 * Math.PI * v), radius * Math.sin(2 * Math.PI * v)];
};

const cases: readonly Case<never, Options>[] = [
  { name: "one element", inputs: {}, options: { shape: [1], seed: 0 } },
  { name: "a scalar", inputs: {}, options: { shape: [], seed: 1 } },
  { name: "ragged", inputs: {}, options: { shape: [3, 127], seed: 2 ** 32 - 1 } },
  { name: "folds: 16 workgroups", tags: ["folds"], inputs: {}, options: { shape: [2001], seed: 3 } },
  { name: "70,001 elements", inputs: {}, options: { shape: [70_001], seed: 12345 } },
];

const table = (op: string, run: typeof uniform, distribution: typeof boxMuller): CaseTable<never, "y", Options> => ({
  op,
  variants: ["random"],
  cases,
  reference: (_, options) => ({ y: draw(options, distribution) }),
  run: (gpu, _, { shape, ...options }) => ({ y: run(gpu, shape, options) }),
});

export const randomCases = [
  { ...table("uniform", uniform, (u, v) => [u, v]), cap: 0 },
  table("normal", normal, boxMuller),
] as const;
