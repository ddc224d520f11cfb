// Folders of gpt-oss and of mixtures whose experts are stacks, as Hugging Face has them, written from what OpenAI and
// transformers say of their tensors: one code after the other, as the definitions have them.
import { normal, randomSource } from "../../../src/check/random.ts";
import type { FileSource } from "../../../src/formats/source.ts";
import { encodeBf16 } from "../../../src/tensor/dtype.ts";
import type { TensorToWrite } from "../../formats/checkpoint-bytes.ts";
import { familyShapes } from "./family-shapes.ts";
import { folderOf, type Tensors } from "./quantised-folder.ts";

/** The same model with its experts stored in different ways. */
export interface StackedModel {
  /** In blocks of MXFP4, as gpt-oss is published. */
  readonly blocks: FileSource;
  /** As stacks of bf16 `[expert, in, out]`, gates in even columns and ups in odd ones, as gpt-oss is before that. */
  readonly columns: FileSource;
  /** As stacks of bf16 `[expert, out, in]`, gates before ups. */
  readonly rows: FileSource;
  /** Each matrix of each expert a tensor of its own. */
  readonly apart: FileSource;
  /** The numbers of each expert's matrices `[out, in]`, by the names of tensors of their own. */
  readonly numbers: ReadonlyMap<string, Float64Array>;
  /** Their codes and exponents. */
  readonly matrices: ReadonlyMap<string, Matrix>;
}

/** A matrix of four-bit codes whose blocks of 32 share an exponent. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly code: (row: number, column: number) => number;
  readonly exponent: (row: number, block: number) => number;
}

/** What the codes stand for: one sign bit, two of exponent, one of fraction. */
const e2m1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6];

const numberOf = ({ code, exponent }: Matrix, row: number, column: number) =>
  (e2m1[code(row, column)] ?? 0) * 2 ** (exponent(row, column >> 5) - 127);

function randomMatrix(rows: number, columns: number, seed: number): Matrix {
  const random = randomSource(seed);
  const codes = Uint8Array.from({ length: rows * columns }, () => random.integer(16));
  // Numbers are about as large as those of a matrix that keeps the size of what goes through it.
  const usual = 127 - Math.round(Math.log2(Math.sqrt(columns))) - 2;
  const exponents = Uint8Array.from({ length: (rows * columns) / 32 }, () => usual + random.integer(3));
  return {
    rows,
    columns,
    code: (row, column) => codes[row * columns + column] ?? 0,
    exponent: (row, block) => exponents[(row * columns) / 32 + block] ?? 0,
  };
}

const halves = (shape: readonly number[], numbers: readonly number[]): TensorToWrite => ({
  dtype: "BF16",
  shape,
  bytes: new Uint8Array(Uint16Array.from(numbers, encodeBf16).buffer),
});

const bytes = (shape: readonly number[], values: readonly number[]): TensorToWrite => ({
  dtype: "U8",
  shape,
  bytes: Uint8Array.from(values),
});

/** All rows of matrices, each of those of one expert in turn: gate 0, up 0, gate 1, up 1, … */
const inTurn = (experts: readonly (readonly Matrix[])[]) =>
  experts.flatMap((matrices) =>
    Array.from({ length: matrices[0]?.rows ?? 0 }, (_, row) =>
      matrices.map((matrix) => ({
        number: (column: number) => numberOf(matrix, row, column),
        code: (column: number) => matrix.code(row, column),
        exponent: (block: number) => matrix.exponent(row, block),
      })),
    ).flat(),
  );

/** The tensors of a stack in each of the three ways. */
function stack(base: string, name: string, experts: readonly (readonly Matrix[])[]) {
  const [{ rows = 0, columns = 0 } = {}] = experts[0] ?? [];
  const [count, all] = [experts.length, rows * (experts[0]?.length ?? 1)];
  const list = inTurn(experts);
  const [blocks, perBlock] = [columns / 32, 16];
  const range = (length: number) => Array.from({ length }, (_, i) => i);
  return {
    // The even of two elements is the low half of their byte.
    blocks: {
      [`${base}.${name}_blocks`]: bytes(
        [count, all, blocks, perBlock],
        list.flatMap(({ code }) => range(columns / 2).map((i) => code(2 * i) | (code(2 * i + 1) << 4))),
      ),
      [`${base}.${name}_scales`]: bytes(
        [count, all, blocks],
        list.flatMap(({ exponent }) => range(blocks).map(exponent)),
      ),
    },
    columns: {
      [`${base}.${name}`]: halves(
        [count, columns, all],
        range(count).flatMap((e) =>
          range(columns).flatMap((i) => list.slice(e * all, (e + 1) * all).map(({ number }) => number(i))),
        ),
      ),
    },
    rows: {
      [`${base}.${name}`]: halves(
        [count, all, columns],
        experts.flatMap((matrices) =>
          matrices.flatMap((matrix) =>
            range(rows).flatMap((row) => range(columns).map((column) => numberOf(matrix, row, column))),
          ),
        ),
      ),
    },
  };
}

/** A model of random weights, whose experts are codes of MXFP4, which bf16 holds exactly. */
export function stackedModel(config: Readonly<Record<string, unknown>>): StackedModel {
  const shapes = Object.entries(familyShapes(config));
  const others: Tensors = {};
  const matrices = new Map<string, Matrix>();
  for (const [seed, [name, shape]] of shapes.entries()) {
    const [first = 1, second = 1] = shape;
    if (/experts\.\d+\./.test(name)) {
      matrices.set(name, randomMatrix(first, second, seed + 1));
      continue;
    }
    const isNorm = /norm.*weight/.test(name);
    const scale = shape.length === 1 || name.endsWith("_bias") ? 0.1 : 1 / Math.sqrt(shape.at(-1) ?? 1);
    const size = shape.reduce((product, extent) => product * extent, 1);
    const values = Float32Array.from(normal(size, seed + 1, scale, isNorm ? 1 : 0));
    others[name] = { dtype: "F32", shape, bytes: new Uint8Array(values.buffer) };
  }
  const forms = { blocks: { ...others }, columns: { ...others }, rows: { ...others }, apart: { ...others } };
  const numbers = new Map<string, Float64Array>();
  for (const [name, matrix] of matrices) {
    const { rows, columns } = matrix;
    const own = Float64Array.from({ length: rows * columns }, (_, i) =>
      numberOf(matrix, Math.floor(i / columns), i % columns),
    );
    numbers.set(name, own);
    Object.assign(forms.apart, { [name]: halves([rows, columns], [...own]) });
  }
  const bases = new Set([...matrices.keys()].map((name) => name.replace(/\.\d+\.[^.]+\.weight$/, "")));
  for (const base of bases) {
    const count = [...matrices.keys()].filter((name) => name.startsWith(`${base}.`)).length / 3;
    const of = (names: readonly string[]) =>
      Array.from({ length: count }, (_, e) =>
        names.map((name) => matrices.get(`${base}.${e}.${name}_proj.weight`) as Matrix),
      );
    for (const [name, made] of [
      ["gate_up_proj", of(["gate", "up"])],
      ["down_proj", of(["down"])],
    ] as const) {
      const written = stack(base, name, made);
      Object.assign(forms.blocks, written.blocks);
      Object.assign(forms.columns, written.columns);
      Object.assign(forms.rows, written.rows);
    }
  }
  const quantised = { ...config, quantization_config: { quant_method: "mxfp4" } };
  return {
    blocks: folderOf(quantised, forms.blocks),
    columns: folderOf(config, forms.columns),
    rows: folderOf(config, forms.rows),
    apart: folderOf(config, forms.apart),
    numbers,
    matrices,
  };
}
