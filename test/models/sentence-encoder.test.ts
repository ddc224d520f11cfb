import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convertUseLite } from "../../scripts/models/use-lite.mjs";
import type { Encoder } from "../../src/encode/encoder.ts";
import { loadEncoder } from "../../src/encode/load-encoder.ts";
import type { Progress } from "../../src/formats/load-progress.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { encode } from "../../src/tensor/dtype.ts";
import { testGpu } from "../support/devices/gpu.ts";
import { safetensors, type WrittenTensor } from "../support/models/safetensors.ts";
import { bundledVectors, packageModel } from "../support/models/use-lite.ts";
import { fifty, matters, queries, sentences } from "../support/sentences.ts";

const bundled = fileURLToPath(new URL("../../examples/models/use-lite/", import.meta.url));

/** The bundled folder with the package's own weights. */
async function writeUnrounded(folder: string): Promise<void> {
  const written: Record<string, WrittenTensor> = {};
  for (const [name, { shape, values }] of Object.entries(convertUseLite().tensors)) {
    written[name] = { shape, dtype: "f32", elements: encode("f32", values) };
  }
  for (const file of ["config.json", "tokenizer.json"]) await cp(join(bundled, file), join(folder, file));
  await writeFile(join(folder, "model.safetensors"), safetensors(written));
}

const product = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

/** Most that two lists of vectors differ in one element. */
function difference(a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): number {
  let most = Math.abs(a.length - b.length);
  for (const [i, row] of a.entries()) {
    for (let j = 0; j < row.length; j++) most = Math.max(most, Math.abs((row[j] ?? 0) - (b[i]?.[j] ?? Number.NaN)));
  }
  return most;
}

describe("the Universal Sentence Encoder lite on the GPU", () => {
  let gpu: Gpu;
  let folder: string;
  let rounded: Encoder;
  let vectors: readonly Float32Array[];
  const some = fifty.filter((_, i) => i % 5 === 3);
  let expected: number[][];
  beforeAll(async () => {
    gpu = await testGpu();
    folder = await mkdtemp(join(tmpdir(), "shaderformer-use-lite-"));
    expected = (await (await packageModel()).embed(some)) as number[][];
    rounded = await loadEncoder(gpu, bundled);
    vectors = (await rounded.embed(fifty)).embeddings;
  });
  afterAll(async () => {
    rounded?.dispose();
    if (folder) await rm(folder, { recursive: true });
  });

  test("is the package's own output on ten sentences, and near to it with weights of f16", async () => {
    await writeUnrounded(folder);
    const unrounded = await loadEncoder(gpu, folder);
    const { embeddings } = await unrounded.embed(some);
    unrounded.dispose();
    const halved = vectors.filter((_, i) => i % 5 === 3);
    const [exact, near] = [difference(embeddings, expected), difference(halved, expected)];
    const cosine = Math.min(...halved.map((row, i) => product(row, Float32Array.from(expected[i] ?? []))));
    console.log(`f32 ${exact.toExponential(1)}, f16 ${near.toExponential(1)}, least cosine with f16 ${cosine}`);
    expect(exact).toBeLessThan(1e-6);
    expect(near).toBeLessThan(1e-3);
    expect(cosine).toBeGreaterThan(0.99999);
  });

  test("is float64's with the folder's weights of f16", () => {
    const two = [3, 41];
    const own = difference(
      two.map((i) => vectors[i] ?? []),
      bundledVectors(two.map((i) => fifty[i] ?? "")),
    );
    console.log(`against float64 with the weights rounded to f16: at most ${own.toExponential(1)}`);
    expect(own).toBeLessThan(1e-6);
  });

  test("finds for each of ten queries a sentence of its matter", () => {
    for (const [i, query] of queries.entries()) {
      const scores = sentences.map((sentence, j) => ({
        sentence,
        score: product(vectors[i] as Float32Array, vectors[queries.length + j] as Float32Array),
      }));
      const [best, second] = scores.toSorted((a, b) => b.score - a.score);
      console.log(
        `${query} → ${best?.score.toFixed(2)} ${best?.sentence} | ${second?.score.toFixed(2)} ${second?.sentence}`,
      );
      expect(matters[i], query).toContain(best?.sentence);
    }
  });

  test("a text alone has the vector that it has among others, in any order", async () => {
    const alone = await rounded.embed([fifty[7] ?? ""]);
    expect(difference(alone.embeddings, [vectors[7] ?? []])).toBeLessThan(2e-6);
    const together = await rounded.embed([fifty[33] ?? "", "x ".repeat(200), fifty[7] ?? ""]);
    expect(
      difference([together.embeddings[0] ?? [], together.embeddings[2] ?? []], [vectors[33] ?? [], vectors[7] ?? []]),
    ).toBeLessThan(2e-6);
    expect(together.tokens[1]).toBe(128); // the rest of a long text is cut off
  });

  test("reports progress, ends when it is aborted, and refuses an empty text", async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const onProgress = ({ done, total }: Progress) => {
      expect(total).toBe(130);
      seen.push(done);
      controller.abort(new Error("enough"));
    };
    const many = Array.from({ length: 130 }, () => "a");
    await expect(rounded.embed(many, { onProgress, signal: controller.signal })).rejects.toThrow("enough");
    expect(seen).toEqual([64]);
    await expect(rounded.embed(["a", ""])).rejects.toThrow("embed: texts[1] is empty");
    await expect(rounded.embed("a" as never)).rejects.toThrow(/embed: texts is "a"/);
    await expect(rounded.embed(["a"], { promptName: "query" })).rejects.toThrow("the model has no prompts");
    await expect(loadEncoder(gpu, join(bundled, "../voices-dense"))).rejects.toThrow(/config.json.*model_type/);
  });

  test("says how it makes vectors, and gives the states of its layers", async () => {
    const { pooling, normalized, width, maxTokens } = rounded.embedding;
    expect({ pooling, normalized, width, maxTokens }).toEqual({
      pooling: ["mean"],
      normalized: true,
      width: 512,
      maxTokens: 128,
    });
    const { tokens, layers } = await rounded.hidden(fifty[7] ?? "");
    expect(layers.map((rows) => [rows.length, rows[0]?.length])).toEqual(
      [256, 512, 512].map((w) => [tokens.length, w]),
    );
  });
});
