// The losses that jax-js differentiates: of a block of GPT-2 small, and of the bundled model.
import { openWeights } from "../../../../src/formats/weights.ts";
import { type FileSource, storageFormats } from "../../../../src/index.ts";
import { denseWeights } from "../../../harness/dense-weights.ts";
import { gpt2Small, type LinearValues, type NormValues } from "../../block.ts";
import { textModel } from "../../generate.ts";
import { swapped } from "../../problems.ts";
import { blockTraining, trainTokens } from "../../train/train.ts";
import type { TrainProblem } from "../../train/train-problem.ts";
import type { Jax, JaxArray, JaxArrays } from "./jax-api.ts";
import { layerNorm, rmsNorm } from "./jax-block.ts";

/** The numbers of an array. */
export interface Values {
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
}

/** A loss with its initial weights and its other inputs. */
export interface JaxLoss {
  readonly variant: string;
  /** Matrices are `[in, out]`. */
  readonly weights: Readonly<Record<string, Values>>;
  readonly data: Readonly<Record<string, Values>>;
  /** The loss `[]`; consumes both. */
  readonly loss: (weights: JaxArrays, data: JaxArrays) => JaxArray;
}

function named(arrays: JaxArrays, name: string): JaxArray {
  const found = arrays[name];
  if (!found) throw new RangeError(`there is no array ${name}`);
  return found;
}

const rows = (values: Values["values"], ...shape: readonly number[]): Values => ({ shape, values });

/** The mean of the squared differences between a block's result and its target. */
export function blockLoss(api: Jax, problem: TrainProblem): JaxLoss {
  const { numpy, nn } = api;
  const { tokens: t } = problem;
  const { c, h, d, eps } = gpt2Small;
  const { values, target } = blockTraining(problem);
  const linear = (name: string, { weight, bias, out, in: inner }: LinearValues) => [
    [`${name}.weight`, rows(swapped(weight, out, inner, 1), inner, out)],
    [`${name}.bias`, rows(bias, out)],
  ];
  const norm = (name: string, { weight, bias }: NormValues) => [
    [`${name}.weight`, rows(weight, c)],
    [`${name}.bias`, rows(bias, c)],
  ];
  const { q, k, v, output, up, down } = values;
  return {
    variant: "nn.dotProductAttention",
    weights: Object.fromEntries([
      ...values.norms.flatMap((one, i) => norm(`norm${i}`, one)),
      ...Object.entries({ q, k, v, output, up, down }).flatMap(([name, one]) => linear(name, one)),
    ]),
    data: { x: rows(values.x, t, c), target: rows(target, t, c) },
    loss: (weights, data) => {
      const product = (of: JaxArray, name: string) =>
        numpy.matmul(of, named(weights, `${name}.weight`)).add(named(weights, `${name}.bias`));
      const normed = (of: JaxArray, name: string) =>
        layerNorm(api, of, named(weights, `${name}.weight`), named(weights, `${name}.bias`), eps);
      const x = named(data, "x");
      const before = normed(x.ref, "norm0");
      const heads = (of: JaxArray, name: string) => product(of, name).reshape([t, h, d]);
      const [queries, keys, all] = [heads(before.ref, "q"), heads(before.ref, "k"), heads(before, "v")];
      const attended = nn.dotProductAttention(queries, keys, all, { isCausal: true }).reshape([t, c]);
      const between = product(attended, "output").add(x);
      const hidden = nn.gelu(product(normed(between.ref, "norm1"), "up"));
      return numpy.square(product(hidden, "down").add(between).sub(named(data, "target"))).mean();
    },
  };
}

/** The mean cross-entropy of the bundled model's predictions. */
export async function modelLoss(api: Jax, problem: TrainProblem, source: FileSource): Promise<JaxLoss> {
  const { numpy, nn } = api;
  const { batch = 1, tokens } = problem;
  const { layers, heads, kvHeads, headWidth, vocabulary } = textModel;
  const bytes = await source.read("config.json", 0, await source.size("config.json"));
  const { rms_norm_eps: eps, rope_theta: theta } = JSON.parse(new TextDecoder().decode(bytes));
  const stored = await denseWeights(await openWeights(source), storageFormats);
  const { ids, targets } = trainTokens(problem);
  const [n, half] = [batch * tokens, headWidth / 2];
  const angles = Array.from({ length: tokens * half }, (_, i) => Math.floor(i / half) / theta ** ((i % half) / half));
  /** The sines of a head's first half are negative: each element is rotated with its counterpart in the other half. */
  const sines = Float32Array.from({ length: 2 * angles.length }, (_, i) => {
    const [position, isSecond, pair] = [Math.floor(i / headWidth), i % headWidth >= half, i % half];
    return (isSecond ? 1 : -1) * Math.sin(angles[position * half + pair] ?? 0);
  });
  const rotated = (x: JaxArray, count: number, { cosine, sine }: { cosine: JaxArray; sine: JaxArray }) => {
    const halves = x.reshape([batch, tokens, count, 2, half]);
    const sums = halves.ref.mul(cosine.ref).add(numpy.flip(halves, 3).mul(sine.ref));
    return sums.reshape([batch, tokens, count, headWidth]);
  };
  return {
    variant: "numpy.take, nn.dotProductAttention",
    weights: Object.fromEntries(
      Object.entries(stored).map(([name, { shape, values }]) => {
        const [out = 0, inner = 0] = shape;
        const given = Float32Array.from(values);
        const isProduct = shape.length > 1 && !name.includes("embed");
        return [name, isProduct ? rows(swapped(given, out, inner, 1), inner, out) : rows(given, ...shape)];
      }),
    ),
    data: {
      ids: rows(Int32Array.from(ids.flat()), n),
      targets: rows(Int32Array.from(targets.flat()), n, 1),
      cosine: rows(Float32Array.from(angles, Math.cos), tokens, 1, 1, half),
      sine: rows(sines, tokens, 1, 2, half),
    },
    loss: (weights, data) => {
      const table = { cosine: named(data, "cosine"), sine: named(data, "sine") };
      const embedding = named(weights, "model.embed_tokens.weight");
      const normed = (of: JaxArray, name: string) => rmsNorm(api, of, named(weights, `${name}.weight`), eps);
      let x = numpy.take(embedding.ref, named(data, "ids"), 0);
      for (let layer = 0; layer < layers; layer++) {
        const at = `model.layers.${layer}`;
        const product = (of: JaxArray, name: string) => numpy.matmul(of, named(weights, `${at}.${name}_proj.weight`));
        const split = (of: JaxArray, count: number) => of.reshape([batch, tokens, count, headWidth]);
        const before = normed(x.ref, `${at}.input_layernorm`);
        const q = rotated(product(before.ref, "self_attn.q"), heads, table);
        const k = rotated(product(before.ref, "self_attn.k"), kvHeads, table);
        const v = split(product(before, "self_attn.v"), kvHeads);
        const attended = nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([n, heads * headWidth]);
        x = x.add(product(attended, "self_attn.o"));
        const after = normed(x.ref, `${at}.post_attention_layernorm`);
        const hidden = nn.silu(product(after.ref, "mlp.gate")).mul(product(after, "mlp.up"));
        x = x.add(product(hidden, "mlp.down"));
      }
      for (const one of Object.values(table)) one.dispose();
      const logits = numpy.matmul(normed(x, "model.norm"), embedding.transpose());
      const isTarget = named(data, "targets").equal(numpy.arange(vocabulary));
      const chosen = numpy.where(isTarget, logits.ref, 0).sum(1);
      return nn.logsumexp(logits, 1).sub(chosen).mean();
    },
  };
}
