import { describe, expect, test } from "vitest";
import type { ChatMessage, ChatTemplateOptions } from "../../src/text/template/chat-template.ts";
import { createChatTemplate } from "../../src/text/template/create-chat-template.ts";
import { strftime } from "../../src/text/template/template-functions.ts";
import { TextError } from "../../src/text/text-error.ts";
import { blockTemplate, headerTemplate, instructionTemplate, thinkingTemplate } from "./chat-templates.ts";

const now = () => new Date(2024, 6, 4, 9, 5, 7);
const user = (content: unknown): ChatMessage => ({ role: "user", content });
const assistant = (content: unknown): ChatMessage => ({ role: "assistant", content });
const system = (content: unknown): ChatMessage => ({ role: "system", content });

/** Renders a template of a model whose special tokens are `<s>`, named by an object, and `</s>`. */
function render(chat_template: unknown, messages: readonly ChatMessage[], options?: ChatTemplateOptions): string {
  const tokenizerConfig = { chat_template, bos_token: { __type: "AddedToken", content: "<s>" }, eos_token: "</s>" };
  const template = createChatTemplate({ tokenizerConfig, now });
  if (template === undefined) throw new Error("the model has a template");
  return template.render(messages, options);
}

describe("a template of blocks, as ChatML", () => {
  test("writes every turn, and opens the answer", () => {
    expect(render(blockTemplate, [system("Speak as a whale."), user("Hi"), assistant("Fwoosh."), user("Again")])).toBe(
      "<|im_start|>system\nSpeak as a whale.<|im_end|>\n" +
        "<|im_start|>user\nHi<|im_end|>\n" +
        "<|im_start|>assistant\nFwoosh.<|im_end|>\n" +
        "<|im_start|>user\nAgain<|im_end|>\n" +
        "<|im_start|>assistant\n",
    );
  });

  test("puts in a system turn, and opens no answer unless asked", () => {
    expect(render(blockTemplate, [user("Hi")], { addGenerationPrompt: false })).toBe(
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n",
    );
  });
});

describe("a template of headers, as Llama 3's", () => {
  test("begins with bos, the date of the clock and the system message, and trims contents", () => {
    expect(render(headerTemplate, [system("  Be kind.\n"), user(" Hi ")])).toBe(
      "<s><|start_header_id|>system<|end_header_id|>\n\nToday: 04 Jul 2024\n\nBe kind.<|eot_id|>" +
        "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>" +
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
    );
  });

  test("takes a variable of the caller's, tools, and tool calls in a message", () => {
    const tools = [{ name: "tide", parameters: { place: "string", größe: [1, 2.5, true, null] } }];
    const call = { role: "assistant", tool_calls: [{ function: { name: "tide", arguments: { place: "Nantucket" } } }] };
    expect(
      render(headerTemplate, [user("Tide?"), call], { tools, date_string: "now", addGenerationPrompt: false }),
    ).toBe(
      "<s><|start_header_id|>system<|end_header_id|>\n\nToday: now\n\nYou can call:\n" +
        '{\n  "name": "tide",\n  "parameters": {\n    "place": "string",\n    "größe": [\n      1,\n      2.5,\n      true,\n      null\n    ]\n  }\n}\n' +
        "<|eot_id|>" +
        "<|start_header_id|>user<|end_header_id|>\n\nTide?<|eot_id|>" +
        '<|start_header_id|>assistant<|end_header_id|>\n\n{"name": "tide", "arguments": {"place": "Nantucket"}}<|eot_id|>',
    );
  });
});

describe("a template of instructions, as Mistral's", () => {
  test("closes answers with eos and puts the system message into the last instruction", () => {
    expect(render(instructionTemplate, [system("Be brief."), user("One"), assistant("1"), user("Two")])).toBe(
      "<s>[INST] One[/INST] 1</s>[INST] Be brief.\n\nTwo[/INST]",
    );
  });

  test("refuses turns out of order, and says why", () => {
    const refused = (messages: readonly ChatMessage[]) => () => render(instructionTemplate, messages);
    const reason = "the chat template rejects these messages: ";
    expect(refused([user("One"), user("Two")])).toThrow(
      new TextError(`${reason}user and assistant must take turns, but turn 2 is user`),
    );
    expect(refused([user("One"), { role: "tool", content: "2" }])).toThrow(
      new TextError(`${reason}no such role: tool`),
    );
  });
});

describe("a template for thinking, as Qwen3's", () => {
  test("cuts earlier thoughts off by newlines only, and joins parts", () => {
    const parts = [{ type: "text", text: "Look: " }, { type: "image" }, { type: "text", text: "a whale" }];
    expect(
      render(thinkingTemplate, [user(parts), assistant("<think>\nHm.\n</think>\n\n  indented \n"), user("Go on")]),
    ).toBe("USER: Look: a whale\nASSISTANT:   indented \nUSER: Go on\nASSISTANT: ");
  });

  test("takes enable_thinking", () => {
    const thinking = (enable_thinking: unknown) => render(thinkingTemplate, [user("Hi")], { enable_thinking });
    expect(thinking(false)).toBe("USER: Hi\nASSISTANT: <think>\n\n</think>\n");
    expect(thinking(true)).toBe("USER: Hi\nASSISTANT: ");
    expect(thinking(undefined)).toBe("USER: Hi\nASSISTANT: ");
  });
});

describe("where the template comes from", () => {
  test("a model may have none", () => {
    for (const tokenizerConfig of [
      undefined,
      null,
      {},
      { chat_template: null },
      { chat_template: "" },
      { chat_template: [] },
    ]) {
      expect(createChatTemplate({ tokenizerConfig })).toBeUndefined();
    }
  });

  test("chat_template.jinja wins", () => {
    const tokenizerConfig = { chat_template: "old" };
    expect(createChatTemplate({ tokenizerConfig, chatTemplateJinja: "new" })?.render([])).toBe("new");
    expect(createChatTemplate({ tokenizerConfig, chatTemplateJinja: undefined })?.render([])).toBe("old");
  });

  test("of several, by name, or tool_use where there are tools", () => {
    const chat_template = ["default", "tool_use", "rag"].map((name) => ({ name, template: `${name}!` }));
    const tokenizerConfig = { chat_template };
    expect(createChatTemplate({ tokenizerConfig })?.render([])).toBe("default!");
    expect(createChatTemplate({ tokenizerConfig })?.render([], { tools: [] })).toBe("tool_use!");
    expect(createChatTemplate({ tokenizerConfig, name: "rag" })?.render([], { tools: [] })).toBe("rag!");
    expect(() => createChatTemplate({ tokenizerConfig, name: "none" })?.render([])).toThrow(
      new TextError('no chat template is called "none"; there are default, tool_use, rag'),
    );
    expect(
      createChatTemplate({ tokenizerConfig: { chat_template: chat_template.slice(0, 1) } })?.render([], { tools: [] }),
    ).toBe("default!");
  });

  test.each([
    [{ chat_template: 7 }, "tokenizer_config.json: chat_template is 7, expected an array"],
    [{ chat_template: [7] }, "tokenizer_config.json: chat_template[0] is 7, expected an object"],
    [
      { chat_template: [{ name: "a" }] },
      "tokenizer_config.json: chat_template[0].template is missing, expected a string",
    ],
    [{ chat_template: "", bos_token: 7 }, undefined],
    [{ chat_template: "x", bos_token: 7 }, "tokenizer_config.json: bos_token is 7, expected an object"],
  ])("%j", (tokenizerConfig, message) => {
    const make = () => createChatTemplate({ tokenizerConfig });
    if (message === undefined) expect(make()).toBeUndefined();
    else expect(make).toThrow(new TextError(message));
  });
});

describe("what a template sees", () => {
  const see = (template: string, options?: ChatTemplateOptions) => render(template, [user("Hi")], options);

  test("tools and documents are none unless given, special tokens only if the model names them", () => {
    expect(see("{{ tools is none }} {{ documents is none }} {{ pad_token is defined }}[{{ pad_token }}]")).toBe(
      "true true false[]",
    );
    expect(see("{{ documents[0] }} {{ bos_token }}{{ eos_token }}", { documents: ["d"] })).toBe("d <s></s>");
    expect(see("{{ bos_token }}", { bos_token: "<other>" })).toBe("<other>");
  });

  test("a field set to undefined is not there", () => {
    const template = "{{ messages[0].name is defined }} {{ messages[0] | tojson }}";
    expect(render(template, [{ role: "user", content: "Hi", name: undefined }])).toBe(
      'false {"role": "user", "content": "Hi"}',
    );
  });

  test("a newline after a tag and blanks before one are dropped", () => {
    expect(see("a\n  {% if true %}  \n b\n\t{% endif %}\n  {# note #}\n c {{ 'd' }}\n")).toBe("a\n  \n b\n c d");
  });

  test("strip takes characters, or white space without them", () => {
    const strips = "[{{ x.strip('ab') }}][{{ x.lstrip('ab') }}][{{ x.rstrip('ab') }}][{{ y.strip() }}]";
    expect(see(strips, { x: "abba c ab", y: " \n a " })).toBe("[ c ][ c ab][abba c ][a]");
    expect(() => see("{{ nothing.strip('a') }}")).toThrow(TextError);
  });

  test("it cannot count without end, nor be given what Jinja has itself", () => {
    expect(see("{% for i in range(2, 8, 3) %}{{ i }}{% endfor %}{{ range(3) | length }}")).toBe("253");
    expect(() => see("{{ range(1000000000) }}")).toThrow(/range for 1000000000 numbers, expected at most 100000/);
    expect(() => see("x", { range: 1 })).toThrow(/called "range", which Jinja has itself/);
  });

  test("errors of the template are reported as such", () => {
    expect(() => see("{% if %}")).toThrow(TextError);
    expect(() => see("{{ 'a' | nosuchfilter }}")).toThrow(/^the chat template cannot be used: .*nosuchfilter/);
    expect(() => see("{{ raise_exception() }}")).toThrow("the chat template rejects these messages: no reason given");
  });

  test("messages are checked", () => {
    const template = createChatTemplate({ tokenizerConfig: { chat_template: "x" } });
    const messages: unknown = [{ role: "user" }, { content: "Hi" }];
    expect(() => template?.render(messages as ChatMessage[])).toThrow("messages[1].role is missing, expected a string");
  });
});

test("strftime writes English in local time", () => {
  const format = "%Y-%m-%d %y %e %B %b %A %a %H:%M:%S %I %p %-d %-m %% %Q";
  expect(strftime(now(), format)).toBe("2024-07-04 24  4 July Jul Thursday Thu 09:05:07 09 AM 4 7 % %Q");
  expect(strftime(new Date(2000, 11, 31, 0, 0, 0), "%d %b %Y %I %p %-H")).toBe("31 Dec 2000 12 AM 0");
});
