import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { onnxOf } from "../../bench/generate/build.ts";
import { checkLlama, type LlamaFile, llamaGraph } from "../../bench/generate/llama-onnx.ts";
import { bytesOf } from "../../bench/generate/loaded-bytes.ts";
import { prompts } from "../../bench/generate/prompts.ts";
import { formatGeneration } from "../../bench/generate/report.ts";
import { spreadOf } from "../../bench/generate/result.ts";
import { parseSubjects, subjects } from "../../bench/generate/subjects.ts";
import { difference, openTruth, type Truth } from "../../bench/generate/truth.ts";
import { type OnnxGraph, onnxModel } from "../../bench/harness/onnx.ts";
import { ensurePackages } from "../../bench/peers/setup/packages.ts";
import { assertClose, nmseCaps } from "../../src/check/compare.ts";
import { openFolder } from "../../src/formats/folder.ts";
import { openWeights, type Weights } from "../../src/formats/weights.ts";
import { bundledModel, goldenPrompts } from "../support/bundled.ts";

const [golden = goldenPrompts[0]] = goldenPrompts;
if (!golden) throw new Error("there is no golden prompt");

describe("a Llama checkpoint as ONNX", () => {
  let config: LlamaFile;
  let weights: Weights;
  let graph: OnnxGraph;
  beforeAll(async () => {
    config = JSON.parse(await readFile(join(bundledModel, "config.json"), "utf8"));
    weights = await openWeights(await openFolder(bundledModel));
    graph = await llamaGraph(config, weights);
  });

  test("every weight is there once, in its 16 bits, and matrices are transposed", async () => {
    const stored = graph.constants.filter(({ type }) => type === "float16");
    expect(stored.map(({ name }) => `model.${name.replace(".f16", ".weight")}`).sort()).toEqual(
      [...weights.tensors.keys()].sort(),
    );
    const name = "layers.1.mlp.down_proj";
    const { elements, shape } = stored.find((one) => one.name === `${name}.f16`) ?? { elements: [], shape: [] };
    expect(shape).toEqual([768, 256]);
    if (!(elements instanceof Uint8Array)) throw new Error("the elements are not bytes");
    const at = (bytes: Uint8Array, index: number) => [bytes[2 * index], bytes[2 * index + 1]];
    const tensor = weights.get(`model.${name}.weight`);
    const given = await weights.read(tensor, 0, tensor.end - tensor.begin);
    for (const [row, column] of [
      [0, 1],
      [17, 700],
      [255, 767],
    ] as const) {
      expect(at(elements, column * 256 + row)).toEqual(at(given, row * 768 + column));
    }
  });

  test("inputs and outputs have the names and lengths by which transformers.js finds its cache", () => {
    const cache = ["batch_size", 2, "past_sequence_length", 32];
    expect(graph.inputs.map(({ name }) => name).slice(0, 4)).toEqual([
      ...["input_ids", "attention_mask", "past_key_values.0.key", "past_key_values.0.value"],
    ]);
    expect(graph.inputs.slice(2).map(({ shape }) => shape)).toEqual(Array.from({ length: 12 }, () => cache));
    expect(graph.outputs.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["logits", "present.0.key", "present.5.value"]),
    );
    const made = new Set([
      ...["", ...graph.inputs.map(({ name }) => name), ...graph.constants.map(({ name }) => name)],
      ...graph.nodes.flatMap(({ outputs }) => outputs),
    ]);
    expect(graph.nodes.flatMap(({ inputs }) => inputs).filter((name) => !made.has(name))).toEqual([]);
  });

  test.each([
    [{ model_type: "qwen3" }, /model type is qwen3/],
    [{ rope_scaling: { rope_type: "llama3" } }, /rope_scaling is set/],
    [{ attention_bias: true }, /attention_bias is true/],
    [{ tie_word_embeddings: false }, /tie_word_embeddings/],
  ])("%j is refused", (changed, why) => {
    expect(() => checkLlama({ ...config, ...changed })).toThrow(why);
  });

  test("numbers that are not int32 are given as bytes", () => {
    const constants = [{ name: "c", type: "float16", shape: [1], elements: [1] }] as const;
    expect(() => onnxModel({ name: "g", nodes: [], constants, inputs: [], outputs: [] })).toThrow(
      /c: numbers are int32/,
    );
  });
});

/** The part of onnxruntime-web that is used. */
interface Ort {
  readonly Tensor: new (type: string, data: ArrayBufferView, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<{ run(feeds: object): Promise<Record<string, OrtTensor>> }>;
  };
}
interface OrtTensor {
  readonly data: Float32Array;
}

const packages = await ensurePackages(".", (line) => process.stderr.write(`${line}\n`)).then(
  (modules) => ({ modules, missing: undefined }),
  (error: unknown) => ({ modules: "", missing: String(error) }),
);

describe.skipIf(packages.missing)(`in ONNX Runtime${packages.missing ? ` (${packages.missing})` : ""}`, () => {
  test("the model's logits and greedy tokens are the golden ones", async () => {
    const file = resolve(packages.modules, "onnxruntime-web", "dist", "ort.node.min.mjs");
    const { InferenceSession, Tensor } = (await import(/* @vite-ignore */ file)) as Ort;
    const session = await InferenceSession.create(await onnxOf(bundledModel), { executionProviders: ["wasm"] });
    const int64 = (values: readonly number[]) =>
      new Tensor("int64", BigInt64Array.from(values, BigInt), [1, values.length]);
    const names = Array.from({ length: 6 }, (_, layer) => [`${layer}.key`, `${layer}.value`]).flat();
    let cache = Object.fromEntries(
      names.map((name) => [name, new Tensor("float32", new Float32Array(0), [1, 2, 0, 32])]),
    );
    let given: readonly number[] = golden.promptTokens;
    const all = [...given];
    const tokens: number[] = [];
    for (let i = 0; i < 16; i++) {
      const past = Object.entries(cache).map(([name, tensor]) => [`past_key_values.${name}`, tensor] as const);
      const mask = int64(all.map(() => 1));
      const answer = await session.run({ input_ids: int64(given), attention_mask: mask, ...Object.fromEntries(past) });
      const logits = answer["logits"]?.data.slice(-2048) ?? new Float32Array();
      if (i === 0) assertClose(logits, golden.lastLogits, nmseCaps.logits, "logits");
      const token = logits.reduce((best, value, at) => (value > (logits[best] ?? 0) ? at : best), 0);
      tokens.push(token);
      all.push(token);
      given = [token];
      cache = Object.fromEntries(
        names.flatMap((name) => (answer[`present.${name}`] ? [[name, answer[`present.${name}`]]] : [])),
      ) as typeof cache;
    }
    expect(tokens).toEqual(golden.greedyTokens.slice(0, 16));
  });
});

describe("texts are judged before their times count", () => {
  const right = { promptTokens: golden.promptTokens, tokens: golden.greedyTokens.slice(0, 12), text: "" };
  const { prompt } = golden;
  let truth: Truth;
  beforeAll(async () => {
    truth = await openTruth(bundledModel);
  });

  test("golden tokens are right by float64, and remembered", () => {
    expect(truth.judge(prompt, 12, right)).toBeUndefined();
    expect(truth.judge(prompt, 12, right)).toBeUndefined();
  });

  test("a wrong token, text, prompt or length is said", () => {
    const wrong = right.tokens.with(3, 5);
    expect(truth.judge("another way to ask", 12, { ...right, tokens: wrong })).toMatch(
      new RegExp(`^wrong: token 4 is 5, and ${right.tokens[3]} is likelier, by a logit of \\d`),
    );
    expect(truth.judge("too long", 11, right)).toBe("wrong: 12 tokens, expected 11");
    expect(truth.judge("too short", 13, right)).toBe("wrong: 12 tokens, expected 13");
    expect(truth.judge(prompt, 12, { ...right, tokens: wrong })).toBe(
      `wrong: token 4 is 5, expected ${right.tokens[3]}`,
    );
    expect(truth.judge(prompt, 12, { ...right, text: "x" })).toMatch(/^wrong: the text is "x"/);
    expect(truth.judge(prompt, 12, { ...right, promptTokens: [0] })).toMatch(/^wrong: the prompt's tokens are 0,/);
    expect(truth.judge(prompt, 11, { ...right, promptTokens: [0], tokens: right.tokens.slice(1) })).toMatch(
      /^wrong: the prompt's tokens are 0,/,
    );
    expect(difference(right, { ...right, tokens: right.tokens.slice(1, 1) })).toMatch(/token 1 is missing/);
    expect(difference(right, { ...right, tokens: [...right.tokens, 1] })).toBe("wrong: 13 tokens, expected 12");
  });
});

test("subjects are chosen by name", () => {
  expect(parseSubjects()).toBe(subjects);
  expect(parseSubjects("worker, node").map(({ id }) => id)).toEqual(["node", "worker"]);
  expect(() => parseSubjects("worker,deno")).toThrow(/no subject "deno"; there are node, main, worker/);
  expect(new Set(prompts).size).toBe(prompts.length);
});

test("bytes of a visit are summed by kind", async () => {
  const loaded = new Map([
    ["/package.json", 100],
    ["/a/resolve/main/model.onnx", 1000],
  ]);
  const bytes = await bytesOf(".", loaded);
  expect(bytes).toMatchObject({ total: 1100, scripts: 100, wasm: 0, model: 1000 });
  expect(bytes.compressed).toBeGreaterThan(1000);
  expect(bytes.compressed).toBeLessThanOrEqual(1100);
});

test("a wrong engine has no speed in the report, and says why", () => {
  const about = { version: "1.0.0", device: "a GPU", peer: false };
  const visits = { loadedMs: spreadOf([900]), firstTokenMs: spreadOf([1000]), bytes: null };
  const rates = [{ tokens: 64, tokensPerSecond: spreadOf([100, 110, 120]), firstTokenMs: spreadOf([12]) }];
  const text = formatGeneration({
    environment: {
      date: "2026-01-02T03:04:05Z",
      model: "m",
      platform: "linux x64",
      processor: "p",
      node: "Node 20",
      browser: "Chromium 1",
      load: [0.5, 1.5],
    },
    subjects: [
      { ...about, id: "a", title: "A", verdict: "pass", reason: null, firstVisit: visits, returnVisit: visits, rates },
      {
        ...about,
        id: "b",
        title: "B",
        verdict: "fail",
        reason: "wrong: x",
        firstVisit: null,
        returnVisit: null,
        rates: [],
      },
    ],
    ratios: [{ of: "worker", to: "node", tokens: 64, ratio: spreadOf([0.9, 1, 1.1]) }],
  });
  expect(text).toMatch(/^\| A 1\.0\.0 +\| pass +\| 1\.00 +\|.*\| 110 \(102 – 118\) +\|$/m);
  expect(text).toMatch(/^\| B 1\.0\.0 +\| fail +\|( +\|){4}$/m);
  expect(text).toContain("- B 1.0.0: wrong: x");
  expect(text).toContain("the speed in a worker over that in Node, round by round: 1.00 (0.92 – 1.08)");
  expect(spreadOf([])).toBeNull();
});
