// The delta rule in float64: PyTorch's results, its two forms, pieces of a sequence, what has a closed form, and gradients.
import { describe, expect, test } from "vitest";
import { normal, randomSource } from "../../src/check/random.ts";
import {
  type DeltaRuleOptions,
  type DeltaRuleTensors,
  deltaRule,
  deltaRuleBackward,
} from "../../src/reference/delta-rule.ts";
import { type Dense, dense, sizeOf } from "../../src/reference/dense.ts";
import { concat, slice } from "../../src/reference/layout.ts";
import { l2Normalise } from "../../src/reference/norm.ts";
import golden from "../golden/delta_rule.json" with { type: "json" };
import { expectGradients } from "../support/numbers/central-differences.ts";
import { asDense, expectClose as expectListed, mapped, type NamedLists } from "../support/numbers/listed.ts";
import { expectClose, expectNear } from "./compare.ts";

const drawn = (shape: readonly number[], seed: number, scale = 1) => dense(shape, normal(sizeOf(shape), seed, scale));
const filled = (shape: readonly number[], value: number) => dense(shape, new Float64Array(sizeOf(shape)).fill(value));

interface Sizes {
  readonly b?: number;
  readonly h?: number;
  readonly hv?: number;
  readonly t: number;
  readonly d?: number;
  readonly dv?: number;
}

type Gate = "none" | "head" | "channel";

/** Random tensors: betas from 0 to 1, both included; decays around `strength`, of which some are 0. */
function problem({ b = 2, h = 2, hv = 4, t, d = 6, dv = 5 }: Sizes, gate: Gate, strength = 0.1) {
  const betas = randomSource(4);
  const gates = gate === "channel" ? [b, hv, t, d] : [b, hv, t];
  const logs = drawn(gates, 6, Math.sqrt(strength)).values.map((value, i) => (i % 7 === 3 ? 0 : -value * value));
  return {
    q: drawn([b, h, t, d], 1),
    k: drawn([b, h, t, d], 2, 0.3), // of length below √2, where the recurrence is stable
    v: drawn([b, hv, t, dv], 3),
    beta: dense(
      [b, hv, t],
      Array.from({ length: b * hv * t }, (_, i) => (i % 5 < 2 ? i % 5 : betas.uniform())),
    ),
    state: drawn([b, hv, d, dv], 5),
    ...(gate === "none" ? {} : { g: dense(gates, logs) }),
  };
}

/** Ids of documents of these lengths in each row, the last one up to the end. */
const documentsOf = (t: number, rows: readonly (readonly number[])[]): Dense =>
  dense(
    [rows.length, t],
    rows.flatMap((lengths) => {
      const ids = lengths.flatMap((length, id) => Array<number>(length).fill(9 - id));
      return [...ids, ...Array<number>(t).fill(0)].slice(0, t);
    }),
  );

const shapes: readonly Sizes[] = [
  { t: 1 },
  { t: 7, b: 1, h: 1, hv: 3, d: 2, dv: 9 },
  { t: 64, h: 3, hv: 3 },
  { t: 65, h: 2, hv: 6, d: 8, dv: 3 },
  { t: 0 },
];

/** Tensors of PyTorch in float64, by `test/golden/delta_rule.py`. */
interface Golden {
  readonly options: DeltaRuleOptions;
  readonly documents: readonly (readonly number[])[] | null;
  readonly inputs: NamedLists;
  readonly results: NamedLists;
  readonly upstream: NamedLists;
  readonly gradients: NamedLists;
}

test.each(Object.entries(golden as unknown as Readonly<Record<string, Golden>>))(
  "%s: results and gradients are PyTorch's to 1e-10",
  (_, { options, documents, inputs, results, upstream, gradients }) => {
    const { q, k, v, beta, state, ...gates } = mapped(inputs, asDense) as Record<
      "q" | "k" | "v" | "beta" | "state",
      Dense
    >;
    const ids = documents ? { documents: dense([documents.length, documents[0]?.length ?? 0], documents.flat()) } : {};
    const tensors = { q, k, v, beta, state, ...gates, ...ids };
    for (const form of ["recurrent", "quadratic"] as const) {
      const found = deltaRule(tensors, { ...options, form });
      expectListed(found.out.values, results["out"], 1e-10, `${form} out`);
      expectListed(found.state.values, results["state"], 1e-10, `${form} state`);
    }
    const { out: dout, state: dstate } = mapped(upstream, asDense);
    const found = Object.entries(deltaRuleBackward({ ...tensors, dout, dstate }, options));
    expect(found.map(([name]) => name).sort()).toEqual(
      Object.keys(gradients)
        .map((name) => `d${name}`)
        .sort(),
    );
    for (const [name, { values }] of found) expectListed(values, gradients[name.slice(1)], 1e-10, name);
  },
);

describe.each(["none", "head", "channel"] as const)("with gates: %s", (gate) => {
  test.each(shapes)("token by token and from all pairs it is the same, for $t tokens", (sizes) => {
    for (const strength of [1e-4, 0.1, 2661]) {
      for (const normalise of [false, true]) {
        const given = problem(sizes, gate, strength);
        const documents = documentsOf(sizes.t, [[3, 1, 30], []].slice(0, given.q.shape[0]));
        for (const tensors of [given, { ...given, state: undefined }, { ...given, documents }]) {
          expectNear(
            deltaRule(tensors, { normalise, form: "quadratic" }),
            deltaRule(tensors, { normalise, form: "recurrent" }),
            1e-12,
          );
        }
      }
    }
  });

  test("a sequence in pieces, the state carried on, is the sequence", () => {
    const t = 9;
    const given = { ...problem({ t }, gate), documents: documentsOf(t, [[2, 3], []]) };
    const { state, ...rows } = given;
    const whole = deltaRule(given);
    for (const cut of [0, 1, 3, 4, 6, 7, 8, 9]) {
      const piece = (start: number, end: number) => {
        const parts = Object.entries<Dense>(rows).map(([name, x]) => {
          return [name, slice({ x }, { axis: name === "documents" ? 1 : 2, start, end }).y];
        });
        return Object.fromEntries(parts) as typeof rows;
      };
      const first = deltaRule({ ...piece(0, cut), state });
      const last = deltaRule({ ...piece(cut, t), state: first.state });
      expectNear({ out: concat({ a: first.out, b: last.out }, { axis: 2 }).y, state: last.state }, whole, 1e-13);
    }
  });

  test("documents in a row are each of them alone, and the first one goes on from the state", () => {
    const given = problem({ t: 7, b: 1, hv: 2 }, gate);
    const { state, ...rows } = given;
    const pieces: readonly (readonly [start: number, end: number])[] = [
      [0, 3],
      [3, 4],
      [4, 7],
    ];
    const alone = pieces.map(([start, end], i) => {
      const own = Object.entries<Dense>(rows).map(([name, x]) => [name, slice({ x }, { axis: 2, start, end }).y]);
      return deltaRule({ ...(Object.fromEntries(own) as typeof rows), ...(i === 0 ? { state } : {}) });
    });
    const [first, second, third] = alone as [(typeof alone)[0], (typeof alone)[0], (typeof alone)[0]];
    const out = concat({ a: concat({ a: first.out, b: second.out }, { axis: 2 }).y, b: third.out }, { axis: 2 }).y;
    for (const form of ["recurrent", "quadratic"] as const) {
      const found = deltaRule({ ...given, documents: documentsOf(7, [[3, 1, 3]]) }, { form });
      expectNear(found, { out, state: third.state }, 1e-13);
    }
  });

  test("the gradients are those of central differences", () => {
    const inputs = problem({ t: 5, h: 1, hv: 2, d: 3, dv: 2 }, gate);
    for (const rest of [{}, { documents: documentsOf(5, [[3], [1, 1]]) }]) {
      for (const options of [{ normalise: true }, { scale: 0.7 }]) {
        expectGradients({
          forward: (given) => deltaRule({ ...given, ...rest }, options),
          backward: (given, { out, state }) => {
            return deltaRuleBackward({ ...given, ...rest, dout: out, dstate: state }, options);
          },
          inputs,
        });
      }
    }
  });

  test("later tokens do not change earlier results", () => {
    const { state, ...rows } = problem({ t: 9 }, gate);
    const whole = deltaRule({ ...rows, state });
    const cut = Object.entries<Dense>(rows).map(([name, x]) => [name, slice({ x }, { axis: 2, start: 0, end: 5 }).y]);
    const { out } = deltaRule({ ...(Object.fromEntries(cut) as typeof rows), state });
    expect(out).toEqual(slice({ x: whole.out }, { axis: 2, start: 0, end: 5 }).y);
  });
});

const forms = ["recurrent", "quadratic"] as const;

test.each(forms)("%s: a value head reads the key head of its group", (form) => {
  const given = problem({ t: 5, h: 2, hv: 6 }, "head");
  const { shape, values } = given.q;
  const repeated = (x: Dense) =>
    dense(
      [2, 6, 5, 6],
      [0, 1].flatMap((b) =>
        [0, 0, 0, 1, 1, 1].flatMap((head) => [...x.values.subarray((b * 2 + head) * 30, (b * 2 + head + 1) * 30)]),
      ),
    );
  expect([shape, values.length]).toEqual([[2, 2, 5, 6], 120]);
  expectNear(
    deltaRule(given, { form }),
    deltaRule({ ...given, q: repeated(given.q), k: repeated(given.k) }, { form }),
    0,
  );
});

test.each(forms)("%s: beta of 0 writes nothing, and the state only decays", (form) => {
  const given = { ...problem({ t: 5, b: 1, h: 1, hv: 1, d: 3, dv: 2 }, "channel"), beta: filled([1, 1, 5], 0) };
  const { out, state } = deltaRule(given, { form, scale: 2 });
  const g = given.g?.values ?? new Float64Array();
  const left = given.state.values.slice();
  for (let token = 0; token < 5; token++) {
    for (let c = 0; c < 3; c++) {
      for (let j = 0; j < 2; j++) left[c * 2 + j] = (left[c * 2 + j] ?? 0) * Math.exp(g[token * 3 + c] ?? 0);
    }
    const said = [0, 1].map((j) =>
      [0, 1, 2].reduce((sum, c) => sum + 2 * (given.q.values[token * 3 + c] ?? 0) * (left[c * 2 + j] ?? 0), 0),
    );
    expectClose(out.values.subarray(token * 2, token * 2 + 2), said);
  }
  expectClose(state, left);
});

test.each(forms)("%s: with equal keys of length 1 and beta of 1 the last value wins", (form) => {
  const [t, d, dv] = [6, 4, 3];
  const key = l2Normalise({ x: drawn([1, 1, 1, d], 2) }).y.values;
  const k = dense(
    [1, 1, t, d],
    Array(t)
      .fill([...key])
      .flat(),
  );
  const v = drawn([1, 1, t, dv], 3);
  const rest = { beta: filled([1, 1, t], 1), state: drawn([1, 1, d, dv], 5) };
  const { out, state } = deltaRule({ q: k, k, v, ...rest }, { form, scale: 1 });
  expectClose(out, v.values);
  const said = Array.from({ length: dv }, (_, j) =>
    key.reduce((sum, x, c) => sum + x * (state.values[c * dv + j] ?? 0), 0),
  );
  expectClose(said, v.values.slice(-dv));
});

test.each(forms)("%s: where g is −∞ or decays to 0, a token sees itself alone", (form) => {
  for (const g of [Number.NEGATIVE_INFINITY, -1000]) {
    for (const gate of ["head", "channel"] as const) {
      const given = problem({ t: 5, b: 1, h: 1, hv: 1 }, gate);
      const { q, k, v, beta } = given;
      const { out, state } = deltaRule({ ...given, g: filled(given.g?.shape ?? [], g) }, { form, scale: 3 });
      const wanted = v.values.map((value, i) => {
        const token = Math.floor(i / 5);
        const product = [0, 1, 2, 3, 4, 5].reduce(
          (sum, c) => sum + (k.values[token * 6 + c] ?? 0) * (q.values[token * 6 + c] ?? 0),
          0,
        );
        return 3 * (beta.values[token] ?? 0) * product * value;
      });
      expectClose(out, wanted);
      const last = [...v.values.slice(-5)].map((value) => (beta.values[4] ?? 0) * value);
      expectClose(
        state,
        [...k.values.slice(-6)].flatMap((x) => last.map((value) => x * value)),
      );
    }
  }
});

test("where g is −∞ its gradient is 0, as is that of the state before", () => {
  const given = problem({ t: 3 }, "head");
  const all = { ...given, g: filled([2, 4, 3], Number.NEGATIVE_INFINITY), dout: drawn(given.v.shape, 8) };
  const { dg, dstate, ...rest } = deltaRuleBackward(all);
  expect([dg?.values.every((value) => value === 0), dstate.values.every((value) => value === 0)]).toEqual([true, true]);
  expect(Object.values(rest).every(({ values }) => values.every(Number.isFinite))).toBe(true);
});

test("rows of zeros have finite results and gradients where they are normalised", () => {
  const given = problem({ t: 3 }, "head");
  const all = { ...given, q: filled(given.q.shape, 0), k: filled(given.k.shape, 0), dout: drawn(given.v.shape, 8) };
  const { dq, dk } = deltaRuleBackward(all, { normalise: true });
  expect([...dq.values, ...dk.values].every(Number.isFinite)).toBe(true);
  const { dout, ...tensors } = all;
  expect(deltaRule(tensors, { normalise: true }).out.values.every((value) => value === 0)).toBe(true);
  expect(dout.shape).toEqual([2, 4, 3, 5]);
});

test("the gradients of more tokens than are kept at once are those of pieces", () => {
  const given = problem({ t: 150, b: 1, h: 1, hv: 2, d: 3, dv: 2 }, "channel");
  const dout = drawn(given.v.shape, 8);
  const { state, ...rows } = { ...given, dout };
  const piece = (start: number, end: number) => {
    const parts = Object.entries<Dense>(rows).map(([name, x]) => [name, slice({ x }, { axis: 2, start, end }).y]);
    return Object.fromEntries(parts) as typeof rows;
  };
  const { dout: own, ...first } = { ...piece(0, 70), state };
  const back = deltaRuleBackward({ ...piece(70, 150), state: deltaRule(first).state });
  const { dstate, ...before } = deltaRuleBackward({ ...first, dout: own, dstate: back.dstate });
  const { dstate: ofAll, ...whole } = deltaRuleBackward({ ...rows, state });
  const joined = Object.entries<Dense>(before).map(([name, a]) => {
    return [name, concat({ a, b: back[name as keyof typeof back] as Dense }, { axis: 2 }).y];
  });
  expectNear(Object.fromEntries(joined) as typeof whole, whole, 1e-13);
  expectNear({ dstate }, { dstate: ofAll }, 1e-13);
});

test("tensors that do not go together are refused by name", () => {
  const given = problem({ t: 3 }, "none");
  const refused = (changed: Partial<DeltaRuleTensors>) => () => deltaRule({ ...given, ...changed });
  expect(refused({ k: drawn([2, 2, 3, 7], 1) })).toThrow(
    "deltaRule: k is [2, 2, 3, 7], expected [b, h, t, d] with d = 6 (from q)",
  );
  expect(refused({ v: drawn([2, 4, 4, 5], 1) })).toThrow("deltaRule: v is [2, 4, 4, 5], expected");
  expect(refused({ beta: drawn([2, 2, 3], 1) })).toThrow("deltaRule: beta is [2, 2, 3], expected [b, hv, t]");
  expect(refused({ g: drawn([2, 4], 1) })).toThrow("deltaRule: g is [2, 4], expected [b, hv, t] or [b, hv, t, d]");
  expect(refused({ g: drawn([2, 4, 3, 5], 1) })).toThrow("deltaRule: g is [2, 4, 3, 5], expected [b, hv, t, d] with d");
  expect(refused({ state: drawn([2, 4, 5, 6], 1) })).toThrow("deltaRule: state is [2, 4, 5, 6], expected");
  expect(refused({ documents: dense([1, 3]) })).toThrow("deltaRule: documents is [1, 3], expected [b, t] with b = 2");
  expect(refused({ v: drawn([2, 3, 3, 5], 1), beta: drawn([2, 3, 3], 1), state: undefined })).toThrow(
    "deltaRule: 3 value heads (v) do not divide among 2 key heads (k)",
  );
  expect(() => deltaRule(given, { form: "chunks" as "recurrent" })).toThrow("deltaRule: form is");
  expect(() => deltaRuleBackward({ ...given, dout: drawn([2, 4, 3, 6], 1) })).toThrow("deltaRuleBackward: dout is");
  expect(() => deltaRuleBackward({ ...given, dstate: drawn([1], 1) })).toThrow("deltaRuleBackward: dstate is [1]");
  const long = problem({ t: 1025, b: 1, h: 1, hv: 1, d: 1, dv: 1 }, "none");
  expect(() => deltaRule(long, { form: "quadratic" })).toThrow(
    "deltaRule: 1025 tokens, expected at most 1024 in the quadratic form",
  );
});
