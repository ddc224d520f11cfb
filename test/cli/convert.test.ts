import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openFolder } from "../../src/formats/folder.ts";
import { openWeights } from "../../src/formats/weights.ts";
import { bundledModel } from "../support/bundled.ts";
import { runInTurn } from "./run-cli.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shaderformer-convert-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const convert = (model: string, out: string, ...more: readonly string[]) =>
  runInTurn(["convert", "--model", model, "--out", join(folder, out), ...more]);

test("a folder becomes a GGUF file, and that a folder with the same weights", async () => {
  const { stdout } = await convert(bundledModel, "dense.gguf");
  expect(stdout).toMatch(/dense\.gguf: 10\.2 MB\n$/);
  await convert(join(folder, "dense.gguf"), "again");
  expect((await readdir(join(folder, "again"))).toSorted()).toEqual([
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
  ]);
  const [given, made] = [
    await openWeights(await openFolder(bundledModel)),
    await openWeights(await openFolder(join(folder, "again"))),
  ];
  expect([...made.tensors.keys()].toSorted()).toEqual([...given.tensors.keys()].toSorted());
  for (const tensor of given.tensors.values()) {
    const other = made.get(tensor.name, tensor.shape);
    const bytes = await given.read(tensor, 0, tensor.end - tensor.begin);
    expect(Buffer.compare(await made.read(other, 0, other.end - other.begin), bytes), tensor.name).toBe(0);
  }
});

test("weights may be quantised, and a file that is there stays", async () => {
  const { stdout } = await convert(bundledModel, "small.gguf", "--weights", "q4_k_m", "--json");
  const { file, bytes } = JSON.parse(stdout);
  expect((await stat(file)).size).toBe(bytes);
  expect(bytes).toBeLessThan(3.5e6);
  await writeFile(file, "mine");
  const again = await convert(bundledModel, "small.gguf");
  expect([again.code, again.stderr]).toEqual([
    1,
    expect.stringMatching(/--out: .*small\.gguf is there already; --force/),
  ]);
  expect(await readFile(file, "utf8")).toBe("mine");
});

test("windows that GGUF cannot carry are refused, with the reason, and nothing is written", async () => {
  const config = JSON.parse(await readFile(join(bundledModel, "config.json"), "utf8"));
  const model = join(folder, "windows");
  await convert(join(folder, "dense.gguf"), "windows");
  await writeFile(
    join(model, "config.json"),
    JSON.stringify({ ...config, architectures: ["MistralForCausalLM"], model_type: "mistral", sliding_window: 64 }),
  );
  const { code, stderr } = await convert(model, "windows.gguf");
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /config\.json: sliding_window is 64, shorter than the context of 512: GGUF files of kind llama have no key for it/,
  );
  expect(await readdir(folder)).not.toContain("windows.gguf");
});
