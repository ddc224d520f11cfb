import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import type { CheckpointNumbers, CheckpointTensor } from "../../../src/train/checkpoints/checkpoint.ts";
import type { TrainableModel } from "../../../src/train/open/open-trainable.ts";
import { schedules } from "../../../src/train/schedules.ts";
import type { Evaluation, TrainingStep } from "../../../src/train/trainer/results.ts";
import { Trainer } from "../../../src/train/trainer/trainer.ts";
import { baselinesOf } from "../tasks/baselines.ts";
import { randomOf } from "../tasks/random.ts";
import type { Example, Examples } from "../tasks/task.ts";
import { type Attention, type History, type Look, noHistory, withAttention, withLook } from "./history.ts";
import type { Base, Kind } from "./kinds/kind.ts";
import { withKind } from "./kinds/kinds.ts";
import { measuring, partsOf, ratiosOf, weightsOf } from "./parts.ts";
import type { Exported, RunFacts, RunRequest } from "./protocol.ts";
import { type ReadRun, savedRun } from "./saved.ts";
import { optimizerOf, routersFor } from "./training-options.ts";

/** Steps that were taken. */
export interface Advance {
  readonly steps: readonly TrainingStep[];
  readonly milliseconds: number;
  /** Submits of each. */
  readonly submits: number;
  /** The evaluation before them, with measurements of the first of them. */
  readonly measured?: Look;
}

/** Milliseconds of a step above which it is split, and approximate milliseconds of each part. */
const [longStep, part] = [200, 100];
/** Maximum submits of a step, and those of the first steps. */
const [maxSubmits, firstSubmits] = [32, 8];

/** A model in training, with all views of it. */
export interface Session {
  readonly request: RunRequest;
  readonly facts: RunFacts;
  readonly trainer: Pick<Trainer, "steps" | "submits">;
  readonly history: History;
  /** Takes so many steps; the first one after an evaluation is measured for it. */
  readonly advance: (count: number) => Promise<Advance>;
  /** Evaluates the model, unless already done. */
  readonly look: () => Promise<{ look: Look; attention: readonly Attention[] } | undefined>;
  /** The loss of examples as in a step, with the routers' choices. */
  readonly evaluate: (examples: readonly Example[]) => Promise<Evaluation>;
  /** The run as a file. */
  readonly saved: () => Promise<Blob>;
  /** The trained model or adapter as a folder, or with `whole` the whole model. */
  readonly exported: (whole?: boolean) => Promise<Exported>;
  dispose(): void;
}

/**
 * Maximum held-out examples evaluated: fewer for texts, which are longer, unless only few tokens of each are predicted.
 */
const maxHeldOut = ({ scored, promptLength }: Examples): number =>
  scored === "exact" || promptLength === 0 ? 256 : 16;

/** Tensors for resuming training, by their names in a file. */
function kept<B>({ parameters }: TrainableModel<B>, trainer: Trainer<B>): readonly (readonly [string, Tensor])[] {
  return [
    ...parameters.map(({ name, tensor }) => [`weights.${name}`, tensor] as const),
    ...Object.entries(trainer.state()).map(([name, tensor]) => [`state.${name}`, tensor] as const),
  ];
}

const described = ([name, { shape, dtype }]: readonly [string, Tensor]) => ({
  name,
  shape,
  dtype: dtype === "u32" ? ("u32" as const) : ("f32" as const),
});

/** Restores a run's state in a model and its trainer. */
async function restore<B>(model: TrainableModel<B>, trainer: Trainer<B>, run: ReadRun): Promise<void> {
  const all = kept(model, trainer);
  const numbers = await Promise.all(all.map((one) => run.checkpoint.read(described(one))));
  const state: Record<string, CheckpointNumbers> = {};
  for (const [i, [name, { storage, offset }]] of all.entries()) {
    const values = numbers[i] as CheckpointNumbers;
    if (name.startsWith("state.")) state[name.slice("state.".length)] = values;
    else
      await trainer.gpu.write(storage, 4 * offset, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  await trainer.restore(state, { step: run.step });
}

/** Makes a model for a task and prepares its training; with `run` it continues from there. */
export const openSession = (
  gpu: Gpu,
  request: RunRequest,
  run: ReadRun | undefined,
  base: Base = {},
): Promise<Session> => withKind(request, (kind) => sessionOf(gpu, kind, request, { run, base }));

async function sessionOf<B>(
  gpu: Gpu,
  kind: Kind<B>,
  request: RunRequest,
  { run, base }: { readonly run: ReadRun | undefined; readonly base: Base },
): Promise<Session> {
  const { settings } = request;
  const { seed, batch, clip, recompute, schedule, learningRate, warmup, steps: most } = settings;
  const learner = await kind(gpu, request, base);
  const { examples, model } = learner;
  const { objective, parameters } = model;
  const batchOf = (step: number): B => {
    const random = randomOf(seed, step);
    const drawn = Array.from({ length: batch }, () => examples.draw(random));
    return learner.batchOf(drawn, [seed, step]);
  };
  const trainer = new Trainer(objective, parameters, {
    clip,
    recompute,
    optimizer: optimizerOf(settings),
    routers: routersFor(settings),
    schedule: schedules[schedule].of({ learningRate, warmup, steps: most }),
  });
  if (run) await restore(model, trainer, run);
  const parts = partsOf(parameters, learner.partOf);
  const heldOut = examples.heldOut(maxHeldOut(examples));
  base.loading?.({ phase: "compile", done: 0, total: 1 });
  // The speed of kernels is unknown until the first steps, so these are split into submits.
  trainer.submits = firstSubmits;
  const submits = () => trainer.submits;
  const looking = await learner.looking(heldOut, submits);
  const measured = measuring(
    objective,
    parts,
    { batch: batchOf(1), recompute, ways: learner.recomputes, submits },
    routersFor(settings),
  );
  base.loading?.({ phase: "compile", done: 1, total: 1 });
  let history = run?.history ?? noHistory;

  const bytes = (tensors: readonly Tensor[]) => tensors.reduce((sum, { size }) => sum + 4 * size, 0);
  const { layers, heads, context, routers, classes } = learner;
  const facts: RunFacts = {
    parameters: parameters.reduce((sum, { tensor }) => sum + tensor.size, 0),
    layers,
    heads,
    context,
    parts: parts.map(({ name }) => name),
    weightBytes: bytes(parameters.map(({ tensor }) => tensor)),
    stateBytes: bytes(Object.values(trainer.state())),
    memory: measured.memory,
    baselines: {
      ...baselinesOf(examples, classes === examples.labels?.length ? "labels" : "text"),
      uniform: Math.log(classes),
    },
    heldOut: heldOut.length,
    routers,
  };

  async function stepsOf(count: number) {
    const start = performance.now();
    for (let i = 0; i < count; i++) await trainer.submit(batchOf(trainer.steps + 1));
    const steps = await trainer.readSteps();
    const [milliseconds, { submits }] = [performance.now() - start, trainer];
    const each = milliseconds / count;
    // Not for the first steps, in which kernels are compiled.
    if (trainer.steps > 2) trainer.submits = each > longStep ? Math.min(maxSubmits, Math.ceil(each / part)) : 1;
    return { steps, milliseconds, submits };
  }

  return {
    request,
    facts,
    trainer,
    get history() {
      return history;
    },
    advance: async (count) => {
      const last = history.looks.at(-1);
      const isMeasured = last?.step === trainer.steps && last.ratios === undefined;
      const before = isMeasured ? await weightsOf(parts) : undefined;
      const taken = await stepsOf(before ? 1 : count);
      const { steps, milliseconds } = taken;
      history = {
        ...history,
        steps: [...history.steps, ...steps],
        seconds: history.seconds + milliseconds / 1000,
      };
      if (before && last) {
        const look = { ...last, ratios: ratiosOf(parts, before, await weightsOf(parts)) };
        history = { ...history, looks: withLook(history.looks, look) };
        return { ...taken, measured: look };
      }
      return taken;
    },
    look: async () => {
      const step = trainer.steps;
      if (history.looks.at(-1)?.step === step) return undefined;
      const scored = await looking.score();
      const { attention: found, ...seen } = await looking.samples();
      const norms = await measured.norms(batchOf(step + 1));
      const look = { step, ...scored, ...seen, norms };
      const attention = found.map((one) => ({ step, ...one }));
      history = {
        ...history,
        looks: withLook(history.looks, look),
        attention: withAttention(history.attention, attention),
      };
      return { look, attention };
    },
    evaluate: (given) => trainer.evaluate(learner.batchOf(given, [seed, 0])),
    saved: () =>
      savedRun(
        request,
        history,
        kept(model, trainer).map(
          (one): CheckpointTensor => ({
            ...described(one),
            read: () => one[1].readStored() as Promise<CheckpointNumbers>,
          }),
        ),
      ),
    exported: async (all = false) => ({
      name: `${settings.task}-${trainer.steps}`,
      files: await (all ? learner.whole() : learner.files()),
    }),
    dispose: () => {
      looking.dispose();
      measured.dispose();
      trainer.dispose();
      model.dispose();
    },
  };
}
