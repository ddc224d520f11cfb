// Fresh encoders and encoder-decoders: names, shapes, what schemes draw, and that the folders open.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadEncoder } from "../../../src/encode/load-encoder.ts";
import { loadEncoderDecoder } from "../../../src/seq2seq/load-encoder-decoder.ts";
import { freshFolder } from "../../../src/train/initialisers/fresh-folder.ts";
import { initialise } from "../../../src/train/initialisers/initialise.ts";
import { encoderNames } from "../../encoders/encode/golden-encoders.ts";
import { sequenceFile, sequenceNames } from "../../encoders/seq2seq/golden.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { classes } from "./golden-encoder.ts";

const gpu = await quickGpu();

const json = (file: string) => JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;

/** Shapes of a golden folder's tensors by today's names. */
function storedShapes(folder: string): Map<string, readonly number[]> {
  const bytes = readFileSync(`test/golden/${folder}/model.safetensors`);
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString());
  const today = (name: string) =>
    name
      .replace(/\bgamma$/, "weight")
      .replace(/\bbeta$/, "bias")
      .replace(/^transformer\.(?!layer)/, "") // of a module that has torch's as a part
      .replace(/^(embeddings|encoder)\./, folder === "roberta" ? "roberta.$1." : "$1.");
  return new Map(
    Object.entries<{ shape: readonly number[] }>(header).map(([name, { shape }]) => [today(name), shape] as const),
  );
}

describe.each(encoderNames)("a fresh %s", (name) => {
  const config = json(`test/golden/${name}/config.json`);
  const layer = /\.(layer|layers)\.\d+\./;

  test.each([
    ["", undefined],
    ["ForMaskedLM", "masked-language"],
    ["ForSequenceClassification", "sequence-classification"],
    ["ForTokenClassification", "token-classification"],
    ["ForQuestionAnswering", "question-answering"],
  ] as const)("with the head %s has the names and shapes of a checkpoint, and opens", async (suffix, head) => {
    const asked = { ...config, architectures: [`${classes[name]}${suffix || "Model"}`] };
    const fresh = initialise(asked);
    const stored = storedShapes(name);
    for (const [tensor, { shape }] of fresh) {
      // ModernBERT's golden classifier and answers, RoBERTa's tokens and texts share a name.
      if (!/^(classifier|qa_outputs)\./.test(tensor)) expect(stored.get(tensor), tensor).toEqual(shape);
    }
    const layers = [...stored.keys()].filter((tensor) => layer.test(tensor));
    expect([...fresh.keys()].filter((tensor) => layer.test(tensor)).toSorted()).toEqual(layers.toSorted());
    const encoder = await loadEncoder(gpu, freshFolder(asked, { seed: 2 }), {
      onWarning: (warning) => expect.fail(warning),
    });
    expect(encoder.heads).toEqual(head === undefined ? [] : [head]);
    if (head?.endsWith("-classification")) expect(encoder.labels).toHaveLength(5);
    const { embeddings } = await encoder.embed(["!1"]);
    expect(embeddings[0]?.every(Number.isFinite)).toBe(true);
    if (head === "masked-language") {
      const { masks } = await encoder.fillMask("![MASK]1");
      expect(masks[0]).toHaveLength(5);
    }
    encoder.dispose();
  });
});

test.each(sequenceNames)("a fresh %s has the names and shapes of a checkpoint, and opens", async (name) => {
  const config = sequenceFile(name, "config.json");
  const fresh = initialise(config);
  const stored = storedShapes(name === "mt5" ? "t5-v1.1" : name);
  for (const [tensor, { shape }] of fresh) expect(stored.get(tensor), tensor).toEqual(shape);
  const model = await loadEncoderDecoder(gpu, freshFolder(config), { onWarning: (warning) => expect.fail(warning) });
  const { results } = await model.generate(["!1"], { maxTokens: 2 });
  expect(results[0]?.ids.length).toBeGreaterThan(0);
  model.dispose();
});

const deviation = (values: Float32Array = new Float32Array()) =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

test("what the schemes of encoders and encoder-decoders draw", () => {
  const close = (found: number, expected: number) => expect(Math.abs(found / expected - 1)).toBeLessThan(0.1);
  const bert = {
    architectures: ["BertForPreTraining"],
    model_type: "bert",
    vocab_size: 300,
    hidden_size: 64,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 128,
    max_position_embeddings: 64,
  };
  const drawn = initialise(bert);
  const values = (name: string) => drawn.get(name)?.values;
  for (const name of ["bert.embeddings.position_embeddings", "cls.predictions.transform.dense", "bert.pooler.dense"]) {
    close(deviation(values(`${name}.weight`)), 0.02);
  }
  close(deviation(initialise({ ...bert, initializer_range: 0.1 }).get("bert.pooler.dense.weight")?.values), 0.1);
  expect(new Set(values("cls.predictions.transform.LayerNorm.weight"))).toEqual(new Set([1]));
  expect(new Set(values("cls.predictions.transform.LayerNorm.bias"))).toEqual(new Set([0]));
  expect(new Set(values("cls.predictions.bias"))).toEqual(new Set([0]));
  expect(drawn.get("cls.seq_relationship.weight")?.shape).toEqual([2, 64]);

  const t5 = { ...sequenceFile("t5", "config.json"), d_model: 64, d_kv: 16, d_ff: 96, num_heads: 2 };
  const ofT5 = initialise(t5);
  const first = "encoder.block.0.layer";
  close(deviation(ofT5.get("shared.weight")?.values), 1);
  close(deviation(ofT5.get(`${first}.0.SelfAttention.q.weight`)?.values), (64 * 16) ** -0.5);
  close(deviation(ofT5.get(`${first}.0.SelfAttention.k.weight`)?.values), 64 ** -0.5);
  close(deviation(ofT5.get(`${first}.0.SelfAttention.o.weight`)?.values), 32 ** -0.5);
  close(deviation(ofT5.get(`${first}.1.DenseReluDense.wo.weight`)?.values), 96 ** -0.5);
  const buckets = deviation(ofT5.get(`${first}.0.SelfAttention.relative_attention_bias.weight`)?.values);
  expect(Math.abs(buckets * 8 - 1)).toBeLessThan(0.5); // few numbers

  const transformer = { ...sequenceFile("transformer-2017", "config.json"), d_model: 64, nhead: 4 };
  const of2017 = initialise(transformer);
  close(deviation(of2017.get("shared.weight")?.values), 1 / 8); // times √width where they are read
  const { values: thirds = new Float32Array() } = of2017.get("encoder.layers.0.self_attn.in_proj_weight") ?? {};
  const bound = Math.sqrt(6 / 128);
  for (const third of [0, 1, 2]) close(Math.max(...thirds.subarray(third * 4096, (third + 1) * 4096)), bound);
  const bart: Record<string, unknown> = { ...sequenceFile("bart", "config.json"), init_std: 0.2 };
  close(deviation(initialise(bart).get("model.shared.weight")?.values), 0.2);
  const { values: positions = new Float32Array() } = initialise(bart).get("model.encoder.embed_positions.weight") ?? {};
  expect(deviation(positions.subarray(0, 2 * Number(bart["d_model"])))).toBe(0); // rows of no position
});

test("configs without fresh weights are refused by name", () => {
  const config = json("test/golden/bert/config.json");
  const asked = (more: object) => () => initialise({ ...config, ...more });
  expect(asked({ architectures: ["BertForMultipleChoice"] })).toThrow(
    "config.json: architectures is BertForMultipleChoice, known heads of bert are ForMaskedLM, ForPreTraining",
  );
  expect(asked({ model_type: "use-lite" })).toThrow("config.json: model_type is use-lite, which is not trained");
  expect(asked({ hidden_size: 25 })).toThrow("num_attention_heads is 3, which does not divide hidden_size 25");
  expect(
    initialise({ ...config, architectures: ["BertForSequenceClassification"], id2label: null }).get("classifier.weight")
      ?.shape,
  ).toEqual([2, 24]);
});
