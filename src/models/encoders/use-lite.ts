import { encoderAttention } from "../../blocks/encoder-attention.ts";
import { type Linear, linear } from "../../blocks/linear.ts";
import { type Norm, norm } from "../../blocks/norm.ts";
import { FormatError, listed } from "../../formats/format-error.ts";
import { choice, float, integer, readFields } from "../../formats/json/fields.ts";
import type { Weights } from "../../formats/weights.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { relu } from "../../kernels/elementwise/activation.ts";
import { add } from "../../kernels/elementwise/elementwise.ts";
import { gather } from "../../kernels/embedding/gather.ts";
import { type Tensor, upload } from "../../tensor/tensor.ts";
import { reshape, slice, transpose } from "../../tensor/views.ts";
import type { WeightNames, WeightSource } from "../decoders/family.ts";
import { type Checkpoint, checkWeights } from "../weights/checkpoint.ts";
import { Loader, type LoadOptions } from "../weights/loader.ts";
import type { EncoderConfig } from "./config.ts";
import type { TokenInputs } from "./encoder.ts";

/** The settings of a Universal Sentence Encoder lite. */
interface UseLiteConfig {
  readonly vocabulary: number;
  /** Width of the embedding and of the first layer's input. */
  readonly embeddingWidth: number;
  /** Width of every layer's output. */
  readonly width: number;
  /** Feed-forward width. */
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  /** Maximum tokens of a text; the rest is cut off. */
  readonly context: number;
  readonly eps: number;
}

type LinearSource = { readonly weight: WeightSource; readonly bias: WeightSource };

interface LayerSource {
  readonly attentionNorm: LinearSource;
  readonly qkv: LinearSource;
  readonly output: LinearSource;
  /** Of the first layer: widens its residual stream. */
  readonly residual?: LinearSource;
  readonly feedForwardNorm: LinearSource;
  readonly up: LinearSource;
  readonly down: LinearSource;
}

interface OuterSource {
  readonly embedding: WeightSource;
  readonly pooler: LinearSource;
}

/** Reads a parsed `config.json`; throws `FormatError` for that of another model, or one that kernels do not support. */
export function readUseLiteConfig(raw: unknown): UseLiteConfig {
  const reader = readFields("config.json", raw);
  const given = reader.read({
    model_type: choice(["use-lite"]),
    vocab_size: integer(1, 2 ** 24),
    embedding_size: integer(1, 2 ** 16),
    hidden_size: integer(1, 2 ** 16),
    intermediate_size: integer(1, 2 ** 18),
    num_hidden_layers: integer(1, 1000),
    num_attention_heads: integer(1, 1024),
    max_position_embeddings: integer(1, 2 ** 16),
    layer_norm_eps: float(0, 1),
    hidden_act: choice(["relu"]),
  });
  const heads = given.num_attention_heads;
  for (const field of ["embedding_size", "hidden_size"] as const) {
    if (given[field] % (4 * heads) !== 0) {
      reader.fail(field, `is ${given[field]}, expected a multiple of 4 times num_attention_heads ${heads}`);
    }
  }
  return {
    vocabulary: given.vocab_size,
    embeddingWidth: given.embedding_size,
    width: given.hidden_size,
    hidden: given.intermediate_size,
    layers: given.num_hidden_layers,
    heads,
    context: given.max_position_embeddings,
    eps: given.layer_norm_eps,
  };
}

const source = (name: string, shape: readonly number[]): LinearSource => ({
  weight: { name: `${name}.weight`, shape },
  bias: { name: `${name}.bias`, shape: shape.slice(0, 1) },
});

/** How the weights are named. */
const useLiteNames: WeightNames<UseLiteConfig, OuterSource, LayerSource> = {
  outer: ({ vocabulary, embeddingWidth, width }) => ({
    embedding: { name: "embeddings.weight", shape: [vocabulary, embeddingWidth] },
    pooler: source("pooler", [width, width]),
  }),
  layer({ embeddingWidth, width, hidden }, layer) {
    const from = layer === 0 ? embeddingWidth : width;
    const part = (name: string, ...shape: number[]) => source(`layers.${layer}.${name}`, shape);
    return {
      attentionNorm: part("attention_norm", from),
      qkv: part("attention.qkv", 3 * from, from),
      output: part("attention.output", width, from),
      ...(layer === 0 && { residual: part("residual", width, from) }),
      feedForwardNorm: part("feed_forward_norm", width),
      up: part("feed_forward.up", hidden, width),
      down: part("feed_forward.down", width, hidden),
    };
  },
  opposites: ({ layers }) => ({ num_hidden_layers: { is: layers, but: { layers: layers + 1 } } }),
};

/**
 * Compares the tensors of a checkpoint with those that the config implies. No others may exist: this model is written
 * in one way, so an unread tensor belongs to another model.
 *
 * @throws FormatError as `checkWeights`, and for an unread tensor.
 */
export function checkUseLite(weights: Weights, config: UseLiteConfig): Checkpoint<OuterSource, LayerSource> {
  const checkpoint = checkWeights(weights, useLiteNames, config);
  if (checkpoint.unread.length === 0) return checkpoint;
  throw new FormatError(
    weights.file,
    `holds ${listed(checkpoint.unread)}, which nothing reads of a model of its config.json`,
  );
}

interface Layer {
  readonly attentionNorm: Norm;
  readonly qkv: Linear;
  readonly output: Linear;
  readonly residual: Linear | undefined;
  readonly feedForwardNorm: Norm;
  readonly up: Linear;
  readonly down: Linear;
}

/** A Universal Sentence Encoder lite on the GPU. */
interface UseLite {
  readonly gpu: Gpu;
  readonly config: UseLiteConfig;
  readonly embedding: Tensor;
  /** Added to embeddings by position, `[context, c]`. */
  readonly signal: Tensor;
  readonly layers: readonly Layer[];
  readonly pooler: Linear;
  /** Size of the weights in bytes. */
  readonly bytes: number;
  dispose(): void;
}

/**
 * Sines of the positions, then their cosines, of frequencies from 1 to 1/10000 in equal ratios (Vaswani et al. 2017,
 * section 3.5, as tensor2tensor spells it).
 */
function timingSignal(positions: number, width: number): Float32Array<ArrayBuffer> {
  const half = width / 2;
  const table = new Float32Array(positions * width);
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * 10_000 ** (-i / Math.max(1, half - 1));
      table[position * width + i] = Math.sin(angle);
      table[position * width + half + i] = Math.cos(angle);
    }
  }
  return table;
}

/** Uploads the weights of a checked checkpoint. Throws as `Loader` does; nothing stays allocated then. */
export async function uploadUseLite(
  gpu: Gpu,
  weights: Weights,
  { outer, layers }: Checkpoint<OuterSource, LayerSource>,
  config: UseLiteConfig,
  options: LoadOptions,
): Promise<UseLite> {
  const loader = new Loader(gpu, weights, options);
  const { context, embeddingWidth, eps } = config;
  const matrix = ({ weight, bias }: LinearSource): Linear => ({
    weight: loader.matrix(weight),
    bias: loader.vector(bias),
  });
  const normed = ({ weight, bias }: LinearSource): Norm => ({
    kind: "layer",
    weight: loader.vector(weight),
    bias: loader.vector(bias),
    eps,
  });
  try {
    const model = {
      embedding: loader.matrix(outer.embedding),
      layers: layers.map((layer) => ({
        attentionNorm: normed(layer.attentionNorm),
        qkv: matrix(layer.qkv),
        output: matrix(layer.output),
        residual: layer.residual && matrix(layer.residual),
        feedForwardNorm: normed(layer.feedForwardNorm),
        up: matrix(layer.up),
        down: matrix(layer.down),
      })),
      pooler: matrix(outer.pooler),
    };
    await loader.finish();
    const table = timingSignal(context, embeddingWidth);
    const signal = gpu.unscoped(() => upload(gpu, [context, embeddingWidth], "f32", table, "timing signal"));
    const dispose = () => {
      signal.dispose();
      loader.dispose();
    };
    return { gpu, config, ...model, signal, bytes: loader.bytes, dispose };
  } catch (error) {
    loader.dispose();
    throw error;
  }
}

/**
 * The states `[1, t, c]` of the last layer (Cer et al. 2018, section 3.1). While recording, taps are `embedding` and
 * `layer.N.output`.
 */
export function useLiteStates(model: UseLite, { ids, positions, layout, mask }: TokenInputs): Tensor {
  const { gpu, config } = model;
  const [b = 1, t = 1] = ids.shape;
  const rows = (of: Tensor, table: Tensor) => gather(gpu, { ids: reshape(of, [b * t]), table }).y;
  let x = gpu.within("embedding", () => {
    const tokens = rows(ids, model.embedding);
    // A token's embedding counts twice: the sum with its position is added to the embedding again.
    const sum = add(gpu, { a: add(gpu, { a: tokens, b: tokens }).y, b: rows(positions, model.signal) }).y;
    return reshape(sum, [b, t, config.embeddingWidth]);
  });
  gpu.tap("embedding", x);
  for (const [index, layer] of model.layers.entries()) {
    const width = x.shape[2] ?? 0;
    const split = [b, t, 3 * config.heads, width / config.heads];
    x = gpu.within(`layer.${index}.attention`, () => {
      const qkv = reshape(linear(gpu, norm(gpu, x, layer.attentionNorm), layer.qkv), split);
      const third = (i: number) => transpose(slice(qkv, 2, i * config.heads, (i + 1) * config.heads), [0, 2, 1, 3]);
      const heads = { q: third(0), k: third(1), v: third(2) };
      const out = encoderAttention(gpu, heads, { layout, mask }, 1 / Math.sqrt(width / config.heads));
      const attended = linear(gpu, reshape(transpose(out, [0, 2, 1, 3]), [b, t, width]), layer.output);
      return add(gpu, { a: layer.residual ? linear(gpu, x, layer.residual) : x, b: attended }).y;
    });
    x = gpu.within(`layer.${index}.feed-forward`, () => {
      const hidden = relu(gpu, { x: linear(gpu, norm(gpu, x, layer.feedForwardNorm), layer.up) }).y;
      return add(gpu, { a: x, b: linear(gpu, hidden, layer.down) }).y;
    });
    gpu.tap(`layer.${index}.output`, x);
  }
  return x;
}

/** Its settings as `EncoderConfig`. */
export function useLiteEncoder(config: UseLiteConfig): EncoderConfig {
  const { vocabulary, width, layers, heads, hidden, context, eps } = config;
  return {
    architecture: "use-lite",
    vocabulary,
    width,
    layers,
    heads,
    headWidth: width / heads,
    hidden,
    context,
    eps,
    types: 0,
    positions: { kind: "sinusoidal" },
    norm: "layer",
    norms: "pre",
    activation: "relu",
    tied: false,
  };
}
