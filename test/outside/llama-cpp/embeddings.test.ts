// The outside check of encoders: llama.cpp makes the vectors of texts that are made here, from the same weights as a
// GGUF file. greedy.test.ts says how it is installed.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { normal } from "../../../src/check/random.ts";
import { loadEncoder } from "../../../src/encode/load-encoder.ts";
import { dense } from "../../../src/reference/dense.ts";
import { type BertConfig, bert } from "../../../src/reference/models/encoder.ts";
import { encode } from "../../../src/tensor/dtype.ts";
import { moduleOf } from "../../encoders/encode/folder-files.ts";
import { cosineOf, encoderFolder, meanOf } from "../../encoders/encode/golden-encoders.ts";
import { memorySource } from "../../formats/checkpoint-bytes.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { type BertSizes, bertGguf, bertShapes } from "../../support/models/bert-gguf.ts";
import { safetensors, type WrittenTensor } from "../../support/models/safetensors.ts";
import { fifty } from "../../support/sentences.ts";

const run = promisify(execFile);
const tool = process.env["NODE_LLAMA_CPP"];

const sizes: BertSizes = {
  hidden_size: 64,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  intermediate_size: 160,
  max_position_embeddings: 96,
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
};

/** The golden BERT's tokenizer: pieces of one letter. */
const readJson = (file: string) => JSON.parse(readFileSync(`${encoderFolder("bert")}/${file}`, "utf8"));
const tokenizer = readJson("tokenizer.json");
const vocabulary: Readonly<Record<string, number>> = tokenizer.model.vocab;
const texts = ["hello, world!", "a b", "What? A cat sat.", "naïve café", "5 of 6", ...fifty.slice(0, 5)];

/** Weights that make attention sharp and activations of all sizes, so that a mistake in either shows. */
function randomTensors(): Record<string, WrittenTensor> {
  const shapes = bertShapes(sizes, Object.keys(vocabulary).length);
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => {
      const size = shape.reduce((product, axis) => product * axis, 1);
      const isNorm = /LayerNorm\.weight/.test(name);
      const scale = shape.length === 1 ? 0.2 : name.includes("embeddings") ? 0.7 : 2 / Math.sqrt(shape[1] ?? 1);
      return [name, { shape, dtype: "f32", elements: encode("f32", normal(size, i + 1, scale, isNorm ? 1 : 0)) }];
    }),
  );
}

/** The vector of a text by the definition of BERT. */
function vectorInFloat64(
  ids: readonly number[],
  tensors: Readonly<Record<string, WrittenTensor>>,
  config: BertConfig,
  pooling: "mean" | "cls",
): number[] {
  const weights = Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, elements }]) => [name, dense(shape, elements)]),
  );
  const last = bert({ ids: dense([ids.length], ids), types: dense([ids.length]), weights }, config).layers.at(-1);
  const { hidden_size: width } = sizes;
  const rows = ids.map((_, i) => [...(last?.values.subarray(i * width, (i + 1) * width) ?? [])]);
  return pooling === "cls" ? (rows[0] ?? []) : meanOf(rows);
}

describe.skipIf(tool === undefined)("llama.cpp makes the same vectors", () => {
  // llama.cpp's CPU code takes the tanh form of GELU regardless of the folder, from a table of f16, and may round keys
  // and values to f16: vectors differ by roundings of 2⁻¹¹, which a cosine shows squared. Those here are float64's.
  test.each([
    ["mean", "gelu_new"],
    ["cls", "gelu_new"],
    ["mean", "gelu"],
  ] as const)("of a random BERT, %s of the states, %s", async (pooling, act) => {
    const tensors = randomTensors();
    const config = { model_type: "bert", ...sizes, hidden_act: act };
    const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
    const folder = memorySource({
      "config.json": json({
        ...config,
        architectures: ["BertModel"],
        vocab_size: Object.keys(vocabulary).length,
        pad_token_id: 0,
        position_embedding_type: "absolute",
      }),
      "tokenizer.json": json(tokenizer),
      "tokenizer_config.json": json({ ...readJson("tokenizer_config.json"), model_max_length: 96 }),
      "model.safetensors": safetensors(tensors),
      "modules.json": json([moduleOf(0, "", "Transformer"), moduleOf(1, "1_Pooling", "Pooling")]),
      "1_Pooling/config.json": json({
        word_embedding_dimension: 64,
        pooling_mode_cls_token: pooling === "cls",
        pooling_mode_mean_tokens: pooling === "mean",
      }),
    });
    const temporary = await mkdtemp(join(tmpdir(), "shaderformer-embeddings-"));
    try {
      const [file, list] = [join(temporary, "bert.gguf"), join(temporary, "texts.json")];
      await writeFile(file, bertGguf(sizes, vocabulary, tensors, pooling));
      await writeFile(list, JSON.stringify(texts));
      const script = join(import.meta.dirname, "embed.mjs");
      const { stdout } = await run(process.execPath, [script, tool ?? "", file, list], { maxBuffer: 1 << 26 });
      const theirs: readonly { readonly ids: readonly number[]; readonly vector: readonly number[] }[] =
        JSON.parse(stdout);
      using encoder = await loadEncoder(await testGpu(), folder);
      const { embeddings } = await encoder.embed(texts);
      const cosines = texts.map((text, i) => {
        expect(encoder.tokenizer.encodeInput(text).ids.slice(1, -1), text).toEqual(theirs[i]?.ids);
        return cosineOf(embeddings[i] ?? [], theirs[i]?.vector ?? []);
      });
      const inFloat64 = texts.map((text, i) => {
        const { ids } = encoder.tokenizer.encodeInput(text);
        return cosineOf(embeddings[i] ?? [], vectorInFloat64(ids, tensors, config, pooling));
      });
      expect(Math.min(...inFloat64)).toBeGreaterThan(1 - 1e-10);
      const among = texts.flatMap((_, i) =>
        texts.slice(0, i).map((__, j) => cosineOf(embeddings[i] ?? [], [...(embeddings[j] ?? [])])),
      );
      console.log(
        `${pooling}, ${act}: 1 - cosine is at most ${(1 - Math.min(...cosines)).toExponential(1)}; ` +
          `texts among themselves have cosines up to ${Math.max(...among).toFixed(4)}`,
      );
      expect(Math.min(...cosines)).toBeGreaterThan(0.99999);
      // Texts are told apart: the bound means something.
      expect(Math.max(...among)).toBeLessThan(0.99);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
});
