import type { Gpu, Program } from "../../gpu/gpu.ts";
import { atLeast, checkOptions, checkValue, having, integer } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Objective, StepShape } from "../objectives/objective.ts";
import type { TokenBatch } from "../objectives/token-batches.ts";
import type { TrainableModel } from "../open/open-trainable.ts";
import type { Parameter } from "../open/parameters.ts";
import { type LearningRate, scheduleOf } from "../schedules.ts";
import { type ProgramCache, programCache } from "./cache.ts";
import { numbersOf, type Pending, type Places, type Ring, ringOf, stepOf, useOf } from "./figures.ts";
import { disposeTraining, makeTraining } from "./make-training.ts";
import { type EvaluateOptions, evaluateFields, shapeCheck, type TrainerOptions } from "./options.ts";
import { type Figures, type Prepared, recordStep, type Training } from "./programs.ts";
import type { Evaluation, TrainingStep } from "./results.ts";
import { type Counters, countersCheck, restoreState, type State, stateCheck, stateOf } from "./state.ts";
import { writeDropout, writeInputs, writeScalars, writeShare } from "./writes.ts";

/** Maximum steps with unread figures. */
const maxPending = 256;

/** The batches of a step. Throws `OptionError` for anything else. */
function batchesIn<B>({ check }: Objective<B>, micro: B | readonly B[]): readonly B[] {
  const isList = (given: B | readonly B[]): given is readonly B[] => Array.isArray(given);
  if (!isList(micro)) {
    check("micro", micro);
    return [micro];
  }
  if (micro.length === 0) throw new OptionError("train: a step of no batches");
  for (const [i, batch] of micro.entries()) check(`micro[${i}]`, batch);
  return micro;
}

/**
 * Trains a model: one recorded program per shape of batches, replayed with new tokens and the scalars of each step;
 * only readers of figures wait for the device. Weights are f32. Calls run in the order in which they are made.
 * `createTrainer` makes one.
 */
export class Trainer<B = TokenBatch> {
  /** The parameters it was created with, including frozen ones. */
  readonly parameters: readonly Parameter[];
  readonly #objective: Objective<B>;
  readonly #training: Training<B>;
  readonly #schedule: LearningRate;
  readonly #programs: ProgramCache;
  readonly #ring: Ring;
  readonly #read: TrainingStep[] = [];
  #pending: Pending[] = [];
  #steps = 0;
  #submits = 1;
  #turn: Promise<unknown> = Promise.resolve();

  /** Throws `GradientError` for parameters that are not f32 or share memory, and `OptionError` for invalid options. */
  constructor(objective: Objective<B>, parameters: readonly Parameter[], options: TrainerOptions) {
    this.#objective = objective;
    this.#training = makeTraining(objective, parameters, options);
    this.#schedule = scheduleOf("Trainer", options.schedule);
    this.parameters = parameters;
    this.#programs = programCache(this.#training);
    this.#ring = objective.gpu.unscoped(() => ringOf(objective.gpu, numbersOf(this.#training.routers, 1)));
  }

  /**
   * Submits per program, default 1: more for slow steps, so that a page draws in between and no driver resets the GPU.
   * The results are the same.
   */
  get submits(): number {
    return this.#submits;
  }

  set submits(count: number) {
    checkValue("Trainer", "submits", integer(1, 1 << 16), count);
    this.#submits = count;
  }

  /** The device that it trains on. */
  get gpu(): Gpu {
    return this.#objective.gpu;
  }

  /** The settings of the model without its weights, to detect a checkpoint of another model. */
  get model(): object | undefined {
    return this.#objective.model;
  }

  /** Steps so far, including skipped ones. */
  get steps(): number {
    return this.#steps;
  }

  /** With `ema`: the trained parameters, with the means of their weights as tensors, for `exportModel`. */
  get averaged(): readonly Parameter[] | undefined {
    return this.#training.averages?.parameters;
  }

  /**
   * A step: the loss of a batch, or of several whose gradients are added, weighted by their numbers of targets that
   * count; then new weights. Waits for its figures.
   *
   * @throws OptionError for batches that are invalid for this model.
   */
  step(micro: B | readonly B[]): Promise<TrainingStep> {
    return this.#inTurn(async () => {
      await this.#submit(micro);
      await this.#readFigures();
      return this.#read.pop() as TrainingStep;
    });
  }

  /** A step whose figures stay on the device until `readSteps`, for at most 256 steps. */
  submit(micro: B | readonly B[]): Promise<void> {
    return this.#inTurn(() => this.#submit(micro));
  }

  /** The steps submitted without waiting since the last call. */
  readSteps(): Promise<readonly TrainingStep[]> {
    return this.#inTurn(async () => {
      await this.#readFigures();
      return this.#read.splice(0);
    });
  }

  /**
   * The mean loss of a batch, with the current weights, or with their means from `ema`. No dropout; nothing changes.
   *
   * @throws OptionError for an invalid batch, and for means without `ema`.
   */
  evaluate(batch: B, options: EvaluateOptions = {}): Promise<Evaluation> {
    return this.#inTurn(async () => {
      this.#objective.check("batch", batch);
      checkOptions("train", evaluateFields, options);
      const { averaged = false } = options;
      if (averaged && !this.averaged) throw new OptionError("train: averaged is true, but the trainer has no ema");
      if (this.#ring.room() < numbersOf(this.#training.routers, 1)) await this.#readFigures();
      const inputs = this.#objective.inputs(batch);
      const prepared = await this.#programs.prepared("loss", inputs, averaged);
      await writeInputs(this.gpu, prepared, inputs);
      const places = this.#run(prepared);
      const figures = await this.#readFigures();
      const use = useOf(places, figures, this.#training.routers);
      return { loss: figures[places.loss ?? -1] ?? Number.NaN, count: this.#objective.targetsIn(batch), ...use };
    });
  }

  /**
   * The program of a step for batches of this shape, recorded again for inspection: calls forward and backward, costs,
   * memory (`memoryUse`). It does not run.
   */
  program(shape: StepShape): Program<Figures> {
    checkValue("train", "shape", shapeCheck, shape);
    return recordStep(this.#training, shape);
  }

  /**
   * The state other than the weights for resuming with bitwise equal results: tensors by name, `adamw.first.NAME`, and
   * `skipped`. `saveCheckpoint` writes both.
   */
  state(): Readonly<Record<string, Tensor>> {
    return stateOf(this.#training);
  }

  /** The numbers that belong to `state`. */
  counters(): Counters {
    return { step: this.#steps };
  }

  /**
   * Resumes from a saved state; the caller restores the weights.
   *
   * @throws OptionError for a tensor that is missing or of another size, before anything changes.
   */
  restore(state: State, counters: Counters): Promise<void> {
    return this.#inTurn(async () => {
      checkValue("train", "state", stateCheck, state);
      checkValue("train", "counters", countersCheck, counters);
      await restoreState(this.#training, state);
      this.#steps = counters.step;
    });
  }

  /** Frees its memory; the model's weights stay. */
  dispose(): void {
    this.#programs.dispose();
    this.#ring.dispose();
    disposeTraining(this.#training);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#turn.then(work);
    this.#turn = run.catch(() => undefined);
    return run;
  }

  async #submit(micro: B | readonly B[]): Promise<void> {
    const batches = batchesIn(this.#objective, micro);
    const numbers = numbersOf(this.#training.routers, batches.length);
    if (this.#pending.length === maxPending || this.#ring.room() < numbers) await this.#readFigures();
    const step = this.#steps + 1;
    const learningRate = this.#schedule(step);
    checkValue("train", `schedule(${step})`, atLeast(0), learningRate);
    await writeScalars(this.#training, step, learningRate);
    const [only, ...others] = batches as readonly [B, ...B[]];
    const found = others.length === 0 ? await this.#whole(only) : await this.#inParts(batches);
    this.#steps = step;
    this.#pending.push({ step, learningRate, ...found });
  }

  async #whole(batch: B): Promise<Pick<Pending, "parts" | "whole">> {
    const inputs = this.#objective.inputs(batch);
    const prepared = await this.#programs.prepared("whole", inputs);
    await Promise.all([writeInputs(this.gpu, prepared, inputs), writeDropout(this.#training, this.#steps + 1, 0)]);
    const whole = this.#run(prepared);
    return { parts: [[1, whole]], whole };
  }

  async #inParts(batches: readonly B[]): Promise<Pick<Pending, "parts" | "whole">> {
    const { targetsIn, inputs: inputsOf } = this.#objective;
    const all = batches.reduce((sum, batch) => sum + targetsIn(batch), 0);
    const parts: [share: number, at: Places][] = [];
    for (const [i, batch] of batches.entries()) {
      const part = all > 0 ? targetsIn(batch) / all : 0;
      const inputs = inputsOf(batch);
      const prepared = await this.#programs.prepared(i === 0 ? "first" : "next", inputs);
      await Promise.all([
        writeInputs(this.gpu, prepared, inputs),
        writeDropout(this.#training, this.#steps + 1, i),
        writeShare(this.#training, part),
      ]);
      parts.push([part, this.#run(prepared)]);
    }
    return { parts, whole: this.#run(await this.#programs.update()) };
  }

  /** Runs a program and keeps its figures; returns their position in the next reading. */
  #run({ instance, figures }: Prepared): Places {
    const named = Object.entries(figures) as [keyof Figures, Tensor][];
    const places = this.#ring.run(
      instance,
      named.map(([, tensor]) => tensor),
      this.submits,
    );
    return Object.fromEntries(named.map(([name], i) => [name, places[i]]));
  }

  /** Reads the ring, and with it the pending steps. */
  async #readFigures(): Promise<Float32Array> {
    const figures = await this.#ring.read();
    for (const pending of this.#pending) this.#read.push(stepOf(pending, figures, this.#training.routers));
    this.#pending = [];
    return figures;
  }
}

const modelCheck = having("objective", "a model from openTrainable or openLora");

/**
 * A trainer of a model, or of its adapter: each `step` takes a batch of tokens and updates the weights with an
 * optimizer, at the rate of a schedule. It keeps the optimizer's state, two numbers per weight for AdamW, until it is
 * disposed; the caller keeps the model.
 *
 * @throws OptionError for invalid options; GradientError for parameters that are not f32 or share memory.
 */
export function createTrainer<B>(model: TrainableModel<B>, options: TrainerOptions): Trainer<B> {
  checkValue("createTrainer", "model", modelCheck, model);
  return new Trainer(model.objective, model.parameters, options);
}
