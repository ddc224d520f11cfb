import { describe, expect, test } from "vitest";
import { noChromium, openPage } from "../../../bench/harness/chromium.ts";
import { serveSite } from "../../../bench/harness/web-server.ts";
import { lavapipeForChromium, openChromiumOn, parseAdapter } from "../../../bench/peers/chromium.ts";
import { operatorModel } from "../../../bench/peers/engines/onnxruntime/onnx-model.ts";
import { shaderformer } from "../../../bench/peers/engines/shaderformer.ts";
import { generateWork, textModel, textPrompt } from "../../../bench/peers/generate.ts";
import { benchPeers, ownFailures } from "../../../bench/peers/index.ts";
import {
  type ArrayProblem,
  attentionInputs,
  type GenerateProblem,
  parseProblem,
  standardCases,
  swapped,
} from "../../../bench/peers/problems.ts";
import { formatPeers, formatPeersMarkdown } from "../../../bench/peers/report.ts";
import { compared, type PeerResult, type PeerRow, verdicts } from "../../../bench/peers/result.ts";
import { rowOf } from "../../../bench/peers/rows.ts";
import { defaultSetup, readSetup, setupHash } from "../../../bench/peers/setup/setup.ts";
import { truthOfText } from "../../../bench/peers/truth/generate-truth.ts";
import { judge, truthOf } from "../../../bench/peers/truth/truth.ts";
import { openWeights } from "../../../src/formats/weights.ts";
import { loadModel, openFolder } from "../../../src/index.ts";
import { bundledModel } from "../../support/bundled.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { someEnvironment } from "../rows.ts";

const problem = parseProblem("q6:4/2x8") as ArrayProblem;
const engine = (name: string) => ({ name, version: "1.0.0" });
const timed = (name: string, medianMs: number) =>
  rowOf(problem, engine(name), {
    variant: "way",
    verdict: "pass",
    reason: null,
    medianMs,
    p10Ms: medianMs,
    p90Ms: medianMs,
  });
const wrong = (name: string) =>
  rowOf(problem, engine(name), { variant: "way", verdict: "fail", reason: "wrong: by much" });
const peers = new Set(["a", "b", "c"]);
const ratios = (rows: readonly PeerRow[]) => rows.map(({ ratioToFastestPeer }) => ratioToFastestPeer);

describe("cases", () => {
  test.each([
    ...standardCases,
    "q7:1x3",
    "q1:4/2x8",
    "matmul:1x1x1",
    "encoder:3x7",
    "encoder:2xmixed",
    "t5:q1s2",
    "t5:8q9s64",
  ])("%s is written as it is read", (text) => {
    expect(parseProblem(text).text).toBe(text);
  });

  test.each([
    ["", /expected for example/],
    ["q5", /expected for example/],
    ["8q1s1k:8x64", /peers take one sequence/],
    ["q5s9:8x64", /as many keys as queries or with one query/],
    ["q5:8x64-32", /values as wide as keys/],
    ["q5:7/2x64", /7 query heads do not divide/],
    ["q0:8x64", /0 queries/],
    ["matmul:2x0x2", /expected for example/],
    ["matmul:2x2", /expected for example/],
    ["matmul:70000x2x2", /expected for example/],
    ["softmax:8", /expected for example/],
    ["layer-norm:0x8", /expected for example/],
    ["rms-norm:70000x8", /expected for example/],
    ["block:q2s8", /expected for example/],
    ["block:q1s1", /expected for example/],
    ["block:q2000", /at most 1024 tokens/],
    ["encoder:0x8", /expected for example/],
    ["encoder:1xmixed", /expected for example/],
    ["encoder:8x2", /at most 64 texts and 4096 tokens/],
    ["encoder:65x4", /at most 64 texts and 4096 tokens/],
    ["encoder:64x65", /at most 64 texts and 4096 tokens/],
    ["generate:0", /expected for example/],
    ["generate:8.5", /expected for example/],
    ["generate:129", /of at most 128 tokens/],
  ])("%j is refused", (text, why) => {
    expect(() => parseProblem(text)).toThrow(why);
    expect(() => parseProblem(text)).toThrow(RangeError);
  });

  test("a URL holds the set-up, and nothing invalid", () => {
    const setup = { ...defaultSetup, cases: ["q7:1x3"], engines: ["jax-js", "b (c)"], samples: 3, peaks: false };
    expect(readSetup(setupHash(setup))).toEqual(setup);
    expect(readSetup("")).toEqual(defaultSetup);
    expect(readSetup("#cases=q7:1x3,nonsense&samples=-1&interval=x").cases).toEqual(["q7:1x3"]);
    expect(readSetup("#samples=-1&interval=x")).toEqual(defaultSetup);
  });
});

describe("right and wrong", () => {
  const truth = truthOf(problem);
  const right = Float32Array.from(truth.expected);

  test("float64 rounded to f32 is right, the whole of it is compared", () => {
    expect(judge(right, truth)).toMatchObject({ verdict: "pass", reason: null, checked: "all 192 elements" });
    expect(judge(right, truth).nmse).toBeLessThan(1e-14);
  });

  test("the first query sees the first key alone: its value, by query heads of a group", () => {
    const { v } = attentionInputs(problem as never); // [g, s, d]
    const [first, second] = [v.subarray(0, 8), v.subarray(6 * 8, 7 * 8)];
    expect([...right.subarray(0, 32)]).toEqual([...first, ...first, ...second, ...second]);
  });

  test("one wrong element, a NaN, and a missing one are found", () => {
    expect(judge(right.with(77, Number(right[77]) + 0.01), truth)).toMatchObject({ verdict: "fail" });
    expect(judge(right.with(77, Number(right[77]) + 0.01), truth).reason).toMatch(/worst .* at 77/);
    expect(judge(right.with(0, Number.NaN), truth).reason).toBe(
      `wrong: NaN at 0, expected ${right[0]?.toPrecision(6)}`,
    );
    expect(judge(right.subarray(1), truth)).toMatchObject({ verdict: "fail", nmse: null });
  });

  test("heads and tokens change places and back", () => {
    const values = Float32Array.from({ length: 24 }, (_, i) => i);
    expect([...swapped(values, 2, 3, 4).subarray(0, 8)]).toEqual([0, 1, 2, 3, 12, 13, 14, 15]);
    expect(swapped(swapped(values, 2, 3, 4), 3, 2, 4)).toEqual(values);
  });
});

describe("ratios", () => {
  test("are those to the fastest correct peer; a wrong one is ignored", () => {
    const rows = compared([timed("ours", 2), timed("a", 6), timed("b", 4), wrong("c")], peers);
    expect(ratios(rows)).toEqual([2, 4 / 6, 1, null]);
    expect(rows.map(({ shareOfFastest }) => shareOfFastest)).toEqual([1, 2 / 6, 0.5, null]);
    expect(rows[3]).toMatchObject({ medianMs: null, tflops: null, gbs: null });
  });

  test("there are none where no peer is correct", () => {
    expect(ratios(compared([timed("ours", 2), wrong("a")], peers))).toEqual([null, null]);
    expect(ratios(compared([wrong("ours"), timed("a", 3)], peers))).toEqual([null, 1]);
  });

  test("the report shows them, and the failures of this engine", () => {
    const rows = compared([timed("ours", 2), timed("a", 6), wrong("b")], peers);
    const reports = ["ours", "a", "b"].map((name) => ({
      ...engine(name),
      peer: peers.has(name),
      summary: "",
      device: "",
      failure: null,
    }));
    const given: PeerResult = { environment: someEnvironment, peaks: null, engines: reports, rows };
    expect(verdicts(given)).toEqual([
      "attention q6 4/2x8 causal: 3.00× the fastest correct peer (2.00 ms; a way 6.00 ms)",
    ]);
    expect(formatPeers(given)).toMatch(/b: way +FAIL +wrong: by much/);
    expect(formatPeersMarkdown(given).split("\n")).toHaveLength(7);
    expect(ownFailures(given)).toEqual([]);
    expect(ownFailures({ ...given, rows: [wrong("ours"), wrong("a")] })).toHaveLength(1);
  });
});

const gpu = await quickGpu();

describe("this engine", async () => {
  const { ways = () => [] } = await shaderformer(gpu).open();

  test.each(["softmax:3x40", "layer-norm:3x40", "rms-norm:3x40", "block:q2", "block:q1s3"])(
    "is right in %s",
    async (text) => {
      const given = parseProblem(text) as ArrayProblem;
      const [way] = ways(given);
      const prepared = await way?.();
      await prepared?.run();
      await prepared?.run(); // of a decode step the same again
      await prepared?.settle();
      const judgement = judge((await prepared?.read()) ?? [], truthOf(given));
      await prepared?.dispose();
      expect(judgement).toMatchObject({ verdict: "pass", reason: null });
      expect(judgement.errorRatio).toBeLessThan(4);
    },
  );
});

describe("a text", async () => {
  const model = await loadModel(gpu, await openFolder(bundledModel));
  const greedy = async (maxTokens: number) => {
    const { rows } = await model.generate(textPrompt, { temperature: 0, maxTokens, ignoreEos: true }).result;
    return rows[0]?.tokens ?? [];
  };

  test("in float64 is that of this engine", async () => {
    const problem = parseProblem("generate:3") as GenerateProblem;
    const truth = await truthOfText(problem, await openFolder(bundledModel));
    const tokens = await greedy(3);
    expect(truth.tokens).toEqual(tokens);
    expect(judge(tokens, truth)).toMatchObject({ verdict: "pass", reason: null, nmse: null });
    expect(judge(tokens, truth).checked).toMatch(
      /^3 tokens, each the likeliest in float64, by a logit of [\d.]+ or more$/,
    );
    expect(truth.margin).toBeGreaterThan(1e-3);
    expect(judge(tokens.with(2, 7), truth).reason).toBe(`wrong: token 3 is 7, expected ${tokens[2]}`);
    expect(judge(tokens.slice(1), truth)).toMatchObject({ verdict: "fail" });
    expect(judge([...tokens, 1], truth).reason).toBe("wrong: 4 tokens, expected 3");
    expect(judge([], truth).reason).toMatch(/^wrong: token 1 is missing/);
  });

  test("does not end within its tokens, which engines do not all ignore", async () => {
    const tokens = await greedy(128);
    expect(tokens).toHaveLength(128);
    expect(tokens).not.toContain(model.tokenizer.eos);
    expect(model.tokenizer.encode(textPrompt)).toHaveLength(textModel.promptTokens);
  });

  test("has the work of the bundled model", async () => {
    const { config } = model.decoder;
    expect(textModel).toMatchObject({ layers: config.layers, vocabulary: config.vocabulary });
    // Every weight but the norms' is read once for the prompt, and the head is the embedding.
    const norms = (2 * textModel.layers + 1) * textModel.width;
    const { tensors } = await openWeights(await openFolder(bundledModel));
    const weights = [...tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    const problem = parseProblem("generate:1") as GenerateProblem;
    expect(generateWork(problem).bytes).toBe(2 * (weights - norms));
  });
});

test("a model of one operator is the protocol buffer that ONNX describes", () => {
  const bytes = operatorModel({
    operator: "Op",
    domain: "m",
    inputs: ["x", "", "c"],
    outputs: ["y"],
    attributes: { n: 300 },
    given: [["x", [2]]],
    results: [["y", []]],
    constants: [{ name: "c", shape: [1], values: [5] }],
  });
  const field = (tag: string, content: string) =>
    `${tag}${(content.length / 2).toString(16).padStart(2, "0")}${content}`;
  const name = (text: string) => Buffer.from(text).toString("hex");
  const operator = [
    ...["x", "", "c"].map((input) => field("0a", name(input))),
    field("12", name("y")),
    field("22", name("Op")),
    field("2a", `${field("0a", name("n"))}18ac02a00102`), // 300, an integer
    field("3a", name("m")),
  ].join("");
  const constant = `08011006${field("2a", "05")}${field("42", name("c"))}`;
  const tensor = (dimensions: string) => field("12", field("0a", `0801${field("12", dimensions)}`));
  const graph = [
    field("0a", operator),
    field("12", name("Op")),
    field("2a", constant),
    field("5a", `${field("0a", name("x"))}${tensor(field("0a", "0802"))}`),
    field("62", `${field("0a", name("y"))}${tensor("")}`),
  ].join("");
  const sets = `${field("42", "0a001011")}${field("42", `${field("0a", name("com.microsoft"))}1001`)}`;
  expect(Buffer.from(bytes).toString("hex")).toBe(`0808${field("3a", graph)}${sets}`);
});

test("unknown names are reported before anything is installed or opened", async () => {
  expect(() => parseAdapter("voodoo")).toThrow('knows no adapter "voodoo"; there are lavapipe, swiftshader, gpu');
  await expect(benchPeers({ cases: ["q0:8x64"] })).rejects.toThrow("0 queries");
  await expect(benchPeers({ cases: ["q5:2x8"], adapter: "voodoo" })).rejects.toThrow("knows no adapter");
});

/** Why there is no lavapipe for Chromium here. */
const noLavapipe =
  noChromium ??
  (await lavapipeForChromium(process.cwd()).then(
    () => undefined,
    (error: unknown) => String(error),
  ));

test.skipIf(noLavapipe)(`Chromium takes lavapipe through the shim${noLavapipe ? ` (${noLavapipe})` : ""}`, async () => {
  const server = await serveSite({ texts: { "/": "<!doctype html>" } });
  const browser = await openChromiumOn("lavapipe", process.cwd());
  try {
    const { page } = await openPage(browser, server.origin);
    const info = await page.evaluate(async () => {
      const adapter = await navigator.gpu.requestAdapter();
      return adapter && { description: adapter.info.description, f16: adapter.features.has("shader-f16") };
    });
    expect(info).toMatchObject({ description: expect.stringContaining("llvmpipe"), f16: true });
  } finally {
    await browser.close();
    await server.close();
  }
});

test.skipIf(noLavapipe)("without a C compiler there is no shim, and it says so", async () => {
  const { PATH } = process.env;
  process.env["PATH"] = "";
  try {
    await expect(lavapipeForChromium(process.cwd())).rejects.toThrow("there is no C compiler (cc)");
  } finally {
    process.env["PATH"] = PATH;
  }
});
