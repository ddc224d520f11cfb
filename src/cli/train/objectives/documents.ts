// What objectives on documents have in common: tokens, their order, and their digests.
import type { RowOrder } from "../../../train/data/rows.ts";
import { allWindows, type Row, randomWindows, shuffledEpochs } from "../../../train/data/rows.ts";
import { joinTokens, type TokenDocuments, type TokeniseOptions } from "../../../train/data/tokens.ts";
import { quantity } from "../../units.ts";
import { type Documents, readDocumentFiles, tokeniseAll } from "../data.ts";
import type { RunSettings } from "../settings.ts";
import type { PreparedRun, Preparing } from "./objective.ts";

/** The settings that are of documents. */
export const documentSettings = [
  "tokenizer",
  "vocabulary",
  "initialiser",
  "weights",
  "order",
  "packing",
  "context",
  "dropout",
  "attentionDropout",
  "recompute",
] as const satisfies readonly (keyof RunSettings)[];

/** Throws for settings of documents that contradict each other. */
export function checkDocumentSettings({ data = [], order, packing, weights }: RunSettings): void {
  if (packing === "documents" && order !== "epochs") throw new Error("--packing documents: expected --order epochs");
  if (weights !== undefined && weights.length !== data.length) {
    throw new Error(`--weights: has ${weights.length} numbers, expected ${data.length}, one for each file of --data`);
  }
  if (weights !== undefined && order !== "random") throw new Error("--weights: expected --order random");
}

/** The documents of a run's files. */
export const readRunDocuments = (settings: RunSettings): Promise<Documents> =>
  readDocumentFiles(settings.data ?? [], settings);

/** All texts of documents, for a tokenizer that is learnt. */
export const textsOf = ({ training }: Documents): readonly string[] =>
  training
    .flat()
    .map(({ content }) => content)
    .filter((content) => typeof content === "string");

/** Rows of a run's documents. */
interface DocumentRows extends Pick<PreparedRun, "notes" | "training" | "evaluation"> {
  readonly order: RowOrder;
  readonly heldOut: readonly Row[];
}

/** Encodes the documents of a run and makes its rows, of `context` tokens. */
export async function documentRows(
  { settings, data, quiet }: Preparing<Documents>,
  encoding: Pick<TokeniseOptions, "tokenizer" | "template" | "vocabulary">,
  context: number,
): Promise<DocumentRows> {
  const tokens = await tokeniseAll(data, encoding, quiet);
  const all = data.training.flat();
  const { tokens: joined, counts } = joinTokens(tokens.training);
  const { length } = joined;
  const held = tokens.heldOut ? `, ${quantity(tokens.heldOut.tokens.length)} held out` : "";
  const answers = counts ? `, ${quantity(counts.reduce((sum, one) => sum + one, 0))} of answers` : "";
  const of = `${all.length} ${all.length === 1 ? "document" : "documents"}`;
  const short = `warning: the data have ${length} tokens, fewer than a row of ${context}: it is filled up, which does not count`;
  if (tokens.heldOut && tokens.heldOut.tokens.length < 2) {
    throw new Error(
      `${settings.val?.join(", ") ?? "--held-out"}: has fewer than two tokens, so there is nothing to predict`,
    );
  }
  return {
    order: orderOf(tokens.training, settings, context),
    heldOut: tokens.heldOut ? allWindows(tokens.heldOut, context) : [],
    notes: [
      ...(quiet ? [] : [`${quantity(length)} tokens of ${of}${answers}${held}`]),
      ...(length <= context ? [short] : []),
    ],
    training: piecesOf(tokens.training),
    evaluation: tokens.heldOut && piecesOf([tokens.heldOut]),
  };
}

function orderOf(
  files: readonly TokenDocuments[],
  { order, packing, seed, weights }: RunSettings,
  context: number,
): RowOrder {
  if (order === "epochs") return shuffledEpochs(joinTokens(files), { context, seed, packing });
  if (weights === undefined) return randomWindows([{ ...joinTokens(files), weight: 1 }], { context, seed });
  const weighted = files.map((documents, i) => ({ ...documents, weight: weights[i] as number }));
  return randomWindows(weighted, { context, seed });
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint32Array | Float64Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Tokens, where documents begin, and which tokens are learnt, each after its length. */
function* piecesOf(files: readonly TokenDocuments[]): Generator<Uint8Array> {
  for (const { tokens, starts, counts } of files) {
    yield bytesOf(Float64Array.of(tokens.length, starts.length, counts?.length ?? 0));
    yield bytesOf(tokens);
    yield bytesOf(Float64Array.from(starts));
    if (counts) yield counts;
  }
}

/** Tokens of a row where nothing else is given, for models with a longer context. */
const usualContext = 256;

/** Tokens of a row: those of `--context`, or as many as the model has positions, up to 256. */
export function contextOf({ context }: RunSettings, most: number): number {
  if (context !== undefined && context > most) {
    throw new Error(`--context is ${context}, expected at most ${most}, the model's`);
  }
  return context ?? Math.min(most, usualContext);
}
