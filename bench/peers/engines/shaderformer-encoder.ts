import { embeddingOutput, normalizing } from "../../../src/encode/embedding.ts";
import { loadEncoder } from "../../../src/encode/load-encoder.ts";
import type { FileSource } from "../../../src/formats/source.ts";
import { modelFiles } from "../../../src/generate/model-files.ts";
import { type Gpu, placed, reshape, upload } from "../../../src/index.ts";
import { checkWeights } from "../../../src/models/checkpoint.ts";
import { encode } from "../../../src/models/encoders/encoder.ts";
import { readEncoderConfig } from "../../../src/models/encoders/families.ts";
import { uploadEncoder } from "../../../src/models/encoders/weights.ts";
import { encoderTensors, encoderTexts, miniLm, paddedBatch, tokenIds } from "../encoder.ts";
import type { EncoderProblem } from "../problems.ts";
import type { Prepared } from "./engine.ts";

/** The encoder by this engine: as `embed` computes it, texts packed, and for comparing filled up to one length. */
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

/** From ids to vectors, in a batch whose rows have one length. */
async function padded(gpu: Gpu, problem: EncoderProblem): Promise<Prepared> {
  const files = await modelFiles(encoderFolder());
  const { family, config } = readEncoderConfig(await files.config());
  const stored = await files.weights(false);
  const weights = await uploadEncoder(gpu, stored, checkWeights(stored, family, config), config);
  const { texts, tokens, ids: given, shares, even } = paddedBatch(problem);
  const { step, ...inputs } = {
    ids: upload(gpu, [texts, tokens], "u32", Uint32Array.from(given), "token ids"),
    positions: upload(
      gpu,
      [texts, tokens],
      "u32",
      Uint32Array.from(given, (_, i) => i % tokens),
      "positions",
    ),
    types: upload(gpu, [texts, tokens], "u32", new Uint32Array(texts * tokens), "types"),
    ranges: upload(gpu, [texts, 2], "u32", Uint32Array.from(problem.lengths.flatMap((end) => [0, end])), "ranges"),
    offsets: upload(
      gpu,
      [texts + 1],
      "u32",
      Uint32Array.from({ length: texts + 1 }, (_, i) => i * tokens),
      "offsets",
    ),
    mean: upload(gpu, [texts * tokens], "f32", shares, "shares"),
    step: normalizing(gpu, config.width),
  };
  const { ids, positions, types, ranges, offsets, mean } = inputs;
  const settings = { pooling: ["mean"], includePrompt: true } as const;
  const output = embeddingOutput({ settings: { ...vectorSettings, ...settings }, steps: [step] });
  const program = gpu.record(() => {
    const mask = even ? "full" : ({ kind: "key-padding", ranges } as const);
    const states = encode({ gpu, config, weights }, { ids, positions, types, mask });
    return output.record(gpu, {
      states: reshape(states, [texts * tokens, config.width]),
      offsets,
      inputs: { mean },
    });
  });
  const instance = await program.instantiate();
  const result = placed(instance, program.result);
  let vectors: ArrayLike<number> = [];
  return {
    variant: "padded",
    run: async () => {
      await gpu.write(ids.storage, 0, new Uint8Array(Uint32Array.from(given).buffer));
      instance.run();
      vectors = await result.read();
    },
    settle: async () => {},
    read: async () => vectors,
    dispose: () => {
      instance.dispose();
      program.dispose();
      for (const tensor of [...Object.values(inputs), step.scale]) tensor.dispose();
      weights.dispose();
    },
    dispatches: program.calls.reduce((sum, { dispatches }) => sum + dispatches.length, 0),
  };
}

/** What of a folder's settings a program of vectors does not depend on. */
const vectorSettings = { width: miniLm.width, normalized: true, prompts: {}, maxTokens: miniLm.positions };

const wordOf = (id: number) => `w${id}`;

/** The encoder as a sentence-transformers folder, in memory. */
function encoderFolder(): FileSource {
  const { vocabulary, width, layers, heads, hidden, positions, types, eps } = miniLm;
  const special = { "[PAD]": tokenIds.pad, "[UNK]": tokenIds.unknown, "[CLS]": tokenIds.begin, "[SEP]": tokenIds.end };
  const words = Array.from({ length: vocabulary - tokenIds.firstWord }, (_, i) => tokenIds.firstWord + i);
  const python = "sentence_transformers.models";
  const json: Readonly<Record<string, unknown>> = {
    "config.json": {
      ...{ architectures: ["BertModel"], model_type: "bert", vocab_size: vocabulary, hidden_size: width },
      ...{ num_hidden_layers: layers, num_attention_heads: heads, intermediate_size: hidden, hidden_act: "gelu" },
      ...{ max_position_embeddings: positions, type_vocab_size: types, layer_norm_eps: eps, pad_token_id: 0 },
      position_embedding_type: "absolute",
    },
    "tokenizer.json": tokenizer({ ...special, ...Object.fromEntries(words.map((id) => [wordOf(id), id])) }),
    "tokenizer_config.json": {
      ...{ pad_token: "[PAD]", unk_token: "[UNK]", cls_token: "[CLS]", sep_token: "[SEP]" },
      model_max_length: positions,
    },
    "modules.json": [
      { idx: 0, name: "0", path: "", type: `${python}.Transformer` },
      { idx: 1, name: "1", path: "1_Pooling", type: `${python}.Pooling` },
      { idx: 2, name: "2", path: "2_Normalize", type: `${python}.Normalize` },
    ],
    "1_Pooling/config.json": { word_embedding_dimension: width, pooling_mode_mean_tokens: true },
  };
  const files = new Map<string, Uint8Array<ArrayBuffer>>(
    Object.entries(json).map(([name, value]) => [name, new TextEncoder().encode(JSON.stringify(value))]),
  );
  files.set("model.safetensors", checkpoint());
  const file = (name: string) => {
    const bytes = files.get(name);
    if (!bytes) throw new RangeError(`the encoder has no file ${name}`);
    return bytes;
  };
  return {
    name: "the encoder of bench peers",
    has: async (name) => files.has(name),
    size: async (name) => file(name).length,
    read: async (name, begin, end) => file(name).slice(begin, end),
  };
}

/** A word is a token. */
function tokenizer(vocab: Readonly<Record<string, number>>): object {
  const token = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const entry = (id: string) => ({ id, ids: [vocab[id]], tokens: [id] });
  return {
    version: "1.0",
    added_tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map((content) => ({
      ...{ id: vocab[content], content, single_word: false, lstrip: false, rstrip: false },
      ...{ normalized: false, special: true },
    })),
    normalizer: null,
    pre_tokenizer: { type: "WhitespaceSplit" },
    post_processor: {
      type: "TemplateProcessing",
      single: [token("[CLS]"), { Sequence: { id: "A", type_id: 0 } }, token("[SEP]")],
      pair: [
        token("[CLS]"),
        { Sequence: { id: "A", type_id: 0 } },
        token("[SEP]"),
        { Sequence: { id: "B", type_id: 1 } },
      ],
      special_tokens: { "[CLS]": entry("[CLS]"), "[SEP]": entry("[SEP]") },
    },
    decoder: null,
    model: { type: "WordLevel", vocab, unk_token: "[UNK]" },
  };
}

/** The bytes of the checkpoint: a length of eight bytes, a header, the tensors in order. */
function checkpoint(): Uint8Array<ArrayBuffer> {
  const tensors = Object.entries(encoderTensors());
  const header: Record<string, object> = {};
  let at = 0;
  for (const [name, { shape, values }] of tensors) {
    header[name] = { dtype: "F32", shape, data_offsets: [at, at + values.byteLength] };
    at += values.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + at);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  at = 8 + text.length;
  for (const [, { values }] of tensors) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return bytes;
}
