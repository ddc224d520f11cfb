import { expect, test } from "vitest";
import { sequenceFolder, sequenceGolden } from "../encoders/seq2seq/golden.ts";
import { bundledModel } from "../support/bundled.ts";
import { runInTurn } from "./run-cli.ts";

const folder = sequenceFolder("t5");
const { texts, forced } = sequenceGolden("t5");
const [{ text, tokens, greedy, beams = [] } = texts[0] as never] = texts;

test("generate with an encoder-decoder", async () => {
  const args = ["generate", text, "--model", folder, "--max-tokens", "20"];
  const { code, stdout, stderr } = await runInTurn([...args, "--json"]);
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    promptTokens: tokens,
    tokens: greedy.ids,
    text: greedy.text,
    stopReason: "length",
    weights: { quantisation: "f32" },
  });
  const people = await runInTurn(args);
  expect(people.stdout).toBe(`${greedy.text}\n`);
  expect(people.stderr).toContain(`encode ${tokens.length} tokens`);
  expect(people.stderr).toContain("decode 20 tokens");
});

test("generate with an encoder-decoder and beams", async () => {
  const flags = ["--max-tokens", "20", "--beams", "4", "--length-penalty", "2", "--early-stopping", "true"];
  const { code, stdout, stderr } = await runInTurn(["generate", text, "--model", folder, ...flags, "--json"]);
  expect(code, stderr).toBe(0);
  const expected = beams.find(({ options }) => "earlyStopping" in options && options.earlyStopping === true);
  const [best] = expected?.results ?? [];
  expect(JSON.parse(stdout)).toMatchObject({ tokens: best?.ids, score: expect.closeTo(best?.score ?? 0, 5) });
  const once = await runInTurn([
    "generate",
    text,
    "--model",
    folder,
    "--max-tokens",
    "12",
    "--no-repeat-ngram",
    "1",
    "--json",
  ]);
  const { tokens: ids } = JSON.parse(once.stdout) as { tokens: readonly number[] };
  expect(new Set(ids).size).toBe(12);
});

test("what an encoder-decoder does not have is refused by the name of the flag", async () => {
  const chat = await runInTurn(["generate", text, "--model", folder, "--chat"]);
  expect(chat.code).toBe(1);
  expect(chat.stderr).toContain("--chat is for language models, and test/golden/t5 is an encoder-decoder");
  const none = await runInTurn(["generate", "--model", folder]);
  expect(none.stderr).toContain("test/golden/t5 needs a text");
  const empty = await runInTurn(["generate", " ", "--model", folder]);
  expect(empty.stderr).toContain("generate: texts[0] is empty");
});

/** What `inspect --attention --json` prints. */
interface Alignment {
  readonly source: readonly string[];
  readonly target: readonly string[];
  readonly sourceTokens: readonly number[];
  readonly tokens: readonly number[];
  readonly attention: readonly (readonly number[])[];
  readonly layers: readonly (readonly (readonly (readonly number[])[])[])[];
}

const inspect = async (...args: string[]): Promise<Alignment> => {
  const { code, stdout, stderr } = await runInTurn(["inspect", "--model", folder, "-n", "6", "--json", ...args]);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Alignment;
};

test("inspect --attention: what each written token attends to, in every layer and head", async () => {
  const found = await inspect("--attention", text);
  expect(found).toMatchObject({ sourceTokens: tokens, tokens: greedy.ids.slice(0, 6) });
  expect(found.source).toHaveLength(tokens.length);
  expect(found.source.join("")).toBe(` ${text}</s>`); // white space before the first word is a part of its token
  expect(found.target).toHaveLength(6);
  expect(found.layers.map((heads) => heads.length)).toEqual(forced.cross.map((heads) => heads.length));
  // The first query is that of the token which the decoder begins with, whatever is written after it.
  const at = forced.rows.indexOf(0);
  for (const [layer, heads] of forced.cross.entries()) {
    for (const [head, rows] of heads.entries()) {
      const [first = []] = found.layers[layer]?.[head] ?? [];
      expect(first).toHaveLength(tokens.length);
      for (const [s, weight] of (rows[at] ?? []).entries())
        expect(Math.abs((first[s] ?? 0) - weight)).toBeLessThan(2e-6);
    }
  }
  const parts = found.layers.flat();
  for (const [t, row] of found.attention.entries()) {
    for (const [s, weight] of row.entries()) {
      expect(weight).toBeCloseTo(parts.reduce((sum, part) => sum + (part[t]?.[s] ?? 0), 0) / parts.length, 6);
    }
  }
  const one = await inspect("--attention", "--prompt", text, "--layer", "1", "--head", "2");
  expect(one.attention).toEqual(found.layers[1]?.[2]);
});

test("inspect --attention as a table", async () => {
  const args = ["--model", folder, "-n", "3", "--layer", "1"];
  const { stdout, stderr } = await runInTurn(["inspect", "--attention", "a cat.", ...args]);
  const { source } = await inspect("--attention", "a cat.");
  const [written, blank, head = "", ...rows] = stdout.trimEnd().split("\n");
  expect(written).not.toBe("");
  expect(blank).toBe("");
  expect(head.trim().split(/ +/)).toEqual(source.map((token) => token.replaceAll(" ", "␣")));
  expect(rows).toHaveLength(3);
  for (const row of rows) {
    const weights = row.match(/\d\.\d\d/g)?.map(Number) ?? [];
    expect(weights).toHaveLength(source.length);
    expect(Math.abs(weights.reduce((sum, weight) => sum + weight, 0) - 1)).toBeLessThan(0.0051 * source.length);
    expect(row).toContain(`*${Math.max(...weights).toFixed(2)}`);
  }
  expect(stderr).toContain("layer 1, mean of its heads");
  const long = await runInTurn(["inspect", "--attention", `${text} `.repeat(6), "--model", folder, "-n", "2"]);
  expect(long.stdout.trimEnd().split("\n")[2]).toMatch(/( {2}\d\.\d\d .+ \[\d+\]){3}$/);
});

test.each([
  [
    ["--attention", "a", "--model", bundledModel],
    /voices-dense is a model of the type "llama", whose tokens attend to their own/,
  ],
  [
    ["--attention", "a", "--model", "test/golden/bert"],
    /bert is a model of the type "bert".*takes an encoder-decoder \(model_type t5, /,
  ],
  [["--attention", "--model", folder], /--attention needs a text/],
  [["--attention", " ", "--model", folder], /texts\[0\] is empty/],
  [["--attention", "a", "--prompt", "b", "--model", folder], /give the text once/],
  [["--attention", "a", "--tap", "norm", "--model", folder], /give --attention or --tap, not both/],
  [["--attention", "a", "--layer", "9", "--model", folder], /--layer is 9, expected 0 to 2: the decoder has 3 layers/],
  [["--attention", "a", "--context", "9", "--model", folder], /--context is for language models/],
  [["--prompt", "a", "--head", "0", "--model", bundledModel], /--head requires --attention/],
  [
    ["--prompt", "a", "--model", folder],
    /t5 is an encoder-decoder, which is inspected by its attention: inspect --attention/,
  ],
])("inspect %j is refused", async (args, says) => {
  const { code, stdout, stderr } = await runInTurn(["inspect", ...args]);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(says);
});
