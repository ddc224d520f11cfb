import type { Instance, Program } from "../../src/gpu/program.ts";
import {
  type AttentionMask,
  type AttentionOptions,
  type AttentionTensors,
  type Gpu,
  placed,
  placeholder,
  replacements,
  type Tensor,
  transpose,
} from "../../src/index.ts";
import { executedBy } from "../harness/speed.ts";
import type { BatchGroup } from "./batch.ts";
import { checkGroups } from "./check.ts";
import { type GroupTensors, groupTensors, type Inputs, inputBytes, inputsOf, uploadGroup } from "./inputs.ts";
import type { AttentionCase, AttentionSubject } from "./plan.ts";
import { modelledBytes } from "./traffic.ts";
import { type Truth, truthOf } from "./truth.ts";

/** A group with its inputs, their truth, and the options of the call. */
interface PreparedGroup {
  readonly group: BatchGroup;
  readonly inputs: Inputs;
  readonly truth: Truth;
  readonly options: AttentionOptions;
}

/** A case with everything that its variants share; inputs several times over where they take turns. */
export interface PreparedCase {
  readonly given: AttentionCase;
  readonly groups: readonly PreparedGroup[];
  /** By set of inputs, then by group. */
  readonly sets: readonly (readonly GroupTensors[])[];
  [Symbol.dispose](): void;
}

/** More sets than this are not made, however small the inputs. */
const mostSets = 64;

/** Makes the inputs of a case, computes what is true of them, and uploads them: sets of `rotateBytes` together. */
export async function prepareCase(
  gpu: Gpu,
  given: AttentionCase,
  rotateBytes: number,
  signal?: AbortSignal,
): Promise<PreparedCase> {
  const { heads, batch, mask, score } = given;
  const groups: PreparedGroup[] = [];
  for (const group of batch.groups) {
    const inputs = inputsOf(group, heads);
    const truth = await truthOf(given, group, inputs, signal);
    const made: AttentionMask = mask.make(gpu, { b: group.count, t: group.t, s: group.s });
    groups.push({ group, inputs, truth, options: { mask: made, score: score.score } });
  }
  const bytes = batch.groups.reduce((sum, group) => sum + inputBytes(group, heads).all, 0);
  const count = rotateBytes > 0 ? Math.min(mostSets, Math.max(2, Math.ceil(rotateBytes / bytes))) : 1;
  const sets = Array.from({ length: count }, () =>
    groups.map(({ group, inputs }) => uploadGroup(gpu, group, heads, inputs)),
  );
  const dispose = () => {
    for (const { owned } of sets.flat()) for (const tensor of owned) tensor.dispose();
    for (const { options } of groups) for (const tensor of tensorsIn(options.mask)) tensor.dispose();
  };
  return { given, groups, sets, [Symbol.dispose]: dispose };
}

/** The tensors that a mask brought. */
function tensorsIn(value: unknown): Tensor[] {
  if (typeof value !== "object" || value === null) return [];
  if ("storages" in value) return [value as Tensor];
  return Object.values(value).flatMap(tensorsIn);
}

/** A subject that can be timed, or whose result was wrong. */
export interface Ready {
  readonly check: ReturnType<typeof checkGroups>;
  readonly instances: readonly Instance<unknown>[];
  readonly firstRunMs: number;
  readonly dispatches: number;
  readonly modelledBytes: number | null;
  readonly executed: ReturnType<typeof executedBy>;
  readonly workspaceBytes: number;
  readonly dispose: () => void;
}

/** Records, runs and checks a subject at a case; a text that says why it does not take it. */
export async function readySubject(
  gpu: Gpu,
  prepared: PreparedCase,
  subject: AttentionSubject,
): Promise<Ready | string> {
  const { given, groups, sets } = prepared;
  const [first = []] = sets;
  const calls = groups.map(({ options }, i) => ({ options, views: first[i]?.views })) as {
    options: AttentionOptions;
    views: AttentionTensors;
  }[];
  for (const { options, views } of calls) {
    const reason = subject.refusal(gpu, views, options);
    if (reason !== undefined) return reason;
  }
  const start = performance.now();
  const stands = groups.map(({ group, inputs }) =>
    groupTensors(group, given.heads, inputs, (shape, name) => placeholder(gpu, shape, "f32", name)),
  );
  const program = gpu.record(() =>
    stands.map(({ views }, i) => subject.record(gpu, views, groups[i]?.options ?? {}).out),
  );
  const instances: Instance<Tensor[]>[] = [];
  const dispose = () => {
    for (const instance of instances) instance.dispose();
    program.dispose();
  };
  try {
    for (const set of sets) instances.push(await poisoned(gpu, program, stands, set));
    const [instance] = instances;
    if (!instance) throw new RangeError("there are no inputs");
    instance.run();
    await gpu.device.queue.onSubmittedWorkDone();
    const firstRunMs = performance.now() - start;
    const results = [];
    for (const [i, { group, truth }] of groups.entries()) {
      const out = program.result[i];
      if (!out) throw new RangeError(`group ${i} has no result`);
      // Tokens outside of heads again, as the kernels wrote it: that is one piece of memory.
      results.push({ out: await transpose(placed(instance, out), [0, 2, 1, 3]).read(), t: group.t, truth });
    }
    const models = program.calls.map((call, i) => {
      const of = groups[i];
      if (!of) return null;
      const { count: b, t, s } = of.group;
      const mask = given.mask.reference({ b, t, s });
      return modelledBytes(call, { group: of.group, heads: given.heads, mask });
    });
    const known = models.filter((bytes) => bytes !== null);
    return {
      check: checkGroups(results, given),
      instances,
      firstRunMs,
      dispatches: program.dispatches.length,
      executed: executedBy(program.dispatches),
      modelledBytes: known.length === groups.length ? known.reduce((sum, bytes) => sum + bytes, 0) : null,
      workspaceBytes: calls.reduce((sum, { views, options }) => sum + (subject.workspace?.(views, options) ?? 0), 0),
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** An instance whose results and temporaries start as NaN: what a kernel leaves out, or reads too early, shows. */
async function poisoned(
  gpu: Gpu,
  program: Program<Tensor[]>,
  stands: readonly GroupTensors[],
  set: readonly GroupTensors[],
): Promise<Instance<Tensor[]>> {
  const pairs = stands.flatMap(({ owned }, i) =>
    owned.flatMap((tensor, j) => {
      const real = set[i]?.owned[j];
      return real ? [[tensor, real] as const] : [];
    }),
  );
  const { poison } = gpu.buffers;
  gpu.buffers.poison = true;
  try {
    return await program.instantiate(replacements(pairs));
  } finally {
    gpu.buffers.poison = poison;
  }
}
