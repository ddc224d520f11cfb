import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeGreedy } from "../../../src/models/recurrent/decode-greedy.ts";
import { loadTokenizer } from "../../../src/text/tokenizer.ts";
import { openRecurrent } from "../../../src/train/open/recurrent.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { firstIf } from "../../support/first-tier.ts";
import { runInTurn } from "../run-cli.ts";
import { endedAt, linesOf, trainingFolder } from "./runs.ts";

let at: Awaited<ReturnType<typeof trainingFolder>>;
beforeAll(async () => {
  at = await trainingFolder();
});
afterAll(() => at.remove());

const encoder = {
  model_type: "bert",
  vocab_size: 300,
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 32,
  max_position_embeddings: 24,
};

/** Runs of each objective on small files. */
const runs: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  masked: async () => {
    const config = await at.file("masked.json", JSON.stringify({ ...encoder, architectures: ["BertForMaskedLM"] }));
    return ["--config", config, "--data", at.data, "--val", at.val, "--context", "16"];
  },
  labels: async () => {
    const config = await at.file("encoder.json", JSON.stringify(encoder));
    const data = await lines("labels", 40, (one, other) => ({
      a: `a ${one} film`,
      b: `and ${other}`,
      label: (adjectives.indexOf(one) + adjectives.indexOf(other)) % 2,
    }));
    return ["--config", config, "--data", data, "--held-out", "0.2"];
  },
  contrastive: async () => {
    const config = await at.file("encoder.json", JSON.stringify(encoder));
    const data = await lines("pairs", 40, (one, other) => ({ a: `${one}, ${other}`, b: `very ${one} ${other}` }));
    return ["--config", config, "--data", data, "--held-out", "0.2"];
  },
  pairs: async () => {
    const config = await at.file("transformer.json", JSON.stringify(transformer));
    return ["--config", config, "--data", await reversals(), "--held-out", "0.2"];
  },
  bag: async () => {
    const data = await lines("opinions", 60, (one, other) => ({ text: `${one} ${other}`, label: one.length > 4 }));
    return ["--data", data, "--held-out", "0.2"];
  },
  // Of four words in a line, three pairs are next to each other, in two directions: 48 pairs in 8 epochs.
  "skip-gram": async () => {
    const [data, val] = [await at.file("words.txt", "a b c a\n"), await at.file("others.txt", "a b\n\nc b d\n")];
    return ["--data", data, "--val", val, "--window", "1"];
  },
};

const transformer = {
  model_type: "transformer-2017",
  vocab_size: 270,
  d_model: 16,
  nhead: 2,
  num_encoder_layers: 1,
  num_decoder_layers: 1,
  dim_feedforward: 32,
  max_position_embeddings: 24,
  tie_word_embeddings: true,
};
const recurrent = { model_type: "gru-encoder-decoder", vocab_size: 262, embedding_size: 16, hidden_size: 16 };

/** Pairs of two words, and the same in the other order. */
const reversals = () =>
  lines("reversals", 40, (one, other) => ({ source: `${one} ${other}`, target: `${other} ${one}` }));

/** The steps of a run, or passes over its data of as many steps. */
const lengths: Readonly<Record<string, readonly string[]>> = { "skip-gram": ["--epochs", "8"] };

const adjectives = ["good", "bad", "fine", "poor", "great", "dull", "bright"];

/** A file of lines of JSON. */
async function lines(name: string, count: number, of: (one: string, other: string) => object): Promise<string> {
  const word = (i: number) => adjectives[i % adjectives.length] ?? "";
  const all = Array.from({ length: count }, (_, i) => JSON.stringify(of(word(i), word(3 * i + Math.floor(i / 7)))));
  return await at.file(`${name}.jsonl`, all.join("\n"));
}

const settings = ["--batch", "4", "--save-every", "3", "--seed", "5", "--lr", "1e-2"];

for (const [name, given] of Object.entries(runs)) {
  test(
    `${name}: killed and resumed, a run has the bits of an undisturbed one`,
    firstIf(name === "masked"),
    async () => {
      const length = lengths[name] ?? ["--steps", "12"];
      const args = ["--objective", name, ...settings, ...length, ...(await given())];
      const [whole, parts] = [at.out(`${name}-whole`), at.out(`${name}-parts`)];
      const undisturbed = await runInTurn(["train", "--json", ...args, "--out", whole]);
      expect([undisturbed.code, undisturbed.stderr]).toEqual([0, ""]);
      const lines = linesOf(undisturbed.stdout);
      const losses = lines.flatMap(({ loss }) => loss ?? []);
      expect(losses).toHaveLength(12);
      expect(Math.min(...losses.slice(6))).toBeLessThan((losses[0] ?? 0) - 0.01);
      expect(lines.at(-1)?.["heldOutLoss"]).toBeGreaterThan(0);
      const killed = await endedAt(5, "SIGKILL", [...args, "--out", parts]);
      expect(killed.code).toBe(null);
      const resumed = await runInTurn(["train", "--json", "--resume", "--out", parts]);
      expect([resumed.code, resumed.stderr]).toEqual([0, ""]);
      expect(linesOf(resumed.stdout).at(-1)).toEqual(lines.at(-1));
      for (const file of await readdir(whole)) {
        if ((await stat(join(whole, file))).isDirectory()) continue;
        const [a, b] = await Promise.all([whole, parts].map((folder) => readFile(join(folder, file))));
        expect(Buffer.compare(a as Buffer, b as Buffer), file).toBe(0);
      }
    },
  );
}

test("labels of words: the first token of each counts, and a pre-trained encoder gets a fresh head for them", async () => {
  const config = await at.file("masked.json", JSON.stringify(encoder));
  const trained = at.out("pre-trained");
  const pretrain = ["--objective", "masked", "--config", config, "--data", at.data, "--steps", "2", "--out", trained];
  expect((await runInTurn(["train", "--json", ...pretrain, "--context", "16"])).code).toBe(0);
  const data = await lines("words", 30, (one, other) => ({
    text: `${one}  ${other}`,
    labels: [one.length > 4 ? "long" : "short", null],
  }));
  const out = at.out("labelled");
  const args = ["--objective", "labels", "--data", data, "--steps", "40", "--batch", "8", "--lr", "1e-2"];
  const { code, stderr } = await runInTurn(["train", ...args, "--model", trained, "--out", out]);
  expect([code, /30 texts of 2 labels of words: long, short/.test(stderr)], stderr).toEqual([0, true]);
  const { stdout } = await runInTurn(["classify", "--model", out, "--json", "great"]);
  const found = JSON.parse(stdout) as { tokens: readonly { label: string }[] };
  expect(found.tokens[0]?.label).toBe("long");
  // Its labels are those of the folder from then on.
  const others = await lines("others", 9, (one) => ({ text: one, labels: [one] }));
  const again = await runInTurn(["train", "--objective", "labels", "--data", others, "--model", out]);
  expect(again.stderr).toMatch(/others\.jsonl: line 1: labels\[0\] is good, and the labels are long, short/);
});

test("pairs: a recurrent model resumes to the bit, too, and its folder decodes what it learnt", async () => {
  const config = await at.file("recurrent.json", JSON.stringify({ ...recurrent, attention: "dot" }));
  const data = await lines("copies", 30, (one) => ({ source: one[0], target: one[0] }));
  const args = ["--objective", "pairs", "--config", config, "--data", data, "--steps", "60", "--save-every", "20"];
  const [whole, parts] = [at.out("gru-whole"), at.out("gru-parts")];
  const settings = [...args, "--lr", "2e-2"];
  const { code, stderr } = await runInTurn(["train", ...settings, "--out", whole]);
  expect([code, stderr], stderr).toEqual([0, expect.stringMatching(/^30 pairs of sources and targets\n/)]);
  expect((await endedAt(25, "SIGKILL", [...settings, "--out", parts])).code).toBe(null);
  expect((await runInTurn(["train", "--json", "--resume", "--out", parts])).code).toBe(0);
  const [a, b] = await Promise.all([whole, parts].map((folder) => readFile(join(folder, "model.safetensors"))));
  expect(a?.equals(b ?? Buffer.of())).toBe(true);
  const gpu = await quickGpu();
  const model = await openRecurrent(gpu, whole);
  const tokenizer = await loadTokenizer(JSON.parse(await readFile(join(whole, "tokenizer.json"), "utf8")), {});
  const { ids } = await decodeGreedy(model, [tokenizer.encode("b"), tokenizer.encode("g")], { maxTokens: 3 });
  expect(ids.map((one) => tokenizer.decode(one))).toEqual(["b", "g"]);
  model.dispose();
});

test("pairs: a folder goes on with its own tokenizers, two of a model with two vocabularies, and generates", async () => {
  const own = { ...transformer, source_vocab_size: 264, tie_word_embeddings: false };
  const config = await at.file("transformer.json", JSON.stringify(own));
  const data = await lines("copies", 30, (one) => ({ source: one[0], target: one[0] }));
  const out = at.out("transformer");
  const settings = ["--objective", "pairs", "--data", data, "--steps", "60", "--lr", "1e-2"];
  const { code, stderr } = await runInTurn(["train", ...settings, "--config", config, "--out", out]);
  expect(code, stderr).toBe(0);
  expect(await readdir(out)).toContain("target_tokenizer.json");
  const { stdout } = await runInTurn(["generate", "-m", out, "-t", "0", "-n", "4", "--json", "g"]);
  expect(JSON.parse(stdout).text).toBe("g");
  const again = await runInTurn(["train", "--data", data, "--steps", "1", "--json", "--model", out, "--context", "1"]);
  expect([again.code, again.stderr]).toEqual([0, "warning: 30 texts are cut to 1 tokens, from --context\n"]);
  expect(linesOf(again.stdout)[0]?.["loss"]).toBeLessThan(0.5);
});

test.each(["", "--width 8"])("a bag of words classifies texts by their words: %s", async (flags) => {
  const data = await lines("films", 60, (one, other) => ({ text: `a ${one} film: ${other}`, label: one[0] }));
  const out = at.out(`bag${flags.length}`);
  const args = [
    "--objective",
    "bag",
    "--data",
    data,
    "--steps",
    "100",
    "--out",
    out,
    ...flags.split(" ").filter(Boolean),
  ];
  const { code, stderr } = await runInTurn(["train", ...args]);
  expect([code, /60 texts of \d+ words and 5 labels: b, d, f, g, p/.test(stderr)], stderr).toEqual([0, true]);
  for (const [word, label] of [
    ["great", "g"],
    ["poor", "p"],
  ] as const) {
    const { stdout } = await runInTurn(["classify", "--model", out, "--json", `unknown film: ${word} a`]);
    const { labels } = JSON.parse(stdout) as { labels: readonly { label: string; score: number }[] };
    expect(labels[0]?.label).toBe(label);
    expect(labels.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 6);
  }
  const none = await runInTurn(["classify", "--model", out, "nothing known"]);
  expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/the text has none of the \d+ words of /)]);
  const pair = await runInTurn(["classify", "--model", out, "a film", "--pair", "another"]);
  expect([pair.code, pair.stderr]).toEqual([
    1,
    expect.stringMatching(/--pair: is for encoders, and .* by words alone/),
  ]);
  // Its words and labels are those of the folder from then on.
  const again = await runInTurn([
    "train",
    "--data",
    await lines("zs", 9, () => ({ text: "a", label: "z" })),
    "--model",
    out,
  ]);
  expect(again.stderr).toMatch(/the lines have one label, z/);
  const other = await lines("others", 9, (one) => ({ text: one, label: one.length }));
  const wrong = await runInTurn(["train", "--data", other, "--model", out]);
  expect(wrong.stderr).toMatch(/others\.jsonl: line 1: label is 4, and the labels are b, d, f, g, p/);
});

test("a line that is no example is named by file, line and field", async () => {
  const config = await at.file("encoder.json", JSON.stringify(encoder));
  const ofPairs = await at.file("recurrent.json", JSON.stringify(recurrent));
  const labelled = { text: "a", label: "x" };
  const pair = { source: "a", target: "b" };
  const good = { pairs: pair, labels: labelled, bag: labelled, contrastive: { a: "a", b: "b" } };
  for (const [objective, line, message] of [
    ["labels", "{", /line 2: .*column 2/],
    ["labels", "[1]", /line 2: is \[1\], expected \{"text": "…", "label": "…"\}, \{"a"/],
    ["labels", '{"text": "a"}', /line 2: has no label, expected \{"text"/],
    ["labels", '{"label": "x"}', /line 2: has no text, expected/],
    ["labels", '{"text": " ", "label": "x"}', /line 2: text is " ", expected a text that is not blank/],
    ["labels", '{"text": "a", "label": {}}', /line 2: label is \{\}, expected a label: a text, a number/],
    ["labels", '{"text": "a b", "labels": ["x"]}', /line 2: labels has 1 labels, and text has 2 words/],
    ["labels", '{"text": "a", "labels": "x"}', /line 2: labels is "x", expected a list of labels/],
    ["labels", '{"text": "a", "labels": ["x"]}', /line 2: has labels, and .*line 1 label: expected one kind/],
    ["labels", '{"text": "b", "label": "x"}', /the lines have one label, x, expected two or more different ones/],
    ["labels", "", /the lines have one label/],
    ["pairs", '{"source": "b"}', /line 2: has no target, expected \{"source": "…", "target": "…"\}/],
    ["pairs", '{"source": "b", "target": ""}', /line 2: target is "", expected a text that is not blank/],
    ["bag", '{"text": "b"}', /line 2: has no label, expected \{"text": "…", "label": "…"\}/],
    ["bag", '{"text": "b", "label": "x"}', /the lines have one label, x, expected two or more different ones/],
    ["contrastive", '{"a": "a"}', /line 2: has no b, expected \{"a": "…", "b": "…"\}/],
    ["contrastive", '{"a": "a", "b": 3}', /line 2: b is 3, expected a text that is not blank/],
  ] as const) {
    const data = await at.file("bad.jsonl", `${JSON.stringify(good[objective])}\n${line}\n`);
    const args = [
      "--objective",
      objective,
      ...(objective === "bag" ? [] : ["--config", objective === "pairs" ? ofPairs : config]),
      "--data",
      data,
    ];
    const { code, stdout, stderr } = await runInTurn(["train", ...args]);
    expect([code, stdout], `${line}: ${stderr}`).toEqual([1, ""]);
    expect(stderr).toMatch(message);
  }
  const empty = await at.file("empty.jsonl", "\n");
  const { stderr } = await runInTurn(["train", "--objective", "labels", "--config", config, "--data", empty]);
  expect(stderr).toMatch(/empty\.jsonl: has no lines, expected \{"text"/);
});

test("an objective that does not fit the model is refused with those that do, and settings of others are", async () => {
  const decoder = at.config;
  const fresh = await at.file("encoder.json", JSON.stringify(encoder));
  const files: Readonly<Record<string, string>> = {
    ENCODER: fresh,
    BLANK: await at.file("blank.txt", " \n\n"),
    ALONE: await at.file("alone.txt", "one\ntwo\n"),
  };
  for (const [args, message] of [
    [
      ["--objective", "masked", "--config", decoder],
      /config\.json: holds a decoder \(llama\), which --objective masked does not fit, expected next-token/,
    ],
    [
      ["--objective", "labels", "--config", "ENCODER", "--order", "random"],
      /--order: is for --objective next-token or masked, and this one is labels/,
    ],
    [
      ["--objective", "skip-gram", "--steps", "9"],
      /--steps: is for other objectives, and this one is skip-gram, expected/,
    ],
    [
      ["--objective", "skip-gram", "--config", "ENCODER"],
      /holds an encoder \(bert\), which --objective skip-gram does not/,
    ],
    [
      ["--objective", "masked", "--config", "ENCODER", "--window", "2"],
      /--window: is for --objective skip-gram, and this/,
    ],
    [["--objective", "skip-gram", "--data", "BLANK"], /blank\.txt: has no words/],
    [["--objective", "skip-gram", "--data", "ALONE"], /--data: no line has two words of the model, expected words/],
    [["--objective", "bag", "--window", "2"], /--window: is for --objective skip-gram, and this one is bag/],
    [["--objective", "masked"], /expected --model, a model to go on with, or --config, a fresh one/],
    [["--objective", "contrastive", "--config", "ENCODER", "--batch", "1"], /--batch is 1, expected two or more pairs/],
  ] as const) {
    const { code, stdout, stderr } = await runInTurn([
      "train",
      ...(args.some((one) => one === "--data") ? [] : ["--data", at.data]),
      ...args.map((one) => files[one] ?? one),
    ]);
    expect([code, stdout], stderr).toEqual([1, ""]);
    expect(stderr).toMatch(message);
  }
});
