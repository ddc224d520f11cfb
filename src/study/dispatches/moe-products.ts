// Products of all experts at once: by blocks of rows of an expert, by subgroups, and for a few tokens.
import grouped from "#shaders/moe/grouped.wgsl";
import subgroups from "#shaders/moe/subgroups.wgsl";
import vector from "#shaders/moe/vector.wgsl";
import { swiglu } from "../../reference/activation.ts";
import { at, type Dense, dense } from "../../reference/dense.ts";
import { matmul } from "../../reference/matmul.ts";
import { type Dispatch, floats, type Inputs, words } from "../dispatch.ts";
import { type Reference, type Size, type StudyKernel, shaped, type ValueOf } from "../kernel.ts";

type Name = "tokens" | "experts" | "k" | "n";
type Sizes = Readonly<Record<Name, number>>;

const sizes: Readonly<Record<Name, Size>> = {
  tokens: { meaning: "tokens", usual: 12, most: 1024 },
  experts: { meaning: "experts, which tokens choose by turns", usual: 3, most: 64 },
  k: { meaning: "elements of a row of x and of a weight", usual: 32, most: 4096, multipleOf: 4 },
  n: { meaning: "rows of an expert's weight: gates and values by turns", usual: 32, most: 4096, multipleOf: 4 },
};

const nothing = 0xffffffff;

/** The tokens of each expert, a choice each. */
const tokensOf = ({ tokens, experts }: Sizes): readonly number[][] =>
  Array.from({ length: experts }, (_, expert) =>
    Array.from({ length: tokens }, (_, token) => token).filter((token) => token % experts === expert),
  );

/** Blocks of rows, each of one expert, the last of an expert with padding; rows of padding are not written. */
function blocksOf(sizes: Sizes, block: number) {
  const blocks = tokensOf(sizes).flatMap((tokens, expert) =>
    Array.from({ length: Math.ceil(tokens.length / block) }, (_, i) => ({
      expert,
      slots: Array.from({ length: block }, (_, row) => tokens[i * block + row] ?? nothing),
    })),
  );
  return { slots: blocks.flatMap(({ slots }) => slots), experts: blocks.map(({ expert }) => expert) };
}

/** A dispatch by blocks of so many rows, whose workgroups have so many columns. */
function byBlocks(sizes: Sizes, block: number, columns: number): Dispatch {
  const { tokens, experts, k, n } = sizes;
  const { slots, experts: ofBlocks } = blocksOf(sizes, block);
  const workgroups = [Math.ceil(n / columns), ofBlocks.length, 1] as const;
  const grid = [...workgroups, ofBlocks.length];
  return {
    uniforms: { params: { k, n, choices: 1, begin: 0, end: experts * n } },
    inputs: {
      x: floats(tokens * k),
      weight: floats(experts * n * k),
      slots: words(...slots),
      block_experts: words(...ofBlocks),
      grids: words(...grid, ...grid),
      z: new Float32Array((slots.length * n) / 2),
    },
    outputs: {},
    workgroups,
  };
}

/** A token's row by an expert's weight: values that are scaled by their gates. */
function rowOf({ x, weight }: Inputs, { k, n }: Sizes, token: number, expert: number): Dense {
  const { y } = matmul({
    x: dense([1, k], x?.subarray(token * k, (token + 1) * k)),
    weight: dense([n, k], weight?.subarray(expert * n * k, (expert + 1) * n * k)),
  });
  const half = (odd: number) =>
    dense(
      [n / 2],
      Float64Array.from({ length: n / 2 }, (_, i) => at(y.values, 2 * i + odd)),
    );
  return swiglu({ gate: half(0), up: half(1) }).y;
}

/** Rows by the blocks in which they lie; those of padding are 0. */
const ofBlocks = (block: (value: ValueOf) => number): Reference<Name> => ({
  name: "matmul, swiglu",
  results: (inputs, sizes, value) => {
    const { slots, experts } = blocksOf(sizes, block(value));
    const z = dense([slots.length, sizes.n / 2]);
    for (const [row, slot] of slots.entries()) {
      if (slot === nothing) continue;
      const expert = experts[Math.floor(row / block(value))] ?? 0;
      z.values.set(rowOf(inputs, sizes, slot, expert).values, (row * sizes.n) / 2);
    }
    return { z };
  },
});

/** Choices of a token, by turns. */
const choicesOf = ({ tokens, experts }: Sizes, choices: number): number[] =>
  Array.from({ length: tokens * choices }, (_, slot) => (slot + Math.floor(slot / choices)) % experts);

const small = { tokens: 3, experts: 2, k: 4, n: 8 } as const;

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  shaped(grouped, {
    sizes,
    small: { sizes: small, constants: { ROWS: 2, COLUMNS: 4, COLUMN_THREADS: 2, ROW_THREADS: 2 } },
    dispatch: (sizes, value) => byBlocks(sizes, value("BLOCK"), value("COLUMNS") * value("COLUMN_THREADS")),
    reference: ofBlocks((value) => value("BLOCK")),
  }),
  shaped(subgroups, {
    sizes,
    small: { sizes: small, constants: { SUBGROUP: 2, BLOCK: 4, COLUMNS: 4 } },
    dispatch: (sizes, value) => byBlocks(sizes, value("BLOCK"), value("COLUMNS") * value("SUBGROUP")),
    reference: ofBlocks((value) => value("BLOCK")),
  }),
  // Two tokens, two choices of two experts each, sixteen rows of weights an expert.
  shaped(vector, {
    sizes: { ...sizes, tokens: { meaning: "tokens", usual: 2, most: 64 } },
    small: { sizes: { tokens: 2, experts: 2, k: 8, n: 16 }, constants: { CHOICES: 2, LANES: 2, WORKGROUP: 4 } },
    specialise: ({ experts }) => ({ constants: { EXPERTS: experts } }),
    dispatch: (sizes, value) => {
      const { tokens, experts, k, n } = sizes;
      const slots = tokens * value("CHOICES");
      return {
        uniforms: { params: { k, n, begin: 0, end: experts * n } },
        inputs: {
          x: floats(tokens * k),
          weight: floats(experts * n * k),
          experts: words(...choicesOf(sizes, value("CHOICES"))),
        },
        outputs: { z: (slots * n) / 2 },
        workgroups: [Math.ceil(n / (4 * value("TEAMS"))), slots, 1],
      };
    },
    reference: {
      name: "matmul, swiglu",
      results: (inputs, sizes, value) => {
        const choices = choicesOf(sizes, value("CHOICES"));
        const row = (expert: number, slot: number) =>
          rowOf(inputs, sizes, Math.floor(slot / value("CHOICES")), expert).values;
        const z = Float64Array.from(choices.flatMap((expert, slot) => [...row(expert, slot)]));
        return { z: dense([choices.length, sizes.n / 2], z) };
      },
    },
  }),
];
