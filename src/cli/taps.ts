import { inspect } from "../generate/inspection.ts";
import type { LanguageModel } from "../generate/language-model.ts";

/** A tensor's numbers in index order. */
export interface TensorValues {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** The names of all taps of the model, in order. Records a prefill of one token. */
export function knownTaps({ programs }: LanguageModel): string[] {
  const names = new Set<string>();
  const taps = (name: string) => {
    names.add(name);
    return false;
  };
  programs.prefill(1, programs.visible(1), "all", { taps });
  return [...names];
}

/** Logits of the last position, or of all, and the tapped tensors for all tokens. */
export async function runTapped(
  model: LanguageModel,
  ids: readonly number[],
  all: boolean,
  names: readonly string[],
): Promise<{ logits: Float64Array[]; taps: Map<string, TensorValues> }> {
  using session = model.session();
  if (names.length === 0) {
    return { logits: (await inspect(session.state, ids, all ? "all" : "last")).logits, taps: new Map() };
  }
  // With "last" the tensors after the last block would have only one position.
  const run = await inspect(session.state, ids, "all", { taps: (name) => names.includes(name) });
  const taps = new Map([...run.taps].map(([name, chunks]) => [name, joinChunks(chunks)] as const));
  return { logits: all ? run.logits : run.logits.slice(-1), taps };
}

/** Joins the chunks of a prefill, `[1, t, …]` each, along the tokens. */
function joinChunks(chunks: readonly TensorValues[]): TensorValues {
  const [first] = chunks;
  if (!first || chunks.length === 1) return first ?? { shape: [0], values: new Float64Array() };
  const [batch = 1, , ...rest] = first.shape;
  const tokens = chunks.reduce((sum, { shape }) => sum + (shape[1] ?? 0), 0);
  const values = new Float64Array(chunks.reduce((sum, chunk) => sum + chunk.values.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    values.set(chunk.values, at);
    at += chunk.values.length;
  }
  return { shape: [batch, tokens, ...rest], values };
}
