import { version } from "../../../package.json";
import {
  attention,
  type Gpu,
  loadModel,
  matmul,
  openUrl,
  type Program,
  placed,
  type Tensor,
  transpose,
  upload,
} from "../../../src/index.ts";
import { inputsOf, uploadGroup } from "../../attention/inputs/inputs.ts";
import { textModelAddress, textPrompt } from "../generate.ts";
import { type AttentionProblem, type MatmulProblem, matmulInputs } from "../problems.ts";
import type { Engine, Prepared } from "./engine.ts";
import { blockOp, rowsOp } from "./shaderformer-block.ts";
import { encoderWays } from "./shaderformer-encoder.ts";
import { sequenceWays } from "./shaderformer-t5.ts";
import { trainWays } from "./shaderformer-train.ts";

/** This engine: the variants that its ops choose, recorded once and submitted once per run. */
export const shaderformer = (gpu: Gpu): Engine => ({
  name: "shaderformer",
  peer: false,
  summary: "this engine; its ops choose their variants",
  computes: ["arrays", "training", "vectors", "sequences", "texts"],
  open: async () => ({
    version,
    device: gpu.device,
    ways: (problem) => [
      () => {
        if (problem.op === "matmul") return product(gpu, problem);
        if (problem.op === "attention") return attend(gpu, problem);
        const { record, inputs } = problem.op === "block" ? blockOp(gpu, problem) : rowsOp(gpu, problem);
        const made = prepared(gpu, gpu.record(record), inputs);
        // A block has too many kernels for a name.
        return problem.op === "block" ? made.then((block) => ({ ...block, variant: "transformerBlock" })) : made;
      },
    ],
    training: (problem) => trainWays(gpu, problem, () => openUrl(textModelAddress())),
    vectors: (problem) => encoderWays(gpu, problem),
    sequences: (problem) => sequenceWays(gpu, problem),
    texts: ({ tokens }) => [() => generate(gpu, tokens)],
  }),
});

/** Queries in the order of tokens, keys and values in a cache with room for more, as in a model. */
async function attend(gpu: Gpu, { group, heads }: AttentionProblem): Promise<Prepared> {
  const { owned, views } = uploadGroup(gpu, group, heads, inputsOf(group, heads));
  const options = { mask: "causal" } as const;
  const program = gpu.record(() => transpose(attention(gpu, views, options).out, [0, 2, 1, 3]));
  const variant = program.calls[0]?.variant as keyof typeof attention.variants;
  const workspaceBytes = attention.variants[variant].workspace?.(views, options) ?? 0;
  return { ...(await prepared(gpu, program, owned)), workspaceBytes };
}

function product(gpu: Gpu, problem: MatmulProblem): Promise<Prepared> {
  const { m, k, n } = problem;
  const inputs = matmulInputs(problem);
  const x = upload(gpu, [m, k], "f32", inputs.x, "x");
  const weight = upload(gpu, [n, k], "f32", inputs.weight, "weight");
  return prepared(
    gpu,
    gpu.record(() => matmul(gpu, { x, weight }).y),
    [x, weight],
  );
}

/** A new session for each text, so that none of the prompt is in a cache. */
async function generate(gpu: Gpu, maxTokens: number): Promise<Prepared> {
  const model = await loadModel(gpu, openUrl(textModelAddress()));
  let made: readonly number[] = [];
  return {
    variant: "generate",
    run: async () => {
      const { rows } = await model.generate(textPrompt, { temperature: 0, maxTokens, ignoreEos: true }).result;
      made = rows[0]?.tokens ?? [];
    },
    settle: async () => {},
    read: async () => made,
    dispose: () => model.dispose(),
  };
}

async function prepared(gpu: Gpu, program: Program<Tensor>, inputs: readonly Tensor[]): Promise<Prepared> {
  const instance = await program.instantiate();
  const result = placed(instance, program.result);
  return {
    variant: program.calls.map(({ variant }) => variant).join(" + "),
    run: () => instance.run(),
    settle: () => gpu.device.queue.onSubmittedWorkDone(),
    read: () => result.read(),
    dispose: () => {
      instance.dispose();
      program.dispose();
      for (const input of inputs) input.dispose();
    },
    dispatches: program.calls.reduce((sum, { dispatches }) => sum + dispatches.length, 0),
  };
}
