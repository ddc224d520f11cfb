import { cast } from "../../kernels/elementwise/cast.ts";
import { cast as reference } from "../../reference/elementwise.ts";
import { decodeBf16, decodeF16, type PlainType, plainTypes } from "../../tensor/dtype.ts";
import { type Case, type CaseTable, withTags } from "../case-table.ts";
import { randomSource } from "../random.ts";

/** The f32 that is `steps` floats further from zero than `value`. */
function neighbour(value: number, steps: number): number {
  const word = new Int32Array(Float32Array.of(value).buffer);
  word[0] = (word[0] ?? 0) + steps;
  return new Float32Array(word.buffer)[0] ?? 0;
}

/** Every number of a 16-bit type, the half-way points above it, and the f32 neighbours of those. */
function around(decode: (half: number) => number): number[] {
  const values: number[] = [];
  for (let half = 0; half < 65_536; half += 7) {
    const value = decode(half);
    const next = decode(half + 1);
    const between = Number.isFinite(next) ? (value + next) / 2 : value * 1.0005;
    values.push(value, between, neighbour(between, 1), neighbour(between, -1));
  }
  return values;
}

const corners = [
  ...[0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -1.99, 0.999999, 65_504, 65_519.99, 65_520, 65_535.9, -65_536, 1e-8],
  ...[
    2 ** -24,
    2 ** -25,
    2 ** -25 * 1.0001,
    2 ** -14,
    2 ** -14 - 2 ** -25,
    3 * 2 ** -26,
    2 ** -126,
    2 ** -149,
    -(2 ** -140),
  ],
  ...[
    2 ** 31,
    2 ** 31 - 128,
    -(2 ** 31),
    -(2 ** 31) - 256,
    2 ** 32,
    2 ** 32 - 256,
    1e10,
    -1e10,
    3e38,
    3.4e38,
    -3.4028e38,
  ],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
];

const whole = [
  ...[0, 1, 2, 255, 256, 257, 258, 259, 2047, 2048, 2049, 2050, 2051, 65_504, 65_519, 65_520, 65_536, 1_000_003],
  ...[
    2 ** 24 - 1,
    2 ** 24 + 1,
    2 ** 24 + 2,
    2 ** 24 + 3,
    2 ** 25 + 2 ** 17,
    2 ** 25 + 2 ** 17 + 1,
    2 ** 25 + 2 ** 17 - 1,
  ],
  ...[2 ** 30 + 1, 2 ** 31 - 1, 2 ** 31 - 64, 2 ** 31 - 65],
];

const source = randomSource(3);
const scattered = Array.from({ length: 3001 }, () => source.normal() * 2 ** (source.integer(60) - 30));
const integers = Array.from({ length: 301 }, () => source.integer(2 ** 31));

/** Edge cases of each type, an odd number of them so that the last word of 16-bit results is half full. */
const values: Readonly<Record<PlainType, readonly number[]>> = {
  f32: [...around(decodeF16), ...around(decodeBf16), ...corners, ...scattered].slice(1),
  f16: Array.from({ length: 65_535 }, (_, half) => decodeF16(half)),
  bf16: Array.from({ length: 65_535 }, (_, half) => decodeBf16(half)),
  i32: [...whole, ...whole.map((value) => -value), -(2 ** 31), ...integers, ...integers.map((value) => -value - 1)],
  u32: [...whole, ...integers, 2 ** 31, 2 ** 32 - 1, 2 ** 32 - 2, 2 ** 32 - 128, 2 ** 32 - 129, 2 ** 31 + 2 ** 23 + 1],
};

const cases = (from: PlainType): Case<"x">[] => {
  const item = (name: string, chosen: readonly number[]): Case<"x"> => ({
    name: `${name}, ${from}`,
    inputs: { x: { shape: [chosen.length], values: chosen, dtype: from } },
  });
  return [
    item("one element", [1]),
    item("edge cases", values[from]),
    withTags(
      item(
        "folds: 16 or 32 workgroups",
        Array.from({ length: 2001 }, (_, i) => i),
      ),
      "folds",
    ),
  ];
};

/** Every type to every type; results are compared for equality. */
export const castCases: readonly CaseTable<"x", "y", object, "cast">[] = plainTypes.map((dtype) => ({
  op: `cast to ${dtype}`,
  variants: ["cast"],
  reference: (inputs) => reference(inputs, { dtype }),
  run: (gpu, tensors, options) => cast(gpu, tensors, { ...options, dtype }),
  cases: plainTypes.flatMap(cases),
  cap: 0,
  dtypes: { y: dtype },
}));
