import { describe, expect, it } from "vitest";
import { OptionError } from "../../src/options/errors.ts";
import { swiglu } from "../../src/reference/activation.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import { matmul } from "../../src/reference/matmul.ts";
import { align, imbalance, mixture, NO_POSITION, paddingEfficiency } from "../../src/reference/mixture/mixture.ts";
import { limitCapacity, type RoutingRule, route } from "../../src/reference/mixture/routing.ts";
import { draw, expectClose, generator } from "./compare.ts";

/** A tensor of these rows. */
const rowsOf = (...rows: readonly (readonly number[])[]): Dense =>
  dense([rows.length, rows[0]?.length ?? 0], rows.flat());

const plain: RoutingRule = { k: 2, scores: "softmax", normalise: false };

/** The worked example: five tokens, two of four experts each, blocks of four. */
const experts = rowsOf([2, 0], [0, 3], [2, 0], [0, 2], [3, 2]);

describe("limitCapacity", () => {
  it("drops the later slots of an expert: by token, then by choice", () => {
    expect(limitCapacity({ experts }, { count: 4, capacity: 2 }).experts).toEqual(
      rowsOf([2, 0], [0, 3], [2, 4], [4, 4], [3, 4]),
    );
    const twice = rowsOf([0, 0], [0, 1]);
    expect(limitCapacity({ experts: twice }, { count: 2, capacity: 1 }).experts).toEqual(rowsOf([0, 2], [2, 1]));
  });

  it("keeps all within the capacity, and none without one", () => {
    expect(limitCapacity({ experts }, { count: 4, capacity: 4 }).experts).toEqual(experts);
    const none = limitCapacity({ experts }, { count: 4, capacity: 0 }).experts;
    expect(none.values.every((id) => id === 4)).toBe(true);
  });

  it("what goes to no expert takes no room", () => {
    const some = rowsOf([2, 0], [2, 0], [2, 9]);
    expect(limitCapacity({ experts: some }, { count: 2, capacity: 1 }).experts).toEqual(rowsOf([2, 0], [2, 2], [2, 2]));
  });

  it("refuses what is no whole number", () => {
    expect(() => limitCapacity({ experts }, { count: 4, capacity: -1 })).toThrow(
      new OptionError("limitCapacity: capacity is -1, expected an integer from 0 to 4294967295"),
    );
    expect(() => limitCapacity({ experts: rowsOf([0, -1]) }, { count: 4, capacity: 1 })).toThrow(
      new RangeError("limitCapacity: the expert of slot 1 is -1, expected a non-negative integer"),
    );
  });
});

describe("align", () => {
  it("the worked example", () => {
    const alignment = align({ experts }, { count: 4, block: 4 });
    expect(alignment).toEqual({
      counts: [4, 0, 4, 2],
      offsets: [0, 4, 4, 8, 12],
      slots: [1, 2, 5, 6, 0, 4, 7, 9, 3, 8, 10, 10],
      blockExperts: [0, 2, 3],
      positions: [4, 0, 1, 8, 5, 2, 3, 6, 9, 7],
    });
    expect(paddingEfficiency(alignment)).toBe(10 / 12);
    expect(imbalance(alignment)).toBe(1.6);
  });

  it("slots that go to no expert have no position and take no room", () => {
    const alignment = align({ experts: rowsOf([2, 0], [0, 7]) }, { count: 2, block: 2 });
    expect(alignment).toEqual({
      counts: [2, 0],
      offsets: [0, 2, 2],
      slots: [1, 2],
      blockExperts: [0],
      positions: [NO_POSITION, 0, 1, NO_POSITION],
    });
    expect(NO_POSITION).toBe(2 ** 32 - 1);
    expect(paddingEfficiency(alignment)).toBe(1);
    expect(imbalance(alignment)).toBe(2);
  });

  it("one slot among 128 experts is one block", () => {
    const { counts, offsets, slots, blockExperts } = align({ experts: rowsOf([77]) }, { count: 128, block: 16 });
    expect([counts[77], counts[78], offsets[77], offsets[78], offsets[128]]).toEqual([1, 0, 0, 16, 16]);
    expect(slots).toEqual([0, ...new Array(15).fill(1)]);
    expect(blockExperts).toEqual([77]);
  });

  it("no slots at all are no block", () => {
    const alignment = align({ experts: rowsOf([3, 3]) }, { count: 3, block: 4 });
    expect(alignment).toMatchObject({ offsets: [0, 0, 0, 0], slots: [], blockExperts: [] });
    expect([paddingEfficiency(alignment), imbalance(alignment)]).toEqual([1, 1]);
  });

  it.each([
    [17, 6, 31, 8],
    [129, 2, 4, 32],
    [5, 4, 4, 1],
  ])("%d tokens, %d of %d experts, blocks of %d: a permutation, stable, a block of one expert", (t, k, e, block) => {
    const routed = route({ logits: draw(generator(t), [t, e]) }, { ...plain, k }).experts;
    const { counts, offsets, slots, blockExperts, positions } = align({ experts: routed }, { count: e, block });
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(t * k);
    expect(slots.filter((slot) => slot < t * k).sort((p, q) => p - q)).toEqual(
      Array.from({ length: t * k }, (_, i) => i),
    );
    expect(positions.map((position) => slots[position])).toEqual(Array.from({ length: t * k }, (_, i) => i));
    for (const [expert, count] of counts.entries()) {
      const [start = 0, end = 0] = offsets.slice(expert, expert + 2);
      const own = slots.slice(start, start + count);
      expect([start % block, end - start]).toEqual([0, Math.ceil(count / block) * block]);
      expect(own).toEqual(own.toSorted((p, q) => p - q));
      expect(own.every((slot) => routed.values[slot] === expert)).toBe(true);
      expect(slots.slice(start + count, end).every((slot) => slot === t * k)).toBe(true);
      expect(blockExperts.slice(start / block, end / block).every((id) => id === expert)).toBe(true);
    }
    expect(blockExperts.length * block).toBe(slots.length);
  });

  it("refuses what is no whole number", () => {
    expect(() => align({ experts }, { count: 4, block: 0 })).toThrow(
      new OptionError("align: block is 0, expected an integer of 1 or more"),
    );
    expect(() => align({ experts: rowsOf([0.5]) }, { count: 4, block: 4 })).toThrow(
      new RangeError("align: the expert of slot 0 is 0.5, expected a non-negative integer"),
    );
  });
});

/** Rows of a matrix by index. */
const pick = ({ shape: [, cols = 0], values }: Dense, rows: readonly number[]): Dense =>
  rowsOf(...rows.map((row) => Array.from(values.subarray(row * cols, (row + 1) * cols))));

const indices = (n: number, start = 0): number[] => Array.from({ length: n }, (_, i) => start + i);

/** The matrices of e experts, all numbers distinct. */
const expertsOf = (next: () => number, e: number, c: number, f: number) => ({
  gateUp: draw(next, [e * 2 * f, c], 2),
  down: draw(next, [e * c, f], 2),
  gateUpBias: draw(next, [e * 2 * f]),
  downBias: draw(next, [e * c]),
});

/** A feed-forward layer of matrices whose gate and up rows alternate, from matmul and SwiGLU. */
function feedForward(x: Dense, { gateUp, down, gateUpBias, downBias }: ReturnType<typeof expertsOf>): Dense {
  const [t = 0] = x.shape;
  const [, f = 0] = down.shape;
  const both = matmul({ x, weight: gateUp, bias: gateUpBias }).y.values;
  const gate = dense(
    [t, f],
    both.filter((_, i) => i % 2 === 0),
  );
  const up = dense(
    [t, f],
    both.filter((_, i) => i % 2 === 1),
  );
  return matmul({ x: swiglu({ gate, up }).y, weight: down, bias: downBias }).y;
}

/** One of several experts' matrices. */
function expertOf(all: ReturnType<typeof expertsOf>, expert: number): ReturnType<typeof expertsOf> {
  const [, c = 0] = all.gateUp.shape;
  const [, f = 0] = all.down.shape;
  return {
    gateUp: pick(all.gateUp, indices(2 * f, expert * 2 * f)),
    down: pick(all.down, indices(c, expert * c)),
    gateUpBias: dense([2 * f], all.gateUpBias.values.subarray(expert * 2 * f, (expert + 1) * 2 * f)),
    downBias: dense([c], all.downBias.values.subarray(expert * c, (expert + 1) * c)),
  };
}

/** The experts and weights of a routing. */
function routeOf(tensors: { logits: Dense }, rule: RoutingRule) {
  const { experts, weights } = route(tensors, rule);
  return { experts, weights };
}

describe("mixture", () => {
  const swigluOf = { activation: "swiglu" } as const;
  const [t, c, e, f, k] = [7, 5, 4, 3, 2];
  const next = generator(11);
  const x = draw(next, [t, c], 4);
  const all = expertsOf(next, e, c, f);
  const logits = draw(next, [t, e], 4);
  const routed = routeOf({ logits }, { ...plain, k });

  it("by hand: gate and up rows alternate, and slots are weighed", () => {
    const gateUp = rowsOf([1, 0], [0, 2], [0, -1], [3, 0]); // expert 0: g = x₀, u = 2x₁; expert 1: g = −x₁, u = 3x₀
    const down = rowsOf([1], [10], [100], [1000]);
    const ln3 = Math.log(3); // sigmoids ¾ and ¼
    const one = { x: rowsOf([ln3, ln3]), experts: rowsOf([1, 0]), weights: rowsOf([0.5, 2]), gateUp, down };
    const hidden = [0.75 * ln3 * 2 * ln3, 0.25 * -ln3 * 3 * ln3] as const;
    const y = [2 * hidden[0] + 50 * hidden[1], 20 * hidden[0] + 500 * hidden[1]];
    expectClose(mixture(one, swigluOf).y, y);

    const biased = { ...one, gateUpBias: dense([4], [-ln3, 1, ln3, -ln3]), downBias: dense([4], [1, 2, 3, 4]) };
    // g is 0 for both experts, so the biases of down are all that is left.
    expectClose(mixture(biased, swigluOf).y, [2 * 1 + 0.5 * 3, 2 * 2 + 0.5 * 4]);
  });

  it("clamped: (u + 1) · g · sigmoid(1.702 g), g at most 7, u within ±7", () => {
    const single = {
      experts: rowsOf([0]),
      weights: rowsOf([1]),
      down: rowsOf([1], [0]),
      gateUp: rowsOf([1, 0], [0, 1]),
    };
    const clamped = (g: number, u: number) =>
      mixture({ x: rowsOf([g, u]), ...single }, { activation: "clamped-swiglu" }).y.values[0] ?? 0;
    const g = Math.log(3) / 1.702; // sigmoid ¾
    expect(clamped(g, 1)).toBeCloseTo(2 * 0.75 * g, 14);
    expect(clamped(-g, 1)).toBeCloseTo(2 * 0.25 * -g, 14);
    expect(clamped(g, 9)).toBe(clamped(g, 7));
    expect(clamped(g, -9)).toBe(clamped(g, -7));
    expect(clamped(g, -7)).toBeCloseTo(-6 * 0.75 * g, 13);
    expect(clamped(9, 1)).toBe(clamped(7, 1));
    expect(clamped(7, 1)).toBeCloseTo(14 / (1 + Math.exp(-1.702 * 7)), 12);
    expect(clamped(-9, 1)).toBeCloseTo(-18 / (1 + Math.exp(1.702 * 9)), 14);
  });

  it("one expert is a dense feed-forward layer, to the bit", () => {
    const one = expertsOf(generator(5), 1, c, f);
    const routing = routeOf({ logits: draw(generator(6), [t, 1]) }, { ...plain, k: 1 });
    expect(mixture({ x, ...routing, ...one }, swigluOf).y).toEqual(feedForward(x, one));
  });

  it.each([true, false])("k of all experts is the full mixture of all by their softmax, normalise %s", (normalise) => {
    const { y } = mixture({ x, ...routeOf({ logits }, { ...plain, k: e, normalise }), ...all }, swigluOf);
    const outputs = indices(e).map((expert) => feedForward(x, expertOf(all, expert)).values);
    const expected = Array.from(y.values, (_, i) => {
      const row = Array.from(logits.values.subarray(Math.floor(i / c) * e, (Math.floor(i / c) + 1) * e), Math.exp);
      const sum = row.reduce((before, one) => before + one, 0);
      return row.reduce((before, one, expert) => before + (one / sum) * (outputs[expert]?.[i] ?? Number.NaN), 0);
    });
    expectClose(y, expected);
  });

  it("a batch is its tokens one by one, in any order", () => {
    const { y } = mixture({ x, ...routed, ...all }, swigluOf);
    for (const token of indices(t)) {
      const own = {
        x: pick(x, [token]),
        experts: pick(routed.experts, [token]),
        weights: pick(routed.weights, [token]),
      };
      expect(mixture({ ...own, ...all }, swigluOf).y).toEqual(pick(y, [token]));
    }
    const order = [3, 0, 6, 1, 5, 2, 4];
    const moved = { x: pick(x, order), ...routeOf({ logits: pick(logits, order) }, { ...plain, k }) };
    expect(mixture({ ...moved, ...all }, swigluOf).y).toEqual(pick(y, order));
  });

  it("does not depend on the order of the experts", () => {
    const order = [2, 0, 3, 1];
    const columns = logits.values.map((_, i) => logits.values[i - (i % e) + (order[i % e] ?? 0)] ?? Number.NaN);
    const parts = order.map((expert) => expertOf(all, expert));
    const moved = {
      gateUp: dense(
        all.gateUp.shape,
        parts.flatMap(({ gateUp }) => [...gateUp.values]),
      ),
      down: dense(
        all.down.shape,
        parts.flatMap(({ down }) => [...down.values]),
      ),
      gateUpBias: dense(
        all.gateUpBias.shape,
        parts.flatMap(({ gateUpBias }) => [...gateUpBias.values]),
      ),
      downBias: dense(
        all.downBias.shape,
        parts.flatMap(({ downBias }) => [...downBias.values]),
      ),
    };
    const routing = routeOf({ logits: dense([t, e], columns) }, { ...plain, k });
    expectClose(mixture({ x, ...routing, ...moved }, swigluOf).y, mixture({ x, ...routed, ...all }, swigluOf).y.values);
  });

  it("what goes to no expert adds nothing, whatever its weight", () => {
    const weights = rowsOf([0.5, Number.NaN], [Number.NaN, Number.NaN]);
    const two = { x: pick(x, [0, 1]), experts: rowsOf([3, e], [e + 2, NO_POSITION]), weights };
    const alone = { x: pick(x, [0]), experts: rowsOf([3]), weights: rowsOf([0.5]) };
    const expected = [...mixture({ ...alone, ...all }, swigluOf).y.values, ...new Array(c).fill(0)];
    expect([...mixture({ ...two, ...all }, swigluOf).y.values]).toEqual(expected);
  });

  it("refuses shapes that do not belong together", () => {
    const message =
      "mixture: gateUp and down have 23 and 20 rows, expected [e · 6, 5] and [e · 5, 3] of as many experts e (c from x, f from down)";
    const short = dense([23, c]);
    const { gateUp, down } = all;
    expect(() => mixture({ x, ...routed, gateUp: short, down }, swigluOf)).toThrow(new RangeError(message));
    expect(() => mixture({ x, ...routed, gateUp, down: dense([21, f]) }, swigluOf)).toThrow("24 and 21 rows");
    expect(() => mixture({ x, ...routed, ...all, downBias: dense([19]) }, swigluOf)).toThrow("downBias is [19]");
    expect(() => mixture({ x, ...routed, ...all, gateUpBias: dense([25]) }, swigluOf)).toThrow("gateUpBias is [25]");
    expect(() => mixture({ x, ...routed, weights: dense([t, 3]), gateUp, down }, swigluOf)).toThrow(
      "weights is [7, 3]",
    );
    const negative = dense([t, k], new Array(t * k).fill(-1));
    expect(() => mixture({ x, ...routed, experts: negative, gateUp, down }, swigluOf)).toThrow(
      new RangeError("mixture: the expert of slot 0 is -1, expected a non-negative integer"),
    );
  });
});
