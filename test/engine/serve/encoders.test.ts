// Heads of encoders and encoder-decoders over HTTP: answers are the library's own, and requests are hostile until
// checked.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Encoder, loadEncoder } from "../../../src/encoders.ts";
import { createEngine } from "../../../src/engine/create-engine.ts";
import { setEncoders } from "../../../src/engine/direct/encoders.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { type EngineServer, startServer } from "../../../src/serve/server.ts";
import { headsGolden, labelNames } from "../../encoders/encode/golden-heads.ts";
import { architecture, headFiles } from "../../encoders/encode/head-folders.ts";
import { sequenceFolder, sequenceGolden } from "../../encoders/seq2seq/golden.ts";
import { memorySource } from "../../formats/checkpoint-bytes.ts";
import { bundledModel } from "../../support/bundled.ts";
import { quickEngines, quickGpu } from "../../support/devices/gpu.ts";
import { first } from "../../support/first-tier.ts";
import { clientOf, figuresOf } from "./served.ts";

setEncoders(() => import("../../../src/encoders.ts"));
quickEngines();
const gpu = await quickGpu();
const { classes } = headsGolden("bert");
const [, pair] = classes;
const [query, document] = pair.texts as [string, string];
const architectures = architecture("bert", "ForSequenceClassification");
const folders = {
  ranker: { fields: { architectures, problem_type: undefined, id2label: undefined, label2id: undefined }, labels: 1 },
  classifier: { fields: { architectures, id2label: Object.fromEntries(labelNames.map((name, id) => [id, name])) } },
  tokens: { fields: { architectures: architecture("bert", "ForTokenClassification") } },
  bare: { fields: { architectures: ["BertModel"] }, without: /^(cls|qa_outputs|classifier)\b/ },
};
const files = (name: keyof typeof folders) => headFiles("bert", folders[name]);

let engine: Engine;
let server: EngineServer;
let ranker: Encoder;
beforeAll(async () => {
  ranker = await loadEncoder(gpu, memorySource(files("ranker")), { onWarning: () => {} });
  engine = await createEngine();
  await engine.load(bundledModel, { id: "voices", context: 64 });
  await engine.load(sequenceFolder("t5"), { id: "t5" });
  for (const id of Object.keys(folders) as (keyof typeof folders)[]) {
    const blobs = Object.entries(files(id)).map(([file, bytes]) => [
      file,
      new Blob([bytes as Uint8Array<ArrayBuffer>]),
    ]);
    await engine.load(Object.fromEntries(blobs), { id });
  }
  server = await startServer({ port: 0 });
  server.use(engine);
});
afterAll(async () => {
  await server.close();
  await engine.dispose();
  ranker.dispose();
});

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads of an answer is what it expects to be there
  readonly body: any;
}

async function post(path: string, request: unknown): Promise<Answer> {
  const answer = await fetch(`${server.url}${path}`, { method: "POST", body: JSON.stringify(request) });
  return { status: answer.status, body: await answer.json() };
}

/**
 * A request to each path that computes, by what follows `/v1`, and the field of the answer that holds what was asked
 * for.
 */
const requests: Readonly<Record<string, readonly [request: object, field: string]>> = {
  "/chat/completions": [
    { model: "talking", messages: [{ role: "user", content: "a cat" }], max_completion_tokens: 2 },
    "choices",
  ],
  "/completions": [{ model: "voices", prompt: "The", max_tokens: 2, temperature: 0 }, "choices"],
  "/embeddings": [{ model: "bare", input: "a cat" }, "data"],
  "/rerank": [{ model: "ranker", query, documents: [document] }, "results"],
  "/classify": [{ model: "classifier", input: ["a cat"] }, "data"],
};

test("each path answers, and those are all", first, async () => {
  const at = async (path: string) => await fetch(`${server.url}${path}`);
  const { paths } = (await (await at("/")).json()) as { paths: string[] };
  const chatTemplate = "{% for message in messages %}{{ message.content }}{% endfor %}";
  await engine.load(sequenceFolder("t5"), { id: "talking", chatTemplate });
  const computing = paths.filter((path) => path.replace(/^\/v1/, "") in requests);
  expect(paths.filter((path) => !computing.includes(path)).sort()).toEqual(["/", "/health", "/metrics", "/v1/models"]);
  for (const path of paths.filter((one) => !computing.includes(one))) expect((await at(path)).status, path).toBe(200);
  expect(await (await at("/v1/models/voices")).json()).toMatchObject({ id: "voices" });
  for (const path of computing) {
    const [request, field] = requests[path.replace(/^\/v1/, "")] ?? [{}, ""];
    const { status, body } = await post(path, request);
    expect([status, body[field]?.length], `${path}: ${JSON.stringify(body)}`).toEqual([200, 1]);
  }
  await engine.unload("talking");
});

describe("/rerank, as vLLM, Jina and Cohere have it", () => {
  const documents = ["the dog sat.", document, "a cat", { text: "on the mat" }];

  test("gives documents by their relevance, which a cross-encoder's logits say", async () => {
    for (const path of ["/rerank", "/v1/rerank"]) {
      const { status, body } = await post(path, { model: "ranker", query, documents });
      expect(status).toBe(200);
      expect(body).toMatchObject({ id: expect.stringMatching(/^rerank-/), model: "ranker" });
      const scores = body.results.map((one: { relevance_score: number }) => one.relevance_score);
      expect(scores).toEqual(scores.toSorted((a: number, b: number) => b - a));
      expect(new Set(body.results.map((one: { index: number }) => one.index)).size).toBe(4);
      const golden = body.results.find((one: { index: number }) => one.index === 1);
      expect(golden.document).toEqual({ text: document });
      expect(golden.relevance_score).toBeCloseTo(pair.alone[0], 4); // PyTorch's, in float64
      const texts = documents.map((one) => (typeof one === "string" ? one : one.text));
      const own = await ranker.scores(texts.map((text) => [query, text]));
      for (const { index, relevance_score } of body.results) expect(relevance_score).toBe(own.scores[index]?.[0]);
      const total = own.tokens.reduce((sum, count) => sum + count, 0);
      expect(body.usage).toEqual({ prompt_tokens: total, total_tokens: total });
    }
  });

  test("the most relevant alone, without their texts, and cut to fit", async () => {
    const asked = { model: "ranker", query, documents, top_n: 2, return_documents: false, user: "u" };
    const { body } = await post("/rerank", asked);
    expect(body.results).toHaveLength(2);
    expect(Object.keys(body.results[0])).toEqual(["index", "relevance_score"]);
    expect((await post("/rerank", { ...asked, top_n: 0 })).body.results).toHaveLength(4);
    const long = { model: "ranker", query: "a cat", documents: ["a dog ".repeat(300), "a"] };
    const refused = await post("/rerank", long);
    expect([refused.status, refused.body.error.code]).toEqual([400, "invalid_value"]);
    expect(refused.body.error.message).toMatch(/texts\[0\]: the pair has \d+ tokens, .* takes at most \d+/);
    for (const most of [-1, 12]) {
      const { status, body } = await post("/rerank", { ...long, truncate_prompt_tokens: most });
      expect([status, body.results.length]).toEqual([200, 2]);
      expect(body.usage.total_tokens).toBeLessThan(100);
    }
  });
});

describe("/classify, as vLLM has it", () => {
  test("gives the likeliest label of each text or pair, and all scores in their order", async () => {
    for (const path of ["/classify", "/v1/classify"]) {
      const input = [...classes.map(({ texts }) => (texts.length === 1 ? texts[0] : texts)), "a cat"];
      const { status, body } = await post(path, { model: "classifier", input });
      expect(status).toBe(200);
      expect(body).toMatchObject({ id: expect.stringMatching(/^classify-/), object: "list", model: "classifier" });
      expect(body.data).toHaveLength(3);
      for (const [i, { softmax }] of classes.entries()) {
        const { index, label, probs, num_classes } = body.data[i];
        expect([index, num_classes]).toEqual([i, 5]);
        expect(label).toBe(labelNames[softmax.indexOf(Math.max(...softmax))]);
        for (const [j, prob] of probs.entries()) expect(prob).toBeCloseTo(softmax[j] ?? 0, 4);
      }
      expect(body.usage).toMatchObject({ completion_tokens: 0, total_tokens: body.usage.prompt_tokens });
      const { data } = (await post(path, { model: "classifier", input: "a cat" })).body;
      expect(data[0].probs.map((prob: number) => prob.toFixed(5))).toEqual(
        body.data[2].probs.map((prob: number) => prob.toFixed(5)),
      );
    }
  });
});

test("a model without such a head says what it has", async () => {
  const documents = ["a"];
  for (const [path, request, says] of [
    [
      "/rerank",
      { model: "bare", query: "a", documents },
      /has no head for scores, expected sequence-classification: .*it has no heads: embed/,
    ],
    ["/classify", { model: "bare", input: "a" }, /has no head for scores/],
    [
      "/classify",
      { model: "tokens", input: "a" },
      /expected sequence-classification: .*its heads are .*token-classification/,
    ],
    [
      "/rerank",
      { model: "classifier", query: "a", documents },
      /has 5 labels, expected one, as cross-encoders have: \/classify takes it/,
    ],
    [
      "/rerank",
      { model: "voices", query: "a", documents },
      /"voices" is a language model: completions and generate take it/,
    ],
    ["/classify", { model: "t5", input: "a" }, /"t5" is an encoder-decoder: completions and/],
    ["/v1/embeddings", { model: "t5", input: "a" }, /"t5" is an encoder-decoder/],
    ["/v1/completions", { model: "ranker", prompt: "a" }, /"ranker" is an encoder: embeddings and encoder\(\) take it/],
    [
      "/v1/chat/completions",
      { model: "t5", messages: [{ role: "user", content: "a" }] },
      /with a chat template chat.completions/,
    ],
  ] as const) {
    const { status, body } = await post(path, request);
    expect([status, body.error.code, body.error.message]).toEqual([
      400,
      "unsupported_model",
      expect.stringMatching(says),
    ]);
  }
  const { status, body } = await post("/classify", { model: "none", input: "a" });
  expect([status, body.error.code]).toEqual([404, "model_not_found"]);
});

test.each<[string, object, string | RegExp]>([
  ["/rerank", {}, "query"],
  ["/rerank", { query: "a" }, "documents"],
  ["/rerank", { query: "", documents: ["a"] }, "query"],
  ["/rerank", { query: ["a"], documents: ["a"] }, "query"],
  ["/rerank", { query: "a", documents: [] }, "documents"],
  ["/rerank", { query: "a", documents: "a" }, "documents"],
  ["/rerank", { query: "a", documents: [""] }, "documents"],
  ["/rerank", { query: "a", documents: ["a", null] }, "documents"],
  ["/rerank", { query: "a", documents: [{ text: 1 }] }, "documents"],
  ["/rerank", { query: "a", documents: [{ text: "a", title: "b" }] }, "documents"],
  ["/rerank", { query: "a", documents: new Array(2049).fill("a") }, "documents"],
  ["/rerank", { query: "a", documents: ["a"], top_n: -1 }, "top_n"],
  ["/rerank", { query: "a", documents: ["a"], top_n: 1.5 }, "top_n"],
  ["/rerank", { query: "a", documents: ["a"], return_documents: 1 }, "return_documents"],
  ["/rerank", { query: "a", documents: ["a"], truncate_prompt_tokens: 0 }, "truncate_prompt_tokens"],
  ["/rerank", { query: "a", texts: ["a"] }, "texts"],
  ["/rerank", { query: "a", documents: ["a"], stream: true }, "stream"],
  ["/rerank", { query: "a", documents: ["a"], __proto__x: 1, model: {} }, /model|__proto__x/],
  ["/classify", {}, "input"],
  ["/classify", { input: "" }, "input"],
  ["/classify", { input: [] }, "input"],
  ["/classify", { input: [["a", "b", "c"]] }, "input"],
  ["/classify", { input: [["a", 1]] }, "input"],
  ["/classify", { input: [1, 2] }, "input"],
  ["/classify", { input: { a: 1 } }, "input"],
  ["/classify", { inputs: "a" }, "inputs"],
])("%s, mistake %#: refused by the name of what is wrong", async (path, request, param) => {
  const model = path === "/rerank" ? "ranker" : "classifier";
  const { status, body } = await post(path, { model, ...request });
  expect(status).toBe(400);
  expect(body.error).toMatchObject({ type: "invalid_request_error", param: expect.stringMatching(param) });
  expect(body.error.message.length).toBeLessThan(300);
});

test("other methods, and what is no object", async () => {
  expect((await fetch(`${server.url}/rerank`)).status).toBe(405);
  expect((await post("/classify", [1])).status).toBe(400);
  const { paths } = await (await fetch(server.url)).json();
  expect(paths).toEqual(expect.arrayContaining(["/rerank", "/v1/rerank", "/classify", "/v1/classify"]));
});

test("OpenAI's client gets the text of an encoder-decoder, whole and in parts, with usage; an abort ends it", async () => {
  const [golden] = sequenceGolden("t5").texts;
  const client = clientOf(server);
  const request = { model: "t5", prompt: golden?.text ?? "", max_tokens: 20 };
  const { choices, usage } = await client.completions.create(request);
  expect(choices[0]?.text).toBe(golden?.greedy.text);
  expect(usage).toMatchObject({ prompt_tokens: golden?.tokens.length, completion_tokens: golden?.greedy.ids.length });
  const before = await figuresOf(server);
  const stream = await client.completions.create({ ...request, stream: true, stream_options: { include_usage: true } });
  let [text, counted] = ["", undefined as unknown];
  for await (const part of stream) {
    text += part.choices[0]?.text ?? "";
    counted = part.usage ?? counted;
  }
  expect([text, counted]).toEqual([golden?.greedy.text, usage]);
  const after = await figuresOf(server);
  const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  expect(grown("shaderformer_generated_tokens_total")).toBe(usage?.completion_tokens);
  expect(grown("shaderformer_prompt_tokens_total")).toBe(usage?.prompt_tokens);
  const beams = { ...request, num_beams: 4, length_penalty: 1, no_repeat_ngram_size: 0, early_stopping: false };
  const { body } = await post("/v1/completions", beams);
  const best = golden?.beams?.find(({ options }) => options.beams === 4)?.results[0]?.ids;
  if (best) expect(body.usage.completion_tokens).toBe(best.length);
  const prompt = sequenceGolden("t5").texts[1]?.text ?? ""; // whose text repeats itself
  const left = await client.completions.create({ ...request, prompt, max_tokens: 400, stream: true });
  for await (const _ of left) break;
  await expect
    .poll(async () => (await figuresOf(server)).get("shaderformer_hang_ups_total") ?? 0, { timeout: 10_000 })
    .toBeGreaterThan(0);
  expect((await client.completions.create(request)).choices[0]?.text).toBe(golden?.greedy.text);
});
