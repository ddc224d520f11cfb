// What must hold of experts whatever their numbers are, mostly to the bit.
import { describe, expect, test } from "vitest";
import { feedForward } from "../../../src/blocks/feed-forward.ts";
import { randomChoices } from "../../../src/check/cases/moe/experts.ts";
import { assertClose, nmseCaps } from "../../../src/check/compare.ts";
import { normal } from "../../../src/check/random.ts";
import { expertChoice } from "../../../src/kernels/moe/expert-choice.ts";
import { type ExpertsTensors, experts } from "../../../src/kernels/moe/experts.ts";
import { route } from "../../../src/kernels/moe/route.ts";
import { dense } from "../../../src/reference/dense.ts";
import { mixture as mixtureReference } from "../../../src/reference/mixture/mixture.ts";
import { expertChoice as chooseReference, route as reference } from "../../../src/reference/mixture/routing.ts";
import { Tensor, tensor, upload } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";

const gpu = await testGpu();
const [c, f, e] = [32, 48, 5] as const;
const floats = (shape: readonly number[], seed: number, by = 1) =>
  tensor(
    gpu,
    shape,
    normal(
      shape.reduce((size, axis) => size * axis, 1),
      seed,
    ).map((x) => x * by),
  );

function layer(t: number, k: number): ExpertsTensors {
  return {
    x: floats([t, c], 1),
    experts: tensor(gpu, [t, k], randomChoices({ t, e, k }), "u32"),
    weights: floats([t, k], 2),
    gateUp: floats([2 * e * f, c], 3, 0.2),
    down: floats([e * c, f], 4, 0.2),
  };
}

/** Rows of x with what goes with them, in this order. */
async function rowsOf(given: ExpertsTensors, order: readonly number[]): Promise<ExpertsTensors> {
  const pick = async (x: Tensor) => {
    const [, width = 1] = x.shape;
    const values = Array.from(await x.read());
    return tensor(
      gpu,
      [order.length, width],
      order.flatMap((row) => values.slice(row * width, (row + 1) * width)),
      x.dtype,
    );
  };
  const [x, chosen, weights] = [await pick(given.x), await pick(given.experts), await pick(given.weights)];
  return { ...given, x, experts: chosen, weights };
}

/** The blocks of `size` rows of a list, in this order. */
const blocks = (values: Iterable<number>, size: number, order: readonly number[]) => {
  const all = [...values];
  return order.flatMap((block) => all.slice(block * size, (block + 1) * size));
};

const able = (Object.keys(experts.variants) as (keyof typeof experts.variants)[]).filter(
  (variant) => variant !== "loop" && (variant !== "subgroups" || gpu.adapter.subgroupSize !== undefined),
);

describe.each(able)("moe/experts %s", (variant) => {
  const run = async (given: ExpertsTensors) => [...(await experts(gpu, given, { variant }).y.read())];

  test("a token's result is the same alone, and wherever it stands", async () => {
    const given = layer(41, 3);
    const together = await run(given);
    expect(together.every(Number.isFinite)).toBe(true);
    for (const row of [0, 17, 40]) {
      expect(await run(await rowsOf(given, [row])), `row ${row}`).toEqual(together.slice(row * c, (row + 1) * c));
    }
    const order = Array.from({ length: 41 }, (_, i) => (i * 16) % 41);
    expect(await run(await rowsOf(given, order))).toEqual(blocks(together, c, order));
  });

  test("experts may change places with their weights", async () => {
    const given = layer(19, 2);
    const order = [3, 0, 4, 1, 2]; // new expert i is old expert order[i]
    const moved = async (x: Tensor) => tensor(gpu, x.shape, blocks(await x.read(), x.size / e, order));
    const renamed = [...(await given.experts.read())].map((expert) => order.indexOf(expert));
    const changed = {
      ...given,
      experts: tensor(gpu, given.experts.shape, renamed, "u32"),
      gateUp: await moved(given.gateUp),
      down: await moved(given.down),
    };
    // dense adds up in the order of the experts, the others in that of the choices.
    const [actual, expected] = [await run(changed), await run(given)];
    if (variant === "dense") assertClose(actual, expected, nmseCaps.f32, "dense");
    else expect(actual).toEqual(expected);
  });

  test("weights in several segments, an expert in more than one, give the same bits", async () => {
    const whole = layer(21, 3);
    // Some choices are none: what they leave of the memory that was another's must not count.
    const choices = [...(await whole.experts.read())].map((expert, i) => (i % 7 === 3 ? e : expert));
    const given = { ...whole, experts: tensor(gpu, [21, 3], choices, "u32") };
    tensor(gpu, [21 * 3, c], new Float32Array(21 * 3 * c).fill(Number.NaN)).dispose();
    const expected = await run(given);
    const cut = async (x: Tensor, rows: number) => {
      const values = await x.read();
      const [total = 0, width = 0] = x.shape;
      const segments = [];
      for (let begin = 0; begin < total; begin += rows) {
        const end = Math.min(total, begin + rows);
        const part = upload(
          gpu,
          [end - begin, width],
          "f32",
          Float32Array.from(values.slice(begin * width, end * width)),
        );
        segments.push({ storage: part.storage, begin, end });
      }
      return new Tensor(gpu, x.shape, "f32", segments);
    };
    const [gateUp, down] = [await cut(given.gateUp, 60), await cut(given.down, 28)];
    expect(gateUp.segments.length).toBeGreaterThan(e);
    const actual = await run({ ...given, gateUp, down });
    // In one segment vector adds up a token's experts lane by lane, in several expert by expert.
    if (variant === "vector") assertClose(actual, expected, nmseCaps.f32, "vector");
    else expect(actual).toEqual(expected);
    const odd = await cut(given.gateUp, 62);
    expect(() => experts(gpu, { ...given, gateUp: odd }, { variant })).toThrow(
      /cut at row 62, expected multiples of 4/,
    );
  });
});

test("one expert with a weight of 1 is the dense feed-forward layer, to the bit", async () => {
  const t = 33;
  const [x, gate, up, down] = [floats([1, t, c], 1), floats([f, c], 2), floats([f, c], 3), floats([c, f], 4)];
  const [gates, ups] = [await gate.read(), await up.read()];
  const rows = Array.from({ length: f }, (_, j) => [
    ...gates.slice(j * c, (j + 1) * c),
    ...ups.slice(j * c, (j + 1) * c),
  ]).flat();
  const expected = feedForward(
    gpu,
    "dense",
    x,
    { gate: { weight: gate }, up: { weight: up }, down: { weight: down } },
    "silu",
  );
  const given = {
    x: floats([t, c], 1),
    experts: tensor(gpu, [t, 1], new Array(t).fill(0), "u32"),
    weights: tensor(gpu, [t, 1], new Array(t).fill(1)),
    gateUp: tensor(gpu, [2 * f, c], rows),
    down,
  };
  const { y } = experts(gpu, given, { variant: "grouped" });
  expect(await y.read()).toEqual(await expected.read());
});

test("a token with a NaN among its logits shows it, and the others do not", async () => {
  const [t, k] = [9, 2];
  const values = normal(t * e, 5);
  values[4 * e + 2] = Number.NaN;
  const rule = { k, scores: "softmax", normalise: true } as const;
  const nanFlags = tensor(gpu, [3], [0, 0, 0], "u32");
  route(gpu, { logits: tensor(gpu, [t, e], normal(t * e, 5)), nanFlags }, { ...rule, layer: 2 });
  const logits = tensor(gpu, [t, e], values);
  const { experts: chosen, weights } = route(gpu, { logits, nanFlags }, { ...rule, layer: 1 });
  expect([...(await nanFlags.read())]).toEqual([0, 1, 0]);
  const ids = await chosen.read();
  expect(ids.every((expert) => expert < e)).toBe(true);
  for (const variant of ["grouped", "vector"] as const) {
    const y = await experts(gpu, { ...layer(t, k), experts: chosen, weights }, { variant }).y.read();
    const seen = Array.from({ length: t }, (_, row) => y.slice(row * c, (row + 1) * c).some(Number.isNaN));
    expect(seen).toEqual(Array.from({ length: t }, (_, row) => row === 4));
  }
});

test.each([
  [7, 4, 3],
  [33, 8, 9],
  [5, 3, 5],
  [4, 3, 0],
])("experts choose their tokens: %i tokens, %i experts, a capacity of %i", async (t, count, capacity) => {
  const values = Float32Array.from(normal(t * count, 7), (x) => 2 * x);
  const { experts: chosen, weights } = expertChoice(gpu, { logits: tensor(gpu, [t, count], values) }, { capacity });
  const expected = chooseReference({ logits: dense([t, count], values) }, { capacity });
  expect([...(await chosen.read())]).toEqual([...expected.experts.values]);
  assertClose(await weights.read(), expected.weights.values, nmseCaps.f32, "weights");
  // And the layer accepts their choices: a token that no expert chose gets zeros.
  const x = floats([t, c], 1);
  const [gateUp, down] = [floats([2 * count * f, c], 3, 0.2), floats([count * c, f], 4, 0.2)];
  const { y } = experts(gpu, { x, experts: chosen, weights, gateUp, down });
  const [all, ids] = [await y.read(), await chosen.read()];
  for (let row = 0; row < t; row++) {
    const wanted = ids.slice(row * count, (row + 1) * count).some((expert) => expert < count);
    expect(all.slice(row * c, (row + 1) * c).some((value) => value !== 0)).toBe(wanted);
  }
});

test("of equals, experts choose the first tokens", async () => {
  const logits = tensor(gpu, [6, 2], [0, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 0]);
  const { experts: chosen } = expertChoice(gpu, { logits }, { capacity: 2 });
  // Scores are shares of a token's: expert 0 has the largest of token 5, then halves; expert 1 those of 0 and 4.
  expect([...(await chosen.read())]).toEqual([2, 1, 0, 2, 2, 2, 2, 2, 2, 1, 0, 2]);
});

test("selection is that of float64, where no two keys are too close to tell", async () => {
  const [t, count, k] = [512, 64, 8];
  const values = normal(t * count, 6);
  for (const scores of ["softmax", "sigmoid"] as const) {
    const rule = { k, scores, normalise: true } as const;
    const expected = reference({ logits: dense([t, count], Float32Array.from(values)) }, rule);
    const ids = await route(gpu, { logits: tensor(gpu, [t, count], values) }, rule).experts.read();
    let near = 0;
    for (let row = 0; row < t; row++) {
      const own = [ids, expected.experts.values].map((all) =>
        [...all.slice(row * k, (row + 1) * k)].sort((a, b) => a - b),
      );
      if ((expected.margins[row] ?? 0) < 1e-6) near++;
      else expect(own[0], `row ${row}`).toEqual(own[1]);
    }
    expect(near, "near-ties").toBeLessThan(t / 50);
  }
});

test.each([
  [1, 1, 1],
  [4, 2, 2],
  [8, 2, 17],
  [31, 4, 5],
  [32, 8, 32],
  [64, 8, 4],
  [128, 8, 129],
  [129, 6, 1],
  [160, 6, 2],
  [256, 8, 40],
])("%i experts, %i of them for each of %i tokens: from logits to sums", async (count, k, t) => {
  const [width, hidden] = [8, 4];
  const values = (shape: readonly number[], seed: number, by = 1) =>
    dense(
      shape,
      Float32Array.from(
        normal(
          shape.reduce((size, axis) => size * axis, 1),
          seed,
        ),
        (x) => by * x,
      ),
    );
  const upload = ({ shape, values: all }: { shape: readonly number[]; values: ArrayLike<number> }) =>
    tensor(gpu, shape, all);
  const [logits, x] = [values([t, count], 1, 2), values([t, width], 2)];
  const [gateUp, down] = [values([2 * count * hidden, width], 3), values([count * width, hidden], 4)];
  const rule = { k, scores: "softmax", normalise: true } as const;
  const { margins: _, ...chosen } = reference({ logits }, rule);
  const expected = mixtureReference({ x, ...chosen, gateUp, down }, { activation: "swiglu" });
  const onGpu = route(gpu, { logits: upload(logits) }, rule);
  expect([...(await onGpu.experts.read())]).toEqual([...chosen.experts.values]);
  for (const variant of ["grouped", "vector"] as const) {
    if (variant === "vector" && t * k > 512) continue;
    const tensors = { x: upload(x), gateUp: upload(gateUp), down: upload(down) };
    const { y } = experts(gpu, { ...tensors, experts: onGpu.experts, weights: onGpu.weights }, { variant });
    assertClose(await y.read(), expected.y.values, nmseCaps.f32, variant);
  }
});

test("refuses what does not fit, and says so", () => {
  const given = layer(3, 2);
  const call = (changed: Partial<ExpertsTensors>) => () => experts(gpu, { ...given, ...changed });
  expect(call({ x: floats([3, c, 1], 1) })).toThrow(/moe\/experts: x is \[3, 32, 1\], expected \[t, c\]/);
  expect(call({ weights: floats([3, 1], 1) })).toThrow(/weights is \[3, 1\], expected \[t, k\] with t = 3/);
  expect(call({ down: floats([e * c + 1, f], 1) })).toThrow(/down is \[161, 48\], expected \[e · c, f\] with c = 32/);
  expect(call({ gateUp: floats([e * f, c], 1) })).toThrow(/gateUp is \[240, 32\], expected \[480, 32\]/);
  expect(() => experts(gpu, given, { variant: "loop" })).toThrow(/moe\/experts\/loop: /);
  const rule = { k: 2, scores: "softmax", normalise: true } as const;
  const logits = floats([3, 8], 1);
  expect(() => expertChoice(gpu, { logits }, { capacity: -1 })).toThrow(
    /capacity is -1, expected an integer from 0 to/,
  );
  expect(() => route(gpu, { logits }, { ...rule, k: 9 })).toThrow(/k is 9, expected 1 to 8 \(from 8 experts\)/);
  expect(() => route(gpu, { logits, bias: floats([8], 1) }, rule)).toThrow(/a bias with softmax scores/);
  const groups = { count: 3, keep: 1, by: "maximum" } as const;
  expect(() => route(gpu, { logits }, { ...rule, groups })).toThrow(/3 groups, expected 1 to 32 that divide 8/);
  expect(() => route(gpu, { logits }, { ...rule, k: 5, groups: { ...groups, count: 2 } })).toThrow(
    /1 groups of 4 experts for k = 5/,
  );
});
