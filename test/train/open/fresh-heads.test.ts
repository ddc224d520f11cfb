// Heads that pre-trained encoders get for labels, and folders of sentence-transformers.
import { expect, test } from "vitest";
import { loadEncoder } from "../../../src/encode/load-encoder.ts";
import { openFiles } from "../../../src/formats/files.ts";
import { withFiles } from "../../../src/formats/with-files.ts";
import { freshFolder } from "../../../src/train/initialisers/fresh-folder.ts";
import { freshHead, labelsIn } from "../../../src/train/initialisers/task-heads.ts";
import { openTrainableEncoder } from "../../../src/train/open/encoder.ts";
import { exportModel } from "../../../src/train/open/export-model.ts";
import { Trainer } from "../../../src/train/trainer/trainer.ts";
import { quickTrainingGpu } from "../../support/devices/gpu.ts";
import { firstIf } from "../../support/first-tier.ts";
import { classOf } from "./golden-encoder.ts";

const gpu = await quickTrainingGpu();

const sizes = {
  vocab_size: 64,
  hidden_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  intermediate_size: 64,
  max_position_embeddings: 18,
};
const configs = {
  bert: { ...sizes, model_type: "bert" },
  roberta: { ...sizes, model_type: "roberta", pad_token_id: 1, type_vocab_size: 1 },
  distilbert: { ...sizes, model_type: "distilbert", dim: 32, n_layers: 1, n_heads: 4, hidden_dim: 64 },
  modernbert: { ...sizes, model_type: "modernbert", num_hidden_layers: 2, local_attention: 6 },
} as const;
type Name = keyof typeof configs;

const [begin, end] = [61, 62];
const texts = ['!"#$%&', "'()", "*+,-.", "&%$"].map((text) => [begin, ...new TextEncoder().encode(text), end]);

/** The folder of an encoder for masked words. */
const masked = (name: Name) => freshFolder({ ...configs[name], architectures: [classOf(name, "masked")] }, { seed: 3 });

const given = (["bert", "roberta", "distilbert", "modernbert"] as const).map((name) => [name] as const);

test.each(given)("a %s for masked words gets a head for texts, whose folder has both", async (name) => {
  const labels = ["no", "yes", "perhaps"];
  const source = await freshHead(masked(name), { task: "classify", labels, seed: 4 });
  const model = await openTrainableEncoder(gpu, source, { task: "classify", onWarning: () => undefined });
  expect(model.labels).toEqual(labels);
  const trainer = new Trainer(model.objective, model.parameters, { schedule: () => 1e-2, clip: 1 });
  const batch = { ids: texts, labels: [0, 1, 2, 0] };
  let { loss } = await trainer.step(batch);
  expect(Math.abs(loss - Math.log(3))).toBeLessThan(0.2);
  for (let i = 0; i < 150 && loss >= 0.01; i++) ({ loss } = await trainer.step(batch));
  expect(loss).toBeLessThan(0.01);
  const encoder = await loadEncoder(gpu, openFiles(await exportModel(model)));
  expect([...encoder.heads].toSorted()).toEqual(["masked-language", "sequence-classification"]);
  expect((await encoder.classify("'()")).labels?.[0]?.label).toBe("yes");
  for (const one of [encoder, trainer, model]) one.dispose();
});

test.each(given)("a %s learns the labels of tokens by heart", async (name) => {
  const source = await freshHead(masked(name), { task: "classify-tokens", labels: ["odd", "even"] });
  const model = await openTrainableEncoder(gpu, source, { task: "classify-tokens", onWarning: () => undefined });
  const trainer = new Trainer(model.objective, model.parameters, { schedule: () => 1e-2, clip: 1 });
  const labels = texts.map((row) => row.map((id, i) => (i === 0 || i === row.length - 1 ? -100 : (id + 1) % 2)));
  let { loss } = await trainer.step({ ids: texts, labels });
  for (let i = 0; i < 150 && loss >= 0.01; i++) ({ loss } = await trainer.step({ ids: texts, labels }));
  expect(loss).toBeLessThan(0.01);
  const files = openFiles(await exportModel(model));
  expect(await labelsIn(files, "classify-tokens")).toEqual(["odd", "even"]);
  const encoder = await loadEncoder(gpu, files);
  const { tokens = [] } = await encoder.classify("'()");
  expect(tokens.map(({ text, label }) => [text, label])).toEqual([
    ["'", "odd"],
    ["(", "even"],
    [")", "odd"],
  ]);
  for (const one of [encoder, trainer, model]) one.dispose();
});

test(
  "contrastive pairs: texts that belong together are near each other, and the folder pools as it was trained",
  firstIf(true),
  async () => {
    const model = await openTrainableEncoder(gpu, masked("bert"), { task: "contrastive", onWarning: () => undefined });
    const trainer = new Trainer(model.objective, model.parameters, { schedule: () => 3e-3, clip: 1 });
    const [a, b, c, d] = texts as [number[], number[], number[], number[]];
    const batch = { ids: [a, b], others: [c, d] };
    let { loss } = await trainer.step(batch);
    for (let i = 0; i < 60 && loss >= 0.01; i++) ({ loss } = await trainer.step(batch));
    expect(loss).toBeLessThan(0.01);
    const files = await exportModel(model);
    expect(Object.keys(files)).toEqual(expect.arrayContaining(["modules.json", "1_Pooling/config.json"]));
    const encoder = await loadEncoder(gpu, openFiles(files));
    expect(encoder.embedding.pooling).toEqual(["mean"]);
    const { embeddings } = await encoder.embed(['!"#$%&', "'()", "*+,-.", "&%$"]);
    const cosine = (i: number, j: number) =>
      embeddings[i]?.reduce((sum, one, at) => sum + one * (embeddings[j]?.[at] ?? 0), 0) ?? 0;
    expect(cosine(0, 2)).toBeGreaterThan(cosine(0, 3) + 0.2);
    expect(cosine(1, 3)).toBeGreaterThan(cosine(1, 2) + 0.2);
    for (const one of [encoder, trainer, model]) one.dispose();
  },
);

test("a folder's own pooling is followed, and kinds that are not trained are refused", async () => {
  const modules = (...names: string[]) =>
    JSON.stringify(
      names.map((name, idx) => ({
        idx,
        path: idx === 0 ? "" : `${idx}_${name}`,
        type: `sentence_transformers.models.${name}`,
      })),
    );
  const open = async (files: Readonly<Record<string, string>>) =>
    await openTrainableEncoder(gpu, withFiles(masked("bert"), files), {
      task: "contrastive",
      onWarning: () => undefined,
    });
  const cls = { "modules.json": modules("Transformer", "Pooling"), "1_Pooling/config.json": '{"pooling_mode": "cls"}' };
  const model = await open(cls);
  const files = await exportModel(model);
  expect(await files["modules.json"]?.text()).toBe(cls["modules.json"]);
  expect(await files["1_Pooling/config.json"]?.text()).toBe(cls["1_Pooling/config.json"]);
  expect(model.objective.inputsFor({ batch: 2, context: 4 })["shares"]).toBeUndefined(); // of the mean
  model.dispose();
  const max = { ...cls, "1_Pooling/config.json": '{"pooling_mode": "max"}' };
  await expect(open(max)).rejects.toThrow("modules.json: pools by max, which contrastive training does not support");
  const dense = {
    ...cls,
    "modules.json": modules("Transformer", "Pooling", "Dense"),
    "2_Dense/config.json": '{"in_features": 32, "out_features": 32}',
  };
  await expect(open(dense)).rejects.toThrow("modules.json: has a dense layer after pooling");
});

test("heads that cannot be added, and labels that are none, are refused", async () => {
  const labels = ["no", "yes"];
  const source = await freshHead(masked("bert"), { task: "classify", labels });
  await expect(freshHead(source, { task: "classify", labels })).rejects.toThrow(
    "has classifier.weight of a head already, expected a folder without one",
  );
  for (const wrong of [["no"], ["no", "no"]]) {
    await expect(freshHead(masked("bert"), { task: "classify", labels: wrong })).rejects.toThrow(
      `freshHead: labels are ${wrong.join(", ")}, expected two or more different ones`,
    );
  }
  await expect(openTrainableEncoder(gpu, masked("bert"), { task: "classify-tokens" })).rejects.toThrow(
    "has no head for training on labels of tokens, expected token-classification",
  );
});

test("batches of labelled tokens and of pairs that do not fit are refused by their fields", async () => {
  const source = await freshHead(masked("bert"), { task: "classify-tokens", labels: ["a", "b"] });
  const tokens = await openTrainableEncoder(gpu, source, { task: "classify-tokens", onWarning: () => undefined });
  const check = (batch: object) => () => tokens.objective.check("batch", batch as never);
  expect(check({ ids: [], labels: [] })).toThrow("train: the batch has no rows");
  expect(check({ ids: [[1]], labels: [[1, 0]] })).toThrow("train: labels[0] has 2 tokens, expected 1 (from ids[0])");
  expect(check({ ids: [[1]], labels: [[2]] })).toThrow("train: labels[0][0] is 2, expected a label below 2 or -100");
  expect(check({ ids: [[64]], labels: [[0]] })).toThrow("train: ids[0][0] is 64, expected a token below 64");
  const pairs = await openTrainableEncoder(gpu, masked("bert"), { task: "contrastive", onWarning: () => undefined });
  const checkPairs = (batch: object) => () => pairs.objective.check("batch", batch as never);
  expect(checkPairs({ ids: [[1]], others: [[1]] })).toThrow("train: the batch has 1 pairs, expected two or more");
  expect(checkPairs({ ids: [[1], [2]], others: [[1]] })).toThrow("train: the batch has 2 rows of ids and 1 of others");
  expect(checkPairs({ ids: [[1], [2]], others: [[1], []] })).toThrow("train: others[1] has no tokens");
  tokens.dispose();
  pairs.dispose();
});
