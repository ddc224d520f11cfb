// Requests for heads of encoders: `/rerank` and `/classify` in vLLM's shapes, the former also Jina's and Cohere's.
import type { Engine } from "../engine/engine.ts";
import { checkRequest, type Table } from "../engine/openai/request-fields.ts";
import { RequestError } from "../engine/request-error.ts";
import { boolean, type Check, either, integer, listOf, nonEmpty, text } from "../options/checks.ts";

/** A request for the relevance of documents to a query, by a cross-encoder. */
interface RerankRequest {
  readonly model?: string;
  readonly query: string;
  readonly documents: readonly (string | { readonly text: string })[];
  /** How many results to return, most relevant first; default all. */
  readonly top_n?: number;
  /** False leaves the documents out of the results. */
  readonly return_documents?: boolean;
  /** Maximum tokens of a query and a document together; -1: the model's limit. Default: longer ones are refused. */
  readonly truncate_prompt_tokens?: number;
  readonly user?: string;
}

/** A request for the labels of texts. */
interface ClassifyRequest {
  readonly model?: string;
  /** A text, several, or pairs of texts. */
  readonly input: string | readonly (string | readonly [string, string])[];
  readonly truncate_prompt_tokens?: number;
  readonly user?: string;
}

/** Maximum texts of a request. */
const maxTexts = 2048;

const several =
  (entry: Check, what: string): Check =>
  (value) => {
    if (!Array.isArray(value) || value.length === 0 || value.length > maxTexts) return `1 to ${maxTexts} ${what}`;
    return listOf(entry)(value);
  };

const document: Check = either(nonEmpty, (value) => {
  const isOne = typeof value === "object" && value !== null && Object.keys(value).every((key) => key === "text");
  return isOne && nonEmpty((value as { readonly text?: unknown }).text) === undefined
    ? undefined
    : "an object with text";
});

const tokens: Check = either(integer(1, 2 ** 31 - 1), (value) => (value === -1 ? undefined : "-1"));

const rerankTable: Table<RerankRequest> = {
  model: text,
  query: nonEmpty,
  documents: several(document, "documents"),
  top_n: integer(0),
  return_documents: boolean,
  truncate_prompt_tokens: tokens,
  user: text,
};

const classifyTable: Table<ClassifyRequest> = {
  model: text,
  truncate_prompt_tokens: tokens,
  user: text,
  input: either(nonEmpty, several(either(nonEmpty, listOf(nonEmpty, 2)), "texts")),
};

interface Options {
  readonly signal: AbortSignal;
}

/** The encoder that a request names, with its description. */
async function encoderFor(engine: Engine, model: string | undefined) {
  const loaded = (await engine.loaded()).filter(({ id, kind }) =>
    model === undefined ? kind === "encoder" : id === model,
  );
  const info = loaded.at(-1);
  return { encoder: engine.encoder(model ?? info?.id), id: info?.id ?? "", labels: info?.labels ?? [] };
}

/** The options of scores. */
const scoring = (most: number | undefined, { signal }: Options) => ({
  signal,
  ...(most === undefined ? {} : { maxTokens: most === -1 ? 2 ** 31 - 1 : most }),
});

const usageOf = (counts: readonly number[]) => {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return { prompt_tokens: total, total_tokens: total };
};

/** The documents of a request by relevance to its query, most relevant first. */
export async function rerank(engine: Engine, given: unknown, options: Options): Promise<object> {
  const request = checkRequest<RerankRequest>(rerankTable, "query", given);
  if (request.documents === undefined) {
    throw new RequestError("documents is missing", { param: "documents", code: "missing_required_parameter" });
  }
  const { model, query, top_n: top, return_documents: shows = true, truncate_prompt_tokens: most } = request;
  const documents = request.documents.map((one) => (typeof one === "string" ? one : one.text));
  const { encoder, id, labels } = await encoderFor(engine, model);
  if (labels.length > 1) {
    const problem = `the classifier of ${JSON.stringify(id)} has ${labels.length} labels, expected one, as cross-encoders have: /classify takes it`;
    throw new RequestError(problem, { param: "model", code: "unsupported_model" });
  }
  const pairs = documents.map((document) => [query, document] as const);
  const { scores, tokens } = await encoder.scores(pairs, scoring(most, options));
  const results = scores.map(([score = 0], index) => ({
    index,
    relevance_score: score,
    ...(shows ? { document: { text: documents[index] } } : {}),
  }));
  results.sort((a, b) => b.relevance_score - a.relevance_score || a.index - b.index);
  return {
    id: `rerank-${crypto.randomUUID()}`,
    model: id,
    usage: usageOf(tokens),
    results: results.slice(0, top || undefined),
  };
}

/** The likeliest label of each text of a request, and the scores of all in their order. */
export async function classify(engine: Engine, given: unknown, options: Options): Promise<object> {
  const request = checkRequest<ClassifyRequest>(classifyTable, "input", given);
  const { model, input, truncate_prompt_tokens: most } = request;
  const { encoder, id, labels } = await encoderFor(engine, model);
  const texts = typeof input === "string" ? [input] : input;
  const { scores, tokens } = await encoder.scores(texts, scoring(most, options));
  const data = scores.map((row, index) => {
    const probs = [...row];
    const label = labels[probs.indexOf(Math.max(...probs))] ?? "";
    return { index, label, probs, num_classes: probs.length };
  });
  return {
    id: `classify-${crypto.randomUUID()}`,
    object: "list",
    created: Math.floor(Date.now() / 1000),
    model: id,
    data,
    usage: { ...usageOf(tokens), completion_tokens: 0 },
  };
}
