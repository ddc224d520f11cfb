import { describe, expect, it } from "vitest";
import {
  erf,
  erfc,
  geglu,
  gelu,
  geluTanh,
  logistic,
  quickGelu,
  reglu,
  relu,
  silu,
  softplus,
  squaredRelu,
  swiglu,
  tanh,
} from "../../src/reference/activation.ts";
import { dense } from "../../src/reference/dense.ts";
import { draw, expectClose, generator } from "./compare.ts";
import torch from "./torch.json" with { type: "json" };

/** x, erf(x) and erfc(x), the nearest doubles to what 30-digit arithmetic gives. */
const ERF: readonly (readonly [number, number, number])[] = [
  [1e-10, 1.1283791670955126e-10, 0.999999999887162],
  [0.1, 0.1124629160182849, 0.887537083981715],
  [0.5, 0.5204998778130465, 0.4795001221869535],
  [0.749, 0.71051222035938, 0.28948777964062],
  [0.75, 0.7111556336535151, 0.28884436634648486],
  [0.999, 0.8422852702064969, 0.15771472979350307],
  [1, 0.8427007929497149, 0.15729920705028513],
  [1.5, 0.9661051464753108, 0.033894853524689274],
  [1.999, 0.9953015566513705, 0.004698443348629487],
  [2, 0.9953222650189527, 0.004677734981047266],
  [2.5, 0.999593047982555, 0.0004069520174449589],
  [3, 0.9999779095030014, 2.209049699858544e-5],
  [4, 0.9999999845827421, 1.541725790028002e-8],
  [5, 0.9999999999984626, 1.537459794428035e-12],
  [6, 1.0, 2.1519736712498913e-17],
];

describe("erf", () => {
  it.each(ERF)("erf(%d) and erfc, each relative to itself", (x, wanted, complement) => {
    expect(Math.abs(erf(x) / wanted - 1)).toBeLessThan(1e-15);
    expect(Math.abs(erf(-x) / -wanted - 1)).toBeLessThan(1e-15);
    expect(Math.abs(erfc(x) / complement - 1)).toBeLessThan(2e-15);
    expect(Math.abs(erfc(-x) - (1 + wanted))).toBeLessThan(1e-15);
  });

  it("ends and NaN", () => {
    const infinite = Number.POSITIVE_INFINITY;
    expect([erf(0), erf(infinite), erf(-infinite), erf(1e300)]).toEqual([0, 1, -1, 1]);
    expect([erfc(infinite), erfc(-infinite), erfc(40)]).toEqual([0, 2, 0]);
    expect([erf(Number.NaN), erfc(Number.NaN)]).toEqual([Number.NaN, Number.NaN]);
  });
});

describe("activations", () => {
  const x = draw(generator(torch.ops.seed), [3, 7], 8);

  it("equal PyTorch's in float64", () => {
    expectClose(gelu({ x }).y, torch.ops.gelu);
    expectClose(geluTanh({ x }).y, torch.ops.geluTanh);
    expectClose(silu({ x }).y, torch.ops.silu);
  });

  it("keep their left tails, where 1 + erf and 1 + tanh would cancel", () => {
    const far = dense([1], [-9]);
    // Both from 25-digit arithmetic; the first number is Φ(−9).
    expect((gelu({ x: far }).y.values[0] ?? 0) / (-9 * 1.1285884059538405e-19)).toBeCloseTo(1, 12);
    expect((geluTanh({ x: far }).y.values[0] ?? 0) / -1.3364595947348725e-28).toBeCloseTo(1, 12);
  });

  it("closed forms", () => {
    const two = dense([2], [Math.log(3), -Math.log(3)]); // sigmoids ¾ and ¼
    expectClose(silu({ x: two }).y, [0.75 * Math.log(3), -0.25 * Math.log(3)]);
    expect([...relu({ x: dense([4], [-1, 0, 2, Number.NaN]) }).y.values]).toEqual([0, 0, 2, Number.NaN]);
    expect([...squaredRelu({ x: dense([4], [-1, 0, 3, Number.NaN]) }).y.values]).toEqual([0, 0, 9, Number.NaN]);
    expectClose(softplus({ x: two }).y, [Math.log(4), Math.log(4 / 3)]);
    expect(softplus({ x: dense([2], [-700, 1000]) }).y.values[1]).toBe(1000);
    expectClose(tanh({ x: dense([2], [Math.log(2), -Math.log(2)]) }).y, [0.6, -0.6]);
    expectClose(logistic({ x: two }).y, [0.75, 0.25]);
    expectClose(reglu({ gate: dense([2], [3, -3]), up: dense([2], [2, 5]) }).y, [6, 0]);
    expectClose(quickGelu({ x: dense([1], [Math.log(3) / 1.702]) }).y, [(0.75 * Math.log(3)) / 1.702]);
    const up = dense([2], [10, -2]);
    expectClose(swiglu({ gate: two, up }).y, [7.5 * Math.log(3), 0.5 * Math.log(3)]);
    const gelus = geluTanh({ x: two }).y.values;
    expectClose(geglu({ gate: two, up }).y, [10 * (gelus[0] ?? 0), -2 * (gelus[1] ?? 0)]);
    expect(() => swiglu({ gate: two, up: dense([3]) })).toThrow("swiglu: up is [3]");
  });
});
