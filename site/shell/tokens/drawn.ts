import { useEffect, useState } from "preact/hooks";
import type { NextTokenProbabilities } from "../../../src/generate/look/next-token.ts";

/** How tokens of a text were drawn. */
export interface Drawing {
  /** Index of the first token whose settings are known. */
  readonly from: number;
  /** Probabilities of candidates at token `index`, before and after penalties and filters. */
  readonly ask: (index: number, of: readonly number[], signal: AbortSignal) => Promise<NextTokenProbabilities>;
}

/** Milliseconds that details are open before they send a request: a passing pointer sends none. */
const delay = 150;

/** How token `index` and its alternatives were drawn; undefined if unknown. */
export function useDrawn(
  drawing: Drawing | undefined,
  index: number,
  of: readonly number[],
): NextTokenProbabilities | "waiting" | undefined {
  const key = `${index}: ${of.join()}`;
  const [last, setLast] = useState<{ drawing: Drawing; key: string; value: NextTokenProbabilities | undefined }>();
  useEffect(() => {
    if (!drawing) return;
    const ended = new AbortController();
    const put = (value: NextTokenProbabilities | undefined) =>
      !ended.signal.aborted && setLast({ drawing, key, value });
    const timer = setTimeout(() => {
      drawing.ask(index, of, ended.signal).then(put, () => put(undefined)); // the details work without it
    }, delay);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [drawing, key]);
  if (!drawing) return undefined;
  return last?.drawing === drawing && last.key === key ? last.value : "waiting";
}
