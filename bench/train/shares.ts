import type { Call } from "../../src/gpu/program/dispatch.ts";
import {
  type FileSource,
  type Gpu,
  type Instance,
  type Program,
  ropeTable,
  type Tensor,
  upload,
} from "../../src/index.ts";
import { quantile } from "../harness/timing.ts";
import { openTrainer, recordBlockStep } from "../peers/engines/shaderformer-train.ts";
import { adamwScalars, trainTokens } from "../peers/train/train.ts";
import type { TrainProblem } from "../peers/train/train-problem.ts";

/** The purposes of a step's kernels. */
export const kinds = ["products", "attention", "optimizer", "others"] as const;
type Kind = (typeof kinds)[number];

/** A step's time and its parts, in milliseconds. */
export interface StepShares {
  readonly case: string;
  readonly dispatches: number;
  /** Wall-clock time from the submit to the end of the work: median of the runs. */
  readonly stepMs: number;
  readonly runs: number;
  /** Time of each kind of kernels: sums of the medians of their times, each between two timestamps. */
  readonly kernelsMs: Readonly<Record<Kind, number>>;
  /** The same kernels by the half of the step to which they belong; the optimizer's are in neither. */
  readonly halvesMs: Readonly<Record<"forward" | "backward", number>>;
  /** The remaining time of the step: encoding, submitting, and the time between kernels. */
  readonly launchesMs: number;
  /** The slowest kernels, by name. */
  readonly slowest: readonly { readonly kernel: string; readonly calls: number; readonly ms: number }[];
}

/** Kernels of matrix products; those of the loss include its head. */
const isProduct = (kernel: string) => /^(matmul|gemm|cross-entropy\/linear)/.test(kernel);

/** The kind of each dispatch: the optimizer is what comes after the last gradient, its norm and factor included. */
function kindsOf(calls: readonly Call[]): { readonly kernel: string; readonly kind: Kind }[] {
  const last = calls.findLastIndex(({ of }) => of !== undefined);
  return calls.flatMap(({ dispatches }, at) =>
    dispatches.map(({ kernel }) => {
      if (at > last) return { kernel, kind: "optimizer" };
      if (isProduct(kernel)) return { kernel, kind: "products" };
      return { kernel, kind: kernel.startsWith("attention") ? "attention" : "others" };
    }),
  );
}

/** How many dispatches of a step come before its first gradient. */
function forwardDispatches(calls: readonly Call[]): number {
  const first = calls.findIndex(({ of, again }) => of !== undefined || again !== undefined);
  return calls.slice(0, first).reduce((sum, { dispatches }) => sum + dispatches.length, 0);
}

/** Measures a step as a whole and each of its dispatches separately. Requires `timestamp-query`. */
export async function stepShares(
  gpu: Gpu,
  problem: TrainProblem,
  { source, runs }: { readonly source: () => Promise<FileSource>; readonly runs: number },
): Promise<StepShares> {
  const { program, instance, dispose } =
    problem.batch === undefined ? await blockStep(gpu, problem) : await modelStep(gpu, problem, await source());
  const wall: number[] = [];
  const profiles: number[][] = [];
  for (let i = 0; i <= runs; i++) {
    const before = performance.now();
    instance.run();
    await gpu.device.queue.onSubmittedWorkDone();
    const after = performance.now();
    const times = await instance.profile();
    if (i === 0) continue; // includes compilation
    wall.push(after - before);
    profiles.push(times);
  }
  dispose();
  const kernels = kindsOf(program.calls);
  const medianOf = (at: number) =>
    1e-6 *
    quantile(
      profiles.map((times) => times[at] ?? 0),
      0.5,
    );
  const medians = kernels.map((_, at) => medianOf(at));
  const sumOf = (is: (at: number) => boolean) => medians.reduce((sum, time, at) => sum + (is(at) ? time : 0), 0);
  const kernelsMs = Object.fromEntries(
    kinds.map((kind) => [kind, sumOf((at) => kernels[at]?.kind === kind)]),
  ) as StepShares["kernelsMs"];
  const forward = forwardDispatches(program.calls);
  const halvesMs = {
    forward: sumOf((at) => at < forward),
    backward: sumOf((at) => at >= forward && kernels[at]?.kind !== "optimizer"),
  };
  const names = [...new Set(kernels.map(({ kernel }) => kernel))];
  const slowest = names
    .map((kernel) => ({
      kernel,
      calls: kernels.filter((one) => one.kernel === kernel).length,
      ms: sumOf((at) => kernels[at]?.kernel === kernel),
    }))
    .sort((a, b) => b.ms - a.ms);
  const stepMs = quantile(wall, 0.5);
  return {
    case: problem.text,
    dispatches: kernels.length,
    stepMs,
    runs,
    kernelsMs,
    halvesMs,
    launchesMs: stepMs - sumOf(() => true),
    slowest: slowest.slice(0, 12),
  };
}

/** A step that can be run, and a function that frees it. */
interface Step {
  readonly program: Program<unknown>;
  readonly instance: Instance<unknown>;
  readonly dispose: () => void;
}

async function blockStep(gpu: Gpu, problem: TrainProblem): Promise<Step> {
  const { program, scalars, dispose } = recordBlockStep(gpu, problem);
  await gpu.write(scalars.storage, 0, new Uint8Array(adamwScalars(1).buffer));
  const instance = await program.instantiate();
  return {
    program,
    instance,
    dispose: () => {
      instance.dispose();
      dispose();
    },
  };
}

/** The trainer's program, with tokens and a table of rotations supplied here. */
async function modelStep(gpu: Gpu, problem: TrainProblem, source: FileSource): Promise<Step> {
  const { trainable, trainer } = await openTrainer(gpu, source);
  const { batch = 1, tokens } = problem;
  const { ids, targets } = trainTokens(problem);
  await trainer.step({ ids, targets }); // so that the moments and rates have a step's values
  const { positions } = trainable.decoder.config;
  if (positions.kind !== "rope") throw new TypeError("the bundled model rotates");
  const { theta, scaling, width } = positions;
  const table = ropeTable({ theta, scaling, width, positions: tokens });
  const own: Readonly<Record<string, Tensor>> = {
    ids: upload(gpu, [batch, tokens], "u32", Uint32Array.from(ids.flat()), "ids"),
    targets: upload(gpu, [batch, tokens], "i32", Int32Array.from(targets.flat()), "targets"),
    "rope table": upload(gpu, [tokens, width / 2, 2], "f32", table, "rope table"),
  };
  const program = trainer.program({ batch, context: tokens });
  const given = new Map(
    program.externals.flatMap((storage) => {
      const tensor = own[storage.label];
      return tensor ? [[storage, { storage: tensor.storage, offset: 0 }] as const] : [];
    }),
  );
  const instance = await program.instantiate(given);
  return {
    program,
    instance,
    dispose: () => {
      instance.dispose();
      program.dispose();
      for (const tensor of Object.values(own)) tensor.dispose();
      trainer.dispose();
      trainable.dispose();
    },
  };
}
