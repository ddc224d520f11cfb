import type { Progress } from "../../formats/load-progress.ts";
import { callback, checkOptions, checkValue, fieldsOf, having, listOf, nonEmpty } from "../../options/checks.ts";
import { type HeadContext, headOf, typed } from "./context.ts";
import { logitsOfTokens } from "./logits.ts";

/** A text as weights of the vocabulary's tokens, most of them 0. */
export interface SparseVector {
  /** Ids of the tokens with a weight above 0, in ascending order. */
  readonly ids: Uint32Array;
  /** Their weights. */
  readonly weights: Float32Array;
}

/** Sparse vectors of texts, in their order. */
export interface SparseVectors {
  readonly vectors: readonly SparseVector[];
  /** Number of tokens of each text. */
  readonly tokens: readonly number[];
}

/** How texts are converted to sparse vectors. */
export interface SparseOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after each text with the number of finished texts, and of all. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

const fields = fieldsOf<SparseOptions>({ signal: having("aborted", "an AbortSignal"), onProgress: callback });

/**
 * The weights of a vocabulary's tokens for each text: `max over tokens of log(1 + max(logit, 0))` (Formal et al. 2021),
 * or the logarithm of 1 plus that if the folder says so. Tokens beyond `embedding.maxTokens` are cut off, as in
 * `embed`.
 */
export async function sparse(
  encoder: HeadContext,
  texts: readonly string[],
  options: SparseOptions = {},
): Promise<SparseVectors> {
  checkValue("sparse", "texts", listOf(nonEmpty), texts);
  checkOptions("sparse", fields, options);
  const { signal, onProgress } = options;
  const kind = headOf(encoder, "sparse", "masked-language");
  const { maxTokens, prepare, sparse: activation = "relu" } = encoder.ofEmbedding;
  const weightOf = activation === "relu" ? Math.log1p : (logit: number) => Math.log1p(Math.log1p(logit));
  const inputs = texts.map((text) =>
    typed(encoder.config, "sparse", encoder.tokenizer.encodeInput(prepare(text), { maxTokens })),
  );
  const vectors: SparseVector[] = [];
  for (const input of inputs) {
    // The logarithm is monotonic, so it is applied to the maximum only.
    const rows = [...input.ids.keys()];
    const [most = new Float64Array()] = await logitsOfTokens(encoder, kind, input, rows, { largest: true, signal });
    const ids = Uint32Array.from([...most.keys()].filter((id) => (most[id] ?? 0) > 0));
    vectors.push({ ids, weights: Float32Array.from(ids, (id) => weightOf(most[id] ?? 0)) });
    onProgress?.({ done: vectors.length, total: texts.length });
  }
  return { vectors, tokens: inputs.map(({ ids }) => ids.length) };
}
