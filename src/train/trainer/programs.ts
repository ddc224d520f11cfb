// What a trainer records: steps, parts of steps, and losses alone.
import type { Gpu, Instance, Program } from "../../gpu/gpu.ts";
import type { Replacement } from "../../gpu/program.ts";
import type { Storage } from "../../gpu/storage.ts";
import { add } from "../../kernels/elementwise/elementwise.ts";
import { gradientNorm } from "../../kernels/optimiser/gradient-norm.ts";
import type { Decoder, RopeTables } from "../../models/decoder.ts";
import { type Tensor, zeros } from "../../tensor/tensor.ts";
import { type Batch, decoderLoss, type Recompute } from "../decoder-loss.ts";
import { gradients } from "../gradients.ts";
import { writeInto } from "../write-into.ts";
import type { Averages } from "./averages.ts";
import type { Group, Trained } from "./groups.ts";

/** What a program gives: numbers to be read, by name. */
export interface Figures {
  /** The mean over targets that count, `[]`. */
  readonly loss?: Tensor;
  /** The norm of all gradients, and the factor that clips them, `[2]`. */
  readonly clip?: Tensor;
}

/** A program with the memory of its tokens. */
export interface Prepared {
  readonly instance: Instance<Figures>;
  readonly figures: Figures;
  readonly ids?: Tensor;
  readonly targets?: Tensor;
  /** Of rows that hold several documents. */
  readonly documents?: Tensor;
  readonly positions?: Tensor;
  dispose(): void;
}

/** What the programs of a trainer share. */
export interface Training {
  readonly decoder: Decoder;
  readonly groups: readonly Group[];
  /** The largest norm of all gradients together. */
  readonly most: number | undefined;
  /** Steps without effect, u32 `[1]`. */
  readonly skipped: Tensor;
  /** The share of a micro-batch in the targets of its step, f32 `[]`. */
  readonly share: Tensor;
  /** Sums of gradients over micro-batches, by the names of parameters; made when they are first recorded. */
  readonly sums: Map<string, Tensor>;
  readonly averages: Averages | undefined;
  readonly recompute: Recompute | undefined;
}

/**
 * What a program does with a batch: `whole` is a step; `first` and `next` are its micro-batches, whose gradients are
 * written and then added, and after which `update` is the step; `loss` computes the loss alone.
 */
export type Kind = "whole" | "first" | "next" | "loss";

const membersOf = ({ groups }: Training): Trained[] => groups.flatMap(({ members }) => [...members]);

/** Norm, clipping and new weights. */
function recordUpdate(gpu: Gpu, training: Training, found: ReadonlyMap<string, Tensor>): Tensor {
  const { groups, skipped, most, averages } = training;
  const { clip } = gradientNorm(gpu, { gradients: [...found.values()], skipped }, { most });
  for (const { optimiser, members, scalars } of groups) {
    const updates = members.flatMap(({ name, tensor: parameter, state, decay }) => {
      const gradient = found.get(name);
      return gradient ? [{ name, parameter, gradient, state, decay }] : [];
    });
    optimiser.record(gpu, updates, { scalars, clip });
  }
  averages?.record(gpu);
  return clip;
}

function recordSums(gpu: Gpu, { sums }: Training, found: ReadonlyMap<string, Tensor>, kind: "first" | "next"): void {
  for (const [name, gradient] of found) {
    const sum = sums.get(name) ?? gpu.unscoped(() => zeros(gpu, gradient.shape, "f32", `sum of d ${name}`));
    sums.set(name, sum);
    writeInto(gpu, kind === "first" ? gradient : add(gpu, { a: sum, b: gradient }).y, sum);
  }
}

/** What the programs of batches depend on. */
export interface BatchShape {
  readonly batch: number;
  readonly context: number;
  /** Rows hold several documents. */
  readonly packed: boolean;
}

/** Records what a program of this kind does with the tokens. */
export function recordBatch(
  training: Training,
  kind: Kind,
  tokens: Batch,
  ropeTables: RopeTables | undefined,
): Figures {
  const { gpu } = training.decoder;
  const { loss } = decoderLoss(training.decoder, tokens, { ropeTables, recompute: training.recompute });
  if (kind === "loss") return { loss };
  const members = Object.fromEntries(membersOf(training).map(({ name, tensor }) => [name, tensor]));
  const upstream = kind === "whole" ? {} : { upstream: training.share };
  const given = Object.entries(gradients(gpu, loss, members, upstream));
  const found = new Map(given.flatMap(([name, gradient]) => (gradient ? [[name, gradient] as const] : [])));
  if (kind === "whole") return { loss, clip: recordUpdate(gpu, training, found) };
  recordSums(gpu, training, found, kind);
  return { loss };
}

/** Prepares a program for batches of one shape. */
export async function prepare(
  training: Training,
  kind: Kind,
  { batch, context, packed: isPacked }: BatchShape,
  ropeTables: RopeTables | undefined,
  replacements?: ReadonlyMap<Storage, Replacement>,
): Promise<Prepared> {
  const { gpu } = training.decoder;
  const of = (name: string, dtype: "u32" | "i32") => gpu.unscoped(() => zeros(gpu, [batch, context], dtype, name));
  const [ids, targets] = [of("ids", "u32"), of("targets", "i32")];
  const packed = isPacked ? { documents: of("documents", "u32"), positions: of("positions", "u32") } : undefined;
  const program = gpu.record(() => recordBatch(training, kind, { ids, targets, packed }, ropeTables));
  return await instantiated(program, { ids, targets, ...packed }, replacements);
}

/** Prepares the step that follows micro-batches. */
export async function prepareUpdate(training: Training): Promise<Prepared> {
  const { gpu } = training.decoder;
  const program = gpu.record((): Figures => ({ clip: recordUpdate(gpu, training, training.sums) }));
  return await instantiated(program, {});
}

async function instantiated(
  program: Program<Figures>,
  tokens: Pick<Prepared, "ids" | "targets" | "documents" | "positions">,
  replacements?: ReadonlyMap<Storage, Replacement>,
): Promise<Prepared> {
  const instance = await program.instantiate(replacements);
  const dispose = () => {
    instance.dispose();
    program.dispose();
    for (const tensor of Object.values(tokens)) tensor.dispose();
  };
  return { instance, figures: program.result, ...tokens, dispose };
}
