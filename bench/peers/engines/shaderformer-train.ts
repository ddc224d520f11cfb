import {
  add,
  type FileSource,
  type Gpu,
  mean,
  mul,
  type Program,
  placed,
  sub,
  type Tensor,
  transformerBlock,
  upload,
  zeros,
} from "../../../src/index.ts";
import { adamW, gradientNorm, gradients } from "../../../src/train/index.ts";
import { openTrainable } from "../../../src/train/open/open-trainable.ts";
import { Trainer } from "../../../src/train/trainer/trainer.ts";
import { gpt2Small } from "../block.ts";
import { adamw, adamwScalars, blockTraining, trainTokens } from "../train/train.ts";
import type { TrainProblem } from "../train/train-problem.ts";
import type { Prepared } from "./engine.ts";
import { blockWeights } from "./shaderformer-block.ts";
import { preparedTraining, type Training } from "./training.ts";

/** A step by this engine; `source` opens the bundled model. */
export const trainWays = (
  gpu: Gpu,
  problem: TrainProblem,
  source: () => FileSource | Promise<FileSource>,
): (() => Promise<Prepared>)[] => [
  problem.batch === undefined
    ? () => preparedTraining("gradients, adamW", () => trainBlock(gpu, problem))
    : () => preparedTraining("Trainer", async () => trainModel(gpu, problem, await source())),
];

/** A trainer of the bundled model, with its weights as f32. */
export async function openTrainer(gpu: Gpu, source: FileSource) {
  const trainable = await openTrainable(gpu, source);
  const { rate, betas, eps, decay: weightDecay, clip } = adamw;
  const trainer = new Trainer(trainable.objective, trainable.parameters, {
    optimizer: { name: "adamw", betas, eps, weightDecay },
    clip,
    schedule: () => rate,
  });
  return { trainable, trainer };
}

async function trainModel(gpu: Gpu, problem: TrainProblem, source: FileSource): Promise<Training> {
  const { trainable, trainer } = await openTrainer(gpu, source);
  const tokens = trainTokens(problem);
  const program = trainer.program({ batch: tokens.ids.length, context: problem.tokens });
  const dispatches = program.dispatches.length; // counted in the page, those that compile would be included
  program.dispose();
  return {
    dispatches,
    step: () => trainer.submit(tokens),
    settle: () => gpu.device.queue.onSubmittedWorkDone(),
    figures: async () => {
      const last = (await trainer.readSteps()).at(-1);
      return [last?.loss ?? Number.NaN, last?.gradientNorm ?? Number.NaN];
    },
    matrices: () =>
      Promise.all(
        trainable.parameters.filter(({ tensor }) => tensor.shape.length > 1).map(({ tensor }) => tensor.read()),
      ),
    dispose: () => {
      trainer.dispose();
      trainable.dispose();
    },
  };
}

/** A recorded step of a block, with the tensors that it reads and changes. */
export interface BlockStep {
  readonly program: Program<{ readonly loss: Tensor; readonly clip: Tensor }>;
  readonly weights: readonly Tensor[];
  /** The learning rate and the corrections of AdamW's means, `[3]`. */
  readonly scalars: Tensor;
  readonly dispose: () => void;
}

/** Records the block of a model without a cache, the mean of squared differences, gradients, and AdamW. */
export function recordBlockStep(gpu: Gpu, problem: TrainProblem): BlockStep {
  const { c, h, d } = gpt2Small;
  const { betas, eps, decay, clip: most } = adamw;
  const { values, target } = blockTraining(problem);
  const owned: Tensor[] = [];
  const own = (tensor: Tensor): Tensor => {
    owned.push(tensor);
    return tensor;
  };
  const given = (shape: readonly number[], of: Float32Array<ArrayBuffer>, name: string) =>
    own(upload(gpu, shape, "f32", of, name));
  const kept = (shape: readonly number[], name: string) => own(zeros(gpu, shape, "f32", name));
  const trained: { parameter: Tensor; first: Tensor; second: Tensor }[] = [];
  const weights = blockWeights(values, (shape, of, name) => {
    const parameter = given(shape, of, name);
    trained.push({ parameter, first: kept(shape, "first"), second: kept(shape, "second") });
    return parameter;
  });
  const shape = [1, problem.tokens, c];
  const [x, wanted] = [given(shape, values.x, "x"), given(shape, target, "target")];
  const scalars = kept([3], "scalars");
  const skipped = own(zeros(gpu, [1], "u32", "skipped"));
  const settings = { heads: h, kvHeads: h, headWidth: d, activation: "gelu-tanh" } as const;
  const inputs = { place: { start: 0 }, visible: problem.tokens };
  const program = gpu.record(() => {
    const { sum, update } = transformerBlock(gpu, "block", { sum: x }, inputs, weights, settings);
    const y = update ? add(gpu, { a: sum, b: update }).y : sum;
    const difference = sub(gpu, { a: y, b: wanted }).y;
    const squares = mul(gpu, { a: difference, b: difference }).y;
    const rows = mean(gpu, { x: squares }, { axis: 2 }).y; // all rows have the same length
    const loss = mean(gpu, { x: rows }, { axis: 1 }).y;
    const found = gradients(gpu, loss, Object.fromEntries(trained.map(({ parameter }, i) => [`${i}`, parameter])));
    const all = Object.values(found).flatMap((gradient) => gradient ?? []);
    const { clip } = gradientNorm(gpu, { gradients: all, skipped }, { maxNorm: most });
    for (const [i, state] of trained.entries()) {
      const gradient = found[`${i}`];
      const options = { betas, eps, decay: state.parameter.shape.length > 1 ? decay : 0 };
      if (gradient) adamW(gpu, { ...state, gradient, scalars, clip }, options);
    }
    return { loss, clip };
  });
  const dispose = () => {
    program.dispose();
    for (const tensor of owned) tensor.dispose();
  };
  return { program, weights: trained.map(({ parameter }) => parameter), scalars, dispose };
}

async function trainBlock(gpu: Gpu, problem: TrainProblem): Promise<Training> {
  const { program, weights, scalars, dispose } = recordBlockStep(gpu, problem);
  const instance = await program.instantiate();
  const { loss, clip } = program.result;
  let steps = 0;
  return {
    dispatches: program.dispatches.length,
    step: async () => {
      await gpu.write(scalars.storage, 0, new Uint8Array(adamwScalars(++steps).buffer));
      instance.run();
    },
    settle: () => gpu.device.queue.onSubmittedWorkDone(),
    figures: async () => {
      const [of, norms] = await Promise.all([placed(instance, loss).read(), placed(instance, clip).read()]);
      return [of[0] ?? Number.NaN, norms[0] ?? Number.NaN];
    },
    matrices: () => Promise.all(weights.filter(({ shape }) => shape.length > 1).map((weight) => weight.read())),
    dispose: () => {
      instance.dispose();
      dispose();
    },
  };
}
