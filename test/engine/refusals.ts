// What an engine refuses, whatever it runs on: each mistake in a request, by the name of its field.
import { expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { bundledModel } from "../support/bundled.ts";
import { messages, prompt } from "./answers.ts";

/** The error of a call that fails. */
async function refusal(call: () => unknown): Promise<Record<string, unknown>> {
  try {
    await call();
  } catch (error) {
    const { name, message, status, param, code } = error as Record<string, unknown>;
    return { name, message, status, param, code };
  }
  throw new Error("it was accepted");
}

/** Defines the tests, for an engine with the model `voices`. */
export function testRefusals(engineOf: () => Engine): void {
  const chat = (request: object) => engineOf().chat.completions.create({ messages, ...request } as never);
  const complete = (request: object) => engineOf().completions.create({ prompt, ...request } as never);

  test.each<[string, () => unknown, object]>([
    ["an unknown field", () => chat({ temprature: 1 }), { param: "temprature", message: /did you mean temperature\?/ }],
    ["a negative temperature", () => chat({ temperature: -1 }), { param: "temperature", message: /from 0 to 2/ }],
    ["several answers", () => chat({ n: 2 }), { param: "n", message: /expected 1/ }],
    ["tools", () => chat({ tools: [{ type: "function" }] }), { param: "tools", message: /not supported/ }],
    ["likely tokens alone", () => chat({ top_logprobs: 2 }), { param: "top_logprobs", message: /logprobs/ }],
    ["no messages", () => chat({ messages: [] }), { param: "messages" }],
    ["no message", () => chat({ messages: [1] }), { param: "messages[0]" }],
    ["a message without a role", () => chat({ messages: [{ content: "a" }] }), { param: "messages[0].role" }],
    [
      "a picture",
      () => chat({ messages: [{ role: "user", content: [{ type: "image_url" }] }] }),
      { param: "messages[0].content[0]" },
    ],
    [
      "a model that is not loaded",
      () => chat({ model: "gpt" }),
      { param: "model", status: 404, code: "model_not_found" },
    ],
    [
      "a bias of a word",
      () => chat({ logit_bias: { the: 1 } }),
      { param: "logit_bias", message: /logit_bias\["the"\] is 1, expected token ids as names/ },
    ],
    [
      "a large bias",
      () => chat({ logit_bias: { 4: 1, 5: 1e39 } }),
      { param: "logit_bias", message: /logit_bias\["5"\] is 1e\+39, expected a number from -100 to 100/ },
    ],
    ["a bias of a token that there is not", () => chat({ logit_bias: { 99999: 1 } }), { param: "logit_bias" }],
    ["another format", () => chat({ response_format: { type: "xml" } }), { param: "response_format.type" }],
    [
      "a schema that is none",
      () => chat({ response_format: { type: "json_schema", json_schema: { name: "a", schema: [] } } }),
      { param: "response_format.json_schema.schema" },
    ],
    [
      "a schema of unknown types",
      () => complete({ response_format: { type: "json_schema", json_schema: { name: "a", schema: { type: "x" } } } }),
      { param: "response_format.json_schema.schema", code: "invalid_json_schema", message: /schema\.type is "x"/ },
    ],
    [
      "more dimensions than there are",
      () => engineOf().embeddings.create({ input: "a", dimensions: 1e6 }),
      { param: "dimensions" },
    ],
    [
      "an encoding of vectors",
      () => engineOf().embeddings.create({ input: "a", encoding_format: "hex" } as never),
      { param: "encoding_format" },
    ],
    ["a stream that is no boolean", () => chat({ stream: "yes" }), { param: "stream" }],
    ["a refused stream", () => chat({ stream: true, top_p: 2 }), { param: "top_p" }],
    ["no prompt", () => complete({ prompt: null }), { param: "prompt", code: "missing_required_parameter" }],
    ["an empty list", () => complete({ prompt: [] }), { param: "prompt" }],
    ["a token that is not there", () => complete({ prompt: [99_999] }), { param: "prompt", message: /99999/ }],
    [
      "a long prompt",
      () => complete({ prompt: "a ".repeat(2000) }),
      { code: "context_length_exceeded", param: "prompt" },
    ],
    ["a suffix", () => complete({ suffix: "b" }), { param: "suffix" }],
    ["echo with logprobs", () => complete({ echo: true, logprobs: 1 }), { param: "logprobs" }],
    ["no request", () => engineOf().chat.completions.create(null as never), { message: /expected an object/ }],
    ["an unknown model id", () => engineOf().models.retrieve("gpt"), { status: 404 }],
    ["an id that is taken", () => engineOf().load(bundledModel, { id: "voices" }), { status: 409, param: "id" }],
  ])("%s is refused by name", async (_, call, { message = /./, ...error }: { message?: RegExp }) => {
    expect(await refusal(call)).toMatchObject({
      name: "RequestError",
      status: 400,
      ...error,
      message: expect.stringMatching(message),
    });
  });

  test.each<[string, () => unknown, string, RegExp]>([
    [
      "two prompts",
      () => engineOf().generate({ prompt, tokens: [1] }).result,
      "OptionError",
      /2 of prompt, tokens and messages/,
    ],
    [
      "a word for a number",
      () => engineOf().generate({ prompt, topK: "a" } as never).result,
      "OptionError",
      /topK is "a"/,
    ],
    [
      "an option that there is not",
      () => engineOf().generate({ prompt, max_tokens: 1 } as never),
      "OptionError",
      /maxTokens/,
    ],
    ["a function", () => engineOf().generate({ prompt, stop: (() => "") as never }).result, "OptionError", /stop/],
    [
      "a folder that there is not",
      () => engineOf().load("no/such/folder", { id: "x" }),
      "FormatError",
      /no\/such\/folder/,
    ],
    ["a budget below zero", () => engineOf().tune({ budget: -1 }), "OptionError", /budget is -1/],
    ["a folder to tune in", () => engineOf().tune({ folder: "/" } as never), "OptionError", /folder/],
    ["experts of a dense model", () => engineOf().experts({ tokens: [1] }), "TextError", /no experts/],
    [
      "a head that there is not",
      () => engineOf().attention({ tokens: [1], position: 0, head: 99 }),
      "OptionError",
      /head is 99/,
    ],
    [
      "a token that there is not",
      () => engineOf().probabilities({ tokens: [1], of: [99_999] }),
      "OptionError",
      /of is \[99999\]/,
    ],
    ["an empty prompt", () => engineOf().generate({ tokens: [] }).result, "TextError", /prompt is empty/],
  ])("%s is the same error on every side", async (_, call, name, message) => {
    expect(await refusal(call)).toMatchObject({ name, message: expect.stringMatching(message) });
  });

  test("a schema that cannot be compiled does no harm to the next one", async () => {
    const create = (schema: Readonly<Record<string, unknown>>) => {
      const format = { type: "json_schema", json_schema: { name: "a", schema } } as const;
      return engineOf().chat.completions.create({ messages, response_format: format, max_tokens: 16, stream: false });
    };
    // What XGrammar alone refuses: only its own words say why.
    const nothing = { type: "integer", exclusiveMinimum: 5, maximum: 5 };
    for (const schema of [nothing, { type: "array", items: nothing }]) {
      const refused = { status: 400, code: "invalid_json_schema", message: expect.stringMatching(/minimum greater/) };
      await expect(create(schema)).rejects.toMatchObject(refused);
    }
    const { choices } = await create({ enum: ["only"] });
    expect(choices[0]?.message.content).toBe('"only"');
  });
  test("a schema that takes minutes to compile holds no other request, and ends with its own", async () => {
    const fields = Array.from({ length: 400 }, (_, i) => [`p${i}`, { type: "string", maxLength: 100 + (i % 28) }]);
    const schema = { type: "object", properties: Object.fromEntries(fields) };
    const format = { type: "json_schema", json_schema: { name: "a", schema } } as const;
    const stop = new AbortController();
    const { signal } = stop;
    const slow = engineOf().chat.completions.create({ messages, response_format: format, stream: false }, { signal });
    let ended = false;
    const refused = expect(slow.finally(() => (ended = true))).rejects.toThrow("enough");
    await engineOf().completions.create({ prompt, max_tokens: 2 });
    expect(ended).toBe(false);
    stop.abort(new Error("enough"));
    await refused;
  });
}
