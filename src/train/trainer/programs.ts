// A trainer's recordings: steps, parts of steps, and losses alone.
import type { Gpu, Instance, Program } from "../../gpu/gpu.ts";
import type { Replacement } from "../../gpu/program/program.ts";
import type { Storage } from "../../gpu/storage.ts";
import { add } from "../../kernels/elementwise/elementwise.ts";
import { gradientNorm } from "../../kernels/optimizer/gradient-norm.ts";
import { placeholder, type Tensor, zeros } from "../../tensor/tensor.ts";
import { gradients } from "../gradients/gradients.ts";
import { writeInto } from "../gradients/write-into.ts";
import type { DropoutRates, InputShape, Objective, Recompute, StepShape } from "../objectives/objective.ts";
import type { Averages } from "./averages.ts";
import type { Group, Trained } from "./groups.ts";
import { type Router, type RouterOptions, recordBalance, usesOf } from "./routing.ts";

/** A program's results: numbers to read, by name. */
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

/** A program with the memory of its inputs. */
export interface Prepared {
  readonly instance: Instance<Figures>;
  readonly figures: Figures;
  /** Inputs written before each run, by name. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  dispose(): void;
}

/** Shared by the programs of a trainer. */
export interface Training<B = never> {
  readonly objective: Objective<B>;
  readonly groups: readonly Group[];
  /** The largest norm of all gradients together. */
  readonly maxNorm: number | undefined;
  /** Skipped steps, u32 `[1]`. */
  readonly skipped: Tensor;
  /** A micro-batch's share of its step's targets, f32 `[]`. */
  readonly share: Tensor;
  /** Sums of gradients over micro-batches, by the names of parameters; made when they are first recorded. */
  readonly sums: Map<string, Tensor>;
  readonly averages: Averages | undefined;
  readonly recompute: Recompute | undefined;
  readonly routers: readonly Router[];
  readonly routing: RouterOptions;
  /** Sums of router statistics over micro-batches, by layer number; made when they are first recorded. */
  readonly routed: Map<string, Tensor>;
  /** The dropout rates of a step, and the seed and number of the step or its micro-batch. */
  readonly dropout: DropoutRates | undefined;
}

/**
 * What a program does with a batch: `whole` is a step; `first` and `next` are micro-batches, whose gradients are
 * written and then added, followed by `update`; `loss` computes only the loss.
 */
export type Kind = "whole" | "first" | "next" | "loss";

const membersOf = ({ groups }: Training): Trained[] => groups.flatMap(({ members }) => [...members]);

/** Norm, clipping and new weights; the biases of routers by their statistics. */
function recordUpdate(
  gpu: Gpu,
  training: Training,
  found: ReadonlyMap<string, Tensor>,
  routed: readonly Tensor[],
): Pick<Figures, "clip" | "use"> {
  const { groups, skipped, maxNorm, averages, routers, routing } = training;
  const { clip } = gradientNorm(gpu, { gradients: [...found.values()], skipped }, { maxNorm });
  for (const { optimizer, members, scalars } of groups) {
    const updates = members.flatMap(({ name, tensor: parameter, state, decay }) => {
      const gradient = found.get(name);
      return gradient ? [{ name, parameter, gradient, state, decay }] : [];
    });
    optimizer.record(gpu, updates, { scalars, clip });
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

type Tensors = Readonly<Record<string, Tensor>>;

/** Records a program of this kind for a batch. */
function recordBatch(training: Training, kind: Kind, tensors: Tensors): Figures {
  const { objective, recompute, routing, routers } = training;
  const { gpu } = objective;
  const dropout = kind === "loss" ? undefined : training.dropout;
  const { loss, total, routers: did } = objective.loss(tensors, { recompute, dropout, routers: routing });
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
  shapes: Readonly<Record<string, InputShape>>,
  replacements?: ReadonlyMap<Storage, Replacement>,
): Promise<Prepared> {
  const { objective } = training;
  const { gpu } = objective;
  const inputs = gpu.unscoped(() => made(shapes, ({ shape, dtype }, name) => zeros(gpu, shape, dtype, name)));
  const constants = gpu.unscoped(() => objective.constants?.(shapes)) ?? {};
  const program = gpu.record(() => recordBatch(training, kind, { ...constants, ...inputs }));
  return await instantiated(program, inputs, constants, replacements);
}

/** Prepares the step that follows micro-batches. */
export async function prepareUpdate(training: Training): Promise<Prepared> {
  const { gpu } = training.objective;
  const { sums, routed } = training;
  const program = gpu.record((): Figures => recordUpdate(gpu, training, sums, [...routed.values()]));
  return await instantiated(program, {}, {});
}

async function instantiated(
  program: Program<Figures>,
  inputs: Tensors,
  constants: Tensors,
  replacements?: ReadonlyMap<Storage, Replacement>,
): Promise<Prepared> {
  const instance = await program.instantiate(replacements);
  const dispose = () => {
    instance.dispose();
    program.dispose();
    for (const tensor of Object.values({ ...constants, ...inputs })) tensor.dispose();
  };
  return { instance, figures: program.result, inputs, dispose };
}

/** The program of a step for batches of a shape, for inspection. */
export function recordStep(training: Training, shape: StepShape): Program<Figures> {
  const { objective } = training;
  const { gpu } = objective;
  const shapes = objective.inputsFor(shape);
  const inputs = made(shapes, (one, name) => placeholder(gpu, one.shape, one.dtype, name));
  const constants = objective.constants?.(shapes) ?? {};
  const program = gpu.record(() => recordBatch(training, "whole", { ...constants, ...inputs }));
  for (const constant of Object.values(constants)) constant.dispose();
  return program;
}

/** A tensor for each input, by its name. */
const made = (
  shapes: Readonly<Record<string, InputShape>>,
  make: (input: InputShape, name: string) => Tensor,
): Tensors => Object.fromEntries(Object.entries(shapes).map(([name, input]) => [name, make(input, name)]));
