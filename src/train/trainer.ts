import type { Instance, Program } from "../gpu/gpu.ts";
import { adamW } from "../kernels/optimiser/adamw.ts";
import { gradientNorm } from "../kernels/optimiser/gradient-norm.ts";
import { createRopeTables, type Decoder } from "../models/decoder.ts";
import { placed, type Tensor, zeros } from "../tensor/tensor.ts";
import { decoderLoss } from "./decoder-loss.ts";
import { GradientError } from "./errors.ts";
import { gradients } from "./gradients.ts";
import type { Parameter } from "./parameters.ts";

/** How a decoder is trained. */
export interface TrainerOptions {
  /** Sequences of a batch, and tokens of each. */
  readonly batch: number;
  readonly context: number;
  /** What AdamW's means keep; default 0.9 and 0.95, as nanoGPT's. */
  readonly betas?: readonly [number, number] | undefined;
  readonly eps?: number | undefined;
  /** Of tensors of two or more dimensions; default 0.1. Vectors do not decay. */
  readonly weightDecay?: number | undefined;
  /** The largest norm of all gradients together; default: they are not clipped. */
  readonly clip?: number | undefined;
}

/** What a step found, before it changed the weights. */
export interface TrainingStep {
  /** The mean over targets that count. */
  readonly loss: number;
  /** Of all gradients together, before they are clipped. */
  readonly gradientNorm: number;
}

interface Recorded {
  readonly loss: Tensor;
  readonly clip: Tensor;
}

/**
 * Trains a decoder: one recorded program a step, which is replayed with new tokens, a new learning rate and the corrections
 * of its number. Weights are f32.
 */
export class Trainer {
  readonly #decoder: Decoder;
  readonly #settings: { readonly betas: readonly [number, number] };
  readonly #ids: Tensor;
  readonly #targets: Tensor;
  readonly #scalars: Tensor;
  readonly #owned: readonly Tensor[];
  readonly #program: Program<Recorded>;
  #instance: Instance<Recorded> | undefined;
  #steps = 0;

  constructor(decoder: Decoder, parameters: readonly Parameter[], options: TrainerOptions) {
    const { gpu } = decoder;
    const { batch, context, betas = [0.9, 0.95], eps = 1e-8, weightDecay = 0.1, clip } = options;
    const other = parameters.find(({ tensor }) => tensor.dtype !== "f32");
    if (other) throw new GradientError(`train: ${other.name} is ${other.tensor.dtype} on the device, expected f32`);
    const [ids, targets, scalars, skipped] = gpu.unscoped(() => [
      zeros(gpu, [batch, context], "u32", "ids"),
      zeros(gpu, [batch, context], "i32", "targets"),
      zeros(gpu, [3], "f32", "scalars"),
      zeros(gpu, [1], "u32", "skipped steps"),
    ]) as [Tensor, Tensor, Tensor, Tensor];
    const moments = gpu.unscoped(() =>
      parameters.map(({ name, tensor: { shape } }) => ({
        first: zeros(gpu, shape, "f32", `${name} mean`),
        second: zeros(gpu, shape, "f32", `${name} mean square`),
      })),
    );
    const ropeTables = gpu.unscoped(() => createRopeTables(decoder, context));
    this.#decoder = decoder;
    this.#settings = { betas };
    [this.#ids, this.#targets, this.#scalars] = [ids, targets, scalars];
    const tables = Object.values(ropeTables ?? {}).flatMap((table: Tensor | undefined) => table ?? []);
    this.#owned = [
      ids,
      targets,
      scalars,
      skipped,
      ...moments.flatMap(({ first, second }) => [first, second]),
      ...tables,
    ];
    this.#program = gpu.record(() => {
      const { loss } = decoderLoss(decoder, { ids, targets }, { ropeTables });
      const named = Object.fromEntries(parameters.map(({ name, tensor }) => [name, tensor]));
      const found = gradients(gpu, loss, named);
      const used = parameters.flatMap((parameter, i) => {
        const gradient = found[parameter.name];
        return gradient ? [{ ...parameter, ...(moments[i] as (typeof moments)[number]), gradient }] : [];
      });
      const norm = gradientNorm(gpu, { gradients: used.map(({ gradient }) => gradient), skipped }, { most: clip });
      for (const { tensor, source, gradient, first, second } of used) {
        const decay = source.shape.length > 1 ? weightDecay : 0;
        adamW(gpu, { parameter: tensor, gradient, first, second, scalars, clip: norm.clip }, { betas, eps, decay });
      }
      return { loss, clip: norm.clip };
    });
  }

  /** Steps so far. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * A step: the loss of a batch, then new weights. `ids` and `targets` have a list of as many tokens for each sequence;
   * a target of −100 does not count.
   */
  async step(
    {
      ids,
      targets,
    }: { readonly ids: readonly (readonly number[])[]; readonly targets: readonly (readonly number[])[] },
    learningRate: number,
  ): Promise<TrainingStep> {
    const { gpu } = this.#decoder;
    this.#instance ??= await this.#program.instantiate();
    const t = ++this.#steps;
    const [beta1, beta2] = this.#settings.betas;
    const scalars = [learningRate, 1 / (1 - beta1 ** t), 1 / (1 - beta2 ** t)];
    await Promise.all([
      gpu.write(this.#ids.storage, 0, new Uint8Array(Uint32Array.from(ids.flat()).buffer)),
      gpu.write(this.#targets.storage, 0, new Uint8Array(Int32Array.from(targets.flat()).buffer)),
      gpu.write(this.#scalars.storage, 0, new Uint8Array(Float32Array.from(scalars).buffer)),
    ]);
    this.#instance.run();
    const { loss, clip } = this.#program.result;
    const [[value = Number.NaN], [gradientNorm = Number.NaN]] = await Promise.all([
      placed(this.#instance, loss).read(),
      placed(this.#instance, clip).read(),
    ] as const);
    return { loss: value, gradientNorm };
  }

  /** Frees what it keeps; the decoder's weights stay. */
  dispose(): void {
    this.#instance?.dispose();
    this.#program.dispose();
    for (const tensor of this.#owned) tensor.dispose();
  }
}
