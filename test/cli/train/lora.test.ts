import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openFolder } from "../../../src/formats/folder.ts";
import { readAdapter } from "../../../src/train/lora/read-adapter.ts";
import type { GoldenTraining } from "../../support/models/golden-decoder.ts";
import { runInTurn } from "../run-cli.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shaderformer-lora-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const model = "test/golden/gradients-qwen3";

test("train --lora writes an adapter alone; generate --lora is the merged model", async () => {
  const golden: GoldenTraining = JSON.parse(await readFile(`${model}/golden.json`, "utf8"));
  const batches = golden.steps.map(({ ids, targets }) => ({ inputs: ids, targets }));
  const file = join(folder, "batches.json");
  await writeFile(file, JSON.stringify({ batches }));
  const out = join(folder, "adapter");
  const lora = ["--lora", "4", "--lora-alpha", "8", "--lora-targets", "q_proj,v_proj,down_proj", "--lr", "2e-2"];
  const trained = await runInTurn(["train", "-m", model, "--batches", file, ...lora, "--json", "--out", out]);
  expect(trained.code, trained.stderr).toBe(0);
  const losses = trained.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).loss);
  expect(losses[0]).toBeCloseTo(golden.steps[0]?.loss ?? 0, 4);
  expect((await readdir(out)).toSorted()).toEqual(["adapter_config.json", "adapter_model.safetensors"]);

  const stored = await readAdapter(await openFolder(out));
  expect([...stored.modules.keys()].length).toBe(2 * 3);
  const merged = join(folder, "merged");
  const converted = await runInTurn(["convert", "-m", model, "--lora", out, "--out", merged]);
  expect(converted.code, converted.stderr).toBe(0);

  const generated = async (...args: readonly string[]) => {
    const options = ["--max-tokens", "12", "--temperature", "0", "--ignore-eos", "--json"];
    const { code, stdout, stderr } = await runInTurn(["generate", "AB", ...args, ...options]);
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout).tokens ?? JSON.parse(stdout).text;
  };
  const adapted = await generated("-m", model, "--lora", out);
  expect(adapted).toEqual(await generated("-m", merged));
  expect(adapted).not.toEqual(await generated("-m", model));

  const other = await runInTurn(["generate", "AB", "-m", "test/golden/gradients-gpt2", "--lora", out]);
  expect(other.code).toBe(1);
  expect(other.stderr).toContain("adapter_model.safetensors: changes model.layers.0");
  const none = await runInTurn(["generate", "AB", "-m", model, "--lora", merged]);
  expect(none.code).toBe(1);
  expect(none.stderr).toContain("adapter_config.json");
});

test("train --lora on documents goes on from its checkpoint", async () => {
  const file = join(folder, "text.txt");
  await writeFile(file, "ABCABCABC\n".repeat(20).replaceAll("\n", " "));
  const run = async (steps: number, out: string, ...more: readonly string[]) => {
    const args = ["--data", file, "--steps", String(steps), "--batch", "2", "--context", "8", "--save-every", "3"];
    const { code, stdout, stderr } = await runInTurn(["train", "-m", model, ...args, "--json", "--out", out, ...more]);
    expect(code, stderr).toBe(0);
    return stdout.trim().split("\n");
  };
  const lora = ["--lora", "2", "--lr", "1e-2"];
  const whole = await run(6, join(folder, "whole"), ...lora);
  const out = join(folder, "parts");
  await run(3, out, ...lora);
  const rest = await run(6, out, "--resume");
  expect(rest.filter((line) => "step" in JSON.parse(line))).toEqual(whole.slice(3));
  const weights = (name: string) => readFile(join(folder, name, "adapter_model.safetensors"));
  expect(await weights("parts")).toEqual(await weights("whole"));
});
