import { describe, expect, it } from "vitest";
import { OptionError } from "../../src/options/errors.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import { expertChoice, loadBalance, type RoutingRule, route } from "../../src/reference/mixture/routing.ts";
import { draw, expectClose, generator } from "./compare.ts";

const INFINITY = Number.POSITIVE_INFINITY;
const NAN = Number.NaN;

/** A tensor of these rows. */
const rowsOf = (...rows: readonly (readonly number[])[]): Dense =>
  dense([rows.length, rows[0]?.length ?? 0], rows.flat());

/** Logits whose softmax these rows are. */
const logitsOf = (...rows: readonly (readonly number[])[]): Dense => rowsOf(...rows.map((row) => row.map(Math.log)));

/** Logits whose sigmoids these rows are. */
const logOddsOf = (...rows: readonly (readonly number[])[]): Dense =>
  rowsOf(...rows.map((row) => row.map((p) => Math.log(p / (1 - p)))));

const plain: RoutingRule = { k: 2, scores: "softmax", normalise: false };
const mixtral: RoutingRule = { k: 2, scores: "softmax", normalise: true };
const sigmoid: RoutingRule = { k: 2, scores: "sigmoid", normalise: false };

describe("route: softmax", () => {
  const logits = logitsOf([0.1, 0.4, 0.2, 0.3], [0.5, 0.25, 0.05, 0.2]);

  it("chooses by logit, heaviest first, and weighs by the softmax over all", () => {
    const { experts, weights, margins } = route({ logits }, plain);
    expect(experts).toEqual(rowsOf([1, 3], [0, 1]));
    expect(weights.shape).toEqual([2, 2]);
    expectClose(weights, [0.4, 0.3, 0.5, 0.25]);
    expectClose(margins, [Math.log(0.3 / 0.2), Math.log(0.25 / 0.2)]);
  });

  it("normalised: over the chosen, and times the scale", () => {
    expectClose(route({ logits }, mixtral).weights, [4 / 7, 3 / 7, 2 / 3, 1 / 3]);
    expectClose(route({ logits }, { ...mixtral, scale: 3 }).weights, [12 / 7, 9 / 7, 2, 1]);
    expectClose(route({ logits }, { ...plain, scale: 16 }).weights, [6.4, 4.8, 8, 4]);
  });

  it("normalised is the softmax over the k largest logits alone", () => {
    const drawn = draw(generator(3), [40, 8], 12);
    const { experts, weights } = route({ logits: drawn }, { ...mixtral, k: 3 });
    for (let token = 0; token < 40; token++) {
      const row = Array.from(drawn.values.subarray(token * 8, (token + 1) * 8));
      const top = row.toSorted((p, q) => q - p).slice(0, 3);
      const exponentials = top.map(Math.exp);
      const sum = exponentials.reduce((all, next) => all + next, 0);
      expect([...experts.values.subarray(token * 3, (token + 1) * 3)]).toEqual(top.map((logit) => row.indexOf(logit)));
      const expected = exponentials.map((one) => one / sum);
      expectClose(weights.values.subarray(token * 3, (token + 1) * 3), expected);
    }
  });

  it("does not depend on a constant that is added to a row, however large", () => {
    const { experts, weights } = route({ logits: rowsOf([1001, 1000, 1002], [-2001, -2000, -2002]) }, mixtral);
    expect(experts).toEqual(rowsOf([2, 0], [1, 0]));
    const larger = 1 / (1 + Math.exp(-1));
    expectClose(weights, [larger, 1 - larger, larger, 1 - larger]);
  });

  it("a bias is added to the softmax score, for the selection only", () => {
    const bias = dense([4], [0.35, 0, 0, 0]);
    const { experts, weights, margins } = route({ logits, bias }, plain); // keys 0.45 0.4 0.2 0.3, 0.85 0.25 0.05 0.2
    expect(experts).toEqual(rowsOf([0, 1], [0, 1]));
    expectClose(weights, [0.1, 0.4, 0.5, 0.25]);
    expectClose(margins, [0.1, 0.05]);
    expectClose(route({ logits, bias }, mixtral).weights, [0.2, 0.8, 2 / 3, 1 / 3]);
  });

  it("k of all experts leaves no other choice", () => {
    const { experts, weights, margins } = route({ logits }, { ...plain, k: 4 });
    expect(experts).toEqual(rowsOf([1, 3, 2, 0], [0, 1, 3, 2]));
    expectClose(weights, [0.4, 0.3, 0.2, 0.1, 0.5, 0.25, 0.2, 0.05]);
    expect([...margins]).toEqual([INFINITY, INFINITY]);
  });

  it("one expert has all of the weight", () => {
    const one = route({ logits: rowsOf([-7], [3]) }, { ...plain, k: 1 });
    expect([one.experts, one.weights]).toEqual([rowsOf([0], [0]), rowsOf([1], [1])]);
  });
});

describe("route: sigmoid", () => {
  const logits = logOddsOf([0.8, 0.6, 0.4, 0.2]);
  const bias = dense([4], [0, -0.5, 0.3, 0]); // keys 0.8 0.1 0.7 0.2

  it("weighs each expert by its own sigmoid", () => {
    const { experts, weights, margins } = route({ logits }, sigmoid);
    expect(experts).toEqual(rowsOf([0, 1]));
    expectClose(weights, [0.8, 0.6]);
    expectClose(margins, [0.2]);
  });

  it("chooses with the bias and weighs without", () => {
    const { experts, weights, margins } = route({ logits, bias }, sigmoid);
    expect(experts).toEqual(rowsOf([0, 2]));
    expectClose(weights, [0.8, 0.4]);
    expectClose(margins, [0.5]);
  });

  it("heaviest first as selected, an order that the bias may change", () => {
    const { experts, weights } = route({ logits, bias: dense([4], [0, 0, 1, 0]) }, sigmoid);
    expect(experts).toEqual(rowsOf([2, 0]));
    expectClose(weights, [0.4, 0.8]);
  });

  it("normalised over the chosen, then scaled", () => {
    expectClose(route({ logits, bias }, { ...sigmoid, normalise: true, scale: 2.5 }).weights, [5 / 3, 5 / 6]);
  });

  it("normalised weights of scores that are all 0 are 0, by the 1e-20 in the divisor", () => {
    const none = rowsOf([-800, -900, -INFINITY]);
    expect([...route({ logits: none }, { ...sigmoid, normalise: true }).weights.values]).toEqual([0, 0]);
  });
});

describe("route: groups", () => {
  const logits = logitsOf([0.3, 0.02, 0.2, 0.2, 0.25, 0.03]);
  const groups = { count: 3, keep: 2 } as const;

  it("by maximum: DeepSeek-V2, softmax as it is and scaled", () => {
    const rule: RoutingRule = { ...plain, k: 3, scale: 16, groups: { ...groups, by: "maximum" } };
    const { experts, weights, margins } = route({ logits }, rule); // group scores 0.3 0.2 0.25
    expect(experts).toEqual(rowsOf([0, 4, 5]));
    expectClose(weights, [4.8, 4, 0.48]);
    expectClose(margins, [0.01]); // expert 5 before 1; groups differ by 0.05
  });

  it("by the sum of the two largest; the margin is the groups' where they are closer", () => {
    const rule: RoutingRule = { ...plain, k: 3, groups: { ...groups, by: "top-two" } };
    const { experts, margins } = route({ logits }, rule); // group scores 0.32 0.4 0.28
    expect(experts).toEqual(rowsOf([0, 2, 3]));
    expectClose(margins, [0.04]);
  });

  it("by top-two is by two of three, not by all", () => {
    const scores = logOddsOf([0.5, 0.5, 0.01, 0.4, 0.4, 0.4]); // 1 of two and 1.01 of all, 0.8 of two and 1.2 of all
    const rule: RoutingRule = { ...sigmoid, groups: { count: 2, keep: 1, by: "top-two" } };
    expect(route({ logits: scores }, rule).experts).toEqual(rowsOf([0, 1]));
  });

  it("groups of one expert score by it", () => {
    const rule: RoutingRule = { ...plain, k: 1, groups: { count: 6, keep: 1, by: "top-two" } };
    expect(route({ logits }, rule).experts).toEqual(rowsOf([0]));
  });

  it("DeepSeek-V3: groups by biased scores, weights unbiased, normalised and scaled", () => {
    const scores = logOddsOf([0.9, 0.1, 0.5, 0.55, 0.3, 0.2, 0.7, 0.4]);
    const bias = dense([8], [-0.8, 0, 0.1, 0, 0.5, 0.5, 0, -0.1]); // keys 0.1 0.1, 0.6 0.55, 0.8 0.7, 0.7 0.3
    const rule: RoutingRule = {
      k: 3,
      scores: "sigmoid",
      normalise: true,
      scale: 2.5,
      groups: { count: 4, keep: 2, by: "top-two" }, // group scores 0.2 1.15 1.5 1.0
    };
    const { experts, weights, margins } = route({ logits: scores, bias }, rule);
    expect(experts).toEqual(rowsOf([4, 5, 2]));
    expectClose(weights, [0.75, 0.5, 1.25]);
    expectClose(margins, [0.05]);
  });

  it("keys of dropped groups are −∞ and not 0, which would be the largest of negative ones", () => {
    const bias = dense([4], [-0.6, -0.7, -0.55, -1.4]); // keys −0.1 −0.2, −0.05 −0.9; group scores −0.3, −0.95
    const rule: RoutingRule = { ...sigmoid, groups: { count: 2, keep: 1, by: "top-two" } };
    const { experts, margins } = route({ logits: rowsOf([0, 0, 0, 0]), bias }, rule);
    expect(experts).toEqual(rowsOf([0, 1]));
    expectClose(margins, [0.65]);
    const withZero = rowsOf([-0.1, -0.2, 0, 0]);
    expect(route({ logits: withZero }, plain).experts).toEqual(rowsOf([2, 3]));
  });
});

describe("route: ties and what is no number", () => {
  it("the lower expert comes first, and the margin is 0", () => {
    const { experts, margins } = route({ logits: rowsOf([1, 1, 1, 1], [0, 2, 1, 2], [5, 7, 5, 5]) }, plain);
    expect(experts).toEqual(rowsOf([0, 1], [1, 3], [1, 0]));
    expect([...margins]).toEqual([0, 1, 0]);
  });

  it.each(["maximum", "top-two"] as const)("the lower group stays, by %s", (by) => {
    const rule: RoutingRule = { ...plain, groups: { count: 3, keep: 1, by } };
    const { experts, margins } = route({ logits: rowsOf([0, 0, 1, 2, 2, 1]) }, rule);
    expect(experts).toEqual(rowsOf([3, 2]));
    expect([...margins]).toEqual([0]);
  });

  it("an expert at −∞ comes last and weighs 0", () => {
    const { experts, weights } = route({ logits: rowsOf([-INFINITY, 0, -INFINITY, -1]) }, { ...mixtral, k: 3 });
    expect(experts).toEqual(rowsOf([1, 3, 0]));
    expect(weights.values[2]).toBe(0);
  });

  const groups = { count: 2, keep: 1, by: "maximum" } as const;
  it.each([plain, mixtral, sigmoid, { ...sigmoid, normalise: true }, { ...plain, groups }, { ...sigmoid, groups }])(
    "a NaN gives the first experts with weights of NaN, and other tokens nothing: %j",
    (rule) => {
      const { experts, weights, margins } = route(
        { logits: rowsOf([0, NAN, 1, 2], [NAN, NAN, NAN, NAN], [0, 0, 1, 2]) },
        rule,
      );
      expect(experts).toEqual(rowsOf([0, 1], [0, 1], [3, 2]));
      expect([...weights.values.subarray(0, 4)]).toEqual([NAN, NAN, NAN, NAN]);
      expect(weights.values.subarray(4).every(Number.isFinite)).toBe(true);
      expect([...margins.subarray(0, 2)]).toEqual([0, 0]);
    },
  );

  it("a bias that is NaN keeps its expert back", () => {
    const { experts, weights } = route({ logits: rowsOf([3, 2, 1]), bias: dense([3], [NAN, 0, 0]) }, sigmoid);
    expect(experts).toEqual(rowsOf([1, 2]));
    expect(weights.values.every(Number.isFinite)).toBe(true);
  });

  it("weights are NaN where the softmax is not defined", () => {
    const logits = rowsOf([0, INFINITY, 1], [-INFINITY, -INFINITY, -INFINITY]);
    for (const rule of [plain, mixtral]) {
      const { experts, weights } = route({ logits }, rule);
      expect(experts).toEqual(rowsOf([1, 2], [0, 1]));
      expect([...weights.values]).toEqual([NAN, NAN, NAN, NAN]);
    }
  });
});

describe("route: errors", () => {
  const logits = rowsOf([1, 2, 3, 4, 5, 6]);
  const groups = (count: number, keep: number) => ({ groups: { count, keep, by: "maximum" } }) as const;
  it.each([
    [OptionError, { k: 7 }, "k is 7, expected an integer from 1 to 6"],
    [OptionError, { k: 0 }, "k is 0, expected an integer from 1 to 6"],
    [OptionError, { k: 1.5 }, "k is 1.5, expected an integer from 1 to 6"],
    [OptionError, groups(0, 0), "groups.count is 0, expected an integer of 1 or more"],
    [RangeError, groups(4, 2), "4 groups (from rule) do not divide 6 experts (from logits)"],
    [RangeError, groups(3, 4), "4 groups kept, expected at most 3 (from rule)"],
    [RangeError, { k: 3, ...groups(3, 1) }, "1 groups of 2 experts are kept, expected at least 3 experts (k)"],
  ])("%o %j", (kind, change, message) => {
    expect(() => route({ logits }, { ...plain, ...change })).toThrow(new kind(`route: ${message}`));
  });

  it("a bias of other experts", () => {
    expect(() => route({ logits, bias: dense([5]) }, plain)).toThrow(
      "bias is [5], expected [e] with e = 6 (from logits)",
    );
  });
});

describe("expertChoice", () => {
  const logits = logitsOf([0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.1, 0.5, 0.4]);

  it("each expert takes its highest tokens; one may go to several experts, or to none", () => {
    const { experts, weights, margins } = expertChoice({ logits }, { capacity: 1 });
    expect(experts).toEqual(rowsOf([0, 3, 3], [3, 3, 3], [3, 1, 2]));
    expectClose(weights, [0.7, 0, 0, 0, 0, 0, 0, 0.5, 0.4]);
    expectClose(margins, [0.1, 0.1, 0.2]); // expert 0 between tokens 0 and 1; expert 1 between 2 and 1
  });

  it("ties go to the lower token", () => {
    const tied = rowsOf([0, 0], [0, 0], [Math.log(3), 0]); // expert 0: ½ ½ ¾, expert 1: ½ ½ ¼
    const { experts, margins } = expertChoice({ logits: tied }, { capacity: 1 });
    expect(experts).toEqual(rowsOf([2, 1], [2, 2], [0, 2]));
    expectClose(margins, [0, 0, 0.25]);
    expect(expertChoice({ logits: tied }, { capacity: 2 }).experts).toEqual(rowsOf([0, 1], [2, 1], [0, 2]));
  });

  it("no capacity takes none, and that of all tokens takes all", () => {
    const none = expertChoice({ logits }, { capacity: 0 });
    expect(none.experts.values.every((id) => id === 3) && none.weights.values.every((weight) => weight === 0)).toBe(
      true,
    );
    const all = expertChoice({ logits }, { capacity: 3 });
    expect(all.experts).toEqual(rowsOf([0, 1, 2], [0, 1, 2], [0, 1, 2]));
    expectClose(all.weights, [0.7, 0.2, 0.1, 0.6, 0.3, 0.1, 0.1, 0.5, 0.4]);
    expect([...all.margins]).toEqual([INFINITY, INFINITY, INFINITY]);
  });

  it("a token with a NaN comes last, and weighs NaN where it is taken", () => {
    const broken = rowsOf([NAN, 9], [0, 0]);
    const taken = expertChoice({ logits: broken }, { capacity: 1 });
    expect([taken.experts, taken.weights]).toEqual([rowsOf([2, 2], [0, 1]), rowsOf([0, 0], [0.5, 0.5])]);
    expect(expertChoice({ logits: broken }, { capacity: 2 }).weights).toEqual(rowsOf([NAN, NAN], [0.5, 0.5]));
  });

  it.each([-1, 4, 0.5])("refuses a capacity of %d", (capacity) => {
    const message = `expertChoice: capacity is ${capacity}, expected an integer from 0 to 3`;
    expect(() => expertChoice({ logits }, { capacity })).toThrow(new OptionError(message));
  });
});

it("the load-balancing loss is 1 where experts are used equally, and e where one has all", () => {
  const even = { experts: dense([4, 1], [0, 1, 2, 3]), scores: dense([4, 4], new Array(16).fill(0.25)) };
  expect(loadBalance(even)).toBeCloseTo(1, 12);
  const one = { experts: dense([2, 1], [1, 1]), scores: dense([2, 3], [0, 1, 0, 0, 1, 0]) };
  expect(loadBalance(one)).toBeCloseTo(3, 12);
});
