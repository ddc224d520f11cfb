import type { Instance, Program } from "../../../src/gpu/gpu.ts";
import { memoryUse } from "../../../src/gpu/memory-use.ts";
import { gradientNorm } from "../../../src/kernels/optimiser/gradient-norm.ts";
import { createRopeTables } from "../../../src/models/decoder.ts";
import { placed, type Tensor, zeros } from "../../../src/tensor/tensor.ts";
import { gradients } from "../../../src/train/gradients.ts";
import { decoderLoss } from "../../../src/train/objectives/decoder-loss.ts";
import type { Recompute } from "../../../src/train/objectives/objective.ts";
import type { TokenBatch } from "../../../src/train/objectives/token-batches.ts";
import type { Trainable } from "../../../src/train/open-trainable.ts";
import type { Parameter } from "../../../src/train/parameters.ts";
import type { RouterLossOptions } from "../../../src/train/router-losses.ts";
import type { Submits } from "./decoding.ts";
import type { MemoryLine } from "./protocol.ts";

/** A part of a model: its embeddings, a layer, or its last norm and head. */
export interface Part {
  readonly name: string;
  readonly parameters: readonly Parameter[];
}

/** The parts of a model in the order in which tokens pass through them. */
export function partsOf(parameters: readonly Parameter[]): readonly Part[] {
  const nameOf = ({ name }: Parameter) => {
    const layer = /(?:^|\.)(?:h|layers)\.(\d+)\./.exec(name)?.[1];
    if (layer !== undefined) return `layer ${layer}`;
    return /wte|wpe|embed/.test(name) ? "embeddings" : "last norm";
  };
  const names = [...new Set(parameters.map(nameOf))];
  return names.map((name) => ({ name, parameters: parameters.filter((one) => nameOf(one) === name) }));
}

/** Measures the gradients of each part of a model. */
export interface Measuring {
  /** Norms of the gradients of the parts, of a batch of the recorded shape. */
  readonly norms: (batch: TokenBatch) => Promise<readonly number[]>;
  readonly memory: readonly MemoryLine[];
  dispose(): void;
}

/** The shape of a batch, what of it is computed again, and in how many submits. */
interface MeasuringOptions {
  readonly batch: number;
  readonly context: number;
  readonly recompute: Recompute;
  readonly submits: Submits;
}

/** Prepares a program that computes the gradients of what training makes smaller for a batch, and changes nothing. */
export async function measuring(
  { decoder }: Trainable,
  parts: readonly Part[],
  { batch, context, recompute, submits }: MeasuringOptions,
  routers: RouterLossOptions,
): Promise<Measuring> {
  const { gpu } = decoder;
  const [ids, targets, skipped, ropeTables] = gpu.unscoped(() => [
    zeros(gpu, [batch, context], "u32", "ids"),
    zeros(gpu, [batch, context], "i32", "targets"),
    zeros(gpu, [1], "u32", "not counted"),
    createRopeTables(decoder, context),
  ]) as [Tensor, Tensor, Tensor, ReturnType<typeof createRopeTables>];
  const parameters = Object.fromEntries(
    parts.flatMap((part) => part.parameters.map(({ name, tensor }) => [name, tensor] as const)),
  );
  const record = (way: Recompute): Program<readonly Tensor[]> =>
    gpu.record(() => {
      const { total } = decoderLoss(decoder, { ids, targets }, { ropeTables, recompute: way, routers });
      const found = gradients(gpu, total, parameters);
      return parts.map((part) => {
        const own = part.parameters.flatMap(({ name }) => found[name] ?? []);
        return gradientNorm(gpu, { gradients: own, skipped }).clip;
      });
    });
  const program = record(recompute);
  const instance: Instance<readonly Tensor[]> = await program.instantiate();
  return {
    norms: async (tokens) => {
      await Promise.all([
        gpu.write(ids.storage, 0, new Uint8Array(Uint32Array.from(tokens.ids.flat()).buffer)),
        gpu.write(targets.storage, 0, new Uint8Array(Int32Array.from(tokens.targets.flat()).buffer)),
      ]);
      instance.run(undefined, submits());
      const found = await Promise.all(program.result.map((clip) => placed(instance, clip).read()));
      return found.map(([norm = Number.NaN]) => norm);
    },
    memory: memoryLines(record, ["nothing", "cheap", "layers"]),
    dispose: () => {
      instance.dispose();
      program.dispose();
      for (const tensor of [ids, targets, skipped, ropeTables?.all, ropeTables?.local]) tensor?.dispose();
    },
  };
}

/** What is alive over the calls of a step, with each way to keep what gradients read. */
function memoryLines(
  record: (recompute: Recompute) => Program<unknown>,
  ways: readonly Recompute[],
): readonly MemoryLine[] {
  return ways.map((recompute) => {
    const program = record(recompute);
    const { alive, planned } = memoryUse(program);
    const later = new Set(
      program.calls.filter((call) => call.of ?? call.again).flatMap(({ dispatches }) => dispatches),
    );
    const backward = program.operations.findIndex((one) => one.kind === "dispatch" && later.has(one.dispatch));
    program.dispose();
    return { recompute, alive, backward: backward < 0 ? alive.length : backward, planned };
  });
}

/** The numbers of every parameter now. */
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
