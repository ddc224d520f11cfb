// The Vercel AI SDK with a model of an engine.
import type { LanguageModelV3 } from "@ai-sdk/provider";
import { generateObject, generateText, jsonSchema, streamText } from "ai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aiSdkModel } from "../../src/engine/ai-sdk.ts";
import { createEngine } from "../../src/engine/create-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { quickEngines } from "../support/devices/gpu.ts";
import { loadVoices, prompt } from "./answers.ts";

quickEngines();
let engine: Engine;
let model: LanguageModelV3; // as the SDK's own types have it
beforeAll(async () => {
  engine = await createEngine();
  await loadVoices(engine);
  model = aiSdkModel(engine, "voices");
});
afterAll(() => engine.dispose());

const settings = { temperature: 0, maxOutputTokens: 8, maxRetries: 0 };

test("generateText and streamText give the text of the engine, and its usage", async () => {
  const { text: expected } = await engine.generate({
    messages: [{ role: "user", content: prompt }],
    maxTokens: 8,
    temperature: 0,
  }).result;
  const whole = await generateText({ model, prompt, ...settings });
  expect(whole.text).toBe(expected);
  expect(whole).toMatchObject({ finishReason: "length", usage: { outputTokens: 8 } });
  const stream = streamText({
    model,
    messages: [{ role: "user", content: [{ type: "text", text: prompt }] }],
    ...settings,
  });
  let text = "";
  for await (const part of stream.textStream) text += part;
  expect(text).toBe(expected);
  expect(await stream.finishReason).toBe("length");
  expect((await stream.usage).outputTokens).toBe(8);
});

test("generateObject gives what its schema accepts", async () => {
  const schema = jsonSchema<{ mood: string }>({
    type: "object",
    required: ["mood"],
    additionalProperties: false,
    properties: { mood: { type: "string", enum: ["calm", "rough"] } },
  });
  const { object } = await generateObject({ model, prompt, schema, temperature: 0, maxRetries: 0 });
  expect(["calm", "rough"]).toContain(object.mood);
});

test("tools and pictures are refused by name", async () => {
  const picture = { type: "file" as const, data: "AA==", mediaType: "image/png" };
  const user = { role: "user" as const, content: [picture] };
  await expect(model.doGenerate({ prompt: [user] })).rejects.toMatchObject({ param: "messages[0].content[0]" });
  const tool = { type: "function" as const, name: "a", inputSchema: {} };
  const text = { role: "user" as const, content: [{ type: "text" as const, text: prompt }] };
  await expect(model.doGenerate({ prompt: [text], tools: [tool] })).rejects.toMatchObject({ param: "tools" });
});
