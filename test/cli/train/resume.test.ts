import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recordedSettings } from "../../../src/cli/train/settings.ts";
import { runInTurn } from "../run-cli.ts";
import { tinyConfig, trainingFolder } from "./runs.ts";

test("a model or a tokenizer in the folder that is not the run's is refused, with the field", async () => {
  const at = await trainingFolder();
  const cut = at.out("cut");
  const made = ["--config", at.config, "--data", at.data, "--batch", "1", "--context", "8", "--steps", "1"];
  expect((await runInTurn(["train", ...made, "--out", cut, "--json"])).code).toBe(0);
  const tokenizer = await readFile(join(cut, "tokenizer.json"), "utf8");
  const parsed = JSON.parse(tokenizer) as { model: { vocab: Record<string, number> } };
  const [[first, id], [second, other]] = Object.entries(parsed.model.vocab).slice(-2) as [
    [string, number],
    [string, number],
  ];
  Object.assign(parsed.model.vocab, { [first]: other, [second]: id });
  const swapped = JSON.stringify(parsed);
  expect(swapped).not.toBe(tokenizer);
  for (const [name, content, message] of [
    ["config.json", { ...tinyConfig, intermediate_size: 64 }, /record\.model\.hidden is 48, but the model's is 64: /],
    [
      "config.json",
      { ...tinyConfig, rms_norm_eps: 1e-4 },
      /record\.model\.eps is 0\.00001, but the model's is 0\.0001/,
    ],
    [
      "config.json",
      { ...tinyConfig, rope_theta: 5e5 },
      /record\.model\.positions\.theta is 10000, but the model's is 5/,
    ],
    ["tokenizer.json", swapped, /record\.digests\.tokenizer is another: the tokenizer\.json of the model is not that/],
  ] as const) {
    const before = await readFile(join(cut, name));
    await writeFile(join(cut, name), typeof content === "string" ? content : JSON.stringify(content));
    const { code, stderr } = await runInTurn(["train", "--resume", "--out", cut]);
    await writeFile(join(cut, name), before);
    expect([code, /cut\/checkpoint\.safetensors: record/.test(stderr)], stderr).toEqual([1, true]);
    expect(stderr).toMatch(message);
  }
  await at.remove();
});

test("settings of a checkpoint that are none of a run are refused by their fields", () => {
  const settings = {
    optimizer: "adamw",
    lr: 1e-3,
    schedule: "constant",
    warmup: 0,
    clip: 1,
    order: "random",
    packing: "windows",
    steps: 6,
    batch: 4,
    accumulate: 1,
    seed: 0,
    saveEvery: 500,
    data: ["a.txt"],
  };
  const read = (changed: unknown) => () => recordedSettings("a/checkpoint.safetensors", changed);
  expect(read(settings)()).toEqual(settings);
  for (const given of [null, undefined, 7]) {
    expect(read(given)).toThrow(/^a\/checkpoint\.safetensors: record\.settings is .*: the checkpoint is not from/);
  }
  for (const name of Object.keys(settings)) {
    expect(read({ ...settings, [name]: {} })).toThrow(`record.settings.${name} is an object, expected`);
  }
  expect(read({ ...settings, lr: null })).toThrow("a/checkpoint.safetensors: record.settings.lr is null, expected");
  expect(read({ ...settings, rate: 1 })).toThrow("there is no option record.settings.rate");
  expect(read({})).toThrow("record.settings.optimizer is missing");
  expect(read([])).toThrow("record.settings is []");
});
