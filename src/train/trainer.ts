import type { Instance, Program } from "../gpu/gpu.ts";
import { adamW } from "../kernels/optimiser/adamw.ts";
import { gradientNorm } from "../kernels/optimiser/gradient-norm.ts";
import { createRopeTables, type Decoder, type RopeTables } from "../models/decoder.ts";
import { placed, type Tensor, zeros } from "../tensor/tensor.ts";
import { decoderLoss } from "./decoder-loss.ts";
import { GradientError } from "./errors.ts";
import { gradients } from "./gradients.ts";
import type { Parameter } from "./parameters.ts";

/** How AdamW trains a decoder. */
export interface TrainerOptions {
  /** What the means keep; default 0.9 and 0.95, as nanoGPT's. */
  readonly betas?: readonly [number, number] | undefined;
  readonly eps?: number | undefined;
  /** Of tensors of two or more dimensions; default 0.1. Vectors do not decay. */
  readonly weightDecay?: number | undefined;
  /** The largest norm of all gradients together; default: they are not clipped. */
  readonly clip?: number | undefined;
}

/** Tokens: as many for each sequence, and what follows each of them; a target of −100 does not count. */
export interface TokenBatch {
  readonly ids: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
}

/** What a step found, before it changed the weights. */
export interface TrainingStep {
  /** The mean over targets that count. */
  readonly loss: number;
  /** Of all gradients together, before they are clipped. Where it is not finite, no weight has changed. */
  readonly gradientNorm: number;
}

interface Settings {
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
  readonly clip: number | undefined;
}

interface Recorded {
  readonly loss: Tensor;
  readonly clip: Tensor;
}

/** A step's program for batches of one shape, with the memory of its tokens. */
interface Shaped {
  readonly program: Program<Recorded>;
  readonly instance: Instance<Recorded>;
  readonly ids: Tensor;
  readonly targets: Tensor;
  dispose(): void;
}

/** A parameter with the means of its gradients. */
interface Trained extends Parameter {
  readonly first: Tensor;
  readonly second: Tensor;
}

/** Shapes whose programs are kept. */
const mostShapes = 4;

/**
 * Trains a decoder: one recorded program a step for each shape of batches, which is replayed with new tokens, a new
 * learning rate and the corrections of its number. Weights are f32.
 */
export class Trainer {
  readonly #decoder: Decoder;
  readonly #settings: Settings;
  readonly #trained: readonly Trained[];
  readonly #scalars: Tensor;
  readonly #skipped: Tensor;
  readonly #shapes = new Map<string, Shaped>();
  #ropeTables: { readonly positions: number; readonly tables: RopeTables | undefined } | undefined;
  #steps = 0;

  /** Throws `GradientError` for parameters that are not f32. */
  constructor(decoder: Decoder, parameters: readonly Parameter[], options: TrainerOptions = {}) {
    const { gpu } = decoder;
    const { betas = [0.9, 0.95], eps = 1e-8, weightDecay = 0.1, clip } = options;
    const other = parameters.find(({ tensor }) => tensor.dtype !== "f32");
    if (other) throw new GradientError(`train: ${other.name} is ${other.tensor.dtype} on the device, expected f32`);
    this.#decoder = decoder;
    this.#settings = { betas, eps, weightDecay, clip };
    [this.#scalars, this.#skipped] = gpu.unscoped(() => [
      zeros(gpu, [3], "f32", "scalars of a step"),
      zeros(gpu, [1], "u32", "skipped steps"),
    ]) as [Tensor, Tensor];
    this.#trained = gpu.unscoped(() =>
      parameters.map((parameter) => ({
        ...parameter,
        first: zeros(gpu, parameter.tensor.shape, "f32", `${parameter.name} mean`),
        second: zeros(gpu, parameter.tensor.shape, "f32", `${parameter.name} mean square`),
      })),
    );
  }

  /** Steps so far. */
  get steps(): number {
    return this.#steps;
  }

  /** A step: the loss of a batch, then new weights. */
  async step({ ids, targets }: TokenBatch, learningRate: number): Promise<TrainingStep> {
    const { gpu } = this.#decoder;
    const shaped = await this.#shaped(ids.length, ids[0]?.length ?? 0);
    const t = ++this.#steps;
    const [beta1, beta2] = this.#settings.betas;
    const scalars = [learningRate, 1 / (1 - beta1 ** t), 1 / (1 - beta2 ** t)];
    await Promise.all([
      gpu.write(shaped.ids.storage, 0, new Uint8Array(Uint32Array.from(ids.flat()).buffer)),
      gpu.write(shaped.targets.storage, 0, new Uint8Array(Int32Array.from(targets.flat()).buffer)),
      gpu.write(this.#scalars.storage, 0, new Uint8Array(Float32Array.from(scalars).buffer)),
    ]);
    shaped.instance.run();
    const { loss, clip } = shaped.program.result;
    const [[value = Number.NaN], [norm = Number.NaN]] = await Promise.all([
      placed(shaped.instance, loss).read(),
      placed(shaped.instance, clip).read(),
    ] as const);
    return { loss: value, gradientNorm: norm };
  }

  async #shaped(batch: number, context: number): Promise<Shaped> {
    const key = `${batch}×${context}`;
    const known = this.#shapes.get(key);
    if (known) return known;
    for (const [oldest, shaped] of this.#shapes) {
      if (this.#shapes.size < mostShapes) break;
      shaped.dispose();
      this.#shapes.delete(oldest);
    }
    const { gpu } = this.#decoder;
    const [ids, targets] = gpu.unscoped(() => [
      zeros(gpu, [batch, context], "u32", "ids"),
      zeros(gpu, [batch, context], "i32", "targets"),
    ]) as [Tensor, Tensor];
    const program = this.#record(ids, targets, this.#tablesFor(context));
    const instance = await program.instantiate();
    const dispose = () => {
      instance.dispose();
      program.dispose();
      for (const tensor of [ids, targets]) tensor.dispose();
    };
    const made = { program, instance, ids, targets, dispose };
    this.#shapes.set(key, made);
    return made;
  }

  #record(ids: Tensor, targets: Tensor, ropeTables: RopeTables | undefined): Program<Recorded> {
    const { gpu } = this.#decoder;
    const { betas, eps, weightDecay, clip: most } = this.#settings;
    return gpu.record(() => {
      const { loss } = decoderLoss(this.#decoder, { ids, targets }, { ropeTables });
      const found = gradients(gpu, loss, Object.fromEntries(this.#trained.map(({ name, tensor }) => [name, tensor])));
      const used = this.#trained.flatMap((one) => {
        const gradient = found[one.name];
        return gradient ? [{ ...one, gradient }] : [];
      });
      const all = { gradients: used.map(({ gradient }) => gradient), skipped: this.#skipped };
      const { clip } = gradientNorm(gpu, all, { most });
      for (const { tensor: parameter, source, gradient, first, second } of used) {
        const decay = source.shape.length > 1 ? weightDecay : 0;
        const tensors = { parameter, gradient, first, second, scalars: this.#scalars, clip };
        adamW(gpu, tensors, { betas, eps, decay });
      }
      return { loss, clip };
    });
  }

  /** Cosines and sines for so many positions; programs of shorter batches keep what they were recorded with. */
  #tablesFor(positions: number): RopeTables | undefined {
    const { gpu, config } = this.#decoder;
    const wanted = Math.max(positions, Math.min(config.context, 64));
    if (!this.#ropeTables || this.#ropeTables.positions < positions) {
      // Programs of earlier shapes still read the tables that they were recorded with: those go with the programs.
      for (const shaped of this.#shapes.values()) shaped.dispose();
      this.#shapes.clear();
      this.#freeTables();
      const tables = gpu.unscoped(() => createRopeTables(this.#decoder, wanted));
      this.#ropeTables = { positions: wanted, tables };
    }
    return this.#ropeTables.tables;
  }

  #freeTables(): void {
    const { all, local } = this.#ropeTables?.tables ?? {};
    for (const table of [all, local]) table?.dispose();
  }

  /** Frees what it keeps; the decoder's weights stay. */
  dispose(): void {
    for (const shaped of this.#shapes.values()) shaped.dispose();
    this.#shapes.clear();
    this.#freeTables();
    this.#ropeTables = undefined;
    const kept = this.#trained.flatMap(({ first, second }) => [first, second]);
    for (const tensor of [...kept, this.#scalars, this.#skipped]) tensor.dispose();
  }
}
