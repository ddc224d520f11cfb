// What tests of proposed tokens have in common.
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { bundledNano } from "../../support/bundled.ts";

/** A folder with a model and other angles for its positions, so that what it holds for likely is something else. */
export async function otherAngles(model = bundledNano, rope_theta = 1000): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "shaderformer-draft-"));
  afterAll(() => rm(folder, { recursive: true }));
  await cp(model, folder, { recursive: true });
  const config = JSON.parse(await readFile(`${folder}/config.json`, "utf8"));
  await writeFile(`${folder}/config.json`, JSON.stringify({ ...config, rope_theta }));
  return folder;
}

/** Proposes what a text repeats. */
export const lookup = { kind: "prompt-lookup" } as const;

/** A text that repeats, and ways to go on with it. */
export const said = "The sea was calm, and the captain said to the crew: the whale is there.";
export const prompt = `<|whale|>${said} the ship, the ship, the ship, the ship, the ship, the`;
export const drawn = { temperature: 0.1, topK: 40, topP: 0.98, minP: 0.01, seed: 3 };
export const penalised = { ...drawn, repetitionPenalty: 1.05, frequencyPenalty: 0.2, presencePenalty: 0.1 };
