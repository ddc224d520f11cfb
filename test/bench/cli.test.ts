import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { GenerateResult } from "../../bench/generate/result.ts";
import {
  algorithmNames,
  type BenchResult,
  cacheFormats,
  layoutForms,
  maskForms,
  presets,
  scoreForms,
  sweeps,
} from "../../bench/index.ts";
import { readReport } from "../../bench/report/read-report.ts";
import { partNames } from "../../bench/report/result.ts";
import { summaryLines } from "../../bench/report/summary.ts";
import { cliInTurn, messages, quickly, runCli, runInTurn } from "../cli/run-cli.ts";
import { someEnvironment, somePeaks, someRow } from "./rows.ts";

const folder = mkdtempSync(join(tmpdir(), "shaderformer-bench-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Opening a device would print another error here. */
const withoutDrivers = cliInTurn({ VK_DRIVER_FILES: "/nonexistent", VK_ICD_FILENAMES: undefined });
afterAll(withoutDrivers.close);

/** Keys and kinds of values of everything in a result; a field that may be null counts as null or as its kind. */
function kinds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(kinds);
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, kinds(item)]));
}

/** The fields of a row on which other programs may rely; there are more. */
const promised = [
  ...["id", "variant", "mask", "layout", "heads", "batch", "dtype", "verdict", "reason", "errorRatio"],
  ...["medianMs", "p10Ms", "p90Ms", "repeats", "livePairs", "flops", "bytes", "tflops", "gbs", "shareOfPeak"],
  ...["shareOfFastest", "kvBytesPerToken", "workspaceBytes", "command"],
];

describe("bench generate", () => {
  test("a model of random weights: the table on stdout, llama-bench's JSON in the file", async () => {
    const file = join(folder, "generate.json");
    const given = ["--shape", "tiny", "-p", "16", "-n", "4", "-d", "0,8", "-r", "1", "--json", file];
    const run = await runInTurn(["bench", "generate", ...given]);
    expect(run.code).toBe(0);
    expect(run.stdout.match(/(pp|tg)\d+( @ d\d+)?/g)).toEqual(["pp16", "tg4", "pp16 @ d8", "tg4 @ d8"]);
    expect(run.stderr).toMatch(/^shaderformer: .* · 19 log-probabilities against float64, 8 decode steps/m);
    const rows = JSON.parse(readFileSync(file, "utf8"));
    expect(rows[3]).toMatchObject({ model_type: "tiny", n_prompt: 0, n_gen: 4, n_depth: 8, verdict: "pass" });
  });

  test.each<[readonly string[], string | RegExp]>([
    [[], "give one of --model and --shape"],
    [["--shape", "tiny", "--model", "x"], "give one of --model and --shape"],
    [["--shape", "GPT-5"], /^there is no shape "GPT-5"; there are tiny, SmolLM2-135M, /],
    [["--shape", "tiny", "-p", "0", "-n", "0"], /^there is nothing to measure/],
    [["--shape", "tiny", "-p", "many"], /argument 'many' is invalid/],
    [["--shape", "tiny", "--against", "ollama"], /Allowed choices are llama\.cpp, llama\.cpp-cpu/],
    [
      ["--shape", "tiny", "--dtype", "q4_k", "--against", "llama.cpp"],
      "--dtype q4_k: no GGUF file is written that has it for all matrices; use --weights q4_k_m or q4_k_s",
    ],
    [
      ["--shape", "tiny", "--dtype", "int4_32", "--against", "wllama"],
      /^--dtype int4_32: no GGUF file .*; there are --dtype f32, f16, bf16 and --weights q8_0, q6_k, q4_k_m, q4_k_s, q4_0$/,
    ],
    [
      ["--model", "some/model.gguf", "--weights", "q8_0", "--against", "llama.cpp"],
      /^--weights q8_0: with --against the engines read the file as it is; leave it out, or write another file with /,
    ],
    [["--shape", "tiny", "--json", "/nonexistent/folder/rows.json"], /^--json: .* cannot be written/],
  ])("%j is refused before a device is opened", async (args, message) => {
    const run = await withoutDrivers.run(["bench", "generate", ...args]);
    expect(run.code).toBe(1);
    expect(messages(run)[0]?.replace(/^error: /, "")).toMatch(message);
  });
});

describe("bench attention", () => {
  test("a tiny run: the table on stdout, one object in the file", async () => {
    const file = join(folder, "tiny.json");
    const given = ["q9s20_2q1s20", "--heads", "2/1x32", "--variants", "naive,rows", "--samples", "1", "--json", file];
    const run = await runCli(["bench", "attention", ...given]);
    expect(messages(run)).toEqual([]);
    expect(run.code).toBe(0);
    const { environment, peaks, rows } = JSON.parse(readFileSync(file, "utf8")) as BenchResult;
    const fields = Object.keys(environment).filter((name) => name !== "waitMs"); // which only the wall's clock has
    expect(fields).toEqual(Object.keys(someEnvironment));
    expect(Object.keys(peaks ?? {})).toEqual(Object.keys(somePeaks));
    expect(rows.map(({ variant, verdict }) => [variant, verdict])).toEqual([
      ["naive", "pass"],
      ["rows", "pass"],
    ]);
    for (const row of rows) {
      for (const field of promised) expect(row).toHaveProperty(field);
      expect(Object.keys(row).sort()).toEqual(Object.keys(someRow()).sort());
      // A correct row has all its fields.
      expect(kinds({ ...row, model: null })).toEqual(kinds({ ...someRow(), reason: row.reason }));
      expect(row.livePairs).toBe(2 * ((9 * (2 * 20 - 9 + 1)) / 2 + 2 * 20));
      expect(row.command).toBe(
        `node dist/cli.js bench attention q9s20_2q1s20 --variants ${row.variant} --masks causal --heads 2/1x32`,
      );
      expect(run.stdout).toMatch(new RegExp(`^  ${row.variant} +pass `, "m"));
    }
    const lines = run.stdout.trimEnd().split("\n");
    expect(lines[0]).toBe(environment.adapter);
    expect(run.stdout).toMatch(/^at most {2}f32 \d[^\n]*(\n {9})?[^\n]*dispatch \d/m);
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  test("--json - prints one object and nothing else", async () => {
    const given = [
      "q5",
      "--heads",
      "2/1x32",
      "--variants",
      "flash",
      "--layouts",
      "prefix:8",
      "--samples",
      "1",
      "--no-peaks",
      "--json",
      "-",
    ];
    const { code, stdout } = await runInTurn(["bench", "attention", ...given]);
    expect(code).toBe(0);
    const { rows } = JSON.parse(stdout) as BenchResult;
    expect(rows.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ["n/a", expect.stringMatching(/^a prefix of 8/)],
    ]);
  });

  test.each<[readonly string[], string | RegExp]>([
    [["2k"], /^batch "2k" is not of the form/],
    [["q1s0"], 'batch "q1s0" has 0 keys, expected 1 or more'],
    [["q0"], 'batch "q0" has 0 queries, expected 1 or more'],
    [["q8", "--variants", "flush"], /^there is no variant "flush"; there are naive, /],
    [["--masks", "sliding-window:0"], /^mask "sliding-window:0": keys is "0", expected a count of 1 or more/],
    [["--masks", "diagonal"], /^there is no mask "diagonal"; there are full, /],
    [["--heads", "32/7x64"], /32 query heads do not divide among 7/],
    [["--model", "BERT"], /^there is no model "BERT"; there are GPT-2, /],
    [["--scores", "softcap:-1"], /^score is "softcap:-1"/],
    [["--scores", "alibi,cosine"], /^there is no score "cosine"; there are none, softcap:cap, /],
    [["--scores", "none+alibi"], /none cannot be joined with others/],
    [["--masks", "causal+diagonal"], /^there is no mask "diagonal"/],
    [["--masks", "causal+./nowhere.mjs"], /^\.\/nowhere\.mjs cannot be loaded: /],
    [["--scores", "./scripts/docs.mjs"], /^\.\/scripts\/docs\.mjs: the default export is missing or empty, expected {/],
    [["--layouts", "paged:24"], /pages of 24, expected a power of two/],
    [["--layouts", "ring:4:4"], /4 sinks leave none of 4 slots/],
    [["--layouts", "striped"], /^there is no layout "striped"; there are contiguous, /],
    [["--layouts", ""], /^there is no layout ""/],
    [["q8", "--variants", "ring:0"], /^there is no variant "ring:0"/],
    [["--heads", "8x64x64"], /^heads are "8x64x64", expected for example 8x64/],
    [["--model", "Llama"], /"Llama" could be several models/],
    [["--sweep", "packing", "--heads", "8x64"], /^this sweep defines its heads/],
    [["--sweep", "tokens", "--dtype", "f16"], /^this sweep defines its dtype/],
    [["--sweep", "tokens", "--masks", "full,causal"], /^--masks is "full,causal", a sweep takes one/],
    [["--scores", "relative-bias:128k"], /distances is 131072, expected at most 65536/],
    [["q8", "--json", "/nonexistent/folder/rows.json"], /^--json: \/nonexistent\/folder\/rows.json cannot be written/],
    [["q8", "--json", "."], /^--json: \. is a folder/],
    [["--score", "none"], /unknown option '--score'/],
    [["--dtype", "f8"], /^there is no dtype "f8"/],
    [["--sweep", "all"], /^there is no sweep "all"; there are tokens, /],
    [["--sweep", "tokens", "q8"], /^a sweep defines its batches/],
    [["--tokens", "16k"], /^--tokens goes with --sweep tokens/],
    [["--clock", "sun"], 'there is no clock "sun"; there are gpu, wall'],
    [["--csv", "--markdown"], /^stdout takes one of /],
    [["--samples", "0"], /--samples <n>' argument '0' is invalid/],
    [["q8", "--json"], /argument missing/],
  ])("%j is refused before a device is opened", async (args, message) => {
    const run = await withoutDrivers.run(["bench", "attention", ...args]);
    expect(run.stdout).toBe("");
    expect(run.code).toBe(1);
    expect(messages(run)).toHaveLength(1);
    expect(messages(run)[0]?.replace(/^error: /, "")).toMatch(message);
  });

  test("--help names every option, and all values of the lists", async () => {
    const { code, stdout } = await runInTurn(["bench", "attention", "--help"]);
    expect(code).toBe(0);
    const named = ["variants", "masks", "scores", "layouts", "dtype", "heads", "model", "sweep", "tokens", "rotate"];
    for (const option of [
      ...named,
      "samples",
      "clock",
      "no-peaks",
      "adapter",
      "features",
      "cap",
      "all",
      "csv",
      "markdown",
      "json",
    ]) {
      expect(stdout).toMatch(new RegExp(`^ {2}--${option}\\b`, "m"));
    }
    const words = new Set(stdout.split(/[\s,]+/));
    for (const item of [...maskForms, ...scoreForms, ...layoutForms, ...cacheFormats, ...algorithmNames]) {
      expect(words, item).toContain(item);
    }
    for (const item of [...Object.keys(presets), ...Object.keys(sweeps)]) expect(words, item).toContain(item);
    for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  test.each([
    ["q1s64k", [], "8x64"],
    ["q512", ["--scores", "softcap:2+bias"], "8x64"],
    ["q1k", ["--masks", "causal+boolean:50", "--heads", "1x32"], "1x32"],
    ["2q1s8k_q1s16k", ["--layouts", "ragged", "--heads", "1x32"], "1x32"],
  ])("lengths beyond this adapter's limits: %s %j", async (batch, options, heads) => {
    const run = await runInTurn(["bench", "attention", batch, ...options, "--cap", "binding=1048576"]);
    expect([run.code, run.stdout]).toEqual([1, ""]);
    expect(messages(run)[0]).toMatch(
      new RegExp(`batch "${batch}" with heads ${heads}: a tensor of \\d+ bytes, a binding holds 1048576 on`),
    );
  });
});

describe("bench report", () => {
  test("everything, shortened: three lines on stdout, a valid report in the file", async () => {
    const file = join(folder, "report.json");
    const run = await runInTurn(["bench", "report", "--out", file, "--samples", "1", "--budget", "20", "--no-peaks"]);
    expect(messages(run)).toEqual([]);
    expect(run.code).toBe(0);
    const report = readReport(readFileSync(file, "utf8"), file);
    expect(run.stdout).toBe(`${summaryLines(report).join("\n")}\n`);
    expect(run.stdout.split("\n")).toHaveLength(4);
    expect(Object.keys(report.versions)).toEqual(["shaderformer", "node", "webgpu"]);
    expect(Object.keys(report.seconds)).toEqual([...partNames]);
    expect(report.environment.software).toBe(true);
    // The machine decides what the time suffices for; the rest is left out with its count.
    const { checks, rows, generation, tuning } = report;
    const counted = { checks, attention: rows, products: rows, norms: rows, block: rows, generation, tuning };
    for (const name of partNames) {
      const left = report.leftOut.filter(({ part }) => part === name).reduce((sum, { count }) => sum + count, 0);
      expect(counted[name].length + left, name).toBeGreaterThan(0);
    }
    expect(checks.filter(({ verdict }) => verdict === "fail")).toEqual([]);
    const again = await runInTurn(["bench", "report", "--out", file, "--budget", "1"]);
    expect([again.code, again.stdout]).toEqual([1, ""]);
    expect(readReport(readFileSync(file, "utf8"), file)).toEqual(report); // nothing was overwritten
  });

  test.each<[readonly string[], string | RegExp]>([
    [[], /required option '--out <file>' not specified/],
    [["--out", "package.json"], /^--out: package\.json exists; a report overwrites nothing, give a new name$/],
    [["--out", "bench"], /^--out: bench is a folder/],
    [["--out", ""], /^--out: the name of the file is empty/],
    [["--out", "/nonexistent/folder/report.json"], /^--out: .* cannot be written: its folder does not exist/],
    [["--out", "report.json", "--budget", "0"], /Expected an integer of 1 or more/],
    [["--out", "report.json", "--clock", "sun"], /^there is no clock "sun"/],
    [["--out", "report.json", "--csv"], /unknown option '--csv'/],
  ])("%j is refused before a device is opened", async (args, message) => {
    const run = await withoutDrivers.run(["bench", "report", ...args]);
    expect([run.code, run.stdout]).toEqual([1, ""]);
    expect(messages(run)[0]?.replace(/^error: /, "")).toMatch(message);
    expect(existsSync("report.json")).toBe(false);
  });
});

test("an unknown bench: lists the names", async () => {
  const run = await runInTurn(["bench", "flash"]);
  expect(run.code).toBe(1);
  expect(messages(run)[0]).toMatch(/unknown command 'flash'/);
});

describe("compare-generate", () => {
  // What it starts has the choices of `quickGpu`, too.
  const env = { ...process.env, NODE_OPTIONS: quickly.join(" ") };
  const script = (file: string, ...given: string[]) =>
    spawnSync(process.execPath, [file, ...given], { encoding: "utf8", env });
  let refused: ReturnType<typeof script> | undefined;
  /** The script's run that leaves its program bundled, refused for its arguments. */
  const bundling = () => {
    refused ??= script("scripts/compare-generate.mjs", "--tokens", "1");
    return refused;
  };
  const program = ".cache/peers/compare-generate.mjs";

  test("in Node alone: the table on stdout, one object in the file", () => {
    bundling();
    const file = join(folder, "generate.json");
    const { status, stdout, stderr } = script(
      program,
      ...["--subjects", "node", "--visits", "0", "--rounds", "1", "--tokens", "2,3", "--json", file],
    );
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/\| Shaderformer, in Node \S+ +\| pass +\|/);
    const { subjects, ratios, environment } = JSON.parse(readFileSync(file, "utf8")) as GenerateResult;
    expect(subjects.map(({ id, verdict, rates }) => [id, verdict, rates.map(({ tokens }) => tokens)])).toEqual([
      ["node", "pass", [2, 3]],
    ]);
    expect(subjects[0]?.rates[0]?.tokensPerSecond?.samples).toBe(1);
    expect(ratios.map(({ ratio }) => ratio)).toEqual([null, null, null, null]);
    expect(environment).toMatchObject({ model: "voices-dense", browser: null });
  });

  test("what cannot be measured is refused before anything is built", async () => {
    const { status: code, ...printed } = bundling();
    const bundled = (...given: string[]) => withoutDrivers.run(given, program);
    const refusals = [
      [{ ...printed, code }, /Expected lengths from 2 to 400 tokens/],
      [await bundled("--subjects", "deno"), /there is no subject "deno"; there are node, main, worker/],
      [
        await bundled("--json", "no/such/folder/x.json", "--subjects", "node"),
        /--json: no\/such\/folder\/x\.json cannot be written/,
      ],
    ] as const;
    for (const [{ code, stdout, stderr }, why] of refusals) {
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(why);
      expect(stderr).not.toMatch(/^building/m);
    }
  });
});
