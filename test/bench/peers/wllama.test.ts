import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noChromium } from "../../../bench/harness/chromium.ts";
import { findShape, runModelBench, testsOf } from "../../../bench/index.ts";
import { comparedTokens } from "../../../bench/models/check.ts";
import { writeRandomFolder } from "../../../bench/models/write-random.ts";
import { ensurePackages } from "../../../bench/peers/setup/packages.ts";
import { wllamaPackage } from "../../../bench/wllama/build.ts";
import { chromiumAdapter, type WllamaPlan, wllamaSubjects } from "../../../bench/wllama/subjects.ts";
import { textOfTokens } from "../../../bench/wllama/texts.ts";
import { toGguf } from "../../../src/convert/to-gguf.ts";
import { createTokenizer, type LanguageModel, loadModel, openModel } from "../../../src/index.ts";
import { bundledModel } from "../../support/bundled.ts";
import { quickGpu } from "../../support/devices/gpu.ts";

const json = async (file: string) => JSON.parse(await readFile(join(bundledModel, file), "utf8"));

describe("texts of a number of tokens", async () => {
  const tokenizer = createTokenizer(await json("tokenizer.json"), await json("tokenizer_config.json"));

  test.each([2, 3, 7, 64, 301])("%d", (count) => {
    const texts = [1, 2, 3].map((seed) => textOfTokens(tokenizer, count, seed));
    expect(texts.map((text) => tokenizer.encode(text).length)).toEqual([count, count, count]);
    expect(new Set(texts).size).toBe(3);
    expect(textOfTokens(tokenizer, count, 1)).toBe(texts[0]);
  });

  test("after another text", () => {
    const before = textOfTokens(tokenizer, 40, 0);
    const text = textOfTokens(tokenizer, 60, 5, before);
    expect(text.startsWith(before)).toBe(true);
    expect(tokenizer.encode(text)).toHaveLength(60);
  });

  test("one that cannot be is refused", () => {
    expect(() => textOfTokens(tokenizer, 1, 0)).toThrow("no text of 1 tokens was found for this tokenizer");
  });
});

test("other greedy tokens fail, and say which", () => {
  expect(comparedTokens([3, 4], [3, 4])).toMatchObject({ verdict: "pass", reason: null });
  expect(comparedTokens([3, 4], [3, 5]).reason).toBe("greedy token 2 is 5, this engine's in Node is 4");
  expect(comparedTokens([3, 4], [3]).reason).toBe("greedy token 2 is missing, this engine's in Node is 4");
  expect(comparedTokens([3], undefined)).toMatchObject({ verdict: "fail" });
});

test("Chromium computes on the adapter that Node has", () => {
  expect(chromiumAdapter("llvmpipe (LLVM 19.1.7, 256 bits) — software")).toBe("lavapipe");
  expect(chromiumAdapter("SwiftShader Device — software")).toBe("swiftshader");
  expect(chromiumAdapter("NVIDIA H100")).toBe("gpu");
});

const packages = noChromium
  ? { missing: noChromium }
  : await ensurePackages(".", (line) => process.stderr.write(`${line}\n`), wllamaPackage).then(
      () => ({ missing: undefined }),
      (error: unknown) => ({ missing: String(error) }),
    );
const { missing } = packages;

describe.skipIf(missing)(`wllama beside this engine in Chromium${missing ? ` (${missing})` : ""}`, async () => {
  const gpu = await quickGpu();
  const refused = !gpu.features.has("shader-f16");
  let folder: string;
  let file: string;
  let model: LanguageModel;
  let expected: WllamaPlan["expected"];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "shaderformer-wllama-"));
    await writeRandomFolder(folder, findShape("tiny")[1]);
    file = join(folder, "model.gguf");
    await writeFile(file, (await toGguf(await openModel(folder), { dtype: "f16" })).pieces());
    model = await loadModel(gpu, await openModel(file), { context: 128 });
    const text = textOfTokens(model.tokenizer, 16, 5);
    const ids = model.tokenizer.encode(text);
    const { rows } = await model.generate(ids, { temperature: 0, maxTokens: 4, ignoreEos: true }).result;
    expected = { text, ids, tokens: rows[0]?.tokens ?? [] };
  });

  afterAll(async () => {
    model?.dispose();
    gpu.close();
    await rm(folder, { recursive: true, force: true });
  });

  const planOf = (backends: WllamaPlan["backends"]): WllamaPlan => ({
    file,
    backends,
    adapter: gpu.adapter.label,
    tokenizer: model.tokenizer,
    say: () => {},
    own: { context: 128, gpu: {} },
    expected,
    model: {
      model_filename: "tiny",
      model_type: "tiny",
      model_size: 1,
      model_n_params: 1,
      type_k: "f32",
      type_v: "f32",
    },
  });

  test("both have this engine's tokens, and times of every test; other tokens fail, and another prompt is an error", async () => {
    const plan = planOf(refused ? ["cpu"] : ["webgpu", "cpu"]);
    const [right, tokens] = [expected.tokens, expected.tokens.with(3, 7)];
    // Counts one token too few when it is asked to.
    let left = 0;
    const tokenizer = { encode: (text: string) => model.tokenizer.encode(text).slice(left) };
    const made = await wllamaSubjects({ ...plan, tokenizer, expected: { ...expected, tokens } });
    try {
      const reason = `greedy token 4 is ${right[3]}, this engine's in Node is 7`;
      expect(made.map(({ engine, check }) => [engine.name, check.verdict, check.reason])).toEqual([
        ["shaderformer", "fail", reason],
        ...(refused ? [] : [["wllama", "fail", reason]]),
        ["wllama", "fail", reason],
      ]);
      const subjects = made.map((subject) => ({ ...subject, check: comparedTokens(right, right) }));
      const rows = await runModelBench(subjects, { tests: testsOf([24], [4], [16]), repetitions: 1 });
      expect(rows).toHaveLength(2 * subjects.length);
      for (const { samples_ns, verdict } of rows) {
        expect(verdict).toBe("pass");
        expect(samples_ns).toHaveLength(1);
        expect(Math.min(...samples_ns)).toBeGreaterThan(1000);
      }
      expect(rows.at(-1)?.backends).toMatch(/^WebAssembly, Chromium \d+$/);
      left = 1;
      await expect(made.at(-1)?.run({ prompt: 15, generate: 0, depth: 0 })).rejects.toThrow(
        "wllama reads the prompt as 16 tokens, expected 15",
      );
    } finally {
      for (const subject of made) await subject.close();
    }
  });

  // An adapter without shader-f16 is refused by name: peers-page.test.ts.
});
