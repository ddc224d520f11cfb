// Records runs of the bundled model with their probabilities, which the front page plays, in site/front/runs.
//   node scripts/record/runs.mjs
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureBuild } from "../setup/build.mjs";
import { root } from "../setup/run.mjs";

const name = "voices-dense";
const sampling = { temperature: 0.7, topK: 40, maxTokens: 36, logprobs: 10 };

/** The runs to record: a prompt in each voice of the model. */
const prompts = {
  whale: { prompt: "<|whale|>The sea was", seed: 1 },
  scripture: { prompt: "<|scripture|>In the beginning", seed: 1 },
  union: { prompt: "<|union|>My fellow citizens, we", seed: 1 },
  jargon: { prompt: "<|jargon|>hacker: ", seed: 1 },
};

ensureBuild();
const { loadModel, openGpu } = await import("shaderformer");
const gpu = await openGpu();
const model = await loadModel(gpu, join(root, "examples", "models", name));
const folder = join(root, "site", "front", "runs");
mkdirSync(folder, { recursive: true });
const rounded = (logprob) => Math.round(logprob * 1000) / 1000;
for (const [voice, { prompt, seed }] of Object.entries(prompts)) {
  const generation = model.generate(prompt, { ...sampling, seed });
  const steps = [];
  for await (const { token, text, logprob, rank, top } of generation) {
    if (token === undefined) continue; // nothing is held back
    const likely = top.map((other) => [other.token, other.text, rounded(other.logprob)]);
    steps.push({ token, text, logprob: rounded(logprob), rank, top: likely });
  }
  const [{ promptTokens, stopReason }] = (await generation.result).rows;
  const given = promptTokens.map((id) => [id, model.tokenizer.decode([id], { skipSpecialTokens: false })]);
  const { temperature, topK } = sampling;
  const run = { model: name, prompt, seed, temperature, topK, stopReason, adapter: gpu.adapter.label, given, steps };
  writeFileSync(join(folder, `${voice}.json`), `${JSON.stringify(run)}\n`);
  console.log(`${voice}: ${steps.map(({ text }) => text).join("")}`);
}
gpu.close();
