import type { Program } from "../../gpu/gpu.ts";
import { createRopeTables, type Decoder } from "../../models/decoder.ts";
import { checkOptions } from "../../options/checks.ts";
import { placeholder, type Tensor, tensor, zeros } from "../../tensor/tensor.ts";
import { GradientError } from "../errors.ts";
import { optimiserOf } from "../optimisers/optimisers.ts";
import { positionsIn } from "../packed-rows.ts";
import type { Parameter } from "../parameters.ts";
import type { LearningRate } from "../schedules.ts";
import { averagesOf } from "./averages.ts";
import { checkBatch, type TokenBatch, targetsIn } from "./batches.ts";
import { type ProgramCache, programCache } from "./cache.ts";
import { numbersOf, type Pending, type Places, stepOf, useOf } from "./figures.ts";
import { groupsOf } from "./groups.ts";
import { type TrainerOptions, trainerFields } from "./options.ts";
import { type Figures, type Prepared, recordBatch, type Training } from "./programs.ts";
import type { Evaluation, TrainingStep } from "./results.ts";
import { type Ring, ringOf } from "./ring.ts";
import { routersOf } from "./routing.ts";
import { type Counters, restoreState, type State, stateOf } from "./state.ts";

/** Steps whose figures may be unread. */
const mostPending = 256;

/**
 * Trains a decoder: one recorded program a step for each shape of batches, which is replayed with new tokens and with the
 * scalars of its number; nothing waits for the device but what reads its figures. Weights are f32. Calls are carried out
 * in the order in which they are made.
 */
export class Trainer {
  readonly #training: Training;
  readonly #schedule: LearningRate;
  readonly #programs: ProgramCache;
  readonly #ring: Ring;
  readonly #read: TrainingStep[] = [];
  #pending: Pending[] = [];
  #steps = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * Throws `GradientError` for parameters that are not f32 or share memory, and `OptionError` for options that are not
   * valid.
   */
  constructor(decoder: Decoder, parameters: readonly Parameter[], options: TrainerOptions) {
    checkOptions("Trainer", trainerFields, options);
    const { gpu } = decoder;
    const {
      optimizer = { name: "adamw" },
      clip: most,
      schedule,
      ema,
      rules = [],
      recompute,
      dropout: rate = 0,
      attentionDropout: attention = 0,
      seed = 0,
    } = options;
    const optimiser = optimiserOf("Trainer", optimizer);
    this.#schedule = schedule;
    this.#training = gpu.unscoped(() => {
      const groups = groupsOf(gpu, parameters, optimiser, rules);
      const trained = groups.flatMap(({ members }) => [...members]);
      const averages = ema === undefined ? undefined : averagesOf(gpu, trained, ema);
      const skipped = zeros(gpu, [1], "u32", "skipped steps");
      const share = zeros(gpu, [], "f32", "share of a micro-batch");
      const [sums, routed] = [new Map<string, Tensor>(), new Map<string, Tensor>()];
      const { routers: routing = {} } = options;
      const kept = { skipped, share, sums, averages, routers: routersOf(decoder), routing, routed };
      const drops = rate > 0 || attention > 0;
      const dropout = drops ? { rate, attention, key: tensor(gpu, [2], [seed, 0], "u32") } : undefined;
      return { decoder, groups, most, recompute, dropout, ...kept };
    });
    this.#programs = programCache(this.#training);
    this.#ring = gpu.unscoped(() => ringOf(gpu, numbersOf(this.#training.routers, 1)));
  }

  /**
   * Submits of a program, 1 unless it is set: for steps that take long, so that a page draws in between and no driver
   * resets the GPU. The results are the same.
   */
  submits = 1;

  /** Steps so far, skipped ones too. */
  get steps(): number {
    return this.#steps;
  }

  /** With `ema`: the parameters with the means of their weights as tensors, for `trainedFolder`. */
  get averaged(): readonly Parameter[] | undefined {
    return this.#training.averages?.parameters;
  }

  /**
   * A step: the loss of a batch, or of several in turn whose gradients are added, weighted by how many targets count in
   * each; then new weights. Waits for its figures.
   *
   * @throws GradientError for batches that are none of this decoder's.
   */
  step(micro: TokenBatch | readonly TokenBatch[]): Promise<TrainingStep> {
    return this.#inTurn(async () => {
      await this.#submit(micro);
      await this.#readFigures();
      return this.#read.pop() as TrainingStep;
    });
  }

  /** A step whose figures stay on the device until `readSteps`; those of 256 steps do, then they are read. */
  submit(micro: TokenBatch | readonly TokenBatch[]): Promise<void> {
    return this.#inTurn(() => this.#submit(micro));
  }

  /** The steps since the last call that were submitted without waiting. */
  readSteps(): Promise<readonly TrainingStep[]> {
    return this.#inTurn(async () => {
      await this.#readFigures();
      return this.#read.splice(0);
    });
  }

  /** The mean loss of a batch, with the weights as they are, or with the means of them that `ema` keeps. */
  evaluate(batch: TokenBatch, { averaged = false }: { readonly averaged?: boolean } = {}): Promise<Evaluation> {
    return this.#inTurn(async () => {
      checkBatch(batch, this.#training.decoder.config.vocabulary);
      if (this.#ring.room() < numbersOf(this.#training.routers, 1)) await this.#readFigures();
      const prepared = await this.#programs.prepared("loss", batch, averaged && this.averaged !== undefined);
      await this.#write(prepared, batch);
      const places = this.#run(prepared);
      const figures = await this.#readFigures();
      const use = useOf(places, figures, this.#training.routers);
      return { loss: figures[places.loss ?? -1] ?? Number.NaN, count: targetsIn(batch), ...use };
    });
  }

  /**
   * The program of a step for batches of this shape, recorded once more to be looked at: calls forward and backward,
   * costs, memory (`memoryUse`). It does not run.
   */
  program([batch, context]: readonly [batch: number, context: number]): Program<Figures> {
    const { gpu } = this.#training.decoder;
    const ropeTables = createRopeTables(this.#training.decoder, context);
    const [ids, targets] = [
      placeholder(gpu, [batch, context], "u32", "ids"),
      placeholder(gpu, [batch, context], "i32", "targets"),
    ];
    const program = gpu.record(() => recordBatch(this.#training, "whole", { ids, targets }, ropeTables));
    for (const table of [ropeTables?.all, ropeTables?.local]) table?.dispose();
    return program;
  }

  /** What is needed to go on to the bit, apart from the weights: tensors by name, `adamw.first.NAME`, and `skipped`. */
  state(): Readonly<Record<string, Tensor>> {
    return stateOf(this.#training);
  }

  /** The numbers that belong to `state`. */
  counters(): Counters {
    return { step: this.#steps };
  }

  /**
   * Goes on from a state that was read; the weights are the caller's to restore.
   *
   * @throws GradientError for a tensor that is missing or of another size, before anything changes.
   */
  restore(state: State, { step }: Counters): Promise<void> {
    return this.#inTurn(async () => {
      await restoreState(this.#training, state);
      this.#steps = step;
    });
  }

  /** Frees what it keeps; the decoder's weights stay. */
  dispose(): void {
    const { groups, averages, sums, routed, skipped, share, dropout } = this.#training;
    dropout?.key.dispose();
    this.#programs.dispose();
    this.#ring.dispose();
    averages?.dispose();
    const kept = groups.flatMap(({ members, scalars }) => [
      scalars,
      ...members.flatMap(({ state }) => Object.values(state)),
    ]);
    for (const tensor of [...kept, ...sums.values(), ...routed.values(), skipped, share]) tensor.dispose();
    sums.clear();
    routed.clear();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#turn.then(work);
    this.#turn = run.catch(() => undefined);
    return run;
  }

  async #submit(micro: TokenBatch | readonly TokenBatch[]): Promise<void> {
    const batches = "ids" in micro ? [micro] : micro;
    if (batches.length === 0) throw new GradientError("train: a step of no batches");
    for (const batch of batches) checkBatch(batch, this.#training.decoder.config.vocabulary);
    const numbers = numbersOf(this.#training.routers, batches.length);
    if (this.#pending.length === mostPending || this.#ring.room() < numbers) await this.#readFigures();
    const step = this.#steps + 1;
    const learningRate = this.#schedule(step);
    await this.#writeScalars(step, learningRate);
    const [only, ...others] = batches as readonly [TokenBatch, ...TokenBatch[]];
    const found = others.length === 0 ? await this.#whole(only) : await this.#inParts(batches);
    this.#steps = step;
    this.#pending.push({ step, learningRate, ...found });
  }

  async #whole(batch: TokenBatch): Promise<Pick<Pending, "parts" | "whole">> {
    const prepared = await this.#programs.prepared("whole", batch);
    await Promise.all([this.#write(prepared, batch), this.#writeDropout(0)]);
    const whole = this.#run(prepared);
    return { parts: [[1, whole]], whole };
  }

  async #inParts(batches: readonly TokenBatch[]): Promise<Pick<Pending, "parts" | "whole">> {
    const { decoder, share } = this.#training;
    const all = batches.reduce((sum, batch) => sum + targetsIn(batch), 0);
    const parts: [share: number, at: Places][] = [];
    for (const [i, batch] of batches.entries()) {
      const part = all > 0 ? targetsIn(batch) / all : 0;
      const prepared = await this.#programs.prepared(i === 0 ? "first" : "next", batch);
      await Promise.all([
        this.#write(prepared, batch),
        this.#writeDropout(i),
        decoder.gpu.write(share.storage, 0, bytesOf(Float32Array.of(part))),
      ]);
      parts.push([part, this.#run(prepared)]);
    }
    return { parts, whole: this.#run(await this.#programs.update()) };
  }

  /** The key of a step's micro-batch, so that each drops other elements. */
  async #writeDropout(micro: number): Promise<void> {
    const { decoder, dropout } = this.#training;
    if (dropout)
      await decoder.gpu.write(dropout.key.storage, 4, bytesOf(Uint32Array.of((this.#steps + 1) * 4096 + micro)));
  }

  async #write({ ids, targets, documents, positions }: Prepared, batch: TokenBatch): Promise<void> {
    const { gpu } = this.#training.decoder;
    await Promise.all([
      ids && gpu.write(ids.storage, 0, bytesOf(Uint32Array.from(batch.ids.flat()))),
      targets && gpu.write(targets.storage, 0, bytesOf(Int32Array.from(batch.targets.flat()))),
      documents && gpu.write(documents.storage, 0, bytesOf(Uint32Array.from(batch.documents?.flat() ?? []))),
      positions &&
        gpu.write(positions.storage, 0, bytesOf(Uint32Array.from(batch.documents?.flatMap(positionsIn) ?? []))),
    ]);
  }

  /** What changes from step to step is computed in float64 and read from memory, so that one program serves all. */
  async #writeScalars(step: number, learningRate: number): Promise<void> {
    const { decoder, groups, averages } = this.#training;
    const write = (to: Tensor, numbers: readonly number[]) =>
      decoder.gpu.write(to.storage, 0, bytesOf(Float32Array.from(numbers)));
    await Promise.all([
      ...groups.map(({ optimiser, factor, scalars }) => write(scalars, optimiser.scalars(step, learningRate * factor))),
      averages && write(averages.taken, averages.scalars(step)),
    ]);
  }

  /** Runs a program and keeps its figures; gives where they are in the next reading. */
  #run({ instance, figures }: Prepared): Places {
    const named = Object.entries(figures) as [keyof Figures, Tensor][];
    const places = this.#ring.run(
      instance,
      named.map(([, tensor]) => tensor),
      this.submits,
    );
    return Object.fromEntries(named.map(([name], i) => [name, places[i]]));
  }

  /** Reads the ring, and with it the steps that are pending. */
  async #readFigures(): Promise<Float32Array> {
    const figures = await this.#ring.read();
    for (const pending of this.#pending) this.#read.push(stepOf(pending, figures, this.#training.routers));
    this.#pending = [];
    return figures;
  }
}

const bytesOf = (array: Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>) =>
  new Uint8Array(array.buffer);
