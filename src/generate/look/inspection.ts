import type { Instance } from "../../gpu/gpu.ts";
import type { Binding, Call, Dispatch } from "../../gpu/program/dispatch.ts";
import { assertRouted, notFiniteError } from "../../models/decoders/decoder.ts";
import { placed, type Tensor } from "../../tensor/tensor.ts";
import { firstChunk, maxChunk } from "../session/chunks.ts";
import type { SequenceState } from "../session/sequence-state.ts";

/** The result and the taps of a prefill, chunk by chunk. */
export interface Inspected {
  /** For the last position, or for each. */
  readonly logits: Float64Array[];
  readonly taps: ReadonlyMap<string, readonly { readonly shape: readonly number[]; readonly values: Float64Array }[]>;
}

/** Tokens whose logits fit one binding. */
const byLogits = ({ gpu, programs }: SequenceState): number =>
  Math.max(1, Math.floor(gpu.limits.binding / (4 * programs.decoder.config.vocabulary)));

/**
 * Log-probability (natural logarithm) of each of `ids` but the first, given those before it. Overwrites row 0 from its
 * beginning, as the others here do. Throws `GpuError` if one is NaN.
 */
export async function score(state: SequenceState, ids: readonly number[]): Promise<Float64Array> {
  using _use = state.use();
  const { decoder } = state.programs;
  await state.programs.loadKernels({ logprobs: 1, penalties: false });
  const out = new Float64Array(Math.max(0, ids.length - 1));
  for (let at = 0; at < ids.length - 1; ) {
    const t = state.chunkOf(ids.length - 1 - at, Math.min(maxChunk, byLogits(state)));
    const targets = ids.slice(at + 1, at + 1 + t);
    const scores = await state.chunk(
      ids.slice(at, at + t),
      at,
      { which: "score", targets },
      (instance, { program }) => {
        instance.run();
        return placed(instance, (program.result as { logprobs: Tensor }).logprobs).read();
      },
    );
    out.set(scores, at);
    at += t;
  }
  await assertRouted(decoder);
  const wrong = out.findIndex(Number.isNaN);
  if (wrong >= 0) throw await notFiniteError(decoder, `the logits after ${wrong + 1} tokens`);
  return out;
}

/** The first result of a prefill of `ids` that is not finite. */
export async function probe(state: SequenceState, ids: readonly number[]): Promise<Fault | undefined> {
  using _use = state.use();
  for (let at = 0; at < ids.length; ) {
    const t = state.chunkOf(ids.length - at);
    const fault = await state.chunk(ids.slice(at, at + t), at, {}, firstFault);
    if (fault) return fault;
    at += t;
  }
  return undefined;
}

/** Which tensors to keep, by name, and a signal that ends the computation. */
interface InspectOptions {
  readonly taps?: ((name: string) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Logits of the last position, or of every position, of `ids` from the beginning, with what is tapped. */
export async function inspect(
  state: SequenceState,
  ids: readonly number[],
  which: "last" | "all",
  { taps, signal }: InspectOptions = {},
): Promise<Inspected> {
  using _use = state.use();
  const { vocabulary } = state.programs.decoder.config;
  const rows: Float64Array[] = [];
  const tapped = new Map<string, { shape: readonly number[]; values: Float64Array }[]>();
  for (let at = 0; at < ids.length; ) {
    signal?.throwIfAborted();
    const t = state.chunkOf(ids.length - at, which === "all" ? Math.min(firstChunk, byLogits(state)) : firstChunk);
    await state.chunk(ids.slice(at, at + t), at, { which, taps }, async (instance, { program }) => {
      instance.run();
      const values = await placed(instance, (program.result as { logits: Tensor }).logits).read();
      const all = Array.from({ length: values.length / vocabulary }, (_, i) =>
        values.subarray(i * vocabulary, (i + 1) * vocabulary),
      );
      if (which === "all") rows.push(...all);
      else rows.splice(0, 1, ...all);
      for (const [name, holder] of program.taps) {
        const tensor = placed(instance, holder as Tensor);
        tapped.set(name, [...(tapped.get(name) ?? []), { shape: tensor.shape, values: await tensor.read() }]);
      }
    });
    at += t;
  }
  return { logits: rows, taps: tapped };
}

/** A result that is not finite. */
interface Fault {
  /** The block whose op it is, for example `layer.3.feed-forward`. */
  readonly block: string;
  readonly op: string;
  readonly variant: string;
  readonly kernel: string;
  readonly tensor: string;
  readonly shape: readonly number[];
  /** Index of the first such element. */
  readonly element: number;
  readonly value: number;
}

/** Ops whose results contain −∞ for masked scores. */
const masking = /attention/i;

/** Runs a program op by op; returns the first result that is NaN or infinite, in execution order. */
async function firstFault(instance: Instance<unknown>): Promise<Fault | undefined> {
  const calls = new Map<Dispatch, Call>();
  for (const call of instance.program.calls) for (const dispatch of call.dispatches) calls.set(dispatch, call);
  let fault: Fault | undefined;
  await instance.step(async (operation, read) => {
    if (operation.kind === "copy") return true;
    const { dispatch, block = "" } = operation;
    const { op, variant } = calls.get(dispatch) ?? { op: dispatch.kernel, variant: dispatch.kernel };
    for (const binding of dispatch.bindings) {
      if (binding.access !== "read_write" || !holdsFloats(dispatch, binding)) continue;
      const values = new Float32Array(await read(binding.storage), binding.offset, Math.floor(binding.bytes / 4));
      const element = values.findIndex(
        (value) => !Number.isFinite(value) && !(value === Number.NEGATIVE_INFINITY && masking.test(op)),
      );
      if (element < 0) continue;
      const { kernel } = dispatch;
      const value = values[element] ?? Number.NaN;
      fault = { block, op, variant, kernel, tensor: binding.name, shape: binding.shape, element, value };
      return false;
    }
    return true;
  });
  return fault;
}

const holdsFloats = ({ shader }: Dispatch, { name }: Binding): boolean =>
  shader.declarations.bindings.some((one) => one.name === name && /^array<(f32|vec[234](f|<f32>))>$/.test(one.type));
