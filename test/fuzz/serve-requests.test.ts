// Requests made of random mistakes, to every path that computes with an encoder or an encoder-decoder: each gets an
// answer, an error that names what is wrong, and never one of the server's own.
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEngine } from "../../src/engine/create-engine.ts";
import { setEncoders } from "../../src/engine/direct/encoders.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { type EngineServer, startServer } from "../../src/serve/server.ts";
import { encoderFolder } from "../encoders/encode/golden-encoders.ts";
import { architecture, headFiles } from "../encoders/encode/head-folders.ts";
import { quickEngines } from "../support/devices/gpu.ts";
import { attempts, randomFor } from "../support/fuzz.ts";

quickEngines();
setEncoders(() => import("../../src/encoders.ts"));
const random = randomFor("serve-requests");
let engine: Engine;
let server: EngineServer;
beforeAll(async () => {
  engine = await createEngine();
  const fields = {
    architectures: architecture("bert", "ForSequenceClassification"),
    id2label: undefined,
    label2id: undefined,
  };
  const files = Object.entries(headFiles("bert", { fields, labels: 1 }));
  const blobs = files.map(([name, bytes]) => [name, new Blob([bytes as Uint8Array<ArrayBuffer>])]);
  await engine.load(Object.fromEntries(blobs), { id: "ranker" });
  await engine.load(encoderFolder("mpnet"), { id: "words" });
  await engine.load("test/golden/t5", { id: "both" });
  server = await startServer({ port: 0 });
  server.use(engine);
});
afterAll(async () => {
  await server.close();
  await engine.dispose();
});

/** Requests that are answered, by path. */
const valid: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "/rerank": {
    model: "ranker",
    query: "a cat",
    documents: ["the dog", { text: "sat." }],
    top_n: 1,
    return_documents: true,
  },
  "/classify": { model: "ranker", input: ["a cat", ["a", "b"]], truncate_prompt_tokens: 9 },
  "/v1/embeddings": { model: "words", input: ["a cat", "b"], encoding_format: "float" },
  "/v1/completions": {
    model: "both",
    prompt: ["a cat", "b"],
    max_tokens: 2,
    num_beams: 2,
    length_penalty: 1,
    early_stopping: false,
    no_repeat_ngram_size: 0,
    temperature: 0,
    seed: 1,
  },
};

/** Values that fit nowhere, or only somewhere. */
const strange: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => "",
  () => " \u0000\ud800",
  () => -1,
  () => 1e308,
  () => 2 ** 53,
  () => 0.5,
  () => [],
  () => {
    return {};
  },
  () => [[[]]],
  () => ["", ["a"]],
  () => [1, "a", null],
  () => "[MASK] ".repeat(30),
  () => "\u{1f600}e\u0301ß".repeat(9),
  () => ({ text: "a", toString: 1, constructor: {} }),
  () => new Array(3000).fill("a"),
  () => "both",
  () => "never",
];
const any = <T>(list: readonly T[]): T => list[Math.floor(random.uniform() * list.length)] as T;

/** A value with something in it replaced. */
function spoilt(value: unknown): unknown {
  if (random.uniform() < 0.5 || typeof value !== "object" || value === null) return any(strange)();
  const keys = Object.keys(value);
  const key = any(keys);
  const copy = Array.isArray(value) ? [...value] : { ...value };
  if (key !== undefined) Reflect.set(copy, key, spoilt(Reflect.get(copy, key)));
  return copy;
}

const tries = attempts(1000, 150);

test(`${tries} requests with mistakes are answered, or refused by name`, async () => {
  const counts = new Map<number, number>();
  const problems: string[] = [];
  for (let i = 0; i < tries; i++) {
    const path = any(Object.keys(valid));
    const request: Record<string, unknown> = { ...valid[path] };
    for (let changes = 1 + Math.floor(random.uniform() * 2); changes > 0; changes--) {
      const name = any(Object.keys(request));
      const what = random.uniform();
      if (what < 0.1) delete request[name];
      else if (what < 0.2) request[`${name}s`] = any(strange)();
      else request[name] = spoilt(request[name]);
    }
    const body = JSON.stringify(request);
    const answer = await fetch(`${server.url}${path}`, { method: "POST", body });
    const text = await answer.text();
    counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
    if (answer.status === 200) continue;
    const { message = "", type } = text.startsWith("{") ? (JSON.parse(text).error ?? {}) : {};
    const isClear = [400, 404].includes(answer.status) && type === "invalid_request_error" && message.length < 600;
    if (!isClear) problems.push(`${path} ${body.slice(0, 200)}: ${answer.status} ${text.slice(0, 200)}`);
  }
  expect(problems).toEqual([]);
  expect(counts.get(200)).toBeGreaterThan(0);
  expect(counts.get(400)).toBeGreaterThan(tries / 4);
  for (const [path, request] of Object.entries(valid)) {
    const answer = await fetch(`${server.url}${path}`, { method: "POST", body: JSON.stringify(request) });
    expect([path, answer.status]).toEqual([path, 200]);
  }
  console.log(`requests with mistakes: ${[...counts].map(([status, count]) => `${status} ${count} times`).join(", ")}`);
}, 600_000);
