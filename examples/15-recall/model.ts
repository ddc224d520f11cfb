import {
  add,
  attention,
  contiguous,
  deltaRule,
  feedForward,
  fill,
  type Gpu,
  gather,
  linear,
  mul,
  reshape,
  rmsNorm,
  shortConvolution,
  sigmoid,
  slice,
  softplus,
  stateSpace,
  type Tensor,
  tensor,
  transpose,
} from "shaderformer";
import { type createTrainer, crossEntropy } from "shaderformer/train";
import { randomOf, type Texts, vocabulary } from "./task.ts";

/** What a layer mixes tokens with; the hybrid has the gated delta rule first, then softmax. */
export const mixers = ["softmax", "linear", "deltaRule", "gatedDeltaRule", "stateSpace", "hybrid"] as const;
export type Mixer = (typeof mixers)[number];

type Learner = Parameters<typeof createTrainer<Texts>>[0];

const [width, layers, heads] = [64, 2, 2] as const;
const d = width / heads;
const eps = 1e-6;

/** Weights by name. */
type Weights = Readonly<Record<string, Tensor>>;

/** How many tokens a short convolution sees. */
const taps = 4;

/** What weights are at first: random, a number, or for a convolution nearly what gives the last token alone. */
type First = number | "normal" | "last";

/** Weights of a layer with their shapes, and what they are at first. */
function shapesOf(mixer: Mixer): Readonly<Record<string, readonly [shape: readonly number[], first: First]>> {
  const isDelta = mixer === "deltaRule" || mixer === "gatedDeltaRule";
  const isGated = mixer === "gatedDeltaRule" || mixer === "stateSpace";
  return {
    norm: [[width], 1],
    qkv: [[3 * width, width], "normal"],
    convolution: [[3 * width, taps], "last"],
    out: [[width, width], "normal"],
    ...(isDelta ? { beta: [[heads, width], "normal"] } : {}),
    ...(isGated ? { step: [[heads, width], "normal"], stepBias: [[heads], isDelta ? -4 : 0] } : {}),
    ...(isGated ? { decay: [[heads], isDelta ? -1 : -0.05] } : {}),
    feedNorm: [[width], 1],
    up: [[2 * width, width], "normal"],
    down: [[width, 2 * width], "normal"],
  };
}

/** `[b, t, heads · d]` as `[b, heads, t, d]`. */
function byHead(x: Tensor): Tensor {
  const [b = 0, t = 0] = x.shape;
  return transpose(reshape(x, [b, t, heads, d]), [0, 2, 1, 3]);
}

/** Fresh weights from a seed. */
function freshWeights(gpu: Gpu, mixer: Mixer, seed: number) {
  const random = randomOf(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const draw = (shape: readonly number[], first: First, deviation = 1 / Math.sqrt(shape.at(-1) ?? 1)) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const value = (i: number) =>
      first === "normal"
        ? deviation * normal()
        : first === "last"
          ? i % taps === taps - 1
            ? 1
            : 0.1 * normal()
          : first;
    return tensor(
      gpu,
      shape,
      Array.from({ length: size }, (_, i) => value(i)),
    );
  };
  const embedding = draw([vocabulary, width], "normal", 0.1);
  const blocks = Array.from({ length: layers }, (_, i) => {
    const own = mixer === "hybrid" ? (i === 0 ? "gatedDeltaRule" : "softmax") : mixer;
    const weights: Weights = Object.fromEntries(
      Object.entries(shapesOf(own)).map(([name, [shape, first]]) => [name, draw(shape, first)]),
    );
    return { mixer: own, weights } as const;
  });
  return { embedding, blocks, norm: draw([width], 1) };
}

/** A layer's mixture of the tokens so far, `[b, t, width]`, from its normed input: the same short convolution in all. */
function mixed(gpu: Gpu, mixer: Mixer, x: Tensor, w: Weights): Tensor {
  const [b = 0, t = 0] = x.shape;
  const of = (name: string) => linear(gpu, x, { weight: w[name] as Tensor });
  const given = { x: of("qkv"), weight: w["convolution"] as Tensor };
  const { y } = shortConvolution(gpu, given, { activation: "silu" });
  const part = (i: number) => byHead(contiguous(gpu, { x: slice(y, 2, i * width, (i + 1) * width) }).y);
  const [q, k, v] = [part(0), part(1), part(2)];
  const own = (of: Tensor) => contiguous(gpu, { x: of }).y;
  const steps = () => softplus(gpu, { x: add(gpu, { a: of("step"), b: w["stepBias"] as Tensor }).y }).y;
  const byToken = (of: Tensor) => transpose(of, [0, 2, 1]);
  const small = () => mul(gpu, { a: own(k), b: fill(gpu, [1], d ** -0.5) }).y;
  const all = (value: number, ...shape: number[]) => fill(gpu, shape, value);
  const found = {
    softmax: () => attention(gpu, { q: own(q), k: own(k), v: own(v) }, { lse: true }).out,
    // A state space that keeps all it is given: Σ k ⊗ v.
    linear: () => stateSpace(gpu, { x: v, dt: all(1, b, heads, t), a: all(0, heads), b: small(), c: q }).y,
    stateSpace: () => stateSpace(gpu, { x: v, dt: byToken(steps()), a: w["decay"] as Tensor, b: small(), c: q }).y,
    deltaRule: () =>
      deltaRule(gpu, { q, k, v, beta: byToken(sigmoid(gpu, { x: of("beta") }).y) }, { normalise: true }).out,
    gatedDeltaRule: () =>
      deltaRule(
        gpu,
        {
          q,
          k,
          v,
          beta: byToken(sigmoid(gpu, { x: of("beta") }).y),
          g: byToken(mul(gpu, { a: steps(), b: w["decay"] as Tensor }).y),
        },
        { normalise: true },
      ).out,
  };
  if (mixer === "hybrid") throw new TypeError("a layer is no hybrid");
  const out = own(transpose(found[mixer](), [0, 2, 1, 3]));
  const normed = mixer === "softmax" ? out : rmsNorm(gpu, { x: out, weight: all(1, d) }, { eps }).y;
  return linear(gpu, reshape(normed, [b, t, width]), { weight: w["out"] as Tensor });
}

/** A decoder of two layers with this mixer, without positions, whose head is its embedding. */
export function openModel(gpu: Gpu, mixer: Mixer, seed: number): Learner & { dispose(): void } {
  const { embedding, blocks, norm } = freshWeights(gpu, mixer, seed);
  const named: (readonly [string, Tensor])[] = [
    ["embedding", embedding],
    ["norm", norm],
    ...blocks.flatMap(({ weights }, i) => Object.entries(weights).map(([name, w]) => [`${i}.${name}`, w] as const)),
  ];

  function logits(ids: Tensor): Tensor {
    const [b = 0, t = 0] = ids.shape;
    let x = reshape(gather(gpu, { ids: reshape(ids, [b * t]), table: embedding }).y, [b, t, width]);
    for (const { mixer: own, weights: w } of blocks) {
      const read = rmsNorm(gpu, { x, weight: w["norm"] as Tensor }, { eps }).y;
      x = add(gpu, { a: x, b: mixed(gpu, own, read, w) }).y;
      const fed = rmsNorm(gpu, { x, weight: w["feedNorm"] as Tensor }, { eps }).y;
      const feed = { up: { weight: w["up"] as Tensor }, down: { weight: w["down"] as Tensor } };
      x = add(gpu, { a: x, b: feedForward(gpu, "feed", fed, feed, "gelu-tanh") }).y;
    }
    return linear(gpu, rmsNorm(gpu, { x, weight: norm }, { eps }).y, { weight: embedding });
  }

  const inputsOf = ({ ids, targets }: Texts) => {
    const shape = [ids.length, ids[0]?.length ?? 0];
    return {
      ids: { shape, dtype: "u32", values: Uint32Array.from(ids.flat()) },
      targets: { shape, dtype: "i32", values: Int32Array.from(targets.flat()) },
    } as const;
  };
  return {
    parameters: named.map(([name, of]) => ({ name, tensor: of, source: { name, shape: of.shape } })),
    writing: () => {
      throw new Error("this model has no folder");
    },
    objective: {
      gpu,
      routers: [],
      check: () => {},
      targetsIn: ({ targets }) => targets.flat().filter((target) => target >= 0).length,
      inputs: inputsOf,
      inputsFor: ({ batch, context }) => ({
        ids: { shape: [batch, context], dtype: "u32" },
        targets: { shape: [batch, context], dtype: "i32" },
      }),
      logits: (given) => logits(given["ids"] as Tensor),
      loss: (given) => {
        const [ids, targets] = [given["ids"] as Tensor, given["targets"] as Tensor];
        const rows = { logits: reshape(logits(ids), [ids.size, vocabulary]), targets: reshape(targets, [ids.size]) };
        const { loss, count } = crossEntropy(gpu, rows);
        return { loss, count, total: loss };
      },
    },
    dispose: () => {
      for (const [, of] of named) of.dispose();
    },
  };
}
