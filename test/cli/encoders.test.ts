import { expect, test } from "vitest";
import { encoderFolder, encoderGolden, farthest } from "../encoders/encode/golden-encoders.ts";
import { runInTurn } from "./run-cli.ts";

const folder = encoderFolder("bert");

test("hidden --json: token ids, and the states after the embeddings and every layer", async () => {
  const [golden] = encoderGolden("bert").texts;
  const { code, stdout, stderr } = await runInTurn(["hidden", golden?.text ?? "", "--model", folder, "--json"]);
  expect(code, stderr).toBe(0);
  const { tokens, layers, ...others } = JSON.parse(stdout) as { tokens: number[]; layers: number[][][] };
  expect(others).toEqual({});
  expect(tokens).toEqual(golden?.tokens);
  expect(layers.length).toBe(3);
  expect(farthest(layers.flat(), golden?.layers.flat() ?? [])).toBeLessThan(2e-5);
});

test("hidden for people, and for a model that is no encoder", async () => {
  const { stdout } = await runInTurn(["hidden", "a b", "--model", folder]);
  expect(stdout).toMatch(
    /^embeddings {2}\[4, 24\].*rms [\d.]+\n(.*\n)+layer 0 {2}\[4, 24\].*\n(.*\n)+layer 1 {2}\[4, 24\]/,
  );
  const wrong = await runInTurn(["hidden", "a", "--model", "examples/models/voices-dense"]);
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toContain("config.json: model_type is llama, known encoders are bert");
});
