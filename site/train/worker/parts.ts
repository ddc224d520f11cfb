import { memoryUse } from "../../../src/gpu/device/memory-use.ts";
import type { Gpu, Program } from "../../../src/gpu/gpu.ts";
import { gradientNorm } from "../../../src/kernels/optimizer/gradient-norm.ts";
import { type Tensor, zeros } from "../../../src/tensor/tensor.ts";
import { gradients } from "../../../src/train/gradients/gradients.ts";
import { type Objective, type Recompute, recomputes } from "../../../src/train/objectives/objective.ts";
import type { Parameter } from "../../../src/train/open/parameters.ts";
import type { RouterLossOptions } from "../../../src/train/router-losses.ts";
import type { MemoryLine } from "./protocol.ts";
import { inputTensors, runningOf, type Submits } from "./running.ts";

/** A part of a model: its embeddings, a layer, or its last norm and head. */
export interface Part {
  readonly name: string;
  readonly parameters: readonly Parameter[];
}

/** The parts of a model in the order in which tokens pass through them. */
export function partsOf(parameters: readonly Parameter[], partOf: (name: string) => string): readonly Part[] {
  const names = [...new Set(parameters.map(({ name }) => partOf(name)))];
  return names.map((name) => ({ name, parameters: parameters.filter((one) => partOf(one.name) === name) }));
}

/** Measures the gradients of each part of a model. */
export interface Measuring<B> {
  /** Norms of the parts' gradients for a batch. */
  readonly norms: (batch: B) => Promise<readonly number[]>;
  readonly memory: readonly MemoryLine[];
  dispose(): void;
}

/** A batch of the usual shape, what is recomputed, and the number of submits. */
interface MeasuringOptions<B> {
  readonly batch: B;
  readonly recompute: Recompute;
  /** The ways to keep what gradients read whose memory is shown. */
  readonly ways?: readonly Recompute[] | undefined;
  readonly submits: Submits;
}

/** Prepares a program that computes the gradients of the training loss for a batch without changing weights. */
export function measuring<B>(
  objective: Objective<B>,
  parts: readonly Part[],
  { batch, recompute, ways = recomputes, submits }: MeasuringOptions<B>,
  routers: RouterLossOptions,
): Measuring<B> {
  const { gpu } = objective;
  const skipped = gpu.unscoped(() => zeros(gpu, [1], "u32", "not counted"));
  const parameters = Object.fromEntries(
    parts.flatMap((part) => part.parameters.map(({ name, tensor }) => [name, tensor] as const)),
  );
  const record = (way: Recompute, tensors: Readonly<Record<string, Tensor>>): readonly Tensor[] => {
    const { total } = objective.loss(tensors, { recompute: way, routers });
    const found = gradients(gpu, total, parameters);
    return parts.map((part) => {
      const own = part.parameters.flatMap(({ name }) => found[name] ?? []);
      return gradientNorm(gpu, { gradients: own, skipped }).clip;
    });
  };
  const running = runningOf(objective, (_, tensors) => record(recompute, tensors), submits);
  const inputs = inputTensors(objective, objective.inputs(batch));
  const memory = memoryLines(gpu, (way) => record(way, inputs.tensors), ways);
  inputs.dispose();
  return {
    norms: async (given) => {
      const run = await running.run(given);
      const found = await Promise.all(parts.map((_, i) => run.result((clips) => clips[i] as Tensor)));
      return found.map(([norm = Number.NaN]) => norm);
    },
    memory,
    dispose: () => {
      running.dispose();
      skipped.dispose();
    },
  };
}

/** Live memory over the calls of a step, with each way to keep what gradients read. */
function memoryLines(
  gpu: Gpu,
  record: (recompute: Recompute) => unknown,
  ways: readonly Recompute[],
): readonly MemoryLine[] {
  return ways.map((recompute) => {
    const program: Program<unknown> = gpu.record(() => record(recompute));
    const { alive, planned } = memoryUse(program);
    const later = new Set(
      program.calls.filter((call) => call.of ?? call.again).flatMap(({ dispatches }) => dispatches),
    );
    const backward = program.operations.findIndex((one) => one.kind === "dispatch" && later.has(one.dispatch));
    program.dispose();
    return { recompute, alive, backward: backward < 0 ? alive.length : backward, planned };
  });
}

/** The current numbers of every parameter. */
export async function weightsOf(parts: readonly Part[]): Promise<ReadonlyMap<Parameter, ArrayLike<number>>> {
  const all = parts.flatMap(({ parameters }) => parameters);
  const read = await Promise.all(all.map(({ tensor }) => tensor.read()));
  return new Map(all.map((parameter, i) => [parameter, read[i] ?? []]));
}

/** By how much a step moved each part: the norm of the change over that of the weights before. */
export function ratiosOf(
  parts: readonly Part[],
  before: ReadonlyMap<Parameter, ArrayLike<number>>,
  after: ReadonlyMap<Parameter, ArrayLike<number>>,
): readonly number[] {
  return parts.map(({ parameters }) => {
    let [moved, all] = [0, 0];
    for (const parameter of parameters) {
      const [old, now] = [before.get(parameter) ?? [], after.get(parameter) ?? []];
      for (let i = 0; i < old.length; i++) {
        const [was = 0, is = 0] = [old[i], now[i]];
        moved += (is - was) ** 2;
        all += was ** 2;
      }
    }
    return Math.sqrt(moved / all);
  });
}
