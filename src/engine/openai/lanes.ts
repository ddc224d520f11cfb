import type { Answered, EnginePiece } from "../generate-request.ts";
import type { Prompt } from "./inputs.ts";

/** Text generated from one prompt and not taken yet. */
interface Lane {
  readonly pieces: EnginePiece[];
  wake: () => void;
}

/** Computes several prompts: puts the pieces of each row, and returns the results. `stop` ends it. */
export type ComputeRows = (
  put: (row: number, piece: EnginePiece) => void,
  stop: AbortSignal,
) => Promise<readonly Answered[]>;

/**
 * The text generated from each of several prompts. All are computed together, once the first of them starts; leaving
 * one before its end, or an abort of `signal`, ends all.
 */
export function together(
  prompts: readonly (readonly number[])[],
  signal: AbortSignal | undefined,
  compute: ComputeRows,
): Prompt["begin"][] {
  const left = new AbortController();
  const stop = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
  const lanes = prompts.map((): Lane => ({ pieces: [], wake: () => {} }));
  let running: Promise<readonly Answered[]> | undefined;
  let ended = false;

  async function run(): Promise<readonly Answered[]> {
    const put = (row: number, piece: EnginePiece) => {
      lanes[row]?.pieces.push(piece);
      lanes[row]?.wake();
    };
    try {
      return await compute(put, stop);
    } finally {
      ended = true;
      for (const { wake } of lanes) wake();
    }
  }

  async function* continued(lane: Lane, index: number): AsyncGenerator<EnginePiece, Answered, undefined> {
    running ??= run();
    running.catch(() => {}); // waiters for the result get it
    let done = false;
    try {
      for (;;) {
        const piece = lane.pieces.shift();
        if (piece) yield piece;
        else if (ended) break;
        else {
          await new Promise<void>((resolve) => {
            lane.wake = resolve;
          });
        }
      }
      const result = await running.then(
        (results) => results[index],
        (error: unknown) => {
          if (!stop.aborted) throw error;
          return undefined;
        },
      );
      done = true;
      const promptTokens = prompts[index] ?? [];
      return result ?? { promptTokens, cachedTokens: 0, tokens: [], text: "", stopReason: "abort" };
    } finally {
      if (!done) left.abort();
    }
  }

  return lanes.map((lane, index) => () => continued(lane, index));
}

/** Skips as many pieces of each row as were put before: after a device loss the same pieces are repeated. */
export function withoutRepeats(put: Parameters<ComputeRows>[0]): () => Parameters<ComputeRows>[0] {
  const most = new Map<number, number>();
  return () => {
    const counts = new Map<number, number>();
    return (row, piece) => {
      const count = (counts.get(row) ?? 0) + 1;
      counts.set(row, count);
      if (count <= (most.get(row) ?? 0)) return;
      most.set(row, count);
      put(row, piece);
    };
  };
}
