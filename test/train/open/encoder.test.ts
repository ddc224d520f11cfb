// What training gives of encoders: the same bits, models that learn, folders that open.
import { describe, expect, test } from "vitest";
import { loadEncoder } from "../../../src/encode/load-encoder.ts";
import { openFiles } from "../../../src/formats/files.ts";
import { gelu } from "../../../src/reference/activation.ts";
import { crossEntropy } from "../../../src/reference/cross-entropy.ts";
import { type Dense, dense } from "../../../src/reference/dense.ts";
import { matmul } from "../../../src/reference/matmul.ts";
import { bert } from "../../../src/reference/models/encoder.ts";
import { layerNorm } from "../../../src/reference/norm.ts";
import { freshFolder } from "../../../src/train/initialisers/fresh-folder.ts";
import { initialise } from "../../../src/train/initialisers/initialise.ts";
import type { MaskedBatch } from "../../../src/train/objectives/masked-batch.ts";
import { openTrainableEncoder } from "../../../src/train/open/encoder.ts";
import { exportModel } from "../../../src/train/open/export-model.ts";
import type { TrainerOptions } from "../../../src/train/trainer/options.ts";
import { Trainer } from "../../../src/train/trainer/trainer.ts";
import { quickTrainingGpu } from "../../support/devices/gpu.ts";
import { classOf, goldenEncoder } from "./golden-encoder.ts";

const gpu = await quickTrainingGpu();

/** The losses of two steps of a golden encoder, and the weights after them. */
async function twoSteps(name: "bert" | "modernbert", options: Partial<TrainerOptions>) {
  const { model, golden } = await goldenEncoder(gpu, name, "masked");
  const trainer = new Trainer(model.objective, model.parameters, { schedule: () => 1e-3, clip: 1, ...options });
  const losses = [];
  for (const { batch } of golden.steps.slice(0, 2)) losses.push((await trainer.step(batch)).loss);
  const weights = await Promise.all(model.parameters.map(async ({ tensor }) => [...(await tensor.read())]));
  trainer.dispose();
  model.dispose();
  return { losses, weights };
}

// BERT's: with dropout, below.
test("modernbert: steps have the same bits with layers computed again", async () => {
  const once = await twoSteps("modernbert", {});
  for (const recompute of ["cheap", "layers"] as const) {
    expect(await twoSteps("modernbert", { recompute })).toEqual(once);
  }
});

test("dropout differs from seed to seed, and has the same bits with layers computed again", async () => {
  const run = (options: Partial<TrainerOptions>) => twoSteps("bert", options);
  const { losses } = await run({});
  const drops = { dropout: 0.2, attentionDropout: 0.2, seed: 5 };
  const dropped = await run(drops);
  expect(dropped.losses).not.toEqual(losses);
  expect(await run({ ...drops, recompute: "layers" })).toEqual(dropped);
  expect((await run({ ...drops, seed: 6 })).losses).not.toEqual(dropped.losses);
  expect((await run({ attentionDropout: 0.2, seed: 5 })).losses).not.toEqual(dropped.losses);
});

const sizes = {
  vocab_size: 64,
  hidden_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  intermediate_size: 64,
  max_position_embeddings: 16,
  id2label: { 0: "no", 1: "yes" },
};
const configs = {
  bert: { ...sizes, model_type: "bert" },
  roberta: { ...sizes, model_type: "roberta", max_position_embeddings: 18, pad_token_id: 1, type_vocab_size: 1 },
  distilbert: { ...sizes, model_type: "distilbert", dim: 32, n_layers: 1, n_heads: 4, hidden_dim: 64 },
  mpnet: { ...sizes, model_type: "mpnet", max_position_embeddings: 18 },
  modernbert: { ...sizes, model_type: "modernbert", num_hidden_layers: 2, local_attention: 6 },
  new: { ...sizes, model_type: "new", type_vocab_size: 0, layer_norm_type: "layer_norm", pack_qkv: true },
} as const;

/** The tokens of a text, with those around it: of the tokenizer of bytes, to which 61, 62 and 63 belong. */
const [begin, end, mask] = [61, 62, 63];
const texts = ['!"#$%&', "'()", "*+,-.", "&%$"].map((text) => [begin, ...new TextEncoder().encode(text), end]);

describe.each(Object.keys(configs) as (keyof typeof configs)[])("a fresh %s", (name) => {
  test("begins near ln V, learns a batch of masked words by heart, and its folder fills the mask", async () => {
    const config = { ...configs[name], architectures: [classOf(name, "masked")] };
    const model = await openTrainableEncoder(gpu, freshFolder(config, { seed: 3 }), { task: "masked" });
    const trainer = new Trainer(model.objective, model.parameters, { schedule: () => 1e-2, clip: 1 });
    const batch = {
      ids: texts.map((row) => row.map((id, at) => (at === 2 ? mask : id))),
      targets: texts.map((row) => row.map((id, at) => (at === 2 ? id : -100))),
    };
    let { loss } = await trainer.step(batch);
    expect(Math.abs(loss - Math.log(64))).toBeLessThan(0.1);
    for (let i = 0; i < 150 && loss >= 0.01; i++) ({ loss } = await trainer.step(batch));
    expect(loss).toBeLessThan(0.01);
    const encoder = await loadEncoder(gpu, openFiles(await exportModel(model)));
    const { masks } = await encoder.fillMask("![MASK]#$%&");
    expect(masks[0]?.[0]?.token).toBe('"');
    expect(masks[0]?.[0]?.probability).toBeGreaterThan(0.9);
    expect((await encoder.fillMask("'[MASK])")).masks[0]?.[0]?.token).toBe("(");
    for (const one of [encoder, trainer, model]) one.dispose();
  });
});

// The heads of these two have other layers; gradients of every family's are PyTorch's.
test.each(["bert", "roberta"] as const)(
  "a fresh %s learns a batch of labels by heart, and its folder gives them",
  async (name) => {
    const config = { ...configs[name], architectures: [classOf(name, "classify")] };
    const model = await openTrainableEncoder(gpu, freshFolder(config, { seed: 3 }), { task: "classify" });
    expect(model.labels).toEqual(["no", "yes"]);
    const trainer = new Trainer(model.objective, model.parameters, { schedule: () => 1e-2, clip: 1 });
    const batch = { ids: texts, labels: [0, 1, 1, 0] };
    let { loss } = await trainer.step(batch);
    expect(Math.abs(loss - Math.log(2))).toBeLessThan(0.1);
    for (let i = 0; i < 150 && loss >= 0.01; i++) ({ loss } = await trainer.step(batch));
    expect(loss).toBeLessThan(0.01);
    const encoder = await loadEncoder(gpu, openFiles(await exportModel(model)));
    const best = async (text: string) => (await encoder.classify(text)).labels?.[0]?.label;
    expect([await best('!"#$%&'), await best("'()"), await best("&%$")]).toEqual(["no", "yes", "no"]);
    for (const one of [encoder, trainer, model]) one.dispose();
  },
);

test.each(["bert", "roberta"] as const)("a fresh %s: the loss at step 0 is that of float64", async (name) => {
  const config = { ...configs[name], architectures: [classOf(name, "masked")], layer_norm_eps: 1e-5 };
  const model = await openTrainableEncoder(gpu, freshFolder(config, { seed: 4 }), { task: "masked" });
  const trainer = new Trainer(model.objective, model.parameters, { schedule: () => 0 });
  const fresh = [...initialise(config, { seed: 4 })].map(
    ([tensor, { shape, values }]) => [tensor, dense(shape, values)] as const,
  );
  const weights: Readonly<Record<string, Dense>> = Object.fromEntries(fresh);
  const bare = Object.fromEntries(fresh.map(([tensor, value]) => [tensor.replace(/^(ro)?bert(a)?\./, ""), value]));
  const head = { bert: "cls.predictions", roberta: "lm_head" }[name];
  const [transform, norm] = { bert: ["transform.dense", "transform.LayerNorm"], roberta: ["dense", "layer_norm"] }[
    name
  ];
  const of = (part: string) => weights[`${head}.${part}`] as Dense;
  const losses = texts.flatMap((row) => {
    const [ids, types] = [
      dense([row.length], row),
      dense(
        [row.length],
        row.map(() => 0),
      ),
    ];
    const states = bert({ ids, types, weights: bare }, config).layers.at(-1) as Dense;
    const { y } = gelu({
      x: matmul({ x: states, weight: of(`${transform}.weight`), bias: of(`${transform}.bias`) }).y,
    });
    const x = layerNorm({ x: y, weight: of(`${norm}.weight`), bias: of(`${norm}.bias`) }, { eps: 1e-5 }).y;
    const table = bare["embeddings.word_embeddings.weight"] as Dense;
    const logits = matmul({ x, weight: table, bias: of("bias") }).y;
    return [...crossEntropy({ logits, targets: ids }).losses.values];
  });
  const { loss } = await trainer.evaluate({ ids: texts, targets: texts });
  expect(Math.abs(loss - losses.reduce((sum, one) => sum + one, 0) / losses.length)).toBeLessThan(1e-5);
  for (const one of [trainer, model]) one.dispose();
});

test("a folder keeps what the task does not train: other heads, and a tokenizer", async () => {
  const { model, golden, source } = await goldenEncoder(gpu, "bert", "masked");
  const trainer = new Trainer(model.objective, model.parameters, { schedule: () => 1e-2 });
  const tensors = async (from: Parameters<typeof loadEncoder>[1]) => {
    const encoder = await loadEncoder(gpu, from, { onWarning: () => {} });
    const found = { heads: encoder.heads, hidden: await encoder.hidden("a cat") };
    encoder.dispose();
    return found;
  };
  const before = await tensors(source);
  await trainer.step(golden.batch);
  const files = await exportModel(model);
  const after = await tensors(openFiles(files));
  expect(after.heads).toEqual(before.heads);
  expect(after.hidden.tokens).toEqual(before.hidden.tokens);
  expect(after.hidden.layers).not.toEqual(before.hidden.layers);
  const classify = await openTrainableEncoder(gpu, openFiles(files), { task: "masked", onWarning: () => {} });
  expect(classify.parameters.map(({ name }) => name)).toEqual(model.parameters.map(({ name }) => name));
  for (const one of [trainer, model, classify]) one.dispose();
});

test("batches and folders that are none are refused by name", async () => {
  const { model } = await goldenEncoder(gpu, "bert", "masked");
  const { check } = model.objective;
  const [ids, targets] = [
    [[1, 2, 3], [4]],
    [[-100, 2, -100], [0]],
  ];
  expect(() => check("batch", { ids, targets, types: [[0, 1, 2], [0]] })).not.toThrow();
  const wrong = (batch: unknown) => () => check("batch", batch as MaskedBatch);
  expect(wrong({ ids })).toThrow("train: batch.targets is missing");
  expect(wrong({ ids: [], targets: [] })).toThrow("train: the batch has no rows");
  expect(wrong({ ids: [[]], targets: [[]] })).toThrow("train: ids[0] has no tokens");
  expect(wrong({ ids: [new Array(38).fill(1)], targets: [[1]] })).toThrow(
    "train: ids[0] has 38 tokens, expected at most 37, the model's context",
  );
  expect(wrong({ ids: [[61]], targets: [[1]] })).toThrow("train: ids[0][0] is 61, expected a token below 61");
  expect(wrong({ ids, targets: [[1, 2], [0]] })).toThrow("train: targets[0] has 2 tokens, expected 3 (from ids[0])");
  expect(wrong({ ids, targets: [[1, 2, 99], [0]] })).toThrow("targets[0][2] is 99, expected a token below 61 or -100");
  expect(wrong({ ids, targets, types: [[0]] })).toThrow("train: the batch has 2 rows of ids and 1 of types");
  expect(wrong({ ids, targets, types: [[0, 3, 0], [0]] })).toThrow("train: types[0][1] is 3, expected a type below 3");
  expect(wrong({ ids, targets, labels: [1] })).toThrow("labels");
  model.dispose();
  const labelled = await goldenEncoder(gpu, "distilbert", "classify");
  const label = labelled.model.objective.check;
  expect(() => label("batch", { ids, labels: [0, 5] })).toThrow("labels[1] is 5, expected a label below 5 or -100");
  expect(() => label("batch", { ids, labels: [0, 1], types: [[0, 0, 0], [0]] })).toThrow("the model has none");
  labelled.model.dispose();

  const open = (config: Readonly<Record<string, unknown>>, task: "masked" | "classify") =>
    openTrainableEncoder(gpu, freshFolder(config), { task });
  const bert = { ...configs.bert, architectures: ["BertForMaskedLM"] };
  await expect(open(bert, "classify")).rejects.toThrow(
    "a fresh model: has no head for training on labels, expected sequence-classification",
  );
  await expect(open({ ...bert, architectures: ["BertModel"] }, "masked")).rejects.toThrow("expected masked-language");
  const many = {
    ...bert,
    architectures: ["BertForSequenceClassification"],
    problem_type: "multi_label_classification",
  };
  await expect(open(many, "classify")).rejects.toThrow(
    "problem_type makes 2 labels scored by sigmoid, expected several",
  );
  const files = { "config.json": new Blob([JSON.stringify({ model_type: "use-lite" })]) };
  await expect(openTrainableEncoder(gpu, openFiles(files), { task: "masked" })).rejects.toThrow("which is not trained");
});
