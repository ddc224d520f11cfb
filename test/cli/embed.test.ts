import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cosineTable } from "../../src/cli/encoders/embed.ts";
import { encoderFolder, farthest } from "../encoders/encode/golden-encoders.ts";
import { runInTurn } from "./run-cli.ts";

const folder = encoderFolder("mpnet");
const golden = JSON.parse(readFileSync(`${folder}/sentence.json`, "utf8")) as {
  readonly text: string;
  readonly promptName: string | null;
  readonly tokens: number;
  readonly vector: readonly number[];
}[];
const of = (promptName: string | null) => golden.filter((one) => one.promptName === promptName);

let temporary: string;
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), "shaderformer-embed-"));
});
afterAll(() => rm(temporary, { recursive: true }));

describe("embed --json: vectors and numbers of tokens", () => {
  test.each([
    ["the texts of arguments, with the default prompt", null, []],
    ["the lines of a file, with a prompt", "query", ["--prompt-name", "query"]],
  ] as const)("%s", async (_, promptName, flags) => {
    const own = of(promptName);
    const file = join(temporary, "texts");
    await writeFile(file, `${own.map(({ text }) => text).join("\r\n")}\n\n`);
    const given = promptName === null ? own.map(({ text }) => text) : ["--file", file];
    const { code, stdout, stderr } = await runInTurn(["embed", ...given, ...flags, "--model", folder, "--json"]);
    expect(code, stderr).toBe(0);
    const { embeddings, tokens, ...others } = JSON.parse(stdout) as { embeddings: number[][]; tokens: number[] };
    expect(others).toEqual({});
    expect(tokens).toEqual(own.map(({ tokens }) => tokens));
    expect(
      farthest(
        embeddings,
        own.map(({ vector }) => vector),
      ),
    ).toBeLessThan(2e-5);
  });
});

test("embed for people, and without texts", async () => {
  const { stdout, stderr } = await runInTurn(["embed", "a cat", "the mat", "--model", folder]);
  expect(stdout).toMatch(/^ {7}1 {6}2\n1 {2}1\.000 +-?\d\.\d{3} {2}a cat\n2 +-?\d\.\d{3} {2}1\.000 {2}the mat\n$/);
  expect(stderr).toContain("2 texts of");
  expect(stderr).toContain("max + mean, 20 elements");
  for (const [given, says] of [
    [[], "there is no text: expected texts, or --file with a text a line"],
    [["a", "--file", "b"], "there are texts and --file, expected one of them"],
    [["--file", join(temporary, "none")], "none: there is no such file"],
    [["a", "--prompt-name", "title"], 'promptName is "title", but the prompts are query, passage'],
  ] as const) {
    const wrong = await runInTurn(["embed", ...given, "--model", folder]);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain(says);
  }
});

test("many texts: the nearest of each, within the columns", () => {
  const texts = Array.from({ length: 9 }, (_, i) => `text ${i} `.repeat(4));
  const vectors = texts.map((_, i) => Float32Array.of(Math.cos(i / 10), Math.sin(i / 10)));
  const lines = cosineTable(texts, vectors, 60).trimEnd().split("\n");
  expect(lines).toHaveLength(9 * 4);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(60);
  expect(lines[0]).toBe("text 0 text 0 text 0 text 0");
  expect(lines[1]).toBe("  0.995  text 1 text 1 text 1 text 1");
  expect(cosineTable(texts.slice(0, 2), [Float32Array.of(1, 0), Float32Array.of(0, 0)], 60)).toContain("0.000");
});
