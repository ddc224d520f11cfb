import {
  add,
  alibiSlopes,
  attention,
  feedForward,
  type Gpu,
  gather,
  type Linear,
  linear,
  norm,
  reshape,
  rope,
  ropeTable,
  slice,
  type Tensor,
  tensor,
  transpose,
} from "shaderformer";
import { crossEntropy, freshFolder, openTrainable, type Trainable } from "shaderformer/train";

const schemes = ["none", "learned", "sinusoidal", "rotary", "ALiBi"] as const;
export type Scheme = (typeof schemes)[number];

/** The schemes that a reader names. */
export function schemesOf(text: string): Scheme[] {
  const given = text.trim().split(/[\s,]+/);
  const found = given.map((name) => schemes.find((scheme) => scheme.toLowerCase() === name.toLowerCase()));
  const unknown = given.find((_, i) => !found[i]);
  if (unknown === undefined) return schemes.filter((scheme) => found.includes(scheme));
  throw new RangeError(`“${unknown}” is not a scheme of positions: choose from ${schemes.join(", ")}`);
}

export interface Sizes {
  readonly vocabulary: number;
  readonly width: number;
  readonly layers: number;
  /** The longest sequence of all, in tokens. */
  readonly longest: number;
  readonly seed: number;
}

/** Sines and cosines of wavelengths from 2π to 10,000 · 2π, `[positions, width]` (Vaswani et al. 2017, section 3.5). */
const sinusoids = (positions: number, width: number) =>
  Float32Array.from({ length: positions * width }, (_, at) => {
    const [position, i] = [Math.floor(at / width), at % width];
    const angle = position / 10_000 ** ((2 * Math.floor(i / 2)) / width);
    return 0.1 * (i % 2 === 0 ? Math.sin(angle) : Math.cos(angle)); // as small as fresh embeddings
  });

const heads = 4;

/** GPT-2's weights, in a decoder that is written out here, since it learns positions by any of the schemes. */
export async function openPositioned(gpu: Gpu, scheme: Scheme, sizes: Sizes): Promise<Trainable> {
  const { vocabulary, width, layers, longest, seed } = sizes;
  const pairs = 2 * heads; // rotation takes the elements of a head in pairs
  if (width % pairs !== 0) throw new RangeError(`the width is ${width}, expected a multiple of ${pairs}`);
  const config = { vocab_size: vocabulary, n_embd: width, n_head: heads, n_layer: layers, n_positions: longest };
  const model = await openTrainable(gpu, freshFolder({ architectures: ["GPT2LMHeadModel"], ...config }, { seed }));
  const { weights } = model.decoder;
  const d = width / heads;
  const scaling = { kind: "none" } as const;
  const angles = ropeTable({ theta: 10_000, width: d, scaling, positions: longest });
  const tables = {
    sinusoidal: tensor(gpu, [longest, width], sinusoids(longest, width)),
    rotary: tensor(gpu, [longest, d / 2, 2], angles),
    slopes: tensor(gpu, [heads], alibiSlopes(heads)),
  };
  const added = scheme === "learned" ? weights.positions : scheme === "sinusoidal" ? tables.sinusoidal : undefined;
  const score = scheme === "ALiBi" ? { score: { kind: "alibi", slopes: tables.slopes } as const } : {};

  function logits(ids: Tensor): Tensor {
    const [b = 0, t = 0] = ids.shape;
    let x = reshape(gather(gpu, { ids: reshape(ids, [b * t]), table: weights.embedding }).y, [b, t, width]);
    if (added) x = add(gpu, { a: x, b: slice(added, 0, 0, t) }).y;
    for (const [i, block] of weights.blocks.entries()) {
      const { attention: own, attentionNorm, feedForwardNorm, feedForward: layer } = block;
      if (!own || !attentionNorm || !feedForwardNorm || !layer || !("up" in layer))
        throw new TypeError("not a block of GPT-2");
      const read = norm(gpu, x, attentionNorm);
      const split = (weight: Linear) => reshape(linear(gpu, read, weight), [b, t, heads, d]);
      const rotated = (of: Tensor) =>
        scheme === "rotary" ? rope(gpu, { x: of, table: tables.rotary }, { layout: "halves" }).y : of;
      const byHead = (of: Tensor) => transpose(of, [0, 2, 1, 3]);
      const given = { q: byHead(rotated(split(own.q))), k: byHead(rotated(split(own.k))), v: byHead(split(own.v)) };
      const { out } = attention(gpu, given, { ...score, lse: true });
      x = add(gpu, { a: x, b: linear(gpu, reshape(byHead(out), [b, t, width]), own.output) }).y;
      x = add(gpu, { a: x, b: feedForward(gpu, `${i}`, norm(gpu, x, feedForwardNorm), layer, "gelu-tanh") }).y;
    }
    return linear(gpu, weights.norm ? norm(gpu, x, weights.norm) : x, weights.head);
  }

  return {
    ...model,
    parameters: model.parameters.filter(({ name }) => scheme === "learned" || !name.includes("wpe")),
    objective: {
      ...model.objective,
      logits: ({ ids }) => logits(ids as Tensor), // inputs are those of GPT-2's objective
      loss: (given) => {
        const { ids, targets } = given as Record<"ids" | "targets", Tensor>;
        const rows = [reshape(logits(ids), [ids.size, vocabulary]), reshape(targets, [ids.size])] as const;
        const { loss, count } = crossEntropy(gpu, { logits: rows[0], targets: rows[1] });
        return { loss, count, total: loss };
      },
    },
    dispose: () => {
      for (const table of Object.values(tables)) table.dispose();
      model.dispose();
    },
  };
}
