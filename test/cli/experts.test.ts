import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundledMixture, bundledModel, mixturePrompts } from "../support/bundled.ts";
import { runInTurn } from "./run-cli.ts";

interface Use {
  readonly name: string;
  readonly tokens: readonly number[];
  readonly layers: readonly { experts: number[][]; counts: number[]; rows: number | null }[];
}

const run = (...args: string[]) => runInTurn(["experts", "--model", bundledMixture, ...args]);

test("--json gives the golden experts of each token, and what the GPU counted", async () => {
  const prompts = mixturePrompts.slice(0, 2);
  const result = await run("--json", ...prompts.flatMap(({ prompt }) => ["--prompt", prompt]));
  expect(result.code, result.stderr).toBe(0);
  const { experts, chosen, texts } = JSON.parse(result.stdout) as { experts: number; chosen: number; texts: Use[] };
  expect([experts, chosen, texts.map(({ name }) => name)]).toEqual([8, 2, ["prompt 1", "prompt 2"]]);
  for (const [i, { promptTokens, experts: golden }] of prompts.entries()) {
    const { tokens, layers } = texts[i] as Use;
    expect(tokens).toEqual(promptTokens);
    expect(layers.map((layer) => layer.experts)).toEqual(golden);
    for (const { experts: own, counts, rows } of layers) {
      const counted = counts.map((_, e) => own.flat().filter((expert) => expert === e).length);
      expect(counts).toEqual(counted);
      // Blocks are of 8 rows in subgroups, of 32 without.
      const blocks = (size: number) => counted.reduce((sum, count) => sum + size * Math.ceil(count / size), 0);
      if (tokens.length > 8) expect([blocks(8), blocks(32)]).toContain(rows);
      else expect(rows).toBeNull();
    }
  }
});

test("for people: tokens with their experts, shares, and how far texts are apart", async () => {
  const folder = mkdtempSync(join(tmpdir(), "shaderformer-"));
  try {
    for (const [name, text] of [
      ["scripture", "And it came to pass, that the LORD spake unto the children of Israel, and said unto them,"],
      ["jargon", "hacker: n. [originally, someone who makes furniture with an axe] 1. A person who enjoys programs."],
    ] as const) {
      writeFileSync(join(folder, `${name}.val.txt`), text);
    }
    const files = ["scripture", "jargon"].flatMap((name) => ["--text", join(folder, `${name}.val.txt`)]);
    const { code, stdout, stderr } = await run(...files, "--prefix", "<|*|>");
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(
      /^scripture: the experts of the first 16 of \d+ tokens\ntoken +layer 0 +layer 1 +layer 2 +layer 3\n/,
    );
    expect(stdout).toMatch(/"<\|scripture\|>" +\d \d +\d \d/);
    expect(stdout).toMatch(/layer +text +0 +1 +2 +3 +4 +5 +6 +7 +imbalance +efficiency/);
    expect(stdout).toMatch(/layer 3: \d+ % scripture and jargon/);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("refuses what has no experts and no text", async () => {
  const dense = await runInTurn(["experts", "--model", bundledModel, "--prompt", "x"]);
  expect([dense.code, dense.stderr]).toEqual([1, expect.stringMatching(/LlamaForCausalLM has no experts/)]);
  const nothing = await run();
  expect([nothing.code, nothing.stderr]).toEqual([1, expect.stringMatching(/give --prompt or --text/)]);
});
