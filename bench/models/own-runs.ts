import { cacheBytes, type LanguageModel } from "../../src/index.ts";
import { type Floor, floorOf } from "./floor.ts";
import type { ModelTest, Run } from "./result.ts";
import { someTokens } from "./tokens.ts";

/** Runs of a loaded model, in Node or on a page. */
export interface OwnRuns {
  run(test: ModelTest): Promise<Run>;
  close(): void;
}

/** Runs a model's tests on this engine. */
export function ownRuns(model: LanguageModel): OwnRuns {
  const { vocabulary } = model.decoder.config;
  /** One session per depth, so that the tokens before are computed once. */
  const sessions = new Map<number, ReturnType<LanguageModel["session"]>>();
  let runs = 0;
  let floor: Floor | undefined;
  const run = async ({ prompt, generate, depth }: ModelTest): Promise<Run> => {
    const session = sessions.get(depth) ?? model.session();
    sessions.set(depth, session);
    const before = someTokens(depth, vocabulary, 1);
    // A step needs a token to begin with; a prompt begins with a different token each time, so that no cache holds it.
    const ids =
      generate > 0
        ? [...before, 1 + (depth % (vocabulary - 1))]
        : [...before, ...someTokens(prompt, vocabulary, ++runs + 100)];
    if (depth > 0) await session.continueFrom(before, { maxTokens: 0 }).result;
    const options = { temperature: 0, ignoreEos: true, maxTokens: generate > 0 ? generate + 1 : 1 };
    const { timings, rows, dispatchesPerToken } = await session.continueFrom(ids, options).result;
    const made = rows[0]?.tokens.length ?? 0;
    if (made !== options.maxTokens)
      throw new RangeError(`${made} tokens were generated, expected ${options.maxTokens}`);
    const milliseconds = generate > 0 ? timings.decode : timings.prefill;
    const nanoseconds = milliseconds * 1e6;
    if (generate === 0) return { nanoseconds };
    floor ??= await floorOf(model);
    const weightsFloor = await floor.measure();
    const cacheFloor = (weightsFloor * cacheBytesOf(model, depth + generate / 2)) / floor.bytes;
    return { nanoseconds, dispatches: dispatchesPerToken, floor: weightsFloor, cacheFloor };
  };
  return {
    run,
    close: () => {
      floor?.close();
      for (const session of sessions.values()) session.dispose();
    },
  };
}

/** Bytes of the keys and values that a step reads after so many tokens, with windows, in pieces of 64 tokens. */
function cacheBytesOf({ programs }: LanguageModel, tokens: number): number {
  const shape = programs.cacheShape(1);
  return cacheBytes({ ...shape, capacity: Math.max(1, Math.round(tokens)), layout: "contiguous", ahead: 0 });
}
