// Operators and builtin functions of one scalar each: integers against BigInt, floats against exact ratios.
import { describe, expect, test } from "vitest";
import { randomSource } from "../../../../src/check/random.ts";
import { halfOf, roundTo } from "../../../../src/wgsl/run/numbers.ts";
import { scalarFunction } from "../../../../src/wgsl/run/operations.ts";
import type { ScalarName } from "../../../../src/wgsl/run/types.ts";
import { attempts } from "../../../support/fuzz.ts";
import {
  compared,
  divided,
  formats,
  nearest,
  negative,
  plus,
  type Ratio,
  ratio,
  singleNeighbour,
  singleOf,
  times,
} from "./exact.ts";

/** Fails where an operation gives another value for any of the operands. */
function expectAll(
  name: string,
  scalar: ScalarName,
  operands: Iterable<readonly number[]>,
  expected: (...operands: readonly number[]) => number,
): void {
  const apply = scalarFunction(name, scalar);
  if (!apply) throw new RangeError(`${scalar} has no ${name}`);
  let count = 0;
  for (const given of operands) {
    const [a = 0, b = 0, c = 0, d = 0] = given;
    // Integers are compared as they come: they must be wrapped already.
    const raw: number = apply(a, b, c, d);
    const actual: number = scalar === "f32" || scalar === "f16" ? roundTo(raw, scalar) + 0 : raw;
    const wanted = expected(a, b, c, d);
    if (!Object.is(actual, wanted + 0))
      expect.fail(`${name} of ${scalar} ${given.join(", ")}: ${actual}, not ${wanted}`);
    count++;
  }
  expect(count).toBeGreaterThan(0);
}

const pairs = (a: readonly number[], b: readonly number[] = a) => a.flatMap((x) => b.map((y) => [x, y] as const));

const integers = [0, 1, 2, 3, 7, 31, 32, 33, 255, 65535, 65536, 0x55555555, 123456789, 2 ** 31 - 2, 2 ** 31 - 1];
const signedEdges = [...integers, ...integers.map((x) => ~x)];
const unsignedEdges = signedEdges.map((x) => x >>> 0);
const amounts = [0, 1, 5, 15, 16, 31, 32, 33, 63, 64, 2 ** 31, 2 ** 32 - 1];
const { integer } = randomSource(1);
const words = Array.from({ length: attempts(50_000, 3000) }, () => integer(2 ** 32));
const wordPairs = words.map((word, i) => [word, words[words.length - 1 - i] ?? 0] as const);
const kinds = [
  {
    scalar: "i32",
    edges: signedEdges,
    random: wordPairs.map((pair) => pair.map((word) => word | 0)),
    wrap: (x: bigint) => Number(BigInt.asIntN(32, x)),
  },
  {
    scalar: "u32",
    edges: unsignedEdges,
    random: wordPairs,
    wrap: (x: bigint) => Number(BigInt.asUintN(32, x)),
  },
] as const;

const truth = (is: boolean) => (is ? 1n : 0n);
const comparisons: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  "==": (a, b) => truth(a === b),
  "!=": (a, b) => truth(a !== b),
  "<": (a, b) => truth(a < b),
  "<=": (a, b) => truth(a <= b),
  ">": (a, b) => truth(a > b),
  ">=": (a, b) => truth(a >= b),
  min: (a, b) => a - truth(a > b) * (a - b),
  max: (a, b) => a + truth(a < b) * (b - a),
};
const arithmetic: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => (b === 0n ? a : a / b),
  "%": (a, b) => (b === 0n ? 0n : a % b),
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
};
const shifts: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  "<<": (a, b) => a << (b % 32n),
  ">>": (a, b) => a >> (b % 32n),
};

describe.each(kinds)("$scalar against BigInt", ({ scalar, edges, random, wrap }) => {
  test.each(Object.entries({ ...comparisons, ...arithmetic }))("%s", (name, reference) => {
    const expected = (a = 0, b = 0) => wrap(reference(BigInt(a), BigInt(b)));
    expectAll(name, scalar, [...pairs(edges), ...random], expected);
  });

  test.each(Object.entries(shifts))("%s by any amount", (name, reference) => {
    expectAll(name, scalar, pairs(edges, amounts), (a = 0, b = 0) => wrap(reference(BigInt(a), BigInt(b))));
  });

  test("~, abs, clamp, select, negate and sign", () => {
    const each = edges.map((x) => [x]);
    expectAll("~", scalar, each, (a = 0) => wrap(~BigInt(a)));
    expectAll("abs", scalar, each, (a = 0) => wrap(BigInt(a) < 0n ? -BigInt(a) : BigInt(a)));
    const bounds = edges.filter((_, i) => i % 4 === 0);
    const triples = pairs(edges).flatMap(([a, b]) => bounds.map((c) => [a, b, c]));
    expectAll("clamp", scalar, triples, (x = 0, low = 0, high = 0) => Math.min(Math.max(x, low), high));
    expectAll(
      "select",
      scalar,
      [
        [5, 6, 0],
        [5, 6, 1],
      ],
      (no = 0, yes = 0, is) => (is === 1 ? yes : no),
    );
    if (scalar === "u32") return;
    expectAll("negate", scalar, each, (a = 0) => wrap(-BigInt(a)));
    expectAll("sign", scalar, each, (a = 0) => (a < 0 ? -1 : a > 0 ? 1 : 0));
  });

  const digits = (x: number) => BigInt.asUintN(32, BigInt(x)).toString(2).padStart(32, "0");
  const ofDigits = (text: string) => wrap(BigInt(`0b${text}`));
  const count = (found: number, none: number) => (found < 0 ? wrap(BigInt(none)) : 31 - found);
  const reversed = (text: string) => [...text].reverse().join("");

  test("functions of bits, against binary digits as text", () => {
    const each = [...edges, ...random.flat()].map((x) => [x]);
    expectAll("countOneBits", scalar, each, (x = 0) => digits(x).replaceAll("0", "").length);
    expectAll("countLeadingZeros", scalar, each, (x = 0) => `${digits(x)}1`.indexOf("1"));
    expectAll("countTrailingZeros", scalar, each, (x = 0) => `${reversed(digits(x))}1`.indexOf("1"));
    expectAll("firstTrailingBit", scalar, each, (x = 0) => count(digits(x).lastIndexOf("1"), -1));
    expectAll("firstLeadingBit", scalar, each, (x = 0) => count(digits(x).indexOf(x < 0 ? "0" : "1"), -1));
    expectAll("reverseBits", scalar, each, (x = 0) => ofDigits(reversed(digits(x))));
  });

  const fields = pairs(edges).flatMap(([x, y]) => {
    const [i, j] = [integer(amounts.length), integer(amounts.length)];
    return pairs([amounts[i] ?? 0, integer(32)], [amounts[j] ?? 0, integer(33)]).map((field) => [x, y, ...field]);
  });
  const within = (offset: number, width: number) => {
    const from = Math.min(offset, 32);
    return [from, Math.min(width, 32 - from)] as const;
  };

  test("fields of bits, against binary digits as text", () => {
    const extracts = fields.map(([x = 0, , offset = 0, width = 0]) => [x, offset, width]);
    expectAll("extractBits", scalar, extracts, (x = 0, offset = 0, width = 0) => {
      const [from, size] = within(offset, width);
      const field = digits(x).slice(32 - from - size, 32 - from);
      const filling = scalar === "i32" ? (field[0] ?? "0") : "0";
      return ofDigits(field.padStart(32, filling));
    });
    expectAll("insertBits", scalar, fields, (x = 0, inserted = 0, offset = 0, width = 0) => {
      const [from, size] = within(offset, width);
      const field = digits(inserted).slice(32 - size);
      return ofDigits(digits(x).slice(0, 32 - from - size) + field + digits(x).slice(32 - from));
    });
  });
});

describe("floats against exact ratios", () => {
  const edges = [0, 2 ** -149, 2 ** -126 - 2 ** -149, 2 ** -126, 2 ** -24, 1 - 2 ** -24, 1, 1 + 2 ** -23, 3]
    .concat([Math.fround(0.1), Math.fround(1 / 3), 2 ** 12 + 1, 65504, 2 ** 24 - 1, 2 ** 24, 2 ** 24 + 2])
    .concat([2 ** 31, 2 ** 32, (2 - 2 ** -23) * 2 ** 127])
    .flatMap((x) => [x, -x]);
  const halves = Array.from({ length: 200 }, () => halfOf(integer(2 ** 16))).filter(Number.isFinite);
  const near = () => Math.fround((integer(2 ** 24) - 2 ** 23) * 2 ** -integer(30));
  const samples = {
    f32: [...pairs(edges), ...wordPairs.map((pair) => pair.map(singleOf)), ...words.map(() => [near(), near()])],
    f16: pairs(halves),
  };
  const finite = (scalar: "f32" | "f16") => samples[scalar].filter((pair) => pair.every(Number.isFinite));
  const operators: Readonly<Record<string, (a: Ratio, b: Ratio) => Ratio>> = {
    "+": plus,
    "-": (a, b) => plus(a, negative(b)),
    "*": times,
    "/": divided,
    "%"(a, b) {
      const { over, under } = divided(a, b);
      return plus(a, negative(times(b, { over: over / under, under: 1n })));
    },
  };

  describe.each(["f32", "f16"] as const)("%s", (scalar) => {
    test.each(Object.entries(operators))("%s is the nearest number to the exact one", (name, reference) => {
      const operands = finite(scalar).filter(([, b]) => b !== 0 || !"/%".includes(name));
      const expected = (a = 0, b = 0) => nearest(reference(ratio(a), ratio(b)), formats[scalar]);
      expectAll(name, scalar, operands, expected);
    });

    test.each(Object.entries(comparisons))("%s", (name, reference) => {
      const expected = (a = 0, b = 0) => {
        const order = compared(ratio(a), ratio(b));
        if (name === "min") return (order > 0 ? b : a) + 0;
        if (name === "max") return (order < 0 ? b : a) + 0;
        return Number(reference(BigInt(order), 0n));
      };
      expectAll(name, scalar, finite(scalar), expected);
    });

    test("whole numbers near a float", () => {
      const each = [...new Set(finite(scalar).flat()), 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 1023.5, 0.25].map((x) => [x]);
      const rounded = (up: (x: Ratio, down: bigint) => boolean) => (x: number) => {
        const { over, under } = ratio(x);
        const down = over >= 0n ? over / under : -((under - 1n - over) / under);
        return Number(up({ over, under }, down) ? down + 1n : down);
      };
      const isWhole = ({ over, under }: Ratio) => over % under === 0n;
      const isPast = ({ over, under }: Ratio, down: bigint) => {
        const twice = 2n * (over - down * under);
        return twice > under || (twice === under && down % 2n !== 0n);
      };
      expectAll("floor", scalar, each, (x = 0) => rounded(() => false)(x));
      expectAll("ceil", scalar, each, (x = 0) => rounded((exact) => !isWhole(exact))(x));
      expectAll("trunc", scalar, each, (x = 0) => rounded((exact) => x < 0 && !isWhole(exact))(x));
      expectAll("round", scalar, each, (x = 0) => rounded(isPast)(x));
      const fract = (x = 0) => plus(ratio(x), negative(ratio(rounded(() => false)(x))));
      expectAll("fract", scalar, each, (x = 0) => nearest(fract(x), formats[scalar]));
    });
  });

  test("sqrt is the nearest f32", () => {
    for (const x of finite("f32").flat().map(Math.abs)) {
      const root = Math.fround(scalarFunction("sqrt", "f32")?.(x, 0, 0, 0) ?? NaN);
      if (x === 0) continue;
      const middle = (to: number) => plus(ratio(root), ratio(to));
      const [below, above] = [middle(singleNeighbour(root, -1)), middle(singleNeighbour(root, 1))];
      const fourfold = ratio(4 * x);
      const isNearest = compared(times(below, below), fourfold) < 0 && compared(fourfold, times(above, above)) < 0;
      if (!isNearest) expect.fail(`the root of ${x} is ${root}`);
    }
  });
});
