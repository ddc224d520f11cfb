// One transformer block as an op with variants, for `bench block`.
import type { Case, CaseInput, CaseTable } from "../../src/check/case-table.ts";
import { normal } from "../../src/check/random.ts";
import { add, type Linear, type Norm, reshape, ropeTable, type Tensor, transformerBlock } from "../../src/index.ts";
import { type BlockTensors, blockOf, inFloat64, type WithBias } from "../harness/block.ts";

/** The sizes of a block: a gated one is Llama's, with RMS norms and rotation; otherwise GPT-2's. */
export interface BlockSizes {
  readonly model: string;
  readonly c: number;
  readonly h: number;
  readonly g: number;
  readonly d: number;
  readonly hidden: number;
  readonly gated: boolean;
}

/** GPT-2 small (Radford et al. 2019), and a Llama: SmolLM2-135M (Ben Allal et al. 2025). */
const shapes: readonly BlockSizes[] = [
  { model: "GPT-2 small", c: 768, h: 12, g: 12, d: 64, hidden: 3072, gated: false },
  { model: "SmolLM2-135M", c: 576, h: 9, g: 3, d: 64, hidden: 1536, gated: true },
];

const eps = 1e-5;

const layers = ["attentionNorm", "feedForwardNorm", "q", "k", "v", "output", "up", "down", "gate"] as const;
type Layer = (typeof layers)[number];

/** The tensors of a block from a flat record of them. */
function nested<T>(named: Readonly<Record<string, T | undefined>>): BlockTensors<T> {
  const pairs = layers.flatMap((name) => {
    const weight = named[name];
    return weight ? [[name, { weight, bias: named[`${name}Bias`] }] as const] : [];
  });
  const { x, keys, values, table } = named;
  return { ...Object.fromEntries(pairs), x, keys, values, table } as BlockTensors<T>;
}

/** `t` tokens, attending to `s`. */
export function blockShape(sizes: BlockSizes, t: number, s: number): Case {
  const { model, c, h, g, d, hidden, gated } = sizes;
  let seed = 1;
  const random = (shape: readonly number[], scale = 1): CaseInput => ({
    shape,
    values: normal(
      shape.reduce((product, axis) => product * axis, 1),
      seed++,
      scale,
    ),
  });
  const biased = (name: Layer, weight: CaseInput, out: number): Record<string, CaseInput> => ({
    [name]: weight,
    ...(gated ? {} : { [`${name}Bias`]: random([out], 0.1) }),
  });
  const linear = (name: Layer, out: number, inner: number) =>
    biased(name, random([out, inner], 1 / Math.sqrt(inner)), out);
  const table = () => {
    const values = ropeTable({ theta: 10_000, width: d, positions: s, scaling: { kind: "none" } });
    return { shape: [s, d / 2, 2], values: Array.from(values) };
  };
  return {
    name: `${model} ${t === 1 ? `decode @ d${s - 1}` : `prefill ${t}`}`,
    inputs: {
      x: random([t, c]),
      keys: random([1, g, s, d]),
      values: random([1, g, s, d]),
      ...biased("attentionNorm", random([c]), c),
      ...biased("feedForwardNorm", random([c]), c),
      ...linear("q", h * d, c),
      ...linear("k", g * d, c),
      ...linear("v", g * d, c),
      ...linear("output", c, h * d),
      ...linear("up", hidden, c),
      ...linear("down", c, hidden),
      ...(gated ? { ...linear("gate", hidden, c), table: table() } : {}),
    },
  };
}

/** A block's prefill of 128 tokens and its decode step after 127, checked against float64. */
export const blockCases: CaseTable = {
  op: "block",
  variants: ["transformerBlock"],
  canaries: false,
  cases: shapes.flatMap((sizes) => [blockShape(sizes, 128, 128), blockShape(sizes, 1, 128)]),
  reference: (inputs) => ({ y: blockOf(nested(inputs), inFloat64(eps)) }),
  run: (gpu, tensors) => {
    const { x, keys, values, table, gate, ...rest } = nested<Tensor>(tensors);
    const [t = 1, c = 1] = x.shape;
    const [, g = 1, s = 1, d = 1] = keys.shape;
    const linear = ({ weight, bias }: WithBias<Tensor>): Linear => ({ weight, bias });
    const norm = ({ weight, bias }: WithBias<Tensor>): Norm =>
      bias ? { kind: "layer", weight, bias, eps } : { kind: "rms", weight, eps };
    const weights = {
      attentionNorm: norm(rest.attentionNorm),
      attention: { q: linear(rest.q), k: linear(rest.k), v: linear(rest.v), output: linear(rest.output) },
      feedForwardNorm: norm(rest.feedForwardNorm),
      feedForward: { up: linear(rest.up), down: linear(rest.down), ...(gate ? { gate: linear(gate) } : {}) },
    };
    const { sum, update } = transformerBlock(
      gpu,
      "block",
      { sum: reshape(x, [1, t, c]) },
      { cache: { keys, values }, place: { start: s - t }, visible: s, ...(table ? { ropeTable: table } : {}) },
      weights,
      {
        heads: (rest.q.weight.shape[0] ?? d) / d,
        kvHeads: g,
        headWidth: d,
        activation: gate ? "silu" : "gelu-tanh",
        ...(table ? { ropeLayout: "halves" as const } : {}),
      },
    );
    return { y: reshape(update ? add(gpu, { a: sum, b: update }).y : sum, [t, c]) };
  },
};
