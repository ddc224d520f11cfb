import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { difference, nmseCaps } from "../../src/check/compare.ts";
import { bundledModel, goldenPrompts } from "../support/bundled.ts";
import { runInTurn } from "./run-cli.ts";

const golden = goldenPrompts[1] ?? goldenPrompts[0];
if (!golden) throw new Error("there is no golden prompt");
const ids = golden.promptTokens.join();

async function json<T>(command: string, ...args: string[]): Promise<T> {
  const run = await runInTurn([command, "--model", bundledModel, "--json", ...args]);
  expect(run.code, run.stderr).toBe(0);
  return JSON.parse(run.stdout) as T;
}

async function text(...args: string[]): Promise<string> {
  const run = await runInTurn(["inspect", "--model", bundledModel, ...args]);
  expect(run.code, run.stderr).toBe(0);
  return run.stdout;
}

test("logits of the last position are the golden ones", async () => {
  const result = await json<{ logits: number[][] }>("inspect", "--tokens", ids);
  expect(Object.keys(result)).toEqual(["weights", "logits"]);
  expect(result.logits).toHaveLength(1);
  expect(difference(result.logits[0] ?? [], golden.lastLogits).nmse).toBeLessThan(nmseCaps.logits);
});

test("--all gives every position, --tap inner tensors", async () => {
  const taps = ["--tap", "layer.0.attention.q", "--tap", "logits"];
  const result = await json<{ logits: number[][]; taps: Record<string, { shape: number[]; values: number[] }> }>(
    "inspect",
    "--prompt",
    golden.prompt,
    "--all",
    ...taps,
  );
  const count = golden.promptTokens.length;
  expect(result.logits).toHaveLength(count);
  expect(difference(result.logits.at(-1) ?? [], golden.lastLogits).nmse).toBeLessThan(nmseCaps.logits);
  expect(result.taps["layer.0.attention.q"]?.shape).toEqual([1, count, 8, 32]);
  expect(result.taps["layer.0.attention.q"]?.values).toHaveLength(count * 8 * 32);
  expect(result.taps["logits"]?.values).toEqual(result.logits.flat());
});

test("a tap that is not there: which there are", async () => {
  const run = await runInTurn(["inspect", "--model", bundledModel, "--tokens", ids, "--tap", "layer.0.soul"]);
  expect(run.code).toBe(1);
  expect(run.stdout).toBe("");
  expect(run.stderr).toMatch(/error: there is no tap "layer.0.soul"; there are embedding, layer.0…5.attention.q, /);
});

test("logits and taps as tables", async () => {
  const lines = (await text("--tokens", ids)).split("\n");
  const best = Math.max(...golden.lastLogits);
  expect(lines[0]).toMatch(/^position \d+, after "/);
  const [, shown] =
    new RegExp(`^ +${golden.greedyTokens[0]} +(\\d+\\.\\d{4}) +[\\d.]+ %  "`).exec(lines[2] ?? "") ?? [];
  expect(Math.abs(Number(shown) - best)).toBeLessThan(1e-4); // the last digit that is shown
  expect(await text("--tokens", "0,2,17", "--tap", "norm")).toMatch(/^norm {2}\[1, 3, 256\] .*\n\[0, 0\] +-?\d/);
});

interface Report {
  readonly calls: { op: string; variant: string; dispatches: Record<string, unknown>[] }[];
  readonly dispatches: number;
  readonly flops: number;
}

test("--probe says that all results are finite", async () => {
  expect(await text("--probe", "--tokens", ids)).toBe("all results are finite");
});

test("--program lists every dispatch of a prefill and of a decode step; --profile adds times", async () => {
  const { prefill, decode } = await json<Record<"prefill" | "decode", Report>>("inspect", "--profile", "--tokens", ids);
  const parameters = 5.0e6; // multiplied with each token, the head with the last one only
  expect(decode.flops).toBeGreaterThan(2 * parameters);
  expect(decode.flops).toBeLessThan(4 * parameters);
  expect(prefill.flops).toBeGreaterThan(decode.flops);
  expect(decode.calls.map(({ op }) => op).at(-1)).toMatch(/^sampling/);
  for (const { calls, dispatches } of [prefill, decode]) {
    const all = calls.flatMap((call) => call.dispatches);
    expect(all).toHaveLength(dispatches);
    for (const dispatch of all) {
      expect(Object.keys(dispatch)).toEqual(
        expect.arrayContaining(["kernel", "parts", "constants", "tensors", "workgroups", "flops", "compulsoryBytes"]),
      );
      expect(dispatch["nanoseconds"]).toEqual(expect.any(Number));
    }
  }
});

test("--program as a table fits 100 columns", async () => {
  const table = await text("--program");
  expect(table).toMatch(/^prefill of 16 tokens: \d+ calls, \d+ dispatches, \d+ pipelines, /);
  expect(table).toMatch(/\ndecode step after 16 tokens: /);
  expect(table).toMatch(/\n +\d+ attention \w+ +[\d×]+ +[\d.]+ [kM] +[\d.]+ kB\n/);
  expect(Math.max(...table.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(100);
});

test("--backward puts the calls of each call's gradient beneath it, and says what memory a step takes", async () => {
  const options = ["--program", "--backward", "--tokens", ids];
  interface Linked {
    readonly op: string;
    readonly of?: number;
    readonly again?: number;
  }
  interface Training {
    readonly training: {
      readonly calls: readonly Linked[];
      readonly memory: Readonly<Record<"planned" | "peak" | "saved", number>>;
    };
  }
  const { training } = await json<Training>("inspect", ...options);
  const { calls, memory } = training;
  const forward = calls.filter(({ op, of }, at) => of === undefined && op === "matmul" && at < calls.length / 2);
  for (const call of forward) {
    const gradients = calls.filter(({ of }) => of === calls.indexOf(call)).map(({ op }) => op);
    expect(gradients.filter((op) => op === "gemm")).toHaveLength(2);
  }
  expect(memory.planned).toBeGreaterThanOrEqual(memory.peak);
  expect(memory.peak).toBeGreaterThan(memory.saved);
  const less = (await json<Training>("inspect", ...options, "--recompute", "layers")).training;
  expect(less.memory.saved).toBeLessThan(memory.saved / 3);
  expect(less.calls.filter(({ again }) => again !== undefined).length).toBeGreaterThan(20);

  const table = await text(...options);
  expect(table).toMatch(/\n +0 embedding\/gather .*\n(?: {8}.*\n)+ +∂ \d+ gatherBackward/);
  expect(table).toMatch(/\nafter the gradients\n/);
  expect(table).toContain("memory of temporaries: planned");
  expect(Math.max(...table.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(100);
});

test("--backward alone, and with what it has not, is refused", async () => {
  for (const [options, message] of [
    [["--backward"], "--backward: expected --program"],
    [["--program", "--backward", "--profile"], "--profile: times a prefill and a decode step, not --backward"],
    [["--program", "--recompute", "layers"], "--recompute: expected --program --backward"],
  ] as const) {
    const run = await runInTurn(["inspect", "--model", bundledModel, ...options]);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(message);
  }
});

test("--program shows a cache of integers in pages", async () => {
  const options = ["--program", "--cache-dtype", "int8", "--cache-layout", "paged"];
  const { decode } = await json<Record<"prefill" | "decode", Report>>("inspect", ...options);
  const dispatches = decode.calls.flatMap((call) => call.dispatches);
  const parts = (kernel: string) => dispatches.find((dispatch) => dispatch["kernel"] === kernel)?.["parts"];
  expect(parts("kv-cache/append-quantised")).toContain("kv-cache/slot/paged");
  const attending = dispatches.filter(({ parts }) => (parts as string[]).includes("attention/address/paged"));
  expect(attending).toHaveLength(6);
  for (const { parts } of attending) expect(parts).toContain("attention/cache/int8");
});

/** Runs `perplexity` on the golden prompt, its voice being the prefix, in a file with `documents` copies of it. */
async function perplexity(documents: number, window: number, stride: number) {
  const folder = mkdtempSync(join(tmpdir(), "shaderformer-cli-"));
  const file = join(folder, "text.txt");
  const [, voice = "", rest = ""] = /^(<\|\w+\|>)(.*)$/s.exec(golden?.prompt ?? "") ?? [];
  writeFileSync(file, new Array<string>(documents).fill(rest).join("\n\n<|endoftext|>\n\n"));
  try {
    const split = ["--separator", "<|endoftext|>", "--prefix", voice];
    const windows = ["--window", String(window), "--stride", String(stride)];
    return await json<Record<string, number>>("perplexity", "--text", file, ...split, ...windows);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

test("perplexity is that of the golden log-likelihoods", async () => {
  const result = await perplexity(2, 64, 32);
  const scored = golden.nextTokenNll.slice(1); // the voice, after the beginning of text, is given
  expect(result["tokens"]).toBe(2 * scored.length);
  expect(result["documents"]).toBe(2);
  expect(result["natsPerToken"]).toBeCloseTo(mean(scored), 5);
  expect(result["perplexity"]).toBeCloseTo(Math.exp(mean(scored)), 3);
});

test("perplexity in windows: later ones see only their own tokens", async () => {
  const tokens = golden.promptTokens;
  expect(tokens).toHaveLength(10);
  const result = await perplexity(1, 6, 4);
  const last = tokens.slice(4);
  const { logits } = await json<{ logits: number[][] }>("inspect", "--tokens", last.join(), "--all");
  const nll = (row: number) => {
    const values = logits[row] ?? [];
    return Math.log(values.reduce((sum, logit) => sum + Math.exp(logit), 0)) - (values[last[row + 1] ?? 0] ?? 0);
  };
  const expected = [...golden.nextTokenNll.slice(1, 5), ...[1, 2, 3, 4].map(nll)];
  expect(result["tokens"]).toBe(8);
  expect(result["natsPerToken"]).toBeCloseTo(mean(expected), 5);
});
