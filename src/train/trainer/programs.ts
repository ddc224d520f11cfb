// What a trainer records: steps, parts of steps, and losses alone.
import type { Gpu, Instance, Program } from "../../gpu/gpu.ts";
import type { Replacement } from "../../gpu/program.ts";
import type { Storage } from "../../gpu/storage.ts";
import { add } from "../../kernels/elementwise/elementwise.ts";
import { gradientNorm } from "../../kernels/optimiser/gradient-norm.ts";
import { createRopeTables, type Decoder, type RopeTables } from "../../models/decoder.ts";
import { placeholder, type Tensor, zeros } from "../../tensor/tensor.ts";
import { type Batch, type DropoutRates, decoderLoss, type Recompute } from "../decoder-loss.ts";
import { gradients } from "../gradients.ts";
import { writeInto } from "../write-into.ts";
import type { Averages } from "./averages.ts";
import type { Group, Trained } from "./groups.ts";
import type { StepShape } from "./options.ts";
import { type Router, type RouterOptions, recordBalance, usesOf } from "./routing.ts";

/** What a program gives: numbers to be read, by name. */
export interface Figures {
  /** The mean over targets that count, `[]`. */
  readonly loss?: Tensor;
  /** The norm of all gradients, and the factor that clips them, `[2]`. */
  readonly clip?: Tensor;
  /** The load-balancing loss of routers, `[]`. */
  readonly balance?: Tensor;
  /** The choices of all experts of all layers, `[n]`. */
  readonly use?: Tensor;
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
  readonly routers: readonly Router[];
  readonly routing: RouterOptions;
  /** Sums of what routers did over micro-batches, by the numbers of their layers; made when they are first recorded. */
  readonly routed: Map<string, Tensor>;
  /** The shares that a step drops, and seed and number of the step or of its micro-batch. */
  readonly dropout: DropoutRates | undefined;
}

/**
 * What a program does with a batch: `whole` is a step; `first` and `next` are its micro-batches, whose gradients are
 * written and then added, and after which `update` is the step; `loss` computes the loss alone.
 */
export type Kind = "whole" | "first" | "next" | "loss";

const membersOf = ({ groups }: Training): Trained[] => groups.flatMap(({ members }) => [...members]);

/** Norm, clipping and new weights; the biases of routers by what these did. */
function recordUpdate(
  gpu: Gpu,
  training: Training,
  found: ReadonlyMap<string, Tensor>,
  routed: readonly Tensor[],
): Pick<Figures, "clip" | "use"> {
  const { groups, skipped, most, averages, routers, routing } = training;
  const { clip } = gradientNorm(gpu, { gradients: [...found.values()], skipped }, { most });
  for (const { optimiser, members, scalars } of groups) {
    const updates = members.flatMap(({ name, tensor: parameter, state, decay }) => {
      const gradient = found.get(name);
      return gradient ? [{ name, parameter, gradient, state, decay }] : [];
    });
    optimiser.record(gpu, updates, { scalars, clip });
  }
  recordBalance(gpu, routers, routed, clip, routing.biasRate ?? 0);
  averages?.record(gpu);
  return { clip, ...usesOf(gpu, routers, routed) };
}

function recordSums(
  gpu: Gpu,
  sums: Map<string, Tensor>,
  found: ReadonlyMap<string, Tensor>,
  kind: "first" | "next",
): void {
  for (const [name, gradient] of found) {
    const sum = sums.get(name) ?? gpu.unscoped(() => zeros(gpu, gradient.shape, "f32", `sum of ${name}`));
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
  const { decoder, recompute, routing, routers } = training;
  const { gpu } = decoder;
  const dropout = kind === "loss" ? undefined : training.dropout;
  const how = { ropeTables, recompute, dropout, routers: routing };
  const { loss, total, routers: did } = decoderLoss(decoder, tokens, how);
  const figures = { loss, ...(did ? { balance: did.balance } : {}) };
  const routed = did?.sums ?? [];
  if (kind === "loss") return { ...figures, ...usesOf(gpu, routers, routed) };
  const members = Object.fromEntries(membersOf(training).map(({ name, tensor }) => [name, tensor]));
  const upstream = kind === "whole" ? {} : { upstream: training.share };
  const given = Object.entries(gradients(gpu, total, members, upstream));
  const found = new Map(given.flatMap(([name, gradient]) => (gradient ? [[name, gradient] as const] : [])));
  if (kind === "whole") return { ...figures, ...recordUpdate(gpu, training, found, routed) };
  recordSums(gpu, training.sums, found, kind);
  recordSums(gpu, training.routed, new Map(routed.map((one, i) => [`router ${i}`, one])), kind);
  return figures;
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
  const { sums, routed } = training;
  const program = gpu.record((): Figures => recordUpdate(gpu, training, sums, [...routed.values()]));
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

/** The program of a step for batches of a shape, to be looked at. */
export function recordStep(training: Training, { batch, context }: StepShape): Program<Figures> {
  const { gpu } = training.decoder;
  const ropeTables = createRopeTables(training.decoder, context);
  const [ids, targets] = [
    placeholder(gpu, [batch, context], "u32", "ids"),
    placeholder(gpu, [batch, context], "i32", "targets"),
  ];
  const program = gpu.record(() => recordBatch(training, "whole", { ids, targets }, ropeTables));
  for (const table of [ropeTables?.all, ropeTables?.local]) table?.dispose();
  return program;
}
