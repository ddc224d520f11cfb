import { FormatError } from "../formats/format-error.ts";
import { parseJson } from "../formats/strict-json.ts";
import { ignored, type TokenBatch } from "./objectives/token-batches.ts";

/** What token ids have to be. */
export interface BatchLimits {
  readonly vocabulary: number;
  /** Most tokens of a sequence. */
  readonly context: number;
}

/**
 * Reads batches of a JSON text, `{"batches": [{"inputs": [[id, …], …], "targets": [[id or -100, …], …]}, …]}`.
 *
 * @throws FormatError, with the batch and the field, for what is not such a text, ids outside of the vocabulary, sequences
 * of unequal length or longer than the context, and a batch without a target that counts.
 */
export function readBatches(file: string, text: string, { vocabulary, context }: BatchLimits): TokenBatch[] {
  const given: unknown = parseJson(file, text);
  const batches = isRecord(given) ? given["batches"] : undefined;
  if (!Array.isArray(batches) || batches.length === 0) {
    throw new FormatError(file, "is no list of batches, expected at least one", { field: "batches" });
  }
  return batches.map((batch: unknown, at): TokenBatch => {
    const field = `batches[${at}]`;
    const fail = (name: string, problem: string): never => {
      throw new FormatError(file, problem, { field: `${field}.${name}` });
    };
    const rows = (name: "inputs" | "targets", isToken: (value: unknown) => boolean, expected: string): number[][] => {
      const value = isRecord(batch) ? batch[name] : undefined;
      if (!Array.isArray(value) || value.length === 0) return fail(name, "is no list of sequences");
      return value.map((row: unknown, i) => {
        if (!Array.isArray(row) || row.length === 0) return fail(`${name}[${i}]`, "is no list of token ids");
        const wrong = row.findIndex((token) => !isToken(token));
        if (wrong < 0) return row as number[];
        return fail(`${name}[${i}][${wrong}]`, `is ${JSON.stringify(row[wrong])}, expected ${expected}`);
      });
    };
    const isId = (value: unknown) =>
      Number.isInteger(value) && (value as number) >= 0 && (value as number) < vocabulary;
    const ids = rows("inputs", isId, `a token id below ${vocabulary}`);
    const targets = rows(
      "targets",
      (value) => value === ignored || isId(value),
      `a token id below ${vocabulary} or -100`,
    );
    const length = ids[0]?.length ?? 0;
    if (length > context) fail("inputs[0]", `has ${length} tokens, expected at most ${context}, the model's context`);
    const other = ids.findIndex((row) => row.length !== length);
    if (other > 0) fail(`inputs[${other}]`, `has ${ids[other]?.length} tokens, expected ${length} (from inputs[0])`);
    if (targets.length !== ids.length) fail("targets", `has ${targets.length} sequences, inputs ${ids.length}`);
    const unequal = targets.findIndex((row) => row.length !== length);
    if (unequal >= 0) fail(`targets[${unequal}]`, `has ${targets[unequal]?.length} tokens, expected ${length}`);
    if (targets.every((row) => row.every((token) => token === ignored))) fail("targets", "are all -100");
    return { ids, targets };
  });
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
