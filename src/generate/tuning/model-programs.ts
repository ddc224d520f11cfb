// A model's programs, newly recorded, with memory to run them.
import { cachePairs } from "../../blocks/kv-cache/cache.ts";
import { statePairs } from "../../blocks/state/cache.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Replacement } from "../../gpu/program/program.ts";
import type { Storage } from "../../gpu/storage.ts";
import { maxBatch } from "../../kernels/step.ts";
import { replacements, type Tensor, type TensorPair, upload } from "../../tensor/tensor.ts";
import type { LanguageModel } from "../language-model.ts";
import { firstChunk } from "../session/chunks.ts";
import { DecoderPrograms, type RecordedProgram } from "../session/programs.ts";

/** A decode step after the longest prefill, or a prefill of some tokens. */
export interface ProgramChoice {
  readonly tokens: number;
  readonly decode: boolean;
}

/** The memory that a program is bound to. */
interface ProgramMemory {
  readonly replacements: Map<Storage, Replacement>;
  /** The step, and its contents before a run. */
  readonly step: { readonly tensor: Tensor; readonly rows: Uint32Array<ArrayBuffer> };
}

/** Programs of a model in a separate session. */
interface ModelPrograms {
  /** Tokens of the longest prefill. */
  readonly longest: number;
  /** Freed by `dispose` along with the session. */
  readonly made: Storage[];
  /** Records a program, once, with the current choices of variants. */
  record(what: ProgramChoice): RecordedProgram<unknown>;
  memoryFor(recorded: RecordedProgram<unknown>, what: ProgramChoice): Promise<ProgramMemory>;
  dispose(): void;
}

/** Opens a session for a prefill of a chunk and the decode step after it. */
export async function openPrograms(model: LanguageModel): Promise<ModelPrograms> {
  const { gpu, decoder, context } = model;
  const session = model.session();
  const { state } = session;
  const programs = new DecoderPrograms(decoder, model.programs.capacity, model.programs.cache);
  const made: Storage[] = [];
  const longest = Math.min(firstChunk, context - 1);
  const dispose = () => {
    for (const storage of made) gpu.release(storage);
    programs.dispose();
    session.dispose();
  };
  try {
    await state.reserve([{ row: 0, length: longest + 1 }]);
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    longest,
    made,
    dispose,
    record({ tokens, decode }) {
      const visible = programs.visible(longest + 1);
      return decode
        ? programs.decode(1, visible, { penalties: false, logprobs: 0 })
        : programs.prefill(tokens, visible, "last");
    },
    async memoryFor(recorded, { tokens, decode }) {
      const pairs = cachePairs(recorded.cache, await state.cache.tensors(recorded.visible, decode ? undefined : 0));
      if (recorded.states && state.states) pairs.push(...statePairs(recorded.states, state.states.states));
      const rows = new Uint32Array(4 * maxBatch);
      rows.set([decode ? longest : 0, tokens]);
      const step = given(gpu, pairs, made, recorded.step, rows);
      const ids = new Uint32Array(tokens).map((_, i) => i % 32);
      if (recorded.ids) given(gpu, pairs, made, recorded.ids, ids);
      if (recorded.settings) given(gpu, pairs, made, recorded.settings, new Float32Array(8 * maxBatch));
      return { replacements: replacements(pairs), step: { tensor: step, rows } };
    },
  };
}

/** Memory with these elements for a placeholder. */
function given(
  gpu: Gpu,
  pairs: TensorPair[],
  made: Storage[],
  logical: Tensor,
  elements: Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>,
): Tensor {
  const real = gpu.unscoped(() => upload(gpu, logical.shape, logical.dtype, elements));
  made.push(...real.storages);
  pairs.push([logical, real]);
  return real;
}
