import { type EncoderBlockWeights, encoderBlock, loadEncoder } from "../../../src/encoders.ts";
import {
  add,
  type FileSource,
  type Gpu,
  gather,
  type Linear,
  layerNorm,
  placed,
  reduceSegments,
  reshape,
  rmsNorm,
  slice,
  type Tensor,
  upload,
} from "../../../src/index.ts";
import { encoderTensor, encoderTensors, encoderTexts, miniLm, paddedBatch, tokenIds } from "../encoder.ts";
import type { EncoderProblem } from "../problems.ts";
import type { Prepared } from "./engine.ts";
import { folderInMemory, wordOf, wordTokenizer } from "./folder-in-memory.ts";

/** The encoder by this engine: as `embed` computes it, with packed texts, and for comparison padded to one length. */
export const encoderWays = (gpu: Gpu, problem: EncoderProblem): (() => Promise<Prepared>)[] => [
  () => packed(gpu, problem),
  () => padded(gpu, problem),
];

/** From texts to vectors, tokenizer included. */
async function packed(gpu: Gpu, problem: EncoderProblem): Promise<Prepared> {
  const encoder = await loadEncoder(gpu, encoderFolder());
  const texts = encoderTexts(problem).map((ids) => ids.slice(1, -1).map(wordOf).join(" "));
  let vectors: readonly Float32Array[] = [];
  return {
    variant: "embed, packed",
    run: async () => {
      vectors = (await encoder.embed(texts)).embeddings;
    },
    settle: async () => {},
    read: async () => vectors.flatMap((vector) => [...vector]),
    dispose: () => encoder.dispose(),
  };
}

/** From ids to vectors, in a batch padded to one length, by the same block and ops. */
async function padded(gpu: Gpu, problem: EncoderProblem): Promise<Prepared> {
  const { width, heads, layers, eps } = miniLm;
  const { texts, tokens, ids: given, shares, even } = paddedBatch(problem);
  const rows = texts * tokens;
  const words = (values: ArrayLike<number>, shape: readonly number[], label: string) =>
    upload(gpu, shape, "u32", Uint32Array.from(values), label);
  const floats = (values: Float32Array<ArrayBuffer>, shape: readonly number[], label: string) =>
    upload(gpu, shape, "f32", values, label);
  const inputs = {
    ids: words(given, [rows], "token ids"),
    positions: words(
      given.map((_, i) => i % tokens),
      [rows],
      "positions",
    ),
    types: words(new Uint32Array(rows), [rows], "types"),
    ranges: words(
      problem.lengths.flatMap((end) => [0, end]),
      [texts, 2],
      "ranges",
    ),
    offsets: words(
      Array.from({ length: texts + 1 }, (_, i) => i * tokens),
      [texts + 1],
      "offsets",
    ),
    weights: floats(shares, [rows], "shares"),
    ones: floats(new Float32Array(width).fill(1 / Math.sqrt(width)), [width], "1 / √width"),
  };
  const owned: Tensor[] = Object.values(inputs);
  const own = (tensor: Tensor): Tensor => {
    owned.push(tensor);
    return tensor;
  };
  const tensor = (name: string): Tensor => own(floats(encoderTensor(name).values, encoderTensor(name).shape, name));
  const linear = (name: string): Linear => ({ weight: tensor(`${name}.weight`), bias: tensor(`${name}.bias`) });
  const norm = (name: string) => ({ kind: "layer", ...linear(name), eps }) as const;
  const blocks = Array.from({ length: layers }, (_, layer) => blockWeights(`encoder.layer.${layer}`));

  /** One projection for queries, keys and values, as in a loaded encoder. */
  function blockWeights(at: string): EncoderBlockWeights {
    const parts = ["query", "key", "value"].map((part) => `${at}.attention.self.${part}`);
    const joined = (kind: "weight" | "bias") =>
      Float32Array.from(parts.flatMap((part) => [...encoderTensor(`${part}.${kind}`).values]));
    const qkv = {
      weight: own(floats(joined("weight"), [3 * width, width], `${at}.qkv`)),
      bias: own(floats(joined("bias"), [3 * width], `${at}.qkv bias`)),
    };
    const third = (i: number): Linear => ({
      weight: slice(qkv.weight, 0, i * width, (i + 1) * width),
      bias: slice(qkv.bias, 0, i * width, (i + 1) * width),
    });
    const attention = { q: third(0), k: third(1), v: third(2), qkv, output: linear(`${at}.attention.output.dense`) };
    return {
      attention,
      attentionNorm: norm(`${at}.attention.output.LayerNorm`),
      feedForward: { up: linear(`${at}.intermediate.dense`), down: linear(`${at}.output.dense`) },
      feedForwardNorm: norm(`${at}.output.LayerNorm`),
    };
  }

  const tables = ["word", "position", "token_type"].map((name) => tensor(`embeddings.${name}_embeddings.weight`));
  const { kind: _, eps: __, ...first } = norm("embeddings.LayerNorm");
  const program = gpu.record(() => {
    const { ids, positions, types, ranges, offsets, weights, ones } = inputs;
    const looked = [ids, positions, types].map((of, i) => gather(gpu, { ids: of, table: tables[i] as Tensor }).y);
    const sum = looked.reduce((a, b) => add(gpu, { a, b }).y);
    const mask = even ? "full" : ({ kind: "key-padding", ranges } as const);
    const shape = { heads, headWidth: width / heads, activation: "gelu", norms: "post" } as const;
    const x = reshape(layerNorm(gpu, { x: sum, ...first }, { eps }).y, [texts, tokens, width]);
    const last = blocks.reduce((stream, block, i) => encoderBlock(gpu, `layer.${i}`, stream, { mask }, block, shape), {
      sum: x,
    });
    const pooled = reduceSegments(
      gpu,
      { x: reshape(last.sum, [rows, width]), weights, offsets },
      { operation: "sum" },
    ).y;
    return rmsNorm(gpu, { x: pooled, weight: ones }, { eps: 0 }).y; // of length 1
  });
  const instance = await program.instantiate();
  const result = placed(instance, program.result);
  let vectors: ArrayLike<number> = [];
  return {
    variant: "padded",
    run: async () => {
      await gpu.write(inputs.ids.storage, 0, new Uint8Array(given.buffer));
      instance.run();
      vectors = await result.read();
    },
    settle: async () => {},
    read: async () => vectors,
    dispose: () => {
      instance.dispose();
      program.dispose();
      for (const one of owned) one.dispose();
    },
    dispatches: program.calls.reduce((sum, { dispatches }) => sum + dispatches.length, 0),
  };
}

/** The encoder as a sentence-transformers folder in memory. */
function encoderFolder(): FileSource {
  const { vocabulary, width, layers, heads, hidden, positions, types, eps } = miniLm;
  const special = { "[PAD]": tokenIds.pad, "[UNK]": tokenIds.unknown, "[CLS]": tokenIds.begin, "[SEP]": tokenIds.end };
  const python = "sentence_transformers.models";
  const json: Readonly<Record<string, unknown>> = {
    "config.json": {
      architectures: ["BertModel"],
      model_type: "bert",
      vocab_size: vocabulary,
      hidden_size: width,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      intermediate_size: hidden,
      hidden_act: "gelu",
      max_position_embeddings: positions,
      type_vocab_size: types,
      layer_norm_eps: eps,
      pad_token_id: 0,
      position_embedding_type: "absolute",
    },
    "tokenizer.json": wordTokenizer({ special, vocabulary, unknown: "[UNK]", before: "[CLS]", after: "[SEP]" }),
    "tokenizer_config.json": {
      pad_token: "[PAD]",
      unk_token: "[UNK]",
      cls_token: "[CLS]",
      sep_token: "[SEP]",
      model_max_length: positions,
    },
    "modules.json": [
      { idx: 0, name: "0", path: "", type: `${python}.Transformer` },
      { idx: 1, name: "1", path: "1_Pooling", type: `${python}.Pooling` },
      { idx: 2, name: "2", path: "2_Normalize", type: `${python}.Normalize` },
    ],
    "1_Pooling/config.json": { word_embedding_dimension: width, pooling_mode_mean_tokens: true },
  };
  return folderInMemory("the encoder of bench peers", json, encoderTensors());
}
