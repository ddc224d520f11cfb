// A matrix [n, k] times a vector [k]: from a thread a row to a subgroup a row; of bf16, bytes and half bytes.
import bf16 from "#shaders/ladders/matrix-vector/bf16.wgsl";
import bytes from "#shaders/ladders/matrix-vector/bytes.wgsl";
import int4 from "#shaders/ladders/matrix-vector/int4.wgsl";
import int8 from "#shaders/ladders/matrix-vector/int8.wgsl";
import lanes from "#shaders/ladders/matrix-vector/lanes.wgsl";
import rows from "#shaders/ladders/matrix-vector/rows.wgsl";
import subgroups from "#shaders/ladders/matrix-vector/subgroups.wgsl";
import vectors from "#shaders/ladders/matrix-vector/vectors.wgsl";
import { type Dense, dense } from "../../../reference/dense.ts";
import { matmul } from "../../../reference/matmul.ts";
import { floatOf } from "../../../wgsl/run/numbers.ts";
import { type Dispatch, floats, type Inputs, positive, randomWords } from "../../dispatch.ts";
import { type Reference, type Size, type StudyKernel, shaped, type ValueOf } from "../../kernel.ts";

type Name = "k" | "n";
type Sizes = Readonly<Record<Name, number>>;

const sizesOf = (multipleOf: number): Readonly<Record<Name, Size>> => ({
  k: { meaning: "elements of a row of the matrix", usual: 256, most: 4096, multipleOf },
  n: { meaning: "rows of the matrix", usual: 64, most: 4096 },
});

/** A product whose workgroups have so many rows. */
const product = ({ k, n }: Sizes, rowsOfWorkgroup: number, matrix: Dispatch["inputs"]): Dispatch => ({
  uniforms: { params: { k, n } },
  inputs: Object.assign({ x: floats(k) }, matrix),
  outputs: { y: n },
  workgroups: [Math.ceil(n / rowsOfWorkgroup), 1, 1],
});

const plain = (sizes: Sizes, rowsOfWorkgroup: number): Dispatch =>
  product(sizes, rowsOfWorkgroup, { weight: floats(sizes.n * sizes.k) });

/** The product with a matrix whose elements are given one by one. */
const resultOf = ({ x }: Inputs, { k, n }: Sizes, element: (i: number) => number): { y: Dense } => ({
  y: dense(
    [n],
    matmul({
      x: dense([1, k], x),
      weight: dense(
        [n, k],
        Float64Array.from({ length: n * k }, (_, i) => element(i)),
      ),
    }).y.values,
  ),
});

const reference: Reference<Name> = {
  name: "matmul",
  results: (inputs, sizes) => resultOf(inputs, sizes, (i) => inputs["weight"]?.[i] ?? Number.NaN),
};

const numberIn = (words: Inputs[string] | undefined, i: number): number => words?.[i] ?? Number.NaN;

/** Signed number i of so many bits, the first in the lowest bits of a word. */
function signed(words: Inputs[string] | undefined, i: number, bits: number): number {
  const each = 32 / bits;
  return (numberIn(words, Math.floor(i / each)) << (32 - bits * ((i % each) + 1))) >> (32 - bits);
}

/** Numbers of 0.5 to 1, and their opposites, as bf16, two to a word. */
const brainFloats = (count: number): Uint32Array =>
  randomWords(count / 2).map((word) => 0x3f003f00 | (word & 0x807f807f));

/** Scales of 0.5 to 1 as f16, two to a word. */
const halfScales = (count: number): Uint32Array =>
  randomWords(count).map((word) => (0x3800 + (word & 0x3ff)) | ((0x3800 + ((word >>> 10) & 0x3ff)) << 16));

/** The scale of the i-th group: 0.5 and ten bits of its mantissa. */
const scaleOf = (words: Inputs[string] | undefined, i: number): number => {
  const half = (numberIn(words, i >> 1) >>> (16 * (i % 2))) & 0xffff;
  return 0.5 * (1 + (half & 0x3ff) / 1024);
};

/** The scale of a vector of bytes. */
const xScale = 2 ** -6;

const onePerWorkgroup = (sizes: Sizes): Dispatch => plain(sizes, 1);
const perRow = "4 * (2 * k * n + n)";

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  shaped(rows, {
    sizes: sizesOf(1),
    small: { sizes: { k: 5, n: 6 }, constants: { WORKGROUP: 4 } },
    dispatch: (sizes, value: ValueOf) => plain(sizes, value("WORKGROUP")),
    reference,
    cost: { requestedBytes: perRow, operations: "2 * k * n" },
  }),
  shaped(lanes, {
    sizes: sizesOf(1),
    small: { sizes: { k: 19, n: 3 }, constants: { WORKGROUP: 8 } },
    dispatch: onePerWorkgroup,
    reference,
    cost: { requestedBytes: perRow, operations: "n * (2 * k + WORKGROUP - 1)" },
  }),
  shaped(vectors, {
    sizes: sizesOf(4),
    small: { sizes: { k: 36, n: 3 }, constants: { WORKGROUP: 8 } },
    dispatch: onePerWorkgroup,
    reference,
    cost: { requestedBytes: perRow },
  }),
  shaped(subgroups, {
    sizes: sizesOf(4),
    small: { sizes: { k: 20, n: 3 }, constants: { SUBGROUP: 2 } },
    dispatch: onePerWorkgroup,
    reference,
    cost: { requestedBytes: perRow },
  }),
  shaped(bf16, {
    sizes: sizesOf(4),
    small: { sizes: { k: 20, n: 3 }, constants: { SUBGROUP: 2 } },
    dispatch: (sizes) => product(sizes, 1, { weight: brainFloats(sizes.n * sizes.k) }),
    reference: {
      name: "matmul",
      results: (inputs, sizes) => resultOf(inputs, sizes, (i) => floatOf(signed(inputs["weight"], i, 16) << 16)),
    },
    cost: { requestedBytes: "4 * n * (k / 2 + k + 1)" },
  }),
  shaped(int8, {
    sizes: sizesOf(4),
    small: { sizes: { k: 20, n: 3 }, constants: { SUBGROUP: 2 } },
    dispatch: (sizes) => product(sizes, 1, { codes: randomWords((sizes.n * sizes.k) / 4), scales: positive(sizes.n) }),
    reference: {
      name: "matmul",
      results: (inputs, sizes) =>
        resultOf(
          inputs,
          sizes,
          (i) => signed(inputs["codes"], i, 8) * numberIn(inputs["scales"], Math.floor(i / sizes.k)),
        ),
    },
    cost: { requestedBytes: "4 * n * (k / 4 + k + 2)" },
  }),
  shaped(int4, {
    sizes: sizesOf(64),
    small: { sizes: { k: 64, n: 3 }, constants: { SUBGROUP: 2 } },
    dispatch: (sizes) =>
      product(sizes, 1, {
        codes: randomWords((sizes.n * sizes.k) / 8),
        scales: halfScales((sizes.n * sizes.k) / 64),
      }),
    reference: {
      name: "matmul",
      results: (inputs, sizes) =>
        resultOf(inputs, sizes, (i) => signed(inputs["codes"], i, 4) * scaleOf(inputs["scales"], Math.floor(i / 32))),
    },
    cost: { requestedBytes: "4 * n * (k / 8 + k + k / 8 + 1)" },
  }),
  shaped(bytes, {
    sizes: sizesOf(4),
    small: { sizes: { k: 20, n: 3 }, constants: { SUBGROUP: 2 } },
    dispatch: (sizes) => {
      const all = randomWords(((sizes.n + 1) * sizes.k) / 4);
      const [x, codes] = [all.slice((sizes.n * sizes.k) / 4), all.slice(0, (sizes.n * sizes.k) / 4)];
      const plain = product(sizes, 1, { x, codes, scales: positive(sizes.n) });
      return { ...plain, uniforms: { params: { k: sizes.k, n: sizes.n, x_scale: xScale } } };
    },
    reference: {
      name: "matmul",
      results: ({ x, codes, scales }, sizes) => {
        const numbers = Float32Array.from({ length: sizes.k }, (_, i) => signed(x, i, 8) * xScale);
        return resultOf({ x: numbers }, sizes, (i) => signed(codes, i, 8) * numberIn(scales, Math.floor(i / sizes.k)));
      },
    },
    cost: { requestedBytes: "4 * n * (k / 2 + 2)" },
  }),
];
