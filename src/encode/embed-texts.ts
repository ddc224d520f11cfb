import { linear } from "../blocks/linear.ts";
import { type UseLite, useLiteStates } from "../models/encoders/use-lite.ts";
import { unlessAborted } from "../options/abort.ts";
import { callback, checkOptions, checkValue, fieldsOf, having, listOf, text } from "../options/checks.ts";
import { tensor } from "../tensor/tensor.ts";
import { reshape } from "../tensor/views.ts";
import type { EncoderTokenizer } from "../text/encoder-tokenizer.ts";
import { TextError } from "../text/text-error.ts";

/** Vectors of texts, in their order. */
export interface SentenceVectors {
  readonly embeddings: readonly Float32Array[];
  /** Tokens of each text that counted. */
  readonly tokens: readonly number[];
}

/** How texts are embedded. */
export interface SentenceOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch with the number of texts that are done, and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Most texts that are computed together, and most tokens unless a single text has more. */
const most = { texts: 64, tokens: 1024 };

const fields = fieldsOf<SentenceOptions>({ signal: having("aborted", "an AbortSignal"), onProgress: callback });

/** Lists of token ids in batches, in order. */
function* batches(all: readonly (readonly number[])[]): Generator<readonly (readonly number[])[]> {
  let batch: (readonly number[])[] = [];
  let tokens = 0;
  for (const ids of all) {
    if (batch.length === most.texts || (batch.length > 0 && tokens + ids.length > most.tokens)) {
      yield batch;
      [batch, tokens] = [[], 0];
    }
    batch.push(ids);
    tokens += ids.length;
  }
  if (batch.length > 0) yield batch;
}

/** The means of the rows of `states` that belong to each text. */
function means(states: Float64Array, lengths: readonly number[], width: number): Float32Array {
  const result = new Float32Array(lengths.length * width);
  let row = 0;
  for (const [i, length] of lengths.entries()) {
    for (let c = 0; c < width; c++) {
      let sum = 0;
      for (let t = 0; t < length; t++) sum += states[(row + t) * width + c] ?? 0;
      result[i * width + c] = sum / length;
    }
    row += length;
  }
  return result;
}

/** A row's tanh, scaled to length 1. */
function normalized(row: Float64Array): Float32Array {
  const values = row.map(Math.tanh);
  const squares = values.reduce((sum, value) => sum + value * value, 0);
  return Float32Array.from(values, (value) => value / Math.sqrt(Math.max(1e-12, squares)));
}

async function embedBatch(model: UseLite, batch: readonly (readonly number[])[], signal: AbortSignal | undefined) {
  const { gpu, config } = model;
  const lengths = batch.map(({ length }) => length);
  const all = batch.flat();
  const offsets = [0];
  for (const length of lengths) offsets.push((offsets.at(-1) ?? 0) + length);
  const compute = () => {
    using scope = gpu.scope();
    const words = (values: readonly number[]) => tensor(gpu, [values.length], values, "u32");
    const positions = lengths.flatMap((length) => Array.from({ length }, (_, i) => i));
    const packed = { ids: words(all), positions: words(positions), offsets: words(offsets) };
    return scope.keep(useLiteStates(model, packed));
  };
  const states = compute();
  try {
    const values = await unlessAborted(states.read(), signal);
    const pool = () => {
      using scope = gpu.scope();
      const mean = tensor(gpu, [1, lengths.length, config.width], means(values, lengths, config.width));
      return scope.keep(reshape(linear(gpu, mean, model.pooler), [lengths.length, config.width]));
    };
    const pooled = pool();
    try {
      const rows = await unlessAborted(pooled.read(), signal);
      return lengths.map((_, i) => normalized(rows.slice(i * config.width, (i + 1) * config.width)));
    } finally {
      pooled.dispose();
    }
  } finally {
    states.dispose();
  }
}

/** The vectors of texts by this model. */
export async function embedTexts(
  model: UseLite,
  tokenizer: EncoderTokenizer,
  texts: readonly string[],
  options: SentenceOptions = {},
): Promise<SentenceVectors> {
  checkValue("embed", "texts", listOf(text), texts);
  checkOptions("embed", fields, options);
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const all = texts.map((text, i) => {
    const { ids } = tokenizer.encodeInput(text, { maxTokens: model.config.context });
    if (ids.length === 0) throw new TextError(`embed: texts[${i}] is empty, expected a text with at least one token`);
    return ids;
  });
  const embeddings: Float32Array[] = [];
  for (const batch of batches(all)) {
    signal?.throwIfAborted();
    embeddings.push(...(await embedBatch(model, batch, signal)));
    onProgress?.(embeddings.length, texts.length);
  }
  return { embeddings, tokens: all.map(({ length }) => length) };
}
