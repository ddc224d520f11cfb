import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomSource } from "../../src/check/random.ts";
import { runInTurn } from "./run-cli.ts";
import { trainingFolder } from "./train/runs.ts";

let at: Awaited<ReturnType<typeof trainingFolder>>;
beforeAll(async () => {
  at = await trainingFolder();
});
afterAll(() => at.remove());

/** Sentences of relations: the first word of a pair, A, has forms of its own, and so has the second; T is the pair's. */
const relations = [
  [
    ["the army of A and T", "the mayor of B and T"],
    ["A has a border and T", "B has streets and T"],
    ["in the country A there is T", "in the town B there is T"],
  ],
  [
    ["one A has T", "many B have T"],
    ["this A is near T", "these B are near T"],
    ["a single A with T", "several B with T"],
  ],
] as const;
const pairsOfEach = 7;
const wordOf = (relation: number, pair: number, side: number) => `w${relation}${pair}${"ab"[side]}`;

/** Sentences of one side of a pair, a line each. */
function corpus(sentences: number): string {
  const source = randomSource(11);
  const draw = (below: number) => Math.floor(source.uniform() * below);
  const lines = Array.from({ length: sentences }, () => {
    const [relation, form, side, pair, topic] = [draw(2), draw(3), draw(2), draw(pairsOfEach), draw(2)];
    const sentence = relations[relation]?.[form]?.[side] ?? "";
    return sentence.replace(/[AB]/, wordOf(relation, pair, side)).replace("T", `topic${relation}${pair}${topic}`);
  });
  return lines.join("\n");
}

/** Reads word2vec's text format as gensim's `load_word2vec_format` does. */
function readAsGensim(text: string): Map<string, number[]> {
  const [header = "", ...lines] = text.split("\n");
  const [count, width] = header.trim().split(/\s+/).map(Number);
  const found = new Map<string, number[]>();
  for (const line of lines.slice(0, count)) {
    const [word = "", ...weights] = line.trimEnd().split(" ");
    expect(weights).toHaveLength(width ?? 0);
    found.set(word, weights.map(Number));
  }
  expect([found.size, lines.slice(count)]).toEqual([count, [""]]);
  return found;
}

const cosine = (a: readonly number[], b: readonly number[]) => {
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

test("word vectors by default settings complete planted analogies; words, text file and folder agree", async () => {
  const [data, out, file] = [await at.file("corpus.txt", corpus(1000)), at.out("vectors"), at.out("vectors.txt")];
  const trained = await runInTurn(["train", "--objective", "skip-gram", "--data", data, "--out", out]);
  expect(trained.code, trained.stderr).toBe(0);
  expect(trained.stderr).toMatch(/^\d+ words, .* of text, .* pairs in 5 epochs: \d+ steps of \d+\n/);
  const exported = await runInTurn(["nearest", "--model", out, "--export", file, "--json"]);
  expect(JSON.parse(exported.stdout)).toEqual({ file, words: expect.any(Number), width: 32 });
  const vectors = readAsGensim(await readFile(file, "utf8"));
  const unit = (word: string) => {
    const vector = vectors.get(word) ?? [];
    const norm = Math.hypot(...vector);
    return vector.map((x) => x / norm);
  };
  const best = (query: readonly number[], without: readonly string[]) => {
    const others = [...vectors].filter(([word]) => !without.includes(word));
    return others
      .map(([word, vector]) => ({ word, cosine: cosine(query, vector) }))
      .sort((x, y) => y.cosine - x.cosine);
  };
  let [asked, found] = [0, 0];
  for (let relation = 0; relation < 2; relation++) {
    for (let one = 0; one < pairsOfEach; one++) {
      for (let other = 0; other < pairsOfEach; other++) {
        if (one === other) continue;
        const [a, b, c] = [wordOf(relation, one, 0), wordOf(relation, one, 1), wordOf(relation, other, 0)];
        const query = unit(b).map((x, i) => x - (unit(a)[i] ?? 0) + (unit(c)[i] ?? 0));
        asked++;
        if (best(query, [a, b, c])[0]?.word === wordOf(relation, other, 1)) found++;
      }
    }
  }
  console.log(`planted analogies: ${found} of ${asked} at rank 1`);
  expect(found).toBeGreaterThanOrEqual(0.95 * asked);
  const three = [wordOf(0, 0, 0), wordOf(0, 0, 1), wordOf(0, 1, 0)] as const;
  const ofFolder = await runInTurn(["nearest", "--model", out, "--json", "--top", "3", "--analogy", ...three]);
  const ofFile = await runInTurn(["nearest", "--model", file, "--json", "--top", "3", "--analogy", ...three]);
  expect(JSON.parse(ofFolder.stdout).nearest).toHaveLength(3);
  expect(ofFile.stdout).toBe(ofFolder.stdout);
  const one = await runInTurn(["nearest", "--model", out, three[0], "--top", "2", "--json"]);
  const wanted = best(vectors.get(three[0]) ?? [], [three[0]]).slice(0, 2);
  const { nearest } = JSON.parse(one.stdout) as { nearest: { word: string; cosine: number }[] };
  expect(nearest.map(({ word }) => word)).toEqual(wanted.map(({ word }) => word));
  for (const [i, { cosine }] of nearest.entries()) expect(cosine).toBeCloseTo(wanted[i]?.cosine ?? 0, 6);
  const forPeople = await runInTurn(["nearest", "--model", out, three[0], "--top", "2"]);
  expect(forPeople.stdout).toBe(nearest.map(({ word, cosine }) => ` ${cosine.toFixed(3)}  ${word}\n`).join(""));
});

test("a word that is not there, and files of another format, are refused", async () => {
  const file = await at.file("small.txt", "3 2\ncat 1 0\ncar 0 1\nbird -1 0.5 \n");
  const folder = at.out("classes");
  await at.file("config.json", JSON.stringify({ model_type: "bert" }));
  for (const [args, message] of [
    [["cats"], /cats is not among the 3 words of .*small\.txt; similar ones are cat, car/],
    [["--analogy", "cat", "car", "zebra"], /zebra is not among the 3 words of/],
    [["--analogy", "cat", "car"], /--analogy: has 2 words, expected three/],
    [["cat", "--analogy", "cat", "car", "bird"], /there are cat and --analogy, expected one of them/],
    [[], /there is no word: expected one, --analogy A B C, or --export FILE/],
    [["cat", "--top", "0"], /Expected an integer of 1 or more/],
    [["--export", at.out("nowhere/file.txt")], /--export: .*nowhere\/file\.txt cannot be written/],
  ] as const) {
    const { code, stdout, stderr } = await runInTurn(["nearest", "--model", file, ...args]);
    expect([code, stdout], stderr).toEqual([1, ""]);
    expect(stderr).toMatch(message);
  }
  for (const [text, message] of [
    ["", /bad\.txt: line 1 is .*, expected the number of words and their width, such as 400 32/],
    ["cat 1 0\n", /bad\.txt: line 1 is cat 1 0, expected the number of words/],
    ["2 2\ncat 1 0\n", /bad\.txt: has 1 words, expected 2 \(from line 1\)/],
    ["2 2\ncat 1 0\ncar 1\n", /bad\.txt: line 3 has 1 numbers, expected 2 \(from line 1\)/],
    ["2 2\ncat 1 0\ncar 1 x\n", /bad\.txt: line 3 has x, expected a number/],
    ["1 1\ncat 1e99\n", /bad\.txt: line 2 has 1e99, expected a number/],
  ] as const) {
    const bad = await at.file("bad.txt", text);
    const { code, stderr } = await runInTurn(["nearest", "--model", bad, "cat"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  }
  expect((await runInTurn(["nearest", "--model", folder, "cat"])).stderr).toMatch(/classes/);
  const other = await runInTurn(["nearest", "--model", at.out("."), "cat"]);
  expect(other.stderr).toMatch(/config\.json model_type is "bert", expected skip-gram/);
});
