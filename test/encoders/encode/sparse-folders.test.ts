// Folders of sentence-transformers that make sparse vectors.
import { expect, test } from "vitest";
import { loadEncoder } from "../../../src/encode/load-encoder.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { changedFolder, moduleOf } from "./folder-files.ts";
import { headsGolden } from "./golden-heads.ts";

const gpu = await quickGpu();
const modules = [moduleOf(0, "", "MLMTransformer"), moduleOf(1, "1_SpladePooling", "SpladePooling")];
const folder = (pooling: unknown, list: unknown = modules) =>
  changedFolder("bert", { "modules.json": list, "1_SpladePooling/config.json": pooling });

test.each([
  [{ pooling_strategy: "max", word_embedding_dimension: 61 }, (weight: number) => weight],
  [{ pooling_strategy: "max", activation_function: "log1p_relu" }, Math.log1p],
] as const)("%j", async (pooling, of) => {
  using encoder = await loadEncoder(gpu, folder(pooling));
  const { text, weights } = headsGolden("bert").sparse;
  const [vector] = (await encoder.sparse([text])).vectors;
  const found = new Float64Array(weights.length);
  for (const [i, id] of (vector?.ids ?? []).entries()) found[id] = vector?.weights[i] ?? 0;
  expect(Math.max(...weights.map((weight, id) => Math.abs((found[id] ?? 0) - of(weight))))).toBeLessThan(1e-4);
  await expect(encoder.embed([text])).rejects.toThrow("memory: makes sparse vectors (SpladePooling in modules.json)");
});

test.each([
  [folder({ pooling_strategy: "sum" }), "1_SpladePooling/config.json: pooling_strategy is sum, known are max"],
  [folder({ activation_function: "gelu" }), "activation_function is gelu, known are relu, log1p_relu"],
  [folder(undefined), "1_SpladePooling/config.json: there is no such file"],
  [folder({}, [...modules, moduleOf(2, "", "Normalize")]), "modules.json: has SpladePooling after MLMTransformer"],
  [
    folder(
      {},
      [modules[1], modules[0]].map((one, idx) => ({ ...one, idx })),
    ),
    "modules.json: begins with SpladePooling",
  ],
] as const)("is refused: %#", async (source, says) => {
  await expect(loadEncoder(gpu, source)).rejects.toThrow(says);
});
