// The server as programs use it: by OpenAI's own client, with nothing changed but the address.
import OpenAI from "openai";
import { expect, onTestFinished, test, vi } from "vitest";
import { startServer } from "../../../src/serve/server.ts";
import { goldenPrompts } from "../../support/bundled.ts";
import { quickEngines } from "../../support/devices/gpu.ts";
import { until } from "../../support/until.ts";
import { clientOf, figuresOf, servedModel } from "./served.ts";

quickEngines();
const served = servedModel();
const model = "voices-dense";
const sea = { model, prompt: "<|whale|>The sea was", max_tokens: 16 };
const messages = [{ role: "user" as const, content: "The sea was" }];

test("completions: greedy text is the float64 reference's", async () => {
  const [golden] = goldenPrompts;
  if (!golden) throw new Error("there is no golden prompt");
  const made = await served.client.completions.create({
    model,
    prompt: golden.prompt,
    temperature: 0,
    max_tokens: golden.greedyTokens.length,
  });
  expect(made).toMatchObject({ object: "text_completion", model, choices: [{ index: 0, finish_reason: "length" }] });
  expect(made.choices[0]?.text).toBe(golden.greedyText);
  expect(made.usage).toMatchObject({
    prompt_tokens: golden.promptTokens.length,
    completion_tokens: golden.greedyTokens.length,
    total_tokens: golden.promptTokens.length + golden.greedyTokens.length,
  });
});

test("chat: a conversation in the template is the same text", async () => {
  const plain = await served.client.completions.create({ ...sea, temperature: 0 });
  const chat = await served.client.chat.completions.create({
    model,
    messages,
    temperature: 0,
    max_completion_tokens: 16,
  });
  expect(chat.object).toBe("chat.completion");
  expect(chat.choices[0]?.message).toMatchObject({ role: "assistant", content: plain.choices[0]?.text });
  expect(chat.usage).toMatchObject({ completion_tokens: 16 });
  const older = await served.client.chat.completions.create({ model, messages, temperature: 0, max_tokens: 16 });
  expect(older.choices[0]?.message.content).toBe(chat.choices[0]?.message.content);
});

test("streams give the same text in parts, and usage where it is asked for", async () => {
  const whole = await served.client.completions.create({ ...sea, seed: 4, temperature: 0.8 });
  const stream = await served.client.completions.create({ ...sea, seed: 4, temperature: 0.8, stream: true });
  const parts = [];
  for await (const part of stream) parts.push(part);
  expect(parts.length).toBeGreaterThan(8);
  expect(parts.map(({ choices }) => choices[0]?.text ?? "").join("")).toBe(whole.choices[0]?.text);
  expect(parts.at(-1)?.choices[0]?.finish_reason).toBe("length");
  expect(parts.filter((part) => "usage" in part)).toEqual([]);

  const chat = await served.client.chat.completions.create({
    model,
    messages,
    seed: 4,
    temperature: 0.8,
    max_completion_tokens: 16,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = [];
  for await (const chunk of chat) chunks.push(chunk);
  expect(chunks[0]?.choices[0]?.delta.role).toBe("assistant");
  expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe(whole.choices[0]?.text);
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 16 } });
  expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
});

test("the client's own helper reads a stream to its end", async () => {
  const runner = served.client.chat.completions.stream({ model, messages, seed: 4, max_completion_tokens: 8 });
  let streamed = "";
  runner.on("content", (delta) => {
    streamed += delta;
  });
  expect(await runner.finalContent()).toBe(streamed);
  expect(streamed).not.toBe("");
});

test("stop texts end the answer, and are not in it", async () => {
  const whole = (await served.client.completions.create({ ...sea, temperature: 0 })).choices[0]?.text ?? "";
  const stop = whole.slice(12, 18);
  const made = await served.client.completions.create({ ...sea, temperature: 0, stop: ["never", stop] });
  expect(made.choices[0]).toMatchObject({ text: whole.slice(0, whole.indexOf(stop)), finish_reason: "stop" });
});

test("one seed gives one text, another another", async () => {
  const text = async (seed: number) =>
    (await served.client.completions.create({ ...sea, temperature: 1, seed })).choices[0]?.text;
  expect(await text(7)).toBe(await text(7));
  expect(await text(7)).not.toBe(await text(8));
});

test("log-probabilities of the tokens and of the likeliest", async () => {
  const plain = await served.client.completions.create({ ...sea, temperature: 0, logprobs: 3 });
  const { tokens = [], token_logprobs: logprobs = [], top_logprobs: top = [] } = plain.choices[0]?.logprobs ?? {};
  expect(tokens.length).toBe(16);
  expect(tokens.join("")).toBe(plain.choices[0]?.text);
  expect(logprobs.every((logprob) => logprob !== null && logprob <= 0)).toBe(true);
  // Greedy text takes the likeliest token.
  expect(top.map((likeliest) => Math.max(...Object.values(likeliest ?? {})))).toEqual(logprobs);

  const chat = await served.client.chat.completions.create({
    model,
    messages,
    temperature: 0,
    max_completion_tokens: 16,
    logprobs: true,
    top_logprobs: 3,
  });
  const content = chat.choices[0]?.logprobs?.content ?? [];
  expect(content.map(({ token }) => token)).toEqual(tokens);
  expect(content.map(({ logprob }) => logprob)).toEqual(logprobs);
  expect(content.every(({ top_logprobs }) => top_logprobs.length === 3)).toBe(true);
  const silent = await served.client.chat.completions.create({ model, messages, max_completion_tokens: 2 });
  expect(silent.choices[0]?.logprobs).toBeNull();
});

test("embeddings, in the base64 that the client asks for by default, and as numbers", async () => {
  const input = ["The sea was calm", "The sea was rough", "Four score and seven years ago"];
  const made = await served.client.embeddings.create({ model, input });
  const vectors = made.data.map(({ embedding }) => embedding);
  const numbers = await served.client.embeddings.create({ model, input, encoding_format: "float" });
  expect(made.data.map(({ index }) => index)).toEqual([0, 1, 2]);
  for (const [i, { embedding }] of numbers.data.entries()) expect(vectors[i]).toEqual(embedding);
  const dot = (a: readonly number[] = [], b: readonly number[] = []) =>
    a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
  for (const vector of vectors) expect(dot(vector, vector)).toBeCloseTo(1, 4);
  expect(dot(vectors[0], vectors[1])).toBeGreaterThan(dot(vectors[0], vectors[2]));
  expect(made.usage.prompt_tokens).toBe(made.usage.total_tokens);
  const alone = await served.client.embeddings.create({ model, input: input[2] ?? "", encoding_format: "float" });
  expect(dot(alone.data[0]?.embedding, vectors[2])).toBeCloseTo(1, 4);
  const short = await served.client.embeddings.create({ model, input: "The sea", dimensions: 8 });
  expect(short.data[0]?.embedding.length).toBe(8);
});

test("models are listed and found", async () => {
  const listed = [];
  for await (const one of served.client.models.list()) listed.push(one);
  expect(listed).toMatchObject([{ id: model, object: "model" }]);
  expect(await served.client.models.retrieve(model)).toEqual(listed[0]);
  await expect(served.client.models.retrieve("voices/none")).rejects.toThrow(OpenAI.NotFoundError);
});

const chat = (fields: object) => served.client.chat.completions.create({ model, messages, ...fields } as never);
const plain = (fields: object) => served.client.completions.create({ ...sea, ...fields } as never);

/** Requests that are refused, with the field that the error has to name. */
const refused: [what: string, send: () => PromiseLike<unknown>, param: string | null, message: RegExp][] = [
  ["a negative temperature", () => chat({ temperature: -1 }), "temperature", /temperature is -1, expected a number/],
  ["a temperature that is a text", () => chat({ temperature: "hot" }), "temperature", /temperature is "hot"/],
  ["top_p above 1", () => plain({ top_p: 1.5 }), "top_p", /top_p is 1.5/],
  ["an unknown sampling field", () => chat({ temprature: 1 }), "temprature", /temprature; did you mean temperature\?/],
  ["one of another server", () => plain({ mirostat: 2 }), "mirostat", /there is no field mirostat/],
  ["a name of JavaScript's own", () => chat({ constructor: 1 }), "constructor", /there is no field constructor/],
  ["several answers", () => chat({ n: 2 }), "n", /n is 2, expected 1/],
  ["tools", () => chat({ tools: [{ type: "function", function: { name: "f" } }] }), "tools", /tools/],
  ["no messages", () => chat({ messages: undefined }), "messages", /messages/],
  ["an empty conversation", () => chat({ messages: [] }), "messages", /messages/],
  ["messages that are a text", () => chat({ messages: "hello" }), "messages", /messages is "hello"/],
  ["a message without a role", () => chat({ messages: [{ content: "x" }] }), "messages[0].role", /role/],
  [
    "an image",
    () => chat({ messages: [{ role: "user", content: [{ type: "image_url" }] }] }),
    "messages[0].content[0]",
    /image_url/,
  ],
  [
    "a prompt beyond the context",
    () => plain({ prompt: "The sea was ".repeat(300) }),
    "prompt",
    /more tokens than the context of .* 512/,
  ],
  [
    "a conversation beyond it",
    () => chat({ messages: [{ role: "user", content: "The sea ".repeat(400) }] }),
    "messages",
    /512/,
  ],
  ["token ids that do not exist", () => plain({ prompt: [1, 99_999] }), "prompt", /99999/],
  ["a prompt that is a number", () => plain({ prompt: 7 }), "prompt", /prompt is 7/],
  ["too many tokens to report", () => chat({ logprobs: true, top_logprobs: 50 }), "top_logprobs", /top_logprobs is 50/],
  ["an empty stop text", () => plain({ stop: "" }), "stop", /stop/],
  [
    "a wrong format of vectors",
    () => served.client.embeddings.create({ model, input: "x", encoding_format: "hex" } as never),
    "encoding_format",
    /hex/,
  ],
  ["nothing to embed", () => served.client.embeddings.create({ model, input: [] }), "input", /input/],
];

test.each(refused)("%s is a 400 that names the field", async (_, send, param, message) => {
  const error = await Promise.resolve(send()).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(OpenAI.BadRequestError);
  expect(error).toMatchObject({
    status: 400,
    param,
    type: "invalid_request_error",
    message: expect.stringMatching(message),
  });
});

test("a request that is refused is refused before its stream begins", async () => {
  await expect(chat({ stream: true, temperature: -1 })).rejects.toMatchObject({ status: 400, param: "temperature" });
  await expect(plain({ stream: true, stream_options: "all" })).rejects.toMatchObject({ param: "stream_options" });
});

test("a model that is not there is a 404", async () => {
  await expect(chat({ model: "gpt-9" })).rejects.toMatchObject({
    status: 404,
    code: "model_not_found",
    param: "model",
  });
});

test("what asks for nothing is accepted", async () => {
  const made = await chat({ n: 1, user: "u", store: false, tools: [], max_completion_tokens: 1, temperature: null });
  expect(made).toMatchObject({ object: "chat.completion" });
  const extended = await plain({ top_k: 5, min_p: 0.1, repetition_penalty: 1.1, max_tokens: 2 });
  expect(extended).toMatchObject({ object: "text_completion" });
});

test("leaving a stream ends its generation, and the figures say so", async () => {
  const before = (await figuresOf(served.server)).get("shaderformer_hang_ups_total") ?? 0;
  const stream = await served.client.completions.create({ ...sea, max_tokens: 400, stream: true });
  for await (const _ of stream) break;
  await until("end", async () => (await figuresOf(served.server)).get("shaderformer_requests_running") === 0);
  expect((await figuresOf(served.server)).get("shaderformer_hang_ups_total")).toBe(before + 1);
});

/** Holds back the timers of a second that are set from now on, until the test ends; calling one ends its second. */
function secondsThatEnd(): (() => void)[] {
  const held: (() => void)[] = [];
  const own = globalThis.setTimeout;
  const holding = (callback: () => void, milliseconds?: number, ...given: []) => {
    if (milliseconds !== 1000) return own(callback, milliseconds, ...given);
    held.push(callback);
    return setImmediate(() => {});
  };
  vi.stubGlobal("setTimeout", Object.assign(holding, own));
  onTestFinished(() => void vi.unstubAllGlobals());
  return held;
}

test("a request that takes too long ends with 503, whether it waits, computes or streams", async () => {
  const server = await startServer({ port: 0, timeLimit: 1 });
  server.use(served.engine);
  const client = clientOf(server);
  const long = { ...sea, max_tokens: 450 };
  const error = (one: Promise<unknown>) => one.then(() => undefined).catch((reason: unknown) => reason);
  const read = async () => {
    for await (const _ of await client.completions.create({ ...long, stream: true }));
  };
  // Four are computed at a time when the second of all is over.
  const overdue = secondsThatEnd();
  const ending = Array.from({ length: 12 }, (_, i) => error(i % 2 === 0 ? read() : client.completions.create(long)));
  await until("requests that run and wait", async () => {
    const figures = await figuresOf(server);
    const [running = 0, waiting = 0] = ["running", "waiting"].map((one) => figures.get(`shaderformer_requests_${one}`));
    return running + waiting === 12;
  });
  for (const end of overdue) end();
  const late = await Promise.all(ending);
  for (const one of late) expect(String(one)).toMatch(/the request took longer than 1 s/);
  expect(late.some((one) => one instanceof OpenAI.APIError && one.status === 503)).toBe(true);
  await until("end of all", async () => (await figuresOf(server)).get("shaderformer_requests_running") === 0);
  await server.close();
});

test("figures count requests and tokens", async () => {
  const before = await figuresOf(served.server);
  await served.client.completions.create({ ...sea, max_tokens: 5 });
  for await (const _ of await served.client.completions.create({ ...sea, max_tokens: 6, stream: true }));
  const after = await figuresOf(served.server);
  const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  expect(grown("shaderformer_generated_tokens_total")).toBe(11);
  expect(grown('shaderformer_requests_total{path="/v1/completions",status="200"}')).toBe(2);
  expect(grown("shaderformer_first_part_seconds_count")).toBe(1);
  expect(await (await fetch(`${served.server.url}/health`)).json()).toEqual({ status: "ok" });
});
