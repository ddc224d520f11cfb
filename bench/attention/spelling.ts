// How masks and scores are written, from their records: `sliding-window:128`, `fixed:64:8:turns=4`.

import type { AttentionRecord, WrittenParameter } from "../../src/check/attention-records.ts";
import { describedBy, withRandom } from "../../src/check/attention-records.ts";
import type { MaskDescription, ScoreDescription } from "../../src/reference/described.ts";
import { parseLength } from "./batch.ts";

/** The call that a mask or score is made for; its queries are at the last positions of the keys. */
export interface ModShape {
  readonly b: number;
  readonly h: number;
  readonly t: number;
  readonly s: number;
}

/** A mask or score as written, with the values of its written parameters. */
export interface Written<R extends AttentionRecord> {
  readonly record: R;
  readonly text: string;
  readonly values: Readonly<Record<string, number | string>>;
}

/** A word of a text: a parameter, or a number from which a tensor is made. Optional ones are written by name. */
interface Word {
  readonly name: string;
  readonly parameter: WrittenParameter;
  readonly optional: boolean;
}

function wordsOf({ parameters }: AttentionRecord): Word[] {
  return Object.entries(parameters).flatMap(([name, parameter]): Word[] => {
    if (parameter.type === "tensor") {
      return Object.entries(parameter.from).map(([own, number]) => ({ name: own, parameter: number, optional: false }));
    }
    const optional = parameter.type === "choice" || (parameter.type === "count" && parameter.optional);
    return [{ name, parameter, optional }];
  });
}

/** The required form: `fixed:stride:summary`. */
const shortForm = (record: AttentionRecord): string =>
  [record.name, ...wordsOf(record).flatMap(({ name, optional }) => (optional ? [] : [name]))].join(":");

/** The full form, with optional parts in brackets: `strided:stride[:set=merged|1|2]`. */
export function formOf(record: AttentionRecord): string {
  const optional = wordsOf(record).flatMap(({ name, parameter, optional: may }) =>
    may ? [`[:${name}=${parameter.type === "choice" ? parameter.of.join("|") : "n"}]`] : [],
  );
  return shortForm(record) + optional.join("");
}

/** The record's text with numbers that suit some hundred keys. */
export const usualText = (record: AttentionRecord): string =>
  [
    record.name,
    ...wordsOf(record).flatMap(({ parameter, optional }) =>
      optional || parameter.type === "choice" ? [] : [parameter.usual],
    ),
  ].join(":");

/**
 * Reads one mask or score of `whole`: its name, then required values in order or by name (`keys=128`), and optional
 * ones by name only. Throws a RangeError that lists the valid forms or says what was expected.
 */
export function parseWritten<R extends AttentionRecord>(
  what: "mask" | "score",
  records: ReadonlyMap<string, R>,
  text: string,
  whole: string,
): Written<R> {
  const [name = "", ...given] = text.split(":");
  const record = records.get(name);
  if (!record) {
    const known = [...records.values()].map(shortForm).join(", ");
    throw new RangeError(`there is no ${what} "${name}"; there are ${known}, joined by +, and ./file.mjs of your own`);
  }
  const words = wordsOf(record);
  const expected = `${what} is "${whole}", expected "${formOf(record)}"`;
  const values: Record<string, number | string> = {};
  const inOrder = words.filter(({ optional }) => !optional);
  for (const item of given) {
    const [label, value] = item.includes("=") ? item.split("=") : [undefined, item];
    const word = label === undefined ? inOrder.find(({ name: own }) => values[own] === undefined) : undefined;
    const found = word ?? words.find((one) => one.name === label);
    if (!found || value === undefined || values[found.name] !== undefined) throw new RangeError(expected);
    values[found.name] = readWord(found, value, { what, whole, expected });
  }
  if (inOrder.some(({ name: own }) => values[own] === undefined)) throw new RangeError(expected);
  const labelled = words.filter(({ name: own, optional }) => optional && values[own] !== undefined);
  const numbers = inOrder.map(({ name: own }) => values[own]);
  return {
    record,
    values,
    text: [name, ...numbers, ...labelled.map(({ name: own }) => `${own}=${values[own]}`)].join(":"),
  };
}

function readWord(
  { name, parameter }: Word,
  value: string,
  { what, whole, expected }: { readonly what: string; readonly whole: string; readonly expected: string },
): number | string {
  switch (parameter.type) {
    case "count": {
      const number = parseLength(value, `${what} "${whole}": ${name}`, parameter.min);
      if (number <= parameter.max) return number;
      throw new RangeError(`${what} "${whole}": ${name} is ${number}, expected at most ${parameter.max}`);
    }
    case "factor": {
      const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
      if (number > 0) return number;
      throw new RangeError(`${expected} with a ${name} above 0`);
    }
    case "choice": {
      const found = parameter.of.find((one) => String(one) === value);
      if (found !== undefined) return found;
      throw new RangeError(`${what} "${whole}": ${name} is "${value}", expected ${parameter.of.join(" or ")}`);
    }
  }
}

/** The values of all parameters for a call, with tensors made from their numbers. */
export function valuesFor(
  { record, values }: Written<AttentionRecord>,
  shape: ModShape,
): Readonly<Record<string, unknown>> {
  const numbers = values as Readonly<Record<string, number>>;
  return Object.fromEntries(
    Object.entries(record.parameters).flatMap(([name, parameter]) => {
      const value = parameter.type === "tensor" ? parameter.make(withRandom(shape), numbers) : values[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The written mask or score, for a call. */
export const describeWritten = <D extends MaskDescription | ScoreDescription>(
  written: Written<AttentionRecord>,
  shape: ModShape,
): D => describedBy<D>(written.record, valuesFor(written, shape));

/** Bytes of tensors with one element per pair of query and key. */
export function pairBytes({ record, values }: Written<AttentionRecord>, { t, s, ...shape }: ModShape): number {
  const numbers = values as Readonly<Record<string, number>>;
  let bytes = 0;
  for (const parameter of Object.values(record.parameters)) {
    if (parameter.type !== "tensor" || !/\bt, s\b/.test(parameter.pattern)) continue;
    bytes += 4 * t * s * parameter.make(withRandom({ ...shape, t: 1, s: 1 }), numbers).values.length;
  }
  return bytes;
}
