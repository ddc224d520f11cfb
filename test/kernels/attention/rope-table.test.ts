import { describe, expect, it } from "vitest";
import type { RopeScaling } from "../../../src/kernels/rope/scaling.ts";
import { attentionFactor, inverseFrequencies, ropeTable } from "../../../src/kernels/rope/table.ts";

const none: RopeScaling = { kind: "none" };

/** By what each pair's frequency is divided, against the unscaled. */
function divisors(frequencies: { theta: number; width: number; scaling: RopeScaling }, sequenceLength = 1): number[] {
  const plain = inverseFrequencies({ ...frequencies, scaling: none }, sequenceLength);
  return Array.from(inverseFrequencies(frequencies, sequenceLength), (scaled, pair) => (plain[pair] ?? 0) / scaled);
}

/** Where yarn's ramp begins and ends, in pairs, read off two pairs within it. */
function ramp(
  theta: number,
  width: number,
  scaling: RopeScaling & { factor: number },
  pairs: [number, number],
): number[] {
  const share = divisors({ theta, width, scaling }).map((divisor) => (1 - 1 / divisor) / (1 - 1 / scaling.factor));
  const [a, b] = pairs.map((pair) => share[pair] ?? Number.NaN) as [number, number];
  const slope = (b - a) / (pairs[1] - pairs[0]);
  return [pairs[0] - a / slope, pairs[0] + (1 - a) / slope];
}

describe("inverse frequencies", () => {
  it("unscaled: theta^(−2i / width)", () => {
    expect([...inverseFrequencies({ theta: 10_000, width: 8, scaling: none }, 1)]).toEqual([
      1,
      10_000 ** -0.25,
      10_000 ** -0.5,
      10_000 ** -0.75,
    ]);
  });

  it("linear divides every pair", () => {
    const scaling: RopeScaling = { kind: "linear", factor: 4 };
    for (const divisor of divisors({ theta: 1e4, width: 64, scaling })) expect(divisor).toBeCloseTo(4, 12);
  });

  it("dynamic leaves short sequences alone, then slows the last pair by the stretch and the first not at all", () => {
    const frequencies = { theta: 1e4, width: 64, scaling: { kind: "dynamic", factor: 2, maxPositions: 2048 } as const };
    for (const length of [1, 2048]) for (const divisor of divisors(frequencies, length)) expect(divisor).toBe(1);
    const long = divisors(frequencies, 8192); // 2 · 4 − 1
    expect(long[0]).toBe(1);
    expect(long[31]).toBeCloseTo(7, 12);
    expect(long[15]).toBeCloseTo(7 ** (15 / 31), 12);
  });

  it("yarn, gpt-oss: ramp from 8.09278 to 17.39802, not rounded", () => {
    const scaling = { kind: "yarn", factor: 32, originalPositions: 4096, truncate: false } as const;
    const [low, high] = ramp(150_000, 64, scaling, [9, 17]);
    expect(low).toBeCloseTo(8.09278, 5);
    expect(high).toBeCloseTo(17.39802, 5);
    expect(attentionFactor(scaling)).toBeCloseTo(1.346574, 6);
  });

  it("yarn, DeepSeek-V3: ramp from 10.472 to 22.513, rounded outwards to 10 and 23; cosines and sines as they are", () => {
    const scaling = { kind: "yarn", factor: 40, originalPositions: 4096, mscale: 1, mscaleAllDim: 1 } as const;
    const rounded = ramp(10_000, 64, scaling, [11, 22]);
    expect(rounded[0]).toBeCloseTo(10, 9);
    expect(rounded[1]).toBeCloseTo(23, 9);
    const exact = ramp(10_000, 64, { ...scaling, truncate: false }, [11, 22]);
    expect(exact[0]).toBeCloseTo(10.472, 3);
    expect(exact[1]).toBeCloseTo(22.513, 3);
    expect(attentionFactor(scaling)).toBe(1);
    const all = divisors({ theta: 1e4, width: 64, scaling });
    expect([...all.slice(0, 11), ...all.slice(23)].map((divisor) => Math.round(divisor * 1e9) / 1e9)).toEqual([
      ...new Array(11).fill(1),
      ...new Array(9).fill(40),
    ]);
  });

  it("yarn clamps the ramp to the pairs that there are, and survives a ramp of no length", () => {
    const wide = { kind: "yarn", factor: 4, originalPositions: 64, betaFast: 32, betaSlow: 1e-9 } as const;
    const all = divisors({ theta: 100, width: 8, scaling: wide }); // would begin before pair 0, end beyond the width
    expect(all[0]).toBe(1);
    expect(all[3]).toBeCloseTo(1 / (1 - (3 / 7) * 0.75), 12);
    const short = { kind: "yarn", factor: 4, originalPositions: 64, betaFast: 1000, betaSlow: 20 } as const;
    expect(divisors({ theta: 100, width: 8, scaling: short })).toEqual([1, 4, 4, 4]); // both ends come to pair 0
  });

  it("llama3: the divisors of Llama 3.1 8B and Llama 3.2 1B", () => {
    const scaling = { kind: "llama3", lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192 } as const;
    const large = divisors({ theta: 500_000, width: 128, scaling: { ...scaling, factor: 8 } });
    const largeRamp = [1.20748, 1.55341, 2.02631, 2.69453, 3.68425, 5.25733];
    const wanted = [...new Array(29).fill(1), ...largeRamp, ...new Array(29).fill(8)];
    for (const [pair, divisor] of large.entries()) expect(divisor).toBeCloseTo(wanted[pair] ?? 0, 5);
    const small = divisors({ theta: 500_000, width: 64, scaling: { ...scaling, factor: 32 } });
    const wantedSmall = [...new Array(15).fill(1), 1.65133, 3.29226, 9.66673, ...new Array(14).fill(32)];
    for (const [pair, divisor] of small.entries()) expect(divisor).toBeCloseTo(wantedSmall[pair] ?? 0, 5);
  });

  it("longrope takes the long divisors beyond the original context", () => {
    const scaling = { kind: "longrope", shortFactor: [1, 1.5], longFactor: [2, 8], originalPositions: 4096 } as const;
    expect(divisors({ theta: 1e4, width: 4, scaling }, 4096)).toEqual([1, 1.5]);
    expect(divisors({ theta: 1e4, width: 4, scaling }, 4097)).toEqual([2, 8]);
    expect(() => inverseFrequencies({ theta: 1e4, width: 6, scaling }, 5000)).toThrow(
      "longFactor has 2 divisors, expected 3",
    );
  });

  it("refuses an odd width and a base of nothing", () => {
    expect(() => inverseFrequencies({ theta: 1e4, width: 5, scaling: none }, 1)).toThrow("width is 5");
    expect(() => inverseFrequencies({ theta: 0, width: 4, scaling: none }, 1)).toThrow("theta is 0");
  });
});

describe("attention factor", () => {
  const yarn = { kind: "yarn", factor: 40, originalPositions: 4096 } as const;
  const longrope = { kind: "longrope", shortFactor: [1], longFactor: [1], originalPositions: 4096 } as const;

  it("longrope, Phi-3 128k: 1.190238", () => {
    expect(attentionFactor({ ...longrope, maxPositions: 131_072 })).toBeCloseTo(1.190238, 6);
    expect(attentionFactor({ ...longrope, factor: 32 })).toBeCloseTo(1.190238, 6);
    expect(attentionFactor({ ...longrope, factor: 32, attentionFactor: 1.5 })).toBe(1.5);
    expect(attentionFactor(longrope)).toBe(1);
  });

  it("yarn: as given, from both mscales, or from the factor", () => {
    expect(attentionFactor(yarn)).toBeCloseTo(0.1 * Math.log(40) + 1, 14);
    expect(attentionFactor({ ...yarn, attentionFactor: 0.75, mscale: 2, mscaleAllDim: 1 })).toBe(0.75);
    const both = attentionFactor({ ...yarn, mscale: 0.5, mscaleAllDim: 0.25 });
    expect(both).toBeCloseTo((0.05 * Math.log(40) + 1) / (0.025 * Math.log(40) + 1), 14);
    expect(attentionFactor({ ...yarn, mscale: 0.5 })).toBe(attentionFactor(yarn));
    expect(attentionFactor({ ...yarn, factor: 1 })).toBe(1);
  });

  it("1 for the rest", () => {
    expect(attentionFactor(none)).toBe(1);
    expect(attentionFactor({ kind: "linear", factor: 8 })).toBe(1);
  });
});

describe("rope table", () => {
  it("holds cosine and sine of position · frequency, times the factor, each rounded once", () => {
    const scaling = { kind: "yarn", factor: 32, originalPositions: 4096, truncate: false } as const;
    const frequencies = inverseFrequencies({ theta: 150_000, width: 64, scaling }, 1);
    const table = ropeTable({ theta: 150_000, width: 64, scaling, positions: 9000 });
    expect(table.length).toBe(9000 * 32 * 2);
    for (const [position, pair] of [
      [0, 0],
      [1, 0],
      [8191, 3],
      [8999, 31],
    ] as const) {
      const angle = position * (frequencies[pair] ?? 0);
      const found = [...table.subarray((position * 32 + pair) * 2, (position * 32 + pair) * 2 + 2)];
      const factor = attentionFactor(scaling);
      expect(found).toEqual([Math.fround(Math.cos(angle) * factor), Math.fround(Math.sin(angle) * factor)]);
    }
  });

  it("assumes the number of its positions, or the given longest sequence", () => {
    const scaling = {
      kind: "longrope",
      shortFactor: [1, 1],
      longFactor: [2, 2],
      originalPositions: 4,
      factor: 1,
    } as const;
    const angleAt3 = (positions: number, sequenceLength?: number): number => {
      const length = sequenceLength === undefined ? {} : { sequenceLength };
      const table = ropeTable({ theta: 1, width: 4, scaling, positions, ...length });
      return Math.atan2(table[13] ?? 0, table[12] ?? 0);
    };
    expect(angleAt3(4)).toBeCloseTo(3, 6);
    expect(angleAt3(5)).toBeCloseTo(1.5, 6);
    expect(angleAt3(5, 4)).toBeCloseTo(3, 6);
  });
});
