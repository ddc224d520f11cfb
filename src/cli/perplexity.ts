import { Command } from "commander";
import type { LanguageModel } from "../generate/language-model.ts";
import { splitDocuments } from "../text/split-documents.ts";
import { positive } from "./arguments.ts";
import { addModelOptions, type ModelFlags } from "./model/model-options.ts";
import { openModel } from "./model/open-model.ts";
import { print, printJson, say } from "./output.ts";
import { withProgress } from "./progress.ts";
import { readTextFile } from "./read-text.ts";
import { fill, lineColumns } from "./terminal.ts";
import { measured, milliseconds } from "./units.ts";

interface PerplexityFlags extends ModelFlags {
  readonly text: string;
  readonly window?: number;
  readonly stride?: number;
  readonly separator?: string;
  readonly prefix: string;
}

/** `shaderformer perplexity`: how well a model predicts a text. */
export function perplexityCommand(): Command {
  const command = new Command("perplexity")
    .description(
      "Measure how well a model predicts a text: the mean negative log-likelihood of its tokens, and the exponential " +
        "of that. Every token is scored once, in windows that slide over the text.",
    )
    .optionsGroup("Text:")
    .requiredOption("--text <file>", "the text, UTF-8")
    .option("--window <n>", "tokens per window (default: the context)", positive)
    .option("--stride <n>", "tokens that each window after the first scores (default: half the window)", positive)
    .option("--separator <line>", "a line that ends a document: each is scored from its beginning")
    .option("--prefix <text>", "text before each document, not scored", "");
  return addModelOptions(command).action(perplexity);
}

async function perplexity(flags: PerplexityFlags): Promise<void> {
  const { json = false, separator, prefix } = flags;
  const file = await readTextFile(flags.text);
  using opened = await openModel(flags);
  const { model, load } = opened;
  const window = flags.window ?? model.context;
  if (window < 2 || window > model.context) {
    throw new RangeError(`window is ${window}, expected 2 to ${model.context}, the context`);
  }
  const stride = flags.stride ?? Math.floor(window / 2);
  if (stride >= window) {
    throw new RangeError(`stride is ${stride}, expected 1 to ${window - 1}, so that every token follows another`);
  }
  const documents = splitDocuments(file, separator).map((text) => encode(model, prefix, text));
  const work = documents.flatMap(({ ids, given }) =>
    [...scoringWindows(ids.length, window, stride, given)].map((place) => ({ ids, ...place })),
  );
  const total = work.reduce((sum, { end, from }) => sum + end - from, 0);
  if (total === 0) throw new RangeError(`${flags.text} has no token to score`);

  const start = performance.now();
  let sum = 0;
  await withProgress("scoring  ", json, async (report) => {
    let done = 0;
    for (const { ids, begin, end, from } of work) {
      report({ done, total });
      const scored = await model.score(ids.slice(begin, end)); // entry i is of token begin + 1 + i
      for (const logprob of scored.subarray(from - begin - 1)) sum -= logprob;
      done += end - from;
    }
  });
  const score = performance.now() - start;
  const natsPerToken = sum / total;
  const adapter = model.gpu.adapter.label;
  if (json) {
    const timings = { load: milliseconds(load), score: milliseconds(score) };
    const sizes = { window, stride, documents: documents.length, tokens: total };
    const perplexity = Math.exp(natsPerToken);
    return await printJson({
      model: model.name,
      adapter,
      text: flags.text,
      cache: model.programs.cache,
      ...sizes,
      natsPerToken,
      perplexity,
      timings,
    });
  }
  await print(`perplexity ${Math.exp(natsPerToken).toFixed(3)}   ${natsPerToken.toFixed(4)} nats a token\n`);
  const counts = `${total} tokens of ${documents.length} ${documents.length === 1 ? "document" : "documents"}`;
  const items = [adapter, `${counts} in windows of ${window} by ${stride}`, `${measured((total * 1000) / score)}/s`];
  say(fill(items, " · ", lineColumns()));
}

/**
 * Ids of prefix and text, and how many leading ones belong to the prefix or are special tokens; these are not scored.
 */
function encode({ tokenizer }: LanguageModel, prefix: string, text: string): { ids: number[]; given: number } {
  const ids = tokenizer.encode(prefix + text);
  const alone = tokenizer.encode(prefix);
  let given = 0;
  while (given < alone.length && alone[given] === ids[given]) given++;
  return { ids, given };
}

/** One run of the model over a text: reads tokens `begin` to `end` and scores those from `from` on. */
interface ScoringWindow {
  readonly begin: number;
  readonly end: number;
  readonly from: number;
}

/**
 * Windows that score each of `length` tokens once, except the first `given` and the very first, which has no token
 * before it: the sliding window of Hugging Face's "Perplexity of fixed-length models". After the first window, a token
 * has at least `window − stride` tokens before it. `stride` is 1 to `window − 1`.
 */
export function* scoringWindows(
  length: number,
  window: number,
  stride: number,
  given = 0,
): Generator<ScoringWindow, void> {
  let scored = Math.max(1, given);
  for (let begin = 0; scored < length; begin += stride) {
    const end = Math.min(begin + window, length);
    if (end > scored) yield { begin, end, from: scored };
    scored = Math.max(scored, end);
  }
}
