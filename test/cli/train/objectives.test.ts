import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { firstIf } from "../../support/first-tier.ts";
import { runInTurn } from "../run-cli.ts";
import { endedAt, linesOf, trainingFolder } from "./runs.ts";

let at: Awaited<ReturnType<typeof trainingFolder>>;
beforeAll(async () => {
  at = await trainingFolder();
});
afterAll(() => at.remove());

const encoder = {
  model_type: "bert",
  vocab_size: 300,
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 32,
  max_position_embeddings: 24,
};

/** Runs of each objective on small files. */
const runs: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  masked: async () => {
    const config = await at.file("masked.json", JSON.stringify({ ...encoder, architectures: ["BertForMaskedLM"] }));
    return ["--config", config, "--data", at.data, "--val", at.val, "--context", "16"];
  },
};

const settings = ["--steps", "12", "--batch", "4", "--save-every", "3", "--seed", "5", "--lr", "1e-2"];

for (const [name, given] of Object.entries(runs)) {
  test(
    `${name}: killed and resumed, a run has the bits of an undisturbed one`,
    firstIf(name === "masked"),
    async () => {
      const args = ["--objective", name, ...settings, ...(await given())];
      const [whole, parts] = [at.out(`${name}-whole`), at.out(`${name}-parts`)];
      const undisturbed = await runInTurn(["train", "--json", ...args, "--out", whole]);
      expect([undisturbed.code, undisturbed.stderr]).toEqual([0, ""]);
      const lines = linesOf(undisturbed.stdout);
      const losses = lines.flatMap(({ loss }) => loss ?? []);
      expect(losses).toHaveLength(12);
      expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.05);
      expect(lines.at(-1)?.["heldOutLoss"]).toBeGreaterThan(0);
      const killed = await endedAt(5, "SIGKILL", [...args, "--out", parts]);
      expect(killed.code).toBe(null);
      const resumed = await runInTurn(["train", "--json", "--resume", "--out", parts]);
      expect([resumed.code, resumed.stderr]).toEqual([0, ""]);
      expect(linesOf(resumed.stdout).at(-1)).toEqual(lines.at(-1));
      for (const file of ["checkpoint.safetensors", "model.safetensors", "config.json", "tokenizer.json"]) {
        const [a, b] = await Promise.all([whole, parts].map((folder) => readFile(join(folder, file))));
        expect(Buffer.compare(a as Buffer, b as Buffer), file).toBe(0);
      }
    },
  );
}

test("an objective that does not fit the model is refused with those that do, and settings of others are", async () => {
  const decoder = at.config;
  for (const [args, message] of [
    [
      ["--objective", "masked", "--config", decoder],
      /config\.json: holds a decoder \(llama\), which --objective masked does not fit, expected next-token/,
    ],
    [["--config", decoder, "--window", "3"], /unknown option '--window'/],
  ] as const) {
    const { code, stdout, stderr } = await runInTurn(["train", "--data", at.data, ...args]);
    expect([code, stdout], stderr).toEqual([1, ""]);
    expect(stderr).toMatch(message);
  }
});
