// Checked, not run: what the package's types say to a strict project.

import { attention, type RingPlan } from "../../../../src/attention.ts";
import { type CaseTable, checkCase } from "../../../../src/check/index.ts";
import {
  defineKernel,
  type GenerationResult,
  type Gpu,
  type LanguageModel,
  loadModel,
  openGpu,
  rmsNorm,
  type Tensor,
  tensor,
  wgslModule,
} from "../../../../src/index.ts";
import { type Dense, dense } from "../../../../src/reference/index.ts";
import { createTrainer, freshFolder, openTrainable, type TrainingStep } from "../../../../src/train/index.ts";
import { type RunResult, runWgsl } from "../../../../src/wgsl-run.ts";
import { decodeGreedy, freshRecurrent, type GreedyResult, openRecurrent } from "../../../../src/words.ts";

const gpu: Gpu = await openGpu({ features: [], cap: { binding: 1 << 20 } });
using x: Tensor = tensor(gpu, [2, 4], new Float32Array(8), "f16");
const { y } = rmsNorm(gpu, { x, weight: x }, { eps: 1e-5 });
export const values: Float64Array = await y.read();

export const model: LanguageModel = await loadModel(gpu, "models/tiny", { dtype: "f16", context: 512 });
const generation = model.generate("text", { maxTokens: 3, seed: 7, stop: ["."] });
for await (const { text, token } of generation) console.log(text.length, token?.toFixed());
export const result: GenerationResult = await generation.result;
export const device: GPUDevice = gpu.device;
export const run: RunResult = runWgsl("", { bindings: [{ binding: 0, data: new Float32Array(4) }], workgroups: [1] });

const learner = await openTrainable(
  gpu,
  freshFolder({ architectures: ["LlamaForCausalLM"] }, { initialiser: "llama" }),
);
const trainer = createTrainer(learner, { schedule: { name: "cosine", learningRate: 1e-3, steps: 10 } });
export const step: TrainingStep = await trainer.step({ ids: [[1, 2]], targets: [[2, -100]] });

const recurrent = await openRecurrent(gpu, freshRecurrent({ model_type: "gru-encoder-decoder" }));
createTrainer(recurrent, { schedule: () => 1 });
export const decoded: GreedyResult = await decodeGreedy(recurrent, [[1, 2]], { maxTokens: 3 });

export const double = defineKernel({
  name: "double",
  source: wgslModule(""),
  inputs: { x: "[...rows, cols]" },
  outputs: { y: "[...rows, cols]" },
  params: ({ rows, cols }) => ({ rows, cols }),
  workgroups: ({ rows }) => [rows],
});
export const doubled: Tensor = double(gpu, { x }).y;

export const plan: RingPlan | undefined = undefined;
export const variants: readonly string[] = Object.keys(attention.variants);
export const rows: Dense = dense([2, 4], await y.read());
export const check = (table: CaseTable) =>
  Promise.all(table.cases.map((item) => checkCase(gpu, table, table.variants[0] ?? "", item)));

// @ts-expect-error an option that is missing
rmsNorm(gpu, { x, weight: x });
// @ts-expect-error a tensor that is missing
double(gpu, {});
// @ts-expect-error a variant of generation options that does not exist
model.generate("text", { top_k: 3 });
// @ts-expect-error an optimizer that does not exist
createTrainer(learner, { schedule: () => 1, optimizer: { name: "adam" } });
export const misspelt = defineKernel({
  name: "misspelt",
  source: wgslModule(""),
  inputs: { x: "[rows]" },
  outputs: { y: "[rows]" },
  // @ts-expect-error an axis that no pattern has
  params: ({ row }) => ({ row }),
  workgroups: ({ rows }) => [rows],
});
