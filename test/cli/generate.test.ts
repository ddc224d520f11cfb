import { once } from "node:events";
import { expect, test } from "vitest";
import { bundledMixture, bundledModel, bundledNano, goldenPrompts } from "../support/bundled.ts";
import { quickly, runCli, runInTurn, startCli } from "./run-cli.ts";

const golden = goldenPrompts[1] ?? goldenPrompts[0];
if (!golden) throw new Error("there is no golden prompt");

/** Runs `generate --json` and returns its one object. */
async function generateJson(...args: string[]): Promise<Record<string, unknown>> {
  const run = await runInTurn(["generate", "--model", bundledModel, "--json", ...args]);
  expect(run.code).toBe(0);
  expect(run.stdout.trim().split("\n")).toHaveLength(1);
  expect(run.stderr).toBe("");
  return JSON.parse(run.stdout) as Record<string, unknown>;
}

let greedily: ReturnType<typeof generateJson> | undefined;

/** The beginning of the golden text, written once. */
const begunGolden = () => (greedily ??= generateJson("--temperature", "0", "--max-tokens", "12", golden.prompt));

const duration = expect.toSatisfy((value: unknown) => typeof value === "number" && value > 0, "a duration");
const bytes = expect.toSatisfy((value: unknown) => Number.isInteger(value) && Number(value) > 0, "a size");

test("--json gives exactly one object, with the golden continuation", async () => {
  const { seed, ...result } = await begunGolden();
  const tokens = golden.greedyTokens.slice(0, 12);
  expect(seed).toBeTypeOf("number");
  expect(result).toEqual({
    model: bundledModel,
    adapter: expect.stringMatching(/./),
    weights: { quantisation: "f16", bytes, fileBytes: 10_099_200 },
    promptTokens: golden.promptTokens,
    tokens,
    text: expect.stringMatching(/./),
    stopReason: "length",
    timings: {
      load: duration,
      compile: duration,
      prefill: duration,
      decode: duration,
      tokensPerSecond: duration,
      encodePerToken: duration,
    },
    memory: { weights: bytes, cache: bytes, temporaries: bytes },
    dispatchesPerToken: bytes,
  });
  expect(golden.greedyText.startsWith(String(result["text"]))).toBe(true);
});

test("text streams to stdout, figures go to stderr", async () => {
  const args = ["generate", "--model", bundledModel, "-t", "0", "-n", "12", golden.prompt];
  const run = await runCli(args, { NODE_OPTIONS: quickly.join(" ") });
  const [line, ...others] = run.stderr.trimEnd().split("\n");
  expect(run.code).toBe(0);
  expect(golden.greedyText.startsWith(run.stdout.slice(0, -1))).toBe(true);
  expect(run.stdout.endsWith("\n")).toBe(true);
  expect(others).toEqual([]);
  const count = golden.promptTokens.length;
  expect(line).toContain(" · f16: 10.1 MB of weights on the GPU, 10.1 MB in files · prefill ");
  expect(line).toMatch(/ · prefill (\d+) tokens, [\d.]+\/s · decode 12 tokens, [\d.]+\/s · ended: length · seed \d+$/);
  expect(line).toContain(`prefill ${count} tokens`);
});

test("sampling options reach the engine: the same seed, the same text, and logprobs", async () => {
  const args = ["-t", "0.9", "--top-k", "50", "--top-p", "0.95", "--min-p", "0.01", "--seed", "7", "-n", "8"];
  const penalties = ["--repetition-penalty", "1.1", "--presence-penalty", "-0.1", "--frequency-penalty", "0.1"];
  const [first, second] = [
    await generateJson(...args, ...penalties, "--logprobs", "3"),
    await generateJson(...args, ...penalties),
  ];
  expect(first["seed"]).toBe(7);
  expect(second["tokens"]).toEqual(first["tokens"]);
  expect(second["logprobs"]).toBeUndefined();
  const tokens = first["tokens"] as number[];
  const logprobs = first["logprobs"] as { token: number; logprob: number; top: { logprob: number }[] }[];
  expect(logprobs.map(({ token }) => token)).toEqual(tokens);
  for (const { logprob, top } of logprobs) {
    expect(logprob).toBeLessThan(0);
    expect(top.map((each) => each.logprob)).toEqual(top.map((each) => each.logprob).sort((a, b) => b - a));
    expect(top).toHaveLength(3);
  }
});

test("proposed tokens give the same text, and how many were kept is said", async () => {
  const prompt = "<|whale|>the ship, the ship, the ship, the";
  const args = ["--model", bundledNano, "-t", "0", "-n", "12", prompt];
  const [plain, lookup, draft] = await Promise.all([
    generateJson(...args),
    runInTurn(["generate", "--lookup", "3", ...args]),
    generateJson("--draft-model", bundledModel, "--draft-max", "2", ...args),
  ]);
  expect(lookup.stdout).toBe(`${plain["text"]}\n`);
  expect(lookup.stderr).toMatch(
    / · decode 12 tokens, [\d.]+\/s · accepted \d+ of [1-9]\d* proposed \(\d+ %\) in \d+ steps · /,
  );
  expect(draft["text"]).toBe(plain["text"]);
  expect(draft["speculative"]).toEqual({ steps: bytes, drafted: bytes, accepted: bytes });
});

test("flags of proposed tokens that contradict one another are refused", async () => {
  const run = (...more: string[]) => runInTurn(["generate", "--model", bundledModel, ...more]);
  const both = await run("--lookup", "2", "--draft-model", bundledMixture);
  expect([both.code, both.stderr]).toEqual([1, expect.stringContaining("both propose tokens: expected one of them")]);
  const alone = await run("--draft-max", "2");
  expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining("--draft-max requires --draft-model")]);
});

test("--stop may be given several times", async () => {
  const result = await generateJson("-t", "0", "--stop", "zzz", "--stop", " ", "--seed", "1", golden.prompt);
  expect(result["stopReason"]).toBe("stop");
  expect(result["text"]).not.toContain(" ");
});

test("without a prompt the bundled model says something", async () => {
  const { promptTokens, tokens } = await generateJson("-n", "1");
  expect((promptTokens as number[]).length).toBeGreaterThan(2);
  expect(tokens).toHaveLength(1);
});

test("a small device without features gives the same tokens", async () => {
  const small = ["--features", "none", "--cap", "binding=262144,storageBuffers=8,workgroupBytes=16384"];
  const { tokens } = await generateJson(...small, "-t", "0", "-n", "4", golden.prompt);
  expect(tokens).toEqual(golden.greedyTokens.slice(0, 4));
});

test("a cache in pages gives the same tokens in less memory, and one of f16 takes half of that", async () => {
  const paged = (n: string, ...more: string[]) =>
    generateJson("--cache-layout", "paged", ...more, "-t", "0", "-n", n, golden.prompt);
  const results = await Promise.all([begunGolden(), paged("12"), paged("1", "--cache-dtype", "f16")]);
  expect(results[1]?.["tokens"]).toEqual(results[0]?.["tokens"]);
  const [whole = 0, pages, half] = results.map(({ memory }) => (memory as { cache: number }).cache);
  const table = 64; // bytes
  expect(pages).toBe(whole / 4 + table); // 128 tokens of 512
  expect(half).toBe(whole / 8 + table);
});

/** A long generation that has begun to write. */
async function begun() {
  const child = startCli(["generate", "--model", bundledModel, "-n", "500", "--seed", "1"], {}, quickly);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  await once(child.stdout, "data");
  return { child, end: async () => ({ code: (await once(child, "close"))[0] as unknown, stderr }) };
}

test("Ctrl-C ends the generation, with its figures", async () => {
  const { child, end } = await begun();
  child.stdout.resume();
  child.kill("SIGINT");
  const { code, stderr } = await end();
  expect(code).toBe(130);
  expect(stderr).toMatch(/ · ended: abort · seed 1\n$/);
});

test("a reader that goes away ends the generation in silence", async () => {
  const { child, end } = await begun();
  child.stdout.destroy();
  const { code, stderr } = await end();
  expect(code).toBe(0);
  expect(stderr).not.toMatch(/error|ended/);
});
