// Several prompts of one request as rows of one batch: two to three times as fast as sequentially.
import { AllocationError } from "../../gpu/errors.ts";
import type { onDevice } from "../device-recovery.ts";
import type { Answered } from "../generate-request.ts";
import type { Prompt } from "../openai/inputs.ts";
import { type ComputeRows, together, withoutRepeats } from "../openai/lanes.ts";
import type { pieceOf } from "./generate.ts";
import type { LoadedEntry } from "./loaded.ts";
import type { proposing, RunOptions } from "./proposing.ts";

/**
 * Functions of the engine for a batch, passed in rather than imported: a lazily loaded module that imports much of the
 * first one would split it into more and smaller files with more bytes.
 */
export interface BatchParts {
  readonly onDevice: typeof onDevice;
  readonly pieceOf: typeof pieceOf;
  readonly proposing: typeof proposing;
}

/** Maximum rows of a batch: more are computed in several batches, one after the other. */
const maxRows = 8;

/**
 * Continues each of these prompts, with the same results as alone; undefined if they cannot be batched: with proposed
 * tokens or a search.
 */
export function continuedTogether(
  entry: LoadedEntry,
  prompts: readonly (readonly number[])[],
  given: RunOptions,
  parts: BatchParts,
): Prompt["begin"][] | undefined {
  if (parts.proposing(entry, given.speculative) || (given.beams ?? 1) > 1) return undefined;
  const { signal, speculative: _, ...options } = given;
  const groups: Prompt["begin"][] = [];
  const most = rowsOf(entry, Math.min(maxRows, prompts.length));
  for (let first = 0; first < prompts.length; first += most) {
    const rows = prompts.slice(first, first + most);
    // After a device loss the same seeds are used.
    const seeds = rows.map(() => options.seed ?? Math.floor(Math.random() * 2 ** 32)) as number[];
    groups.push(
      ...together(rows, signal, (put, stop) => inOneTurn(entry, rows, { ...options, seed: seeds }, put, stop, parts)),
    );
  }
  return groups;
}

/** Maximum rows of a batch within the device's limits. */
function rowsOf({ model }: Pick<LoadedEntry, "model">, most: number): number {
  try {
    model.checkMemory(most);
    return most;
  } catch (error) {
    if (most === 1) throw error;
    return rowsOf({ model }, most >> 1);
  }
}

async function inOneTurn(
  entry: LoadedEntry,
  prompts: readonly (readonly number[])[],
  options: Omit<RunOptions, "speculative"> & { readonly seed: readonly number[] },
  put: Parameters<ComputeRows>[0],
  stop: AbortSignal,
  { onDevice, pieceOf }: BatchParts,
): Promise<readonly Answered[]> {
  const again = withoutRepeats(put);

  async function compute(rows: readonly number[], give: typeof put): Promise<readonly Answered[]> {
    const own = { ...options, seed: rows.map((row) => options.seed[row] ?? 0), signal: stop };
    const generation = entry.model.generate(
      rows.map((row) => prompts[row] ?? []),
      own,
    );
    for await (const piece of generation) give(rows[piece.row] ?? 0, pieceOf(entry, piece));
    const { rows: results } = await generation.result;
    return results.map(({ promptTokens, tokens, text, stopReason }) => ({
      promptTokens,
      cachedTokens: 0,
      tokens,
      text,
      stopReason,
    }));
  }

  return await onDevice(entry.device, async () => {
    const { turns } = entry.sessions;
    if (!(await turns.enter(stop))) throw stop.reason;
    const give = again();
    const rows = [...prompts.keys()];
    try {
      return await compute(rows, give);
    } catch (error) {
      // Memory may suffice for one row but not for all.
      if (!(error instanceof AllocationError) || rows.length === 1) throw error;
      const results: Answered[] = [];
      for (const row of rows) results.push(...(await compute([row], give)));
      return results;
    } finally {
      turns.leave();
    }
  });
}
