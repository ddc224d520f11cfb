import { afterAll, describe, expect, test, vi } from "vitest";
import { loadEncoder } from "../../../src/encode/load-encoder.ts";
import type { Program } from "../../../src/gpu/gpu.ts";
import { gelu } from "../../../src/reference/activation.ts";
import { type Dense, dense } from "../../../src/reference/dense.ts";
import { matmul } from "../../../src/reference/matmul.ts";
import { bert } from "../../../src/reference/models/encoder.ts";
import { layerNorm } from "../../../src/reference/norm.ts";
import { decode, encode } from "../../../src/tensor/dtype.ts";
import { byTurns } from "../../support/by-turns.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { encoderNames, encoderTensors } from "./golden-encoders.ts";
import { headsGolden, labelNames, logSoftmax } from "./golden-heads.ts";
import { architecture, headFolder } from "./head-folders.ts";

const devices = {
  "default adapter": await quickGpu(),
  "without features": await quickGpu({ features: [] }),
  swiftshader: await quickGpu({ adapter: "swiftshader" }),
};

/** What heads of logits within 10⁻⁴ give: a logarithm of a probability moves by at most twice that. */
const near = 2e-4;

function expectNear(found: readonly number[], expected: readonly number[], within = 1e-4): void {
  expect(found.length).toBe(expected.length);
  const distances = found.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN)));
  expect(Math.max(...distances)).toBeLessThan(within);
}

/** The scores of labels in the order of their names. */
const inOrder = (
  names: readonly string[],
  labels: readonly { readonly label: string; readonly score: number }[] | undefined,
) => names.map((name) => labels?.find(({ label }) => label === name)?.score ?? Number.NaN);

describe.each(byTurns(devices, encoderNames))("%s > %s", async (_, name, gpu) => {
  const golden = headsGolden(name);
  // Logits as they are: a regression's scores.
  const fields = { architectures: architecture(name, "ForSequenceClassification"), problem_type: "regression" };
  const encoder = await loadEncoder(gpu, headFolder(name, { fields }));
  // ModernBERT's heads for texts and answers have the same names, and differ in their rows.
  const answers = { fields: { architectures: architecture(name, "ForQuestionAnswering") }, labels: 2 };
  const answering = name === "modernbert" ? await loadEncoder(gpu, headFolder(name, answers)) : encoder;
  afterAll(() => {
    encoder.dispose();
    answering.dispose();
  });

  test("masked tokens", async () => {
    const { text, masks: expected, logits } = golden.masked;
    const { masks } = await encoder.fillMask(text);
    expect(masks.map((tokens) => tokens.map(({ id }) => id))).toEqual(expected.map((row) => row.map(({ id }) => id)));
    for (const [i, tokens] of masks.entries()) {
      expectNear(
        tokens.map(({ probability }) => Math.log(probability)),
        (expected[i] ?? []).map(({ probability }) => Math.log(probability)),
        near,
      );
    }
    const all = (await encoder.fillMask(text, { top: 1000 })).masks;
    for (const [i, row] of logits.entries()) {
      const found = [...(all[i] ?? [])].sort((a, b) => a.id - b.id);
      expectNear(
        found.map(({ probability }) => Math.log(probability)),
        logSoftmax(row),
      );
    }
  });

  test("labels of a text and of a pair", async () => {
    for (const { texts, logits } of golden.classes) {
      const [text, pair] = texts;
      const { labels } = await encoder.classify(text, { pair });
      expectNear(inOrder(labelNames, labels), logits);
      const scores = labels?.map(({ score }) => score) ?? [];
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
    }
  });

  test("labels of tokens", async () => {
    const folder = headFolder(name, { fields: { architectures: architecture(name, "ForTokenClassification") } });
    using encoder = await loadEncoder(gpu, folder);
    const { text, tokens: expected } = golden.tokens;
    const { tokens = [] } = await encoder.classify(text);
    expect(tokens.map(({ score: _, ...token }) => token)).toEqual(
      expected.map(({ start, end, label }) => ({
        text: text.slice(start, end),
        label: labelNames[label],
        start,
        end,
      })),
    );
    expectNear(
      tokens.map(({ score }) => Math.log(score)),
      expected.map(({ score }) => Math.log(score)),
      near,
    );
  });

  test.each(golden.answers.found)(
    "an answer in $windows windows of $context",
    async ({ answer, context, ...options }) => {
      const { windows: _, ...given } = options;
      const { score, ...found } = await answering.answer(golden.answers.question, context, given);
      const { score: expected, ...range } = answer;
      expect(found).toEqual(range);
      expect(score / expected).toBeCloseTo(1, 3);
    },
  );

  test("a sparse vector", async () => {
    const { text, weights } = golden.sparse;
    const { vectors, tokens } = await encoder.sparse([text, "a b"]);
    const [vector] = vectors;
    const dense = new Float64Array(weights.length);
    for (const [i, id] of (vector?.ids ?? []).entries()) dense[id] = vector?.weights[i] ?? 0;
    expectNear([...dense], weights);
    expect(tokens).toEqual([encoder.tokenizer.encodeInput(text).ids.length, 4]);
    expect(vectors.length).toBe(2);
    const most = encoder.embedding.maxTokens;
    expect((await encoder.sparse(["a ".repeat(most)])).tokens).toEqual([most]);
  });

  if (golden.next) {
    test("whether a text follows", async () => {
      const [, { texts }] = golden.classes;
      const [text, next] = texts as [string, string];
      expectNear([(await encoder.nextSentence(text, next)).isNext], [golden.next?.[0] ?? 0]);
    });
  }
});

// How scores are made of logits is the same for all families, whose logits are compared above.
describe.each(encoderNames.filter((_, i) => i % 3 === 0))("%s scores", (name) => {
  const gpu = devices["default adapter"];
  const golden = headsGolden(name);
  const architectures = architecture(name, "ForSequenceClassification");
  const [alone, pair] = golden.classes;
  const one = { id2label: { "0": "LABEL_0" }, label2id: { LABEL_0: 0 } };
  const loaded = (fields: Readonly<Record<string, unknown>>, labels?: number) =>
    loadEncoder(
      gpu,
      headFolder(name, { fields: { architectures, problem_type: undefined, ...fields }, ...(labels && { labels }) }),
    );

  test("one of several labels, several labels, and those of a folder that does not say", async () => {
    for (const [problem_type, expected] of [
      ["single_label_classification", alone.softmax],
      ["multi_label_classification", alone.sigmoid],
      [undefined, alone.softmax],
    ] as const) {
      using encoder = await loaded({ problem_type });
      const { labels } = await encoder.classify(alone.texts[0]);
      expectNear(inOrder(labelNames, labels), expected);
    }
  });

  test("the one label of a cross-encoder, by the logistic function unless its folder says otherwise", async () => {
    const [text, other] = pair.texts as [string, string];
    for (const [fields, expected] of [
      [{}, pair.alone[0]],
      [{ sbert_ce_default_activation_function: "torch.nn.modules.linear.Identity" }, pair.logits[0]],
      [{ sentence_transformers: { activation_fn: "torch.nn.modules.activation.Sigmoid" } }, pair.alone[0]],
    ] as const) {
      using encoder = await loaded({ ...one, ...fields }, 1);
      const { labels = [] } = await encoder.classify(text, { pair: other });
      expect(labels.map(({ label }) => label)).toEqual(["LABEL_0"]);
      expectNear([labels[0]?.score ?? Number.NaN], [expected ?? 0]);
    }
  });

  test("labels of a caller's own", async () => {
    const { text, labels: classes, template, exclusive, independent } = golden.zeroShot;
    const id2label = { "0": "contradiction", "1": "neutral", "2": "ENTAILMENT", "3": "x", "4": "y" };
    using encoder = await loaded({ id2label });
    for (const [multiLabel, expected] of [
      [false, exclusive],
      [true, independent],
    ] as const) {
      const { labels } = await encoder.classify(text, { labels: classes, template, multiLabel });
      expectNear(inOrder(classes, labels), expected);
    }
    const { labels } = await encoder.classify(text, { labels: classes.slice(0, 1), template });
    expectNear(inOrder(classes.slice(0, 1), labels), independent.slice(0, 1));
  });
});

test("weights rounded to f16 give the logits of the reference with the rounded weights", async () => {
  const weights = encoderTensors("bert", "bert.");
  for (const [name, { shape, values }] of Object.entries(weights)) {
    if (shape.length === 2) weights[name] = dense(shape, decode("f16", encode("f16", values)));
  }
  const weight = (name: string) => weights[name] as Dense;
  const project = (x: Dense, name: string, bias = `${name}.bias`) =>
    matmul({ x, weight: weight(name.includes("embeddings") ? name : `${name}.weight`), bias: weight(bias) }).y;
  const fields = { architectures: ["BertForSequenceClassification"], problem_type: "regression" };
  using encoder = await loadEncoder(devices["default adapter"], headFolder("bert", { fields }), { dtype: "f16" });
  const states = (text: string) => {
    const { ids } = encoder.tokenizer.encodeInput(text);
    const given = { ids: dense([ids.length], ids), types: dense([ids.length]), weights };
    const { layers } = bert(given, { model_type: "bert", num_hidden_layers: 2, num_attention_heads: 3 });
    return { ids, last: layers.at(-1) as Dense };
  };
  const rows = ({ values }: Dense, begin: number, end: number) =>
    dense([end - begin, 24], values.slice(24 * begin, 24 * end));

  const { text } = headsGolden("bert").masked;
  const { ids, last } = states(text);
  const at = ids.indexOf(encoder.tokenizer.specials.mask ?? -1);
  const name = "cls.predictions.transform";
  const norm = { weight: weight(`${name}.LayerNorm.weight`), bias: weight(`${name}.LayerNorm.bias`) };
  const x = gelu({ x: project(rows(last, at, at + 1), `${name}.dense`) }).y;
  const y = layerNorm({ x, ...norm }, { eps: 1e-12 }).y;
  const { values: logits } = project(y, "embeddings.word_embeddings.weight", "cls.predictions.bias");
  const [found = []] = (await encoder.fillMask(text, { top: 1000 })).masks;
  expectNear(
    [...found].sort((a, b) => a.id - b.id).map(({ probability }) => Math.log(probability)),
    logSoftmax([...logits]),
  );

  const pooled = project(rows(states("the cat").last, 0, 1), "pooler.dense");
  const classes = project(dense([1, 24], pooled.values.map(Math.tanh)), "classifier").values;
  expectNear(inOrder(labelNames, (await encoder.classify("the cat")).labels), [...classes]);
});

test("only the states of masks are multiplied with the vocabulary", async () => {
  const gpu = devices["default adapter"];
  using encoder = await loadEncoder(gpu, headFolder("bert", { fields: { architectures: ["BertForMaskedLM"] } }));
  const record = vi.spyOn(gpu, "record");
  await encoder.fillMask("the cat sat on the [MASK] of [MASK] mat.");
  const calls = record.mock.results.flatMap(({ value }) => (value as Program<unknown>).calls);
  record.mockRestore();
  const last = calls.at(-1);
  expect(last?.op).toBe("matmul");
  const [vocabulary, width] = [61, 24];
  const flops = last?.dispatches.reduce((sum, { cost }) => sum + (cost?.flops ?? 0), 0) ?? 0;
  expect(Math.floor(flops / (2 * vocabulary * width))).toBe(2); // rows
});
