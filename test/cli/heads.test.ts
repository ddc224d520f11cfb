import { expect, test } from "vitest";
import { headsGolden, labelNames } from "../encoders/encode/golden-heads.ts";
import { headFolderOnDisk } from "../encoders/encode/head-folders.ts";
import { runInTurn } from "./run-cli.ts";

const golden = headsGolden("bert");
const sequence = { architectures: ["BertForSequenceClassification"] };

async function json(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runInTurn([...args, "--json"]);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

test("fill-mask", async () => {
  const folder = headFolderOnDisk("bert", { fields: { architectures: ["BertForMaskedLM"] } });
  const { text, masks: expected } = golden.masked;
  const { masks, ...others } = await json("fill-mask", text, "--model", folder, "--top", "2");
  expect(others).toEqual({});
  expect(masks).toEqual(
    expected.map((row) =>
      row.slice(0, 2).map(({ id, probability }) => ({
        token: expect.any(String),
        id,
        probability: expect.closeTo(probability, 4),
      })),
    ),
  );
  const { stdout } = await runInTurn(["fill-mask", text, "--model", folder]);
  expect(stdout).toMatch(/^mask 1 of 2\nprobability {2}id {2}token\n( +[\d.]+ % +\d+ {2}".*"\n){5}\nmask 2 of 2\n/);
});

test("classify: a text, a pair, tokens", async () => {
  const folder = headFolderOnDisk("bert", { fields: sequence });
  const [alone, pair] = golden.classes;
  for (const { texts, softmax } of golden.classes) {
    const [text, other] = texts;
    const found = await json("classify", text, ...(other === undefined ? [] : ["--pair", other]), "--model", folder);
    const expected = labelNames
      .map((label, i) => ({ label, score: softmax[i] ?? 0 }))
      .sort((a, b) => b.score - a.score);
    expect(found).toEqual({ labels: expected.map(({ label, score }) => ({ label, score: expect.closeTo(score, 4) })) });
  }
  expect(alone?.softmax).not.toEqual(pair?.softmax);
  const people = await runInTurn(["classify", alone?.texts[0] ?? "", "--model", folder]);
  expect(people.stdout).toMatch(/^label +score\n((rain|sun|snow|wind|fog) +\d\.\d{4}\n){5}$/);

  const ofTokens = headFolderOnDisk("bert", { fields: { architectures: ["BertForTokenClassification"] } });
  const { text, tokens } = golden.tokens;
  expect(await json("classify", text, "--model", ofTokens)).toEqual({
    tokens: tokens.map(({ start, end, label, score }) => ({
      text: text.slice(start, end),
      label: labelNames[label],
      score: expect.closeTo(score, 4),
      start,
      end,
    })),
  });
  const table = await runInTurn(["classify", "hi", "--model", ofTokens]);
  expect(table.stdout).toMatch(/^token {2}label +score {2}characters\n"h" +\w+ +\d\.\d{4} {2}0 to 1\n"i" /);
});

test("classify with labels of one's own", async () => {
  const id2label = { "0": "contradiction", "1": "neutral", "2": "entailment", "3": "x", "4": "y" };
  const folder = headFolderOnDisk("bert", { fields: { ...sequence, id2label } });
  const { text, labels: classes, template, independent } = golden.zeroShot;
  const own = ["--labels", classes.join(", "), "--template", template, "--multi-label"];
  const { labels } = await json("classify", text, ...own, "--model", folder);
  const expected = classes.map((label, i) => ({ label, score: independent[i] ?? 0 })).sort((a, b) => b.score - a.score);
  expect(labels).toEqual(expected.map(({ label, score }) => ({ label, score: expect.closeTo(score, 4) })));
});

test("answer", async () => {
  const folder = headFolderOnDisk("bert", { fields: { architectures: ["BertForQuestionAnswering"] } });
  const { question, found } = golden.answers;
  for (const { context, maxTokens, nullAnswer, answer } of found) {
    const flags = ["--max-tokens", String(maxTokens), ...(nullAnswer ? ["--null-answer"] : [])];
    const { score, ...others } = await json("answer", question, "--context", context, ...flags, "--model", folder);
    const { score: expected, ...range } = answer;
    expect(others).toEqual(range);
    expect(score).toBeCloseTo(expected, 4);
  }
  const [first] = found;
  const people = await runInTurn(["answer", question, "--context", first?.context ?? "", "--model", folder]);
  expect(people.stdout).toMatch(/^.+\nscore \d\.\d{4}, characters \d+ to \d+ of the context\n$/);
  const neither = await runInTurn(["answer", question, "--model", folder]);
  expect([neither.code, neither.stderr]).toEqual([1, expect.stringContaining("neither --context nor --context-file")]);
});

test("a command that the folder's head does not fit says which would", async () => {
  const folder = headFolderOnDisk("bert", {
    fields: { architectures: ["BertForMaskedLM"] },
    without: /^(qa_|cls.seq)/,
  });
  const { code, stderr } = await runInTurn(["answer", "a?", "--context", "b", "--model", folder]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /error: .* has no head for answer, .*; its heads are masked-language \(fillMask, sparse; the command fill-mask\)/,
  );
});
