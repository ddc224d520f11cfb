import type { EncoderTokenizer } from "../../../text/encoder-tokenizer.ts";
import { TextError } from "../../../text/text-error.ts";
import { filledBatches, rowsAt, uncountedRow } from "../../../train/data/batches.ts";
import { maskTokens } from "../../../train/data/mask-tokens.ts";
import type { Row } from "../../../train/data/rows.ts";
import { withHead } from "../../../train/initialisers/task-heads.ts";
import type { MaskedBatch } from "../../../train/objectives/masked-batch.ts";
import { ignored } from "../../../train/objectives/token-batches.ts";
import type { Documents } from "../data.ts";
import { trainedSource } from "../source.ts";
import { checkDocumentSettings, documentRows, documentSettings, readRunDocuments, textsOf } from "./documents.ts";
import { openEncoderToTrain, readEncoderFiles } from "./encoders.ts";
import { type CliObjective, learner } from "./objective.ts";

/** An encoder learns hidden tokens from those before and after them (Devlin et al. 2018, section 3.1). */
export const masked: CliObjective<Documents> = {
  name: "masked",
  says: "hidden tokens of a text from those around them",
  kinds: ["encoder"],
  takes: documentSettings,
  check: (settings) => {
    checkDocumentSettings(settings);
    if (settings.packing === "documents") throw new Error("--packing documents: is for --objective next-token");
  },
  read: readRunDocuments,
  source: (given) =>
    trainedSource(
      given,
      () => textsOf(given.data),
      (config) => withHead(config, "masked-language"),
    ),
  prepare: async (source, given) => {
    const { settings } = given;
    const { batch, accumulate, seed } = settings;
    const { config, tokenizer, context: width } = await readEncoderFiles(source, settings);
    const { vocabulary } = config;
    const { mask } = tokenizer.specials;
    if (mask === undefined) throw new TextError("tokenizer.json: has no mask token, which hides tokens in training");
    const never = Object.values(tokenizer.specials);
    const { before, after } = tokensAround(tokenizer);
    const context = width - before.length - after.length;
    if (context < 1) {
      throw new Error(`--context is ${width}, expected more than the ${width - context} tokens around a text`);
    }
    const { order, heldOut, ...rows } = await documentRows(
      given,
      { tokenizer: inOneText(tokenizer), vocabulary },
      context,
    );
    /** A row with some of its tokens hidden, by its number. */
    const hidden = (row: Row, number: number, seed: number) => {
      const text = [...before, ...row.ids.slice(0, textLength(row)), ...after];
      const { ids, targets } = maskTokens([text], { mask, vocabulary, never, seed, step: number % 2 ** 32 });
      return { ids: ids[0] ?? [], targets: targets[0] ?? [] };
    };
    const drawn = { row: (number: number) => hidden(order.row(number), number, seed) };
    const batches = {
      at: (position: number) => rowsAt(drawn, position, { batch, accumulate }).map(batchOf),
      // The same tokens are hidden in every run, so that losses can be compared.
      heldOut: filledBatches(
        heldOut.map((row, number) => hidden(row, number, 0)),
        batch,
        uncountedRow,
      ).map(batchOf),
    };
    return {
      ...rows,
      model: config,
      perStep: batch * accumulate * width,
      units: "tokens",
      chance: Math.log(vocabulary),
      open: async (gpu, quiet) => learner(await openEncoderToTrain(gpu, source, "masked", quiet), batches),
    };
  },
};

const batchOf = (rows: readonly Pick<Row, "ids" | "targets">[]): MaskedBatch => ({
  ids: rows.map(({ ids }) => ids),
  targets: rows.map(({ targets }) => targets),
});

/** Tokens of a window that are of the data: the last window may be filled up. */
const textLength = ({ ids, targets }: Row): number =>
  Math.min(ids.length, targets.findLastIndex((target) => target !== ignored) + 2);

/** The special tokens around a text. */
function tokensAround(tokenizer: EncoderTokenizer) {
  const { ids, spans } = tokenizer.encodeInput("a");
  const first = spans.findIndex((span) => span !== undefined);
  const last = spans.findLastIndex((span) => span !== undefined);
  return { before: ids.slice(0, first), after: ids.slice(last + 1) };
}

/** A tokenizer for documents in one text: none has tokens around it, and the separator follows each. */
const inOneText = ({ eos: _, ...tokenizer }: EncoderTokenizer): EncoderTokenizer => ({
  ...tokenizer,
  encode: (text) => tokenizer.encode(text, { addSpecialTokens: false }),
  ...(tokenizer.specials.sep !== undefined && { eos: tokenizer.specials.sep }),
});
