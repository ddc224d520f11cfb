// Conversations as training data: only what the assistant says is learnt, as the model's own chat template marks it.
import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { createTokenizer } from "../../../src/text/create-tokenizer.ts";
import type { Tokenizer } from "../../../src/text/tokenizer.ts";
import { answerTemplate, answerTokens } from "../../../src/train/data/answer-tokens.ts";
import { conversationOf } from "../../../src/train/data/conversations.ts";
import { readDocuments } from "../../../src/train/data/documents.ts";
import { allWindows, type Row, randomWindows, shuffledEpochs } from "../../../src/train/data/rows.ts";
import { joinTokens, tokenise } from "../../../src/train/data/tokens.ts";

let tokenizer: Tokenizer;
const tokens = { bos_token: "<|bos|>", eos_token: "<|eos|>" };
beforeAll(async () => {
  const parsed = async (name: string) => JSON.parse(await readFile(`examples/models/voices-dense/${name}`, "utf8"));
  tokenizer = createTokenizer(await parsed("tokenizer.json"), await parsed("tokenizer_config.json"));
});

const chatml =
  "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
const llama2 =
  "{{ bos_token }}{% for message in messages %}{% if message.role == 'user' %}{{ '[INST] ' + message.content + ' [/INST]' }}" +
  "{% elif message.role == 'assistant' %}{{ ' ' + message.content + ' ' + eos_token }}{% else %}{{ raise_exception('no ' + message.role) }}{% endif %}{% endfor %}";
/** As `chatml`, with the marks of Hugging Face's templates for training, in every way of trimming white space. */
const marked = (open: string, close: string) =>
  `{% for message in messages %}
    {% if message.role == 'assistant' %}
<|im_start|>assistant
${open}
      {{ message.content + '<|im_end|>' }}
  ${close}
    {% else %}{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' }}
    {% endif %}
{% endfor %}
{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`;

const messages = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Who sails?" },
  { role: "assistant", content: "Ahab." },
  { role: "user", content: "And then?" },
  { role: "assistant", content: "The whale." },
];
const line = (value: unknown) => conversationOf("chat.jsonl: line 1", value as Record<string, unknown>);

/** The texts that are learnt of a conversation, those of neighbouring tokens together. */
async function learnt(template: string, given: object = { messages }) {
  const found = await answerTemplate({ ...tokens, chat_template: template });
  if (!found) throw new Error("no template");
  const conversation = line(given);
  const { ids, counts } = answerTokens(conversation, found, tokenizer);
  expect(ids).toEqual(
    tokenizer.encode(found.plain.render(conversation.messages, { addGenerationPrompt: false }), {
      addSpecialTokens: false,
    }),
  );
  const texts: string[] = [];
  for (let i = 0; i < ids.length; i++) {
    if (!counts[i]) continue;
    let end = i;
    while (counts[end]) end++;
    texts.push(tokenizer.decode(ids.slice(i, end), { skipSpecialTokens: false }));
    i = end;
  }
  return texts;
}

describe("what is learnt of a conversation", () => {
  test("is what each answer adds to the text, with the token that ends it", async () => {
    expect(await learnt(chatml)).toEqual(["Ahab.<|im_end|>\n", "The whale.<|im_end|>\n"]);
    const noSystem = { messages: messages.slice(1) };
    expect(await learnt(llama2, noSystem)).toEqual([" Ahab. <|eos|>", " The whale. <|eos|>"]);
  });

  test("leaves out messages of weight 0, as in OpenAI's format", async () => {
    const weighed = messages.map((message, i) => ({ ...message, ...(i === 2 ? { weight: 0 } : {}) }));
    expect(await learnt(chatml, { messages: weighed })).toEqual(["The whale.<|im_end|>\n"]);
    const template = marked("{% generation %}", "{% endgeneration %}");
    expect(await learnt(template, { messages: weighed })).toHaveLength(1);
  });

  test.each([
    ["{% generation %}", "{% endgeneration %}"],
    ["{%- generation -%}", "{%- endgeneration -%}"],
    ["{%- generation %}", "{% endgeneration -%}"],
    ["{% generation -%}", "{%- endgeneration %}"],
  ])("is what a template puts between %s and %s, and its text stays as it is", async (open, close) => {
    const texts = await learnt(marked(open, close));
    expect(texts.map((text) => text.trim())).toEqual(["Ahab.<|im_end|>", "The whale.<|im_end|>"]);
  });

  test("of a template that marks more than the assistant's messages is all that it marks", async () => {
    const template = "{% for m in messages %}{% generation %}{{ m.content + ';' }}{% endgeneration %}{% endfor %}";
    expect((await learnt(template)).join("")).toBe("Be brief.;Who sails?;Ahab.;And then?;The whale.;");
  });

  test("is found without marks where the conversation holds their characters", async () => {
    const [asked, answered] = [{ role: "user", content: "\u{f8f0}" }, messages[4]];
    const template = chatml
      .replace("message.content", "'' %}{% generation %}{{ message.content")
      .replace("{{ '<|im_start|>'", "{{ '<|im_start|>'");
    expect(template).toContain("generation");
    const found = await answerTemplate({ ...tokens, chat_template: chatml });
    expect(answerTokens(line({ messages: [asked, answered] }), found as never, tokenizer).counts).toContain(1);
  });

  test("tools and content in parts reach the template", async () => {
    const template = `{{ (tools | length) ~ ' tools ' }}${chatml}`;
    const parts = [
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ];
    const given = { messages: [{ role: "user", content: parts }, messages[2]], tools: [{ type: "function" }] };
    const found = await answerTemplate({ chat_template: template });
    const { ids } = answerTokens(line(given), found as never, tokenizer);
    expect(tokenizer.decode([...ids])).toContain("1 tools <|im_start|>user\na\nb<|im_end|>");
  });

  test("cannot be known where the template writes an answer otherwise when more follows", async () => {
    const thinking = chatml.replace(
      "message.content",
      "(message.content if loop.last else message.content.split('.')[0])",
    );
    await expect(learnt(thinking)).rejects.toThrow(
      "messages[2]: the chat template writes an answer when more follows otherwise",
    );
    expect(await learnt(thinking, { messages: messages.slice(0, 3) })).toEqual(["Ahab.<|im_end|>\n"]);
    await expect(learnt("{{ messages[0].content }}")).rejects.toThrow("gives answers no tokens");
  });
});

const bytes = (text: string) => new TextEncoder().encode(text);
const chatLine = (...given: unknown[]) => JSON.stringify({ messages: given });

test.each([
  [`{"messages": []}`, "line 1: messages is no list of messages"],
  [`{"messages": "x"}`, "line 1: messages is no list"],
  [`{"messages": [1]}`, "line 1: messages[0] is no object with role and content"],
  [chatLine({ content: "x" }), "line 1: messages[0].role is missing"],
  [chatLine(messages[1], { role: "bot", content: "x" }), 'line 1: messages[1].role is "bot", expected'],
  [chatLine(messages[1]), "line 1: messages has no message of the assistant to learn"],
  [chatLine(messages[1], { ...messages[2], weight: 0 }), "line 1: messages has no message of the assistant to learn"],
  [chatLine(messages[1], { ...messages[2], weight: 2 }), "line 1: messages[1].weight is 2, expected 0 or 1"],
  [chatLine({ role: "user" }, messages[2]), "line 1: messages[0].content is missing"],
  [chatLine({ role: "assistant", content: 7 }), "line 1: messages[0].content is neither a text nor a list"],
  [chatLine({ role: "assistant", content: [{ type: "image_url" }] }), "line 1: messages[0].content[0] is no part"],
  [JSON.stringify({ messages, tools: "x" }), "line 1: tools is no list"],
  [chatLine(...Array.from({ length: 1001 }, () => messages[2])), "line 1: messages has 1001 entries"],
  [`${chatLine(...messages)}\n{"messages": [`, "line 2"],
])("%s is refused with its line", (text, message) => {
  expect(() => readDocuments("chat.jsonl", bytes(text))).toThrow(`chat.jsonl: ${message}`);
});

test("what the template rejects, or a model without one, is refused with file and line", async () => {
  const documents = readDocuments(
    "chat.jsonl",
    bytes(`${chatLine(messages[1], messages[2])}\n${chatLine(...messages)}`),
  );
  const template = await answerTemplate({ ...tokens, chat_template: llama2 });
  await expect(tokenise(documents, { tokenizer, template, vocabulary: 2048 })).rejects.toThrow(
    "chat.jsonl: line 2: the chat template rejects these messages: no system",
  );
  await expect(tokenise(documents, { tokenizer, vocabulary: 2048 })).rejects.toThrow(
    "chat.jsonl: line 1: is a conversation, for which the model has no chat template",
  );
});

describe("rows of conversations", () => {
  const targetsOf = (rows: readonly Row[]) =>
    rows.flatMap(({ targets }) => targets).filter((target) => target !== -100);

  async function documents() {
    const text = [
      chatLine(...messages),
      JSON.stringify({ text: "Plain text." }),
      chatLine({ role: "user", content: "long ".repeat(60) }, messages[2]),
    ].join("\n");
    const template = await answerTemplate({ ...tokens, chat_template: chatml });
    return await tokenise(readDocuments("a.jsonl", bytes(text)), { tokenizer, template, vocabulary: 2048 });
  }

  test("have each token of an answer, and of a text each, as a target once, and no other", async () => {
    const all = await documents();
    const expected = [...all.tokens].filter((_, i) => i > 0 && all.counts?.[i]).toSorted((a, b) => a - b);
    const sorted = (rows: readonly Row[]) => targetsOf(rows).toSorted((a, b) => a - b);
    expect(sorted(allWindows(all, 16))).toEqual(expected);
    const epoch = shuffledEpochs(all, { context: 16, seed: 1, packing: "windows" });
    const rows = Array.from({ length: epoch.epoch ?? 0 }, (_, i) => epoch.row(i));
    expect(sorted(rows)).toEqual(expected);
    expect(rows.every(({ targets }) => targets.some((target) => target !== -100))).toBe(true);
  });

  test("packed, hold a document each as by itself", async () => {
    const all = await documents();
    const packed = shuffledEpochs(all, { context: 64, seed: 1, packing: "documents" });
    const rows = Array.from({ length: packed.epoch ?? 0 }, (_, i) => packed.row(i));
    const texts = tokenizer.decode(targetsOf(rows));
    for (const text of ["Ahab.<|im_end|>\n", "The whale.<|im_end|>\n", "ain text."]) expect(texts).toContain(text);
    expect(texts).not.toContain("sails");
    expect(texts).not.toContain("long");
  });

  test("drawn at random, have something to learn each", async () => {
    const all = await documents();
    const order = randomWindows([{ ...all, weight: 1 }], { context: 4, seed: 3 });
    for (let i = 0; i < 200; i++) expect(order.row(i).targets.some((target) => target !== -100)).toBe(true);
    expect(order.row(7)).toEqual(order.row(7));
  });

  test("joined with others keep what is learnt", async () => {
    const [chat, plain] = [await documents(), await tokenise([{ where: "", content: [1, 2, 3] }], { vocabulary: 9 })];
    const joined = joinTokens([plain, chat]);
    expect([...(joined.counts ?? [])]).toEqual([1, 1, 1, ...(chat.counts ?? [])]);
    expect(joinTokens([plain, plain]).counts).toBeUndefined();
  });

  test("without a token to learn are refused", () => {
    const nothing = { tokens: Uint32Array.of(1, 2, 3), starts: [0, 3], counts: Uint8Array.of(1, 0, 0) };
    const settings = { context: 2, seed: 1, packing: "documents" } as const;
    expect(() => randomWindows([{ ...nothing, weight: 1 }], { context: 2, seed: 1 })).toThrow("nothing to predict");
    expect(() => shuffledEpochs(nothing, settings)).toThrow("nothing to predict");
  });
});
