// State-space duality in float64: PyTorch's results, its two forms, pieces of a sequence, what has a closed form, and gradients.
import { describe, expect, test } from "vitest";
import { normal, randomSource } from "../../src/check/random.ts";
import { type Dense, dense, sizeOf } from "../../src/reference/dense.ts";
import { concat, slice } from "../../src/reference/layout.ts";
import { type StateSpaceTensors, stateSpace, stateSpaceBackward } from "../../src/reference/state-space.ts";
import golden from "../golden/state_space.json" with { type: "json" };
import { expectGradients } from "../support/numbers/central-differences.ts";
import { asDense, expectClose as expectListed, mapped, type NamedLists } from "../support/numbers/listed.ts";
import { expectClose, expectNear } from "./compare.ts";

const drawn = (shape: readonly number[], seed: number) => dense(shape, normal(sizeOf(shape), seed));
const uniform = (shape: readonly number[], seed: number, least: number, most: number) => {
  const source = randomSource(seed);
  return dense(
    shape,
    Array.from({ length: sizeOf(shape) }, () => least + (most - least) * source.uniform()),
  );
};

interface Sizes {
  readonly batch?: number;
  readonly h?: number;
  readonly groups?: number;
  readonly t: number;
  readonly p?: number;
  readonly n?: number;
}

function problem({ batch = 2, h = 4, groups = 2, t, p = 5, n = 6 }: Sizes, rate = 1) {
  return {
    x: drawn([batch, h, t, p], 1),
    dt: uniform([batch, h, t], 2, 0, 1),
    a: uniform([h], 3, -rate, -rate / 4),
    b: drawn([batch, groups, t, n], 4),
    c: drawn([batch, groups, t, n], 5),
    d: drawn([h], 6),
    state: drawn([batch, h, n, p], 7),
  };
}

/** Tokens of a sequence, of each tensor that has them. */
function tokensOf<T extends StateSpaceTensors>(tensors: T, start: number, end: number): T {
  const axisOf = new Map(Object.entries({ x: 2, dt: 2, b: 2, c: 2, documents: 1 }));
  const parts = Object.entries<Dense>(Object.fromEntries(Object.entries(tensors))).map(([name, x]) => {
    const axis = axisOf.get(name);
    return [name, axis === undefined ? x : slice({ x }, { axis, start, end }).y];
  });
  return Object.fromEntries(parts) as T;
}

const forms = ["recurrent", "quadratic"] as const;
const shapes: readonly Sizes[] = [
  { t: 1 },
  { t: 7, batch: 1, h: 3, groups: 1, p: 9, n: 2 },
  { t: 64, h: 3, groups: 3 },
  { t: 65, h: 6, groups: 2, p: 3, n: 8 },
  { t: 0 },
];

/** Tensors of PyTorch in float64, by `test/golden/state_space.py`. */
interface Golden {
  readonly documents: readonly (readonly number[])[] | null;
  readonly inputs: NamedLists;
  readonly results: NamedLists;
  readonly upstream: NamedLists;
  readonly gradients: NamedLists;
}

test.each(Object.entries(golden as unknown as Readonly<Record<string, Golden>>))(
  "%s: results and gradients are PyTorch's to 1e-10",
  (_, { documents, inputs, results, upstream, gradients }) => {
    const given = mapped(inputs, asDense) as Record<"x" | "dt" | "a" | "b" | "c" | "state", Dense>;
    const ids = documents ? { documents: dense([documents.length, documents[0]?.length ?? 0], documents.flat()) } : {};
    const tensors = { ...given, ...ids };
    for (const form of forms) {
      const found = stateSpace(tensors, { form });
      expectListed(found.y.values, results["y"], 1e-10, `${form} y`);
      expectListed(found.state.values, results["state"], 1e-10, `${form} state`);
    }
    const { y: dy, state: dstate } = mapped(upstream, asDense);
    const found = Object.entries(stateSpaceBackward({ ...tensors, dy, dstate }));
    expect(found.map(([name]) => name).sort()).toEqual(
      Object.keys(gradients)
        .map((name) => `d${name}`)
        .sort(),
    );
    for (const [name, { values }] of found) expectListed(values, gradients[name.slice(1)], 1e-10, name);
  },
);

test.each(shapes)("token by token and from all pairs it is the same, for $t tokens", (sizes) => {
  for (const rate of [1e-4, 1, 2661]) {
    const given = problem(sizes, rate);
    const [batch = 0, , t = 0] = given.x.shape;
    const documents = dense(
      [batch, t],
      Array.from({ length: batch * t }, (_, i) => (i % t < 3 ? 8 : 2)),
    );
    for (const tensors of [given, { ...given, state: undefined, d: undefined }, { ...given, documents }]) {
      expectNear(stateSpace(tensors, { form: "quadratic" }), stateSpace(tensors, { form: "recurrent" }), 1e-12);
    }
  }
});

test("a sequence in pieces, the state carried on, is the sequence", () => {
  const documents = dense([2, 9], [1, 1, 0, 0, 0, 2, 2, 2, 2, ...Array<number>(9).fill(0)]);
  const given = { ...problem({ t: 9 }), documents };
  const whole = stateSpace(given);
  for (const cut of [0, 1, 3, 4, 6, 7, 8, 9]) {
    const first = stateSpace(tokensOf(given, 0, cut));
    const last = stateSpace({ ...tokensOf(given, cut, 9), state: first.state });
    expectNear({ y: concat({ a: first.y, b: last.y }, { axis: 2 }).y, state: last.state }, whole, 1e-13);
  }
});

describe.each(forms)("%s", (form) => {
  test("documents in a row are each of them alone, and the first one goes on from the state", () => {
    const given = problem({ t: 7, batch: 1 });
    const first = stateSpace(tokensOf(given, 0, 3));
    const last = stateSpace({ ...tokensOf(given, 3, 7), state: undefined });
    const found = stateSpace({ ...given, documents: dense([1, 7], [4, 4, 4, 9, 9, 9, 9]) }, { form });
    expectNear(found, { y: concat({ a: first.y, b: last.y }, { axis: 2 }).y, state: last.state }, 1e-13);
  });

  test("a step of 0 leaves the state as it is, bit for bit", () => {
    const given = problem({ t: 4 });
    const { state } = stateSpace({ ...given, dt: dense([2, 4, 4]) }, { form });
    expect(state).toEqual(given.state);
  });

  test("without decay the state is the sum of all outer products, and y reads those up to its token", () => {
    const given = { x: dense([1, 1, 3, 1], [2, 3, 5]), dt: dense([1, 1, 3], [1, 2, 0.5]), a: dense([1], [0]) };
    const [b, c] = [dense([1, 1, 3, 2], [1, 0, 0, 1, 2, 4]), dense([1, 1, 3, 2], [1, 1, 1, 1, 1, -1])];
    const { y, state } = stateSpace({ ...given, b, c, d: dense([1], [10]) }, { form });
    expectClose(state, [2 + 5, 6 + 10]);
    expectClose(y, [20 + 2, 30 + 2 + 6, 50 + 7 - 16]);
  });

  test("a rate of −∞ forgets everything: a token sees itself alone", () => {
    const given = problem({ t: 5, batch: 1, h: 1, groups: 1 });
    const found = stateSpace({ ...given, a: dense([1], [Number.NEGATIVE_INFINITY]), d: undefined }, { form });
    const wanted = given.x.values.map((value, i) => {
      const token = Math.floor(i / 5);
      const product = [0, 1, 2, 3, 4, 5].reduce(
        (sum, j) => sum + (given.b.values[token * 6 + j] ?? 0) * (given.c.values[token * 6 + j] ?? 0),
        0,
      );
      return product * (given.dt.values[token] ?? 0) * value;
    });
    expectClose(found.y, wanted);
  });
});

test("the gradients are those of central differences", () => {
  const documents = dense([2, 5], [0, 0, 0, 1, 1, 2, 3, 3, 3, 3]);
  for (const rest of [{}, { documents }]) {
    expectGradients({
      forward: (given) => stateSpace({ ...given, ...rest }),
      backward: (given, { y, state }) => stateSpaceBackward({ ...given, ...rest, dy: y, dstate: state }),
      inputs: problem({ t: 5, h: 2, groups: 1, p: 2, n: 3 }),
    });
  }
});

test("the gradients of more tokens than are kept at once are those of pieces", () => {
  const given = problem({ t: 150, batch: 1, h: 2, groups: 1, p: 2, n: 3 });
  const dy = drawn(given.x.shape, 8);
  const whole = stateSpaceBackward({ ...given, dy });
  const [first, last] = [tokensOf(given, 0, 70), tokensOf(given, 70, 150)];
  const back = stateSpaceBackward({
    ...last,
    state: stateSpace(first).state,
    dy: slice({ x: dy }, { axis: 2, start: 70, end: 150 }).y,
  });
  const before = stateSpaceBackward({
    ...first,
    dy: slice({ x: dy }, { axis: 2, start: 0, end: 70 }).y,
    dstate: back.dstate,
  });
  expectNear({ dx: concat({ a: before.dx, b: back.dx }, { axis: 2 }).y }, { dx: whole.dx }, 1e-13);
  expectNear({ db: concat({ a: before.db, b: back.db }, { axis: 2 }).y }, { db: whole.db }, 1e-13);
  expectNear({ dstate: before.dstate }, { dstate: whole.dstate }, 1e-13);
});

test("tensors that do not go together are refused by name", () => {
  const given = problem({ t: 3 });
  const refused = (changed: Partial<StateSpaceTensors>) => () => stateSpace({ ...given, ...changed });
  expect(refused({ dt: drawn([2, 4, 4], 1) })).toThrow(
    "stateSpace: dt is [2, 4, 4], expected [batch, h, t] with t = 3 (from x)",
  );
  expect(refused({ a: drawn([3], 1) })).toThrow("stateSpace: a is [3], expected [h] with h = 4 (from x)");
  expect(refused({ c: drawn([2, 2, 3, 7], 1) })).toThrow("stateSpace: c is [2, 2, 3, 7], expected");
  expect(refused({ d: drawn([4, 1], 1) })).toThrow("stateSpace: d is [4, 1], expected [h]");
  expect(refused({ state: drawn([2, 4, 5, 6], 1) })).toThrow("stateSpace: state is [2, 4, 5, 6], expected");
  expect(refused({ documents: dense([2, 4]) })).toThrow("stateSpace: documents is [2, 4], expected [batch, t]");
  const three = { b: drawn([2, 3, 3, 6], 1), c: drawn([2, 3, 3, 6], 2) };
  expect(refused(three)).toThrow("stateSpace: 4 heads (x) do not divide among 3 groups (b)");
  expect(() => stateSpaceBackward({ ...given, dy: drawn([2, 4, 3, 6], 1) })).toThrow("stateSpaceBackward: dy is");
  expect(() => stateSpaceBackward({ ...given, dstate: drawn([1], 1) })).toThrow("stateSpaceBackward: dstate is [1]");
  const long = problem({ t: 1025, batch: 1, h: 1, groups: 1, p: 1, n: 1 });
  expect(() => stateSpace(long, { form: "quadratic" })).toThrow(
    "stateSpace: 1025 tokens, expected at most 1024 in the quadratic form",
  );
});
