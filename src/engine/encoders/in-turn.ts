import type { Turns } from "../direct/turns.ts";

/** Does `work` in a turn; throws the reason of `signal` where it aborts before. */
export async function inTurn<T>(turns: Turns, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (!(await turns.enter(signal))) throw signal?.reason;
  try {
    return await work();
  } finally {
    turns.leave();
  }
}
