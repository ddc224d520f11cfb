// Conversations: a template given at load, and the same conversation with a model, with a session, and as text.
import { afterAll, expect, test } from "vitest";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { OptionError } from "../../src/options/errors.ts";
import { TextError } from "../../src/text/text-error.ts";
import { bundledNano } from "../support/bundled.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const chatTemplate =
  "{% for message in messages %}<|whale|>{{ message.content }} {% endfor %}{% if loud %}AND {% endif %}";
const gpu = await quickGpu();
const model = await loadModel(gpu, bundledNano, { context: 64, chatTemplate });
const plain = await loadModel(gpu, bundledNano, { context: 64 });
afterAll(() => {
  model.dispose();
  plain.dispose();
});

const messages = [
  { role: "user", content: "Call me" },
  { role: "assistant", content: "Ishmael" },
];
const greedy = { temperature: 0, maxTokens: 8 };

test("a model answers as it continues the template's text", async () => {
  const ids = model.tokenizer.encode("<|whale|>Call me <|whale|>Ishmael ", { addSpecialTokens: false });
  const { rows, text } = await model.chat(messages, greedy).result;
  expect(rows[0]?.promptTokens).toEqual(ids);
  expect(text).toBe((await model.generate(ids, greedy).result).text);
  using session = model.session();
  expect((await session.chat(messages, greedy).result).text).toBe(text);
});

test("a template's variables reach it", async () => {
  const { rows } = await model.chat(messages, { ...greedy, template: { loud: true } }).result;
  expect(model.tokenizer.decode(rows[0]?.promptTokens ?? [])).toMatch(/AND $/);
});

test("the result of one prompt has its text, that of several has none", async () => {
  const one = await plain.generate("<|whale|>The sea", greedy).result;
  expect(one.text).toBe(one.rows[0]?.text);
  expect(one.text).not.toBe("");
  const several = await plain.generate(["<|whale|>The sea", [10, 20]], greedy).result;
  expect(several.rows).toHaveLength(2);
  expect(several.text).toBeUndefined();
  expect(await plain.generate("<|whale|>The sea", { signal: AbortSignal.abort() }).result).toMatchObject({ text: "" });
});

test("what cannot be a conversation is refused by name", async () => {
  expect(() => plain.chat(messages)).toThrow(/voices-nano has no chat template/);
  expect(() => model.chat([{ content: "no role" }] as never)).toThrow(TextError);
  expect(() => model.chat(messages, { temperatur: 0 } as never)).toThrow(/no option temperatur; did you mean temp/);
  expect(() => model.chat(messages, { template: "loud" } as never)).toThrow(OptionError);
  expect(() => model.chat(messages, { temperature: -1 })).toThrow(/temperature is -1/);
});

test.each([
  ["{% for message in messages %}", TextError],
  ["", OptionError],
  [7, OptionError],
])("a template %s is refused when the model is loaded", async (wrong, kind) => {
  await expect(loadModel(gpu, bundledNano, { chatTemplate: wrong as string })).rejects.toThrow(kind);
});
