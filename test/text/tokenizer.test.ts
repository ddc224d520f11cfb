import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTokenizer } from "../../src/text/create-tokenizer.ts";
import { voicesConfig, voicesGolden, voicesTokenizer, voicesWith } from "./example-tokenizers.ts";

const voices = createTokenizer(voicesTokenizer(), voicesConfig());
const bytes = (text: string) => new TextEncoder().encode(text);

describe("the bundled tokenizer", () => {
  test.each(voicesGolden())("encodes and decodes the golden prompt $prompt", (golden) => {
    expect(voices.encode(golden.prompt)).toEqual(golden.promptTokens);
    expect(voices.decode(golden.greedyTokens)).toBe(golden.greedyText);
  });

  test("knows its size and its special tokens", () => {
    expect(voices.size).toBe(2048);
    expect(voices.bos).toBe(0);
    expect(voices.eos).toBe(1);
    expect([0, 1, 2, 3, 4, 5, 6, 2047, 2048].map(voices.isSpecial)).toEqual([
      true,
      true,
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(voices.token(3)).toBe("<|whale|>");
    expect(voices.idOf("<|whale|>")).toBe(3);
    expect(voices.token(2048)).toBeUndefined();
    expect(voices.idOf("no such token")).toBeUndefined();
  });

  test("finds special tokens in the text, and the text around them is cut as if it stood alone", () => {
    const plain = { addSpecialTokens: false };
    const sea = voices.encode("the sea", plain);
    expect(voices.encode("<|whale|>the sea")).toEqual([0, 3, ...sea]);
    expect(voices.encode("<|whale|>the sea", plain)).toEqual([3, ...sea]);
    expect(voices.encode("the sea<|eos|><|whale|>the sea<|", plain)).toEqual([
      ...sea,
      1,
      3,
      ...sea,
      ...voices.encode("<|", plain),
    ]);
    expect(voices.encode("<|bos|>the sea")).toEqual([0, 0, ...sea]);
  });

  test("puts the bos token of its template in front, of an empty text too", () => {
    expect(voices.encode("")).toEqual([0]);
    expect(voices.encode("", { addSpecialTokens: false })).toEqual([]);
  });

  test("leaves special tokens out of the text unless asked", () => {
    const ids = voices.encode("<|whale|>Call me<|eos|>");
    expect(voices.decode(ids)).toBe("Call me");
    expect(voices.decode(ids, { skipSpecialTokens: false })).toBe("<|bos|><|whale|>Call me<|eos|>");
  });

  test("skips ids that no token has, and gives no text for none", () => {
    const [first = 0, ...rest] = voices.encode("Call me", { addSpecialTokens: false });
    expect(voices.decode([first, 2048, -1, 1.5, 1e9, ...rest])).toBe("Call me");
    expect(voices.decode([])).toBe("");
  });

  test.each([
    "  two leading spaces",
    "trailing spaces   ",
    "\n\nlines\r\n\tand tabs\n",
    "naïve café, e\u0301",
    "鯨は海に、고래 кит",
    "🐋🐳 👩‍👩‍👧‍👦 🏴‍☠️ 🇳🇴",
    "\ufeffbyte order mark \u0000 null",
    "no-break\u00a0space, next\u0085line, line\u2028separator",
    "3 33 333 3333 ½²Ⅷ٣",
    "'s 'RE '''''' !!!... <0x41> ▁ Ġ",
  ])("gives back %j", (text) => {
    expect(voices.decode(voices.encode(text))).toBe(text);
  });

  test("gives back any text without special tokens", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        expect(voices.decode(voices.encode(text, { addSpecialTokens: false }))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  test("writes half a surrogate pair as the replacement character", () => {
    expect(voices.encode("a\ud83db")).toEqual(voices.encode("a\ufffdb"));
    expect(voices.decode(voices.encode("\udc0b"))).toBe("\ufffd");
  });

  test("tells the bytes of a token, which together are the text", () => {
    const text = " Ünïcode 🐋\n";
    const pieces = voices.encode(text, { addSpecialTokens: false }).map((id) => voices.bytesOf(id) ?? new Uint8Array());
    expect(Buffer.concat(pieces)).toEqual(Buffer.from(bytes(text)));
    expect(voices.bytesOf(3)).toEqual(bytes("<|whale|>"));
    expect(voices.bytesOf(2048)).toBeUndefined();
    expect(voices.bytesOf(voices.idOf("Ġ") ?? -1)).toEqual(bytes(" "));
    expect(voices.bytesOf(voices.idOf("ð") ?? -1)).toEqual(Uint8Array.of(0xf0));
  });

  test("takes a text of 200,000 characters", () => {
    const text = "It was the whale. ".repeat(11_112);
    expect(voices.decode(voices.encode(text))).toBe(text);
  });
});

describe("tokenizer_config.json", () => {
  const none = { type: "ByteLevel", trim_offsets: true };

  test("decides on bos and eos where it says so", () => {
    const file = (processor: object | undefined) =>
      processor === undefined ? voicesTokenizer() : voicesWith({ post_processor: processor });
    const encode = (changes: object, processor?: object) =>
      createTokenizer(file(processor), { ...voicesConfig(), ...changes }).encode("e");
    const e = voices.idOf("e");
    expect(encode({ add_bos_token: true })).toEqual([0, e]);
    expect(encode({ add_bos_token: false })).toEqual([e]);
    expect(encode({ add_bos_token: null })).toEqual([0, e]);
    expect(encode({ add_eos_token: true })).toEqual([0, e, 1]);
    expect(encode({ add_bos_token: true }, none)).toEqual([0, e]);
    expect(encode({ add_bos_token: undefined }, none)).toEqual([e]);
    expect(encode({ add_bos_token: undefined, add_eos_token: true }, none)).toEqual([e, 1]);
    expect(encode({ add_bos_token: true, bos_token: null }, none)).toEqual([e]);
    const around = { type: "BertProcessing", cls: ["<|bos|>", 0], sep: ["<|eos|>", 1] };
    expect(encode({ add_bos_token: undefined }, around)).toEqual([0, e, 1]);
    expect(encode({ add_eos_token: false }, around)).toEqual([0, e]);
  });

  test("names tokens as strings or objects, or not at all", () => {
    const object = createTokenizer(voicesTokenizer(), { bos_token: { __type: "AddedToken", content: "<|whale|>" } });
    expect(object.bos).toBe(3);
    expect("eos" in object).toBe(false);
    for (const config of [undefined, null, {}, { bos_token: null, eos_token: "" }]) {
      const tokenizer = createTokenizer(voicesTokenizer(), config);
      expect(tokenizer.bos).toBeUndefined();
      expect(tokenizer.eos).toBeUndefined();
      expect(tokenizer.encode("")).toEqual([0]);
    }
  });

  test("makes the tokens it names special", () => {
    const id = voices.idOf("Ġthe") ?? -1;
    expect(voices.isSpecial(id)).toBe(false);
    expect(createTokenizer(voicesTokenizer(), { pad_token: "Ġthe" }).isSpecial(id)).toBe(true);
  });
});

describe("post-processors", () => {
  const encode = (post_processor: object) => createTokenizer(voicesWith({ post_processor }), {}).encode("");
  const template = (single: object[], special_tokens: object) => ({
    type: "TemplateProcessing",
    single,
    special_tokens,
  });

  test("go around the text, each around what the ones before made", () => {
    const text = { Sequence: { id: "A", type_id: 0 } };
    const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
    const inner = template([special("w"), text, special("e")], { w: { ids: [3, 4] }, e: { ids: [1] } });
    const outer = { type: "RobertaProcessing", cls: ["<|bos|>", 0], sep: ["<|eos|>", 1] };
    expect(encode(inner)).toEqual([3, 4, 1]);
    expect(encode({ ...outer, type: "BertProcessing" })).toEqual([0, 1]);
    expect(encode({ type: "Sequence", processors: [{ type: "ByteLevel" }, inner, outer] })).toEqual([0, 3, 4, 1, 1]);
    expect(encode({ type: "Sequence", processors: [] })).toEqual([]);
  });
});
