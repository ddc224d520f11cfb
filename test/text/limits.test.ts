import { describe, expect, test } from "vitest";
import { createTokenizer } from "../../src/text/create-tokenizer.ts";
import { createChatTemplate } from "../../src/text/template/create-chat-template.ts";
import {
  byteFallbackTokenizer,
  type TokenizerFile,
  thenBytes,
  voicesTokenizer,
  voicesWith,
} from "./example-tokenizers.ts";

describe("a tokenizer from outside", () => {
  const encode = (file: TokenizerFile, text: string) => createTokenizer(file, {}).encode(text);

  test("with a pattern that takes exponential time", () => {
    const split = { type: "Split", pattern: { Regex: "(a+)+$" }, behavior: "Isolated", invert: false };
    const file = voicesWith({ pre_tokenizer: thenBytes(split) });
    expect(() => encode(file, `${"a".repeat(40)}b`)).toThrow(
      "tokenizer.json: pre_tokenizer.pretokenizers[0] takes more than 10,006,150 steps for an input of 41 characters",
    );
    expect(encode(file, "aaa")).toEqual(encode(voicesTokenizer(), "aaa"));
  });

  test("with normalizers that double a text", () => {
    const double = { type: "Replace", pattern: { String: "a" }, content: "aa" };
    const file = voicesWith({ normalizer: { type: "Sequence", normalizers: Array(30).fill(double) } });
    expect(() => encode(file, "a")).toThrow(
      /^tokenizer\.json: normalizer\.normalizers\[\d+\] takes more than 10,000,150 steps for an input of 1 characters$/,
    );
    const added = [{ id: 5000, content: "aq", special: false, normalized: true }];
    expect(() => createTokenizer({ ...file, added_tokens: added }, {})).toThrow(/normalizer.* takes more than/);
  });

  test("with thousands of steps", () => {
    const file = voicesWith({ pre_tokenizer: thenBytes(...Array(2000).fill({ type: "Punctuation" })) });
    expect(() => createTokenizer(file, {})).toThrow(
      "tokenizer.json: pre_tokenizer has 2001 steps, expected at most 100",
    );
  });

  test("with a decoder that doubles a token", () => {
    const double = { type: "Replace", pattern: { Regex: "a" }, content: "aa" };
    const decoder = { type: "Sequence", decoders: Array(40).fill(double) };
    const tokenizer = createTokenizer(byteFallbackTokenizer({ decoder }), {});
    expect(() => tokenizer.decode([tokenizer.idOf("a") ?? -1])).toThrow(
      /^tokenizer\.json: decoder\.decoders\[\d+\] takes more than/,
    );
  });

  test("with a pattern that nothing here supports, or that is too large", () => {
    const read = (Regex: string) => () =>
      createTokenizer(voicesWith({ normalizer: { type: "Replace", pattern: { Regex }, content: "" } }), {});
    expect(read("(?=(a))\\1")).toThrow(
      "normalizer.pattern: a reference to a group within a lookaround is not supported",
    );
    expect(read("(?:(?:ab){1,200}){1,200}")).toThrow(/normalizer\.pattern: the pattern is too large/);
    expect(read("a".repeat(10_001))).toThrow("normalizer.pattern has 10001 characters, expected at most 10000");
  });

  test("with pieces of many tokens", () => {
    const vocab = [
      ["<unk>", 0],
      ["a", -1],
      ["b", -2],
    ];
    const file = { model: { type: "Unigram", vocab, unk_id: 0 }, added_tokens: [], decoder: null };
    expect(encode(file, "ab".repeat(100_000))).toHaveLength(200_000);
  });
});

describe("a template from outside", () => {
  const render = (chatTemplateJinja: string) =>
    createChatTemplate({ tokenizerConfig: {}, chatTemplateJinja })?.render([{ role: "user", content: "Hi" }]);
  const doubled = (start: string, next: string, end: string) => () =>
    render(`{% set n = namespace(x=${start}) %}{% for i in range(40) %}{% set n.x = ${next} %}{% endfor %}${end}`);

  test("that counts without end", () => {
    const loop = "{% for i in range(99999) %}";
    const end = "{% endfor %}";
    expect(() => render(loop + loop + loop + end + end + end)).toThrow(
      /^the chat template takes more than [\d,]+ steps/,
    );
    expect(() => render("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")).toThrow(
      /a macro calls itself without end$/,
    );
  });

  test("whose values grow without end", () => {
    const limit = /^the chat template makes a value of [\d.e+]+ characters, expected at most 100\d{4}$/;
    expect(doubled("[1]", "[n.x, n.x]", "{{ n.x }}")).toThrow(limit);
    expect(doubled("'a'", "n.x ~ n.x", "")).toThrow(limit);
    expect(doubled("'a'", "n.x.replace('a', 'aa')", "")).toThrow(limit);
    expect(doubled("'a'", "n.x | indent(99999999, true)", "")).toThrow(limit);
    expect(doubled("[1, 2]", "n.x", "{{ range(9) | join('a' | indent(999999, true)) }}")).toThrow(limit);
  });

  test("whose functions are given too little, or that is not complete", () => {
    const unusable = "the chat template cannot be used: ";
    expect(() => render("{{ {}.get() }}")).toThrow(`${unusable}the call of get is given too little`);
    expect(() => render("{{ f(1) }}")).toThrow(`${unusable}the call of f: Cannot call something`);
    for (const part of ["{{", "{% if true %}a", "{% for x in [", "{{ [1,"]) {
      expect(() => render(part), part).toThrow(`${unusable}it ends within a tag or a block`);
    }
    expect(render("[{{ [] | first }}]")).toBe("[]");
  });

  test("replaces, indents and joins as Jinja does", () => {
    expect(
      render(
        "{{ 'abab'.replace('b', 'c', 1) }} {{ 'ab' | replace('', '-') }} {{ 'aa' | replace('a', '$&', count=1) }}",
      ),
    ).toBe("acab -a-b- $&a");
    expect(
      render(
        "{{ 'a\\n\\nb' | indent }}|{{ 'a\\nb' | indent(2, first=true) }}|{{ 'a\\n\\nb' | indent(width=1, blank=true) }}",
      ),
    ).toBe("a\n\n    b|  a\n  b|a\n \n b");
    expect(render("{{ [1, 'a', none] | join(', ') }} {{ 'abc' | join('-') }} {{ [1, 2] | join }}")).toBe(
      "1, a,  a-b-c 12",
    );
    expect(render("{% filter replace('a', 'b') %}{{ 'xay' }}a{% endfilter %}")).toBe("xbyb");
  });
});
