import { expect, test } from "vitest";
import {
  balanceTable,
  expertsBackwardCases,
  routeBackwardCases,
  statisticsBackwardTable,
  statisticsTable,
} from "../../../src/check/cases/moe/backward.ts";
import { randomChoices } from "../../../src/check/cases/moe/experts.ts";
import { normal } from "../../../src/check/random.ts";
import { experts } from "../../../src/kernels/moe/experts.ts";
import { expertsBackward } from "../../../src/kernels/moe/experts-backward.ts";
import { dense } from "../../../src/reference/dense.ts";
import { mixture } from "../../../src/reference/mixture/mixture.ts";
import { mixtureBackward, routeBackward } from "../../../src/reference/mixture/mixture-backward.ts";
import {
  type RoutingRule,
  route,
  routerStatistics,
  routerStatisticsBackward,
} from "../../../src/reference/mixture/routing.ts";
import { Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { expectGradients } from "../../support/numbers/central-differences.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, expertsBackwardCases);
testCases(() => gpu, routeBackwardCases);
testCases(() => gpu, statisticsTable);
testCases(() => gpu, statisticsBackwardTable);
testCases(() => gpu, balanceTable);

const [t, e, k, c, f] = [4, 3, 2, 4, 5];

test.each([
  ["swiglu", 1],
  ["clamped-swiglu", 1],
  ["clamped-swiglu", 6],
] as const)("%s of inputs ×%d: the gradients are those of central differences", (activation, by) => {
  const chosen = dense([t, k], [0, 2, 2, 3, 2, 0, 5, 0]);
  expectGradients({
    inputs: {
      x: dense([t, c], normal(t * c, 1, by)),
      weights: dense([t, k], normal(t * k, 2)),
      gateUp: dense([2 * e * f, c], normal(2 * e * f * c, 3)),
      gateUpBias: dense([2 * e * f], normal(2 * e * f, 4)),
      down: dense([e * c, f], normal(e * c * f, 5)),
      downBias: dense([e * c], normal(e * c, 6)),
    },
    forward: (inputs) => mixture({ ...inputs, experts: chosen }, { activation }),
    backward: (inputs, { y }) => mixtureBackward({ ...inputs, experts: chosen, dy: y }, { activation }),
  });
});

const rules: readonly RoutingRule[] = [
  { k: 2, scores: "softmax", normalise: true },
  { k: 3, scores: "softmax", normalise: false, scale: 1.7 },
  { k: 2, scores: "sigmoid", normalise: true, scale: 2.5 },
  { k: 3, scores: "sigmoid", normalise: false },
  { k: 1, scores: "softmax", normalise: true },
  { k: 2, scores: "sigmoid", normalise: true, groups: { count: 3, keep: 2, by: "top-two" } },
];

test.each(rules)("routing by %o: the gradient is that of central differences", (rule) => {
  const logits = dense([5, 6], normal(30, 9));
  const bias = rule.scores === "sigmoid" ? { bias: dense([6], normal(6, 10)) } : {};
  const { experts: chosen } = route({ logits, ...bias }, rule);
  expectGradients({
    inputs: { logits },
    forward: ({ logits }) => ({ weights: route({ logits, ...bias }, rule).weights }),
    backward: ({ logits }, { weights }) => routeBackward({ logits, experts: chosen, dweights: weights }, rule),
  });
});

test.each(["softmax", "sigmoid"] as const)(
  "statistics of %s: the gradient is that of central differences",
  (scores) => {
    const experts = dense([5, 2], [0, 2, 2, 3, 2, 0, 5, 0, 1, 4]);
    expectGradients({
      inputs: { logits: dense([5, 6], normal(30, 9)) },
      forward: ({ logits }) => routerStatistics({ logits, experts }, { scores }),
      backward: ({ logits }, { sums }) => routerStatisticsBackward({ logits, dsums: sums }, { scores }),
    });
  },
);

/** A layer with an expert that no token has. */
function layer(seed: number) {
  const [t, e, k, c, f] = [41, 5, 2, 24, 20];
  const choices = randomChoices({ t, e: e - 1, k }, seed);
  const of = (shape: number[], own: number) =>
    tensor(
      gpu,
      shape,
      normal(
        shape.reduce((a, b) => a * b),
        seed + own,
      ),
    );
  return {
    x: of([t, c], 1),
    experts: tensor(gpu, [t, k], choices, "u32"),
    weights: of([t, k], 2),
    gateUp: of([2 * e * f, c], 3),
    down: of([e * c, f], 4),
    dy: of([t, c], 5),
    gateUpBias: of([2 * e * f], 6),
    downBias: of([e * c], 7),
  };
}

const read = async (x: Tensor | undefined) => [...((await x?.read()) ?? [])];
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * (b[i] ?? NaN), 0);

test.each(["naive", "registers"] as const)(
  "%s: the same bits every time; an expert without tokens has zeros",
  async (variant) => {
    const run = async () => {
      const names = ["dx", "dweights", "dgateUp", "dgateUpBias", "ddown", "ddownBias"] as const;
      const found = expertsBackward(gpu, layer(20), { variant });
      return await Promise.all(names.map((name) => read(found[name])));
    };
    const [once, again] = [await run(), await run()];
    expect(again).toEqual(once);
    const [, , dgateUp = [], dgateUpBias = [], ddown = [], ddownBias = []] = once;
    for (const own of [dgateUp, dgateUpBias, ddown, ddownBias]) {
      const last = own.slice((own.length * 4) / 5);
      expect([...new Set(last)]).toEqual([0]);
      expect(own.every(Number.isFinite)).toBe(true);
    }
  },
);

test("memory that held NaN has no part in the gradients", async () => {
  const filled = tensor(gpu, [600_000], new Float32Array(600_000).fill(Number.NaN));
  await filled.read();
  filled.dispose(); // the pool lends it again
  const many = Array.from({ length: 12 }, () => tensor(gpu, [8192], new Float32Array(8192).fill(Number.NaN)));
  for (const one of many) one.dispose();
  const { dx, dgateUp, ddown, dweights } = expertsBackward(gpu, layer(30));
  for (const one of [dx, dgateUp, ddown, dweights]) expect((await read(one)).every(Number.isFinite)).toBe(true);
});

test.each(["naive", "registers"] as const)(
  "%s is the transpose of the layer, in weights and in down",
  async (variant) => {
    const { dy, ...tensors } = layer(40);
    const none = { ...tensors, gateUpBias: undefined, downBias: undefined };
    const { y } = experts(gpu, none);
    const { dweights, ddown } = expertsBackward(gpu, { ...none, dy }, { variant });
    const whole = dot(await read(dy), await read(y));
    const terms = dot((await read(dy)).map(Math.abs), (await read(y)).map(Math.abs));
    expect(Math.abs(dot(await read(dweights), await read(tensors.weights)) - whole)).toBeLessThan(1e-6 * terms);
    expect(Math.abs(dot(await read(ddown), await read(tensors.down)) - whole)).toBeLessThan(1e-6 * terms);
  },
);

test.each(["naive", "registers"] as const)(
  "%s: weights in several segments, an expert in more than one, give the same bits, and gradients their segments",
  async (variant) => {
    const whole = layer(70);
    const cut = async (x: Tensor, rows: number) => {
      const values = await x.read();
      const [total = 0, width = 0] = x.shape;
      const segments = Array.from({ length: Math.ceil(total / rows) }, (_, i) => {
        const [begin, end] = [i * rows, Math.min(total, (i + 1) * rows)];
        const part = tensor(gpu, [end - begin, width], values.slice(begin * width, end * width));
        return { storage: part.storage, begin, end };
      });
      return new Tensor(gpu, x.shape, "f32", segments);
    };
    const given = { ...whole, gateUp: await cut(whole.gateUp, 28), down: await cut(whole.down, 36) };
    const names = ["dx", "dweights", "dgateUp", "dgateUpBias", "ddown", "ddownBias"] as const;
    const [expected, actual] = [whole, given].map((tensors) => expertsBackward(gpu, tensors, { variant }));
    for (const name of names) expect(await read(actual?.[name]), name).toEqual(await read(expected?.[name]));
    const edges = (x: Tensor | undefined) => x?.segments.map(({ begin, end }) => [begin, end]);
    expect(edges(actual?.dgateUp)).toEqual(edges(given.gateUp));
    expect(edges(actual?.ddown)).toEqual(edges(given.down));
    const odd = { ...whole, down: await cut(whole.down, 38) };
    expect(() => expertsBackward(gpu, odd, { variant })).toThrow("down is cut at row 38, expected multiples of 4");
  },
);

test("what is not needed is not computed", () => {
  const program = gpu.record(() =>
    expertsBackward(gpu, layer(50), { needs: { gateUp: false, down: false, x: false } }),
  );
  expect(Object.keys(program.result).sort()).toEqual(["ddownBias", "dgateUpBias", "dweights"]);
  program.dispose();
  const cut = { ...layer(60) };
  expect(() => expertsBackward(gpu, { ...cut, dy: tensor(gpu, [2, 2], [1, 2, 3, 4]) })).toThrow("dy");
});
