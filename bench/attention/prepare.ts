import {
  type AttentionOptions,
  type Gpu,
  type Instance,
  type Program,
  placed,
  placeholder,
  replacements,
  type Tensor,
  transpose,
  upload,
} from "../../src/index.ts";
import { executedBy } from "../harness/speed.ts";
import type { CallTensors, PreparedCall } from "./call-shape.ts";
import { callBytes, callShapes, prepareCall, viewsOf } from "./calls.ts";
import type { AttentionCase } from "./case.ts";
import { checkGroups, type GroupResult } from "./check.ts";
import { tensorsIn } from "./inputs/elements.ts";
import { rowBytes } from "./inputs/formats.ts";
import { maskIn } from "./inputs/layouts.ts";
import { placementOf } from "./inputs/placement.ts";
import type { AttentionSubject } from "./plan.ts";
import { modelledBytes } from "./traffic.ts";
import { type Definition, type Truth, truthOf } from "./truth.ts";

/** The tensors of a call, by name. */
type Owned = Readonly<Record<string, Tensor>>;

/** A call with the options for all variants. */
interface ReadyCall extends PreparedCall {
  readonly options: AttentionOptions;
}

/** A case with everything that its variants share; several sets of inputs if they alternate. */
export interface PreparedCase {
  readonly given: AttentionCase;
  readonly calls: readonly ReadyCall[];
  /** Indexed by set of inputs, then by call. */
  readonly sets: readonly (readonly Owned[])[];
  /** The true values of each group of each call; computed on demand. */
  readonly truth: (definition: Definition) => Promise<readonly (readonly Truth[])[]>;
  [Symbol.dispose](): void;
}

/** Maximum number of sets, even for small inputs. */
const maxSets = 64;

/** Makes and uploads the inputs of a case: enough sets to total `rotateBytes`. */
export async function prepareCase(
  gpu: Gpu,
  given: AttentionCase,
  rotateBytes: number,
  signal?: AbortSignal,
): Promise<PreparedCase> {
  const { heads, mask, score } = given;
  const calls = callShapes(given).map((shape): ReadyCall => {
    const [{ count: b, t, s } = { count: 1, t: 1, s: 1 }] = shape.groups;
    const made = {
      mask: mask.make(gpu, { b, h: heads.h, t, s }),
      score: score.at({ b, h: heads.h, t, s }).make(gpu),
      ...placementOf(gpu, given, shape),
    };
    return { ...prepareCall(given, shape), options: made };
  });
  const bytes = calls.reduce((sum, call) => sum + callBytes(call, given).all, 0);
  const count = rotateBytes > 0 ? Math.min(maxSets, Math.max(2, Math.ceil(rotateBytes / bytes))) : 1;
  const sets = Array.from({ length: count }, () =>
    calls.map(({ tensors, elements }) =>
      Object.fromEntries(
        Object.entries(tensors).flatMap(([name, { shape, dtype }]) => {
          const own = elements[name];
          return own ? [[name, upload(gpu, shape, dtype, own, name)] as const] : [];
        }),
      ),
    ),
  );
  const truths = new Map<Definition, Promise<Truth[][]>>();
  const compute = (definition: Definition) =>
    Promise.all(
      calls.map(({ groups, numbers }) =>
        Promise.all(
          groups.flatMap((group, i) => {
            const own = numbers[i];
            return own ? [truthOf(given, group, own, definition, signal)] : [];
          }),
        ),
      ),
    );
  return {
    given,
    calls,
    sets,
    truth: (definition) => {
      const known = truths.get(definition) ?? compute(definition);
      truths.set(definition, known);
      return known;
    },
    [Symbol.dispose]: () => {
      for (const owned of sets.flat()) for (const tensor of Object.values(owned)) tensor.dispose();
      for (const { options } of calls) for (const tensor of tensorsIn(options)) tensor.dispose();
    },
  };
}

/** A subject that can be timed, or that has a wrong result. */
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

/** Records, runs and checks a subject on a case; returns the reason as text if it does not apply. */
export async function readySubject(
  gpu: Gpu,
  prepared: PreparedCase,
  subject: AttentionSubject,
): Promise<Ready | string> {
  const { given, calls, sets } = prepared;
  const views = (owned: readonly Owned[]): CallTensors[] =>
    calls.map((call, i) => viewsOf(given, call, owned[i] ?? {}));
  const first = views(sets[0] ?? []);
  for (const [i, { options }] of calls.entries()) {
    const tensors = first[i];
    const reason = tensors && subject.refusal(gpu, tensors, options);
    if (reason !== undefined) return reason;
  }
  const truths = await prepared.truth(subject.definition ?? "softmax");
  const start = performance.now();
  const stands = calls.map(({ tensors }) =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, { shape, dtype }]) => [name, placeholder(gpu, shape, dtype, name)]),
    ),
  );
  const program = gpu.record(() =>
    views(stands).map((tensors, i) => subject.record(gpu, tensors, calls[i]?.options ?? {}).out),
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
    const results: GroupResult[] = [];
    for (const [i, { groups }] of calls.entries()) {
      const result = program.result[i];
      if (!result) throw new RangeError(`call ${i} has no result`);
      // Back to the kernels' order with tokens before heads, which is contiguous.
      const out = await transpose(placed(instance, result), [0, 2, 1, 3]).read();
      let at = 0;
      for (const [j, { count, t }] of groups.entries()) {
        const truth = truths[i]?.[j];
        const size = count * t * given.heads.h * given.heads.dv;
        if (truth) results.push({ out: out.subarray(at, at + size), t, truth });
        at += size;
      }
    }
    return {
      check: checkGroups(results, given),
      instances,
      firstRunMs,
      dispatches: program.dispatches.length,
      executed: executedBy(program.dispatches),
      modelledBytes: modelled(prepared, program),
      workspaceBytes: workspaceOf(subject, prepared, first, program),
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Modelled bytes of the kernels; null if one has no model, or if sequences of different lengths share a call. */
function modelled({ given, calls }: PreparedCase, program: Program<Tensor[]>): number | null {
  const { heads, dtype, latent } = given;
  if (latent || program.calls.length !== calls.length) return null;
  const rows = { k: rowBytes(dtype, heads.d), v: rowBytes(dtype, heads.dv) };
  let sum = 0;
  for (const [i, call] of program.calls.entries()) {
    const [group, ...others] = calls[i]?.groups ?? [];
    if (!group || others.length > 0) return null;
    const { count: b, t, s } = group;
    const bytes = modelledBytes(call, {
      group,
      heads,
      rows,
      mask: maskIn(given.layout, given.mask.reference({ b, h: heads.h, t, s }), s),
    });
    if (bytes === null) return null;
    sum += bytes;
  }
  return sum;
}

function workspaceOf(
  { workspace }: AttentionSubject,
  { calls }: PreparedCase,
  tensors: readonly CallTensors[],
  { temporaryBytes }: Program<Tensor[]>,
): number {
  if (!workspace) return temporaryBytes;
  return calls.reduce((sum, { options }, i) => {
    const own = tensors[i];
    return sum + (own ? workspace(own, options) : 0);
  }, 0);
}

/** An instance whose results and temporaries start as NaN, so that missing writes and early reads show. */
async function poisoned(
  gpu: Gpu,
  program: Program<Tensor[]>,
  stands: readonly Owned[],
  set: readonly Owned[],
): Promise<Instance<Tensor[]>> {
  const pairs = stands.flatMap((owned, i) =>
    Object.entries(owned).flatMap(([name, tensor]) => {
      const real = set[i]?.[name];
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
