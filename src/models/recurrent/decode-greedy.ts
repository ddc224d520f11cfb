import { gather } from "../../kernels/embedding/gather.ts";
import { concat } from "../../kernels/layout/concat.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { argmax } from "../../kernels/sampling/argmax.ts";
import { checkOptions, checkValue, fieldsOf, having, integer, listOf, required } from "../../options/checks.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { attend, decodeSteps, encode, type Recurrent } from "./encoder-decoder.ts";
import { sourceNumbers } from "./sources.ts";

/** How targets are decoded. */
export interface GreedyOptions {
  /** Maximum number of tokens of a target; all of these steps are computed. */
  readonly maxTokens: number;
  /** The token that is read first; default: the config's. */
  readonly start?: number | undefined;
  /** The token after which a target ends; default: the config's. If neither is set, all have `maxTokens` tokens. */
  readonly end?: number | undefined;
}

/** Decoded targets. */
export interface GreedyResult {
  /** The tokens of each source up to the end token, exclusive. */
  readonly ids: number[][];
  /** With attention: for each source and each of `maxTokens` steps, the weight of each source token. */
  readonly alignments?: readonly (readonly Float32Array[])[];
}

const modelCheck = having("reverse", "a model from openRecurrent");
const sourcesCheck = listOf((row) => (Array.isArray(row) ? undefined : "a list of token ids"));

/** Throws `OptionError` unless sources and options fit the model's vocabulary. */
function checkDecoding(model: Recurrent, sources: readonly (readonly number[])[], options: GreedyOptions): void {
  checkValue("decodeGreedy", "model", modelCheck, model);
  const id = integer(0, model.config.vocabulary - 1);
  checkValue("decodeGreedy", "sources", sourcesCheck, sources);
  for (const [i, row] of sources.entries()) checkValue("decodeGreedy", `sources[${i}]`, listOf(id), row);
  const fields = fieldsOf<GreedyOptions>({ maxTokens: required(integer(1)), start: id, end: id });
  checkOptions("decodeGreedy", fields, options);
}

/**
 * Decodes sources of any lengths, rows of token ids, greedily: each step takes the token with the largest logit, which
 * the next step reads. All steps are submitted at once, since chosen tokens stay on the device; what follows an end
 * token is cut off afterwards.
 *
 * @throws OptionError for ids outside the vocabulary and invalid options; RangeError without a start token, and for
 * empty sources.
 */
export async function decodeGreedy(
  model: Recurrent,
  sources: readonly (readonly number[])[],
  options: GreedyOptions,
): Promise<GreedyResult> {
  checkDecoding(model, sources, options);
  const { start = model.config.start, end = model.config.end, maxTokens: steps } = options;
  if (start === undefined) throw new RangeError("decodeGreedy: the config has no start token, expected one in options");
  const empty = sources.length === 0 ? 0 : sources.findIndex(({ length }) => length === 0);
  if (empty >= 0) throw new RangeError(`decodeGreedy: sources[${empty}] has no tokens`);
  const { chosen, alignment } = model.gpu.unscoped(() => submit(model, sources, start, steps));
  const [ids, shares] = await Promise.all([chosen.read(), alignment?.read()]);
  chosen.dispose();
  alignment?.dispose();
  const b = sources.length;
  const rows = sources.map((_, row) => Array.from({ length: steps }, (_, step) => ids[step * b + row] ?? 0));
  const cut = rows.map((row) => (end !== undefined && row.includes(end) ? row.slice(0, row.indexOf(end)) : row));
  if (!shares) return { ids: cut };
  const s = shares.length / (b * steps);
  const alignments = sources.map(({ length }, row) =>
    Array.from({ length: steps }, (_, step) => {
      const first = (step * b + row) * s;
      return Float32Array.from(shares.subarray(first, first + length));
    }),
  );
  return { ids: cut, alignments };
}

/** The decoded tokens, u32 `[steps, b]`, and the weights of source tokens `[steps · b, 1, s]`. */
function submit(model: Recurrent, rows: readonly (readonly number[])[], start: number, steps: number) {
  const { gpu, embedding, head } = model;
  using scope = gpu.scope();
  const numbers = sourceNumbers(rows);
  const uploaded = ({ shape, dtype, values }: (typeof numbers)["sources"]) => tensor(gpu, shape, values, dtype);
  const sources = {
    sources: uploaded(numbers.sources),
    lengths: uploaded(numbers.lengths),
  };
  const encoded = encode(model, sources);
  const b = rows.length;
  let [ids, state] = [tensor(gpu, [b], new Uint32Array(b).fill(start), "u32"), encoded.last];
  const [chosen, alignments]: [Tensor[], Tensor[]] = [[], []];
  for (let step = 0; step < steps; step++) {
    const x = gather(gpu, { ids, table: embedding }).y;
    const { out, state: next } = decodeSteps(model, reshape(x, [b, 1, -1]), state);
    state = next;
    const { y, alignment } = attend(model, out, encoded, sources);
    if (alignment) alignments.push(alignment);
    const logits = matmul(gpu, { x: reshape(y, state.shape), ...head }).y;
    ids = argmax(gpu, { x: logits }).index;
    chosen.push(reshape(ids, [1, b]));
  }
  return {
    chosen: scope.keep(concat(gpu, chosen, 0)),
    alignment: alignments.length > 0 ? scope.keep(concat(gpu, alignments, 0)) : undefined,
  };
}
