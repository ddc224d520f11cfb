// GPT-1: norms after the additions, against float64 of the same weights, and its tokenizer of words that end in `</w>`.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { toGguf } from "../../../src/convert/to-gguf.ts";
import { openFolder } from "../../../src/formats/folder.ts";
import { loadModel } from "../../../src/generate/load/load-model.ts";
import { inspect } from "../../../src/generate/look/inspection.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { gpt1Folder, gpt1Golden } from "./gpt1-golden.ts";

const gpu = await quickGpu();
const { prompt, tokens, states, logits, greedy, texts } = gpt1Golden;

const farthest = (values: ArrayLike<number>, golden: readonly (readonly number[])[]) => {
  const flat = golden.flat();
  expect(values.length).toBe(flat.length);
  return flat.reduce((most, value, i) => Math.max(most, Math.abs(value - (values[i] ?? Number.NaN))), 0);
};

// What the folder stores, numbers of f16 hold too: one definition is that of both.
describe.each([{}, { dtype: "f16" }] as const)("weights of %j", async (options) => {
  const warnings: string[] = [];
  const model = await loadModel(gpu, gpt1Folder, { ...options, onWarning: (text) => warnings.push(text) });
  afterAll(() => model.dispose());

  test("load without a warning: old checkpoints hold their causal mask", () => {
    expect(warnings).toEqual([]);
    expect(model.decoder.config).toMatchObject({ norms: "post", activation: "gelu-tanh", tied: true, vocabulary: 81 });
    expect(model.decoder.weights.norm).toBeUndefined();
  });

  test("states after the embedding and both norms of each layer, and logits, of a prefill", async () => {
    using session = model.session();
    const names = ["embedding", "layer.0.residual", "layer.0.result", "layer.1.residual", "layer.1.result"];
    const found = await inspect(session.state, tokens, "all", { taps: (name) => names.includes(name) });
    expect([...found.taps.keys()]).toEqual(names);
    for (const [i, name] of names.entries()) {
      expect(farthest(found.taps.get(name)?.[0]?.values ?? [], states[i] ?? []), name).toBeLessThan(2e-5);
    }
    expect(
      farthest(
        found.logits.flatMap((row) => [...row]),
        logits,
      ),
    ).toBeLessThan(1e-4);
  });

  if ("dtype" in options) return; // from here on f16 is a type as another

  test("greedy tokens, alone, in pieces of a prompt and in a batch of unequal prompts", async () => {
    const likeliest = { temperature: 0, maxTokens: greedy.length };
    const { rows } = await model.generate(prompt, likeliest).result;
    expect(rows[0]).toMatchObject({ promptTokens: tokens, tokens: greedy });
    const [before, after] = [tokens, [...tokens, ...greedy]].map((ids) => model.tokenizer.decode(ids));
    expect(`${before}${rows[0]?.text}`).toBe(after); // the space after the prompt's last word comes with the next one
    const both = await model.generate([tokens.slice(0, 9), [...tokens]], likeliest).result;
    expect(both.rows[1]?.tokens).toEqual(greedy);
    using session = model.session();
    for (const [i, begin] of [0, 5, 6].entries()) {
      await session.state.prefill(0, tokens.slice(begin, [5, 6, tokens.length][i]), begin);
    }
    expect(farthest(await session.state.logits.read(), logits.slice(-1))).toBeLessThan(1e-4);
  });

  test("log-probabilities, and tokens proposed from the text", async () => {
    const speculative = { kind: "prompt-lookup" } as const;
    const { rows } = await model.generate(prompt, { temperature: 0, maxTokens: greedy.length, speculative }).result;
    expect(rows[0]?.tokens).toEqual(greedy);
    const scores = await model.score(tokens);
    for (const [i, row] of logits.slice(0, -1).entries()) {
      const most = Math.max(...row);
      const sum = row.reduce((total, logit) => total + Math.exp(logit - most), 0);
      expect(scores[i]).toBeCloseTo((row[tokens[i + 1] ?? 0] ?? 0) - most - Math.log(sum), 4);
    }
  });

  test("the context ends where its positions do", async () => {
    const { rows } = await model.generate(prompt, { temperature: 0, ignoreEos: true, maxTokens: 1000 }).result;
    expect([rows[0]?.stopReason, tokens.length + (rows[0]?.tokens.length ?? 0)]).toEqual(["context", 50]);
  });

  test("texts are words in small letters without accents, whose last character ends them", () => {
    for (const { text, tokens, pieces } of texts) {
      const ids = model.tokenizer.encode(text);
      expect([text, ids]).toEqual([text, tokens]);
      const written = pieces.map((piece) => piece.replace("</w>", " ")).join("");
      expect(model.tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(written.trimEnd());
    }
  });
});

describe("what is refused", () => {
  const folder = mkdtempSync(join(tmpdir(), "shaderformer-gpt1-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  for (const file of ["model.safetensors", "tokenizer.json", "tokenizer_config.json"]) {
    copyFileSync(join(gpt1Folder, file), join(folder, file));
  }
  const config = JSON.parse(readFileSync(join(gpt1Folder, "config.json"), "utf8"));

  test.each<[object, string | RegExp]>([
    [{ afn: "relu" }, "config.json: afn is relu, known are gelu, silu, swish"],
    [{ n_head: 5 }, "n_head is 5, which does not divide n_embd 24"],
    [{ n_layer: 3 }, /transformer\.h\.2\./],
    [{ n_layer: 1 }, /n_layer/],
    [{ n_positions: 49 }, /transformer\.positions_embed\.weight.*\[50, 24\].*\[49, 24\]/],
    [{ tie_word_embeddings: false }, /lm_head\.weight/],
    [{ model_type: "gpt2" }, "model_type is gpt2, but architectures names OpenAIGPTLMHeadModel"],
  ])("%j", async (given, message) => {
    writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, ...given }));
    await expect(loadModel(gpu, folder)).rejects.toThrow(message);
  });

  test("as GGUF, which has no such architecture", async () => {
    await expect(toGguf(await openFolder(gpt1Folder), {})).rejects.toThrow(
      "is OpenAIGPTLMHeadModel, which is not written to GGUF; known are",
    );
  });
});
