import { scoreRecords } from "../../../src/check/attention-records.ts";
import { allowedUlps } from "../../../src/check/gate.ts";
import { uploaded } from "../../../src/check/named.ts";
import type { AttentionScore, Gpu } from "../../../src/index.ts";
import { chain, type Score } from "../../../src/reference/attention/scores.ts";
import { type ScoreDescription, scoreOf } from "../../../src/reference/described.ts";
import { describeWritten, formOf, type ModShape, pairBytes, parseWritten, usualText, valuesFor } from "../spelling.ts";
import { elementsIn } from "./elements.ts";

/** A score function of the command line. */
export interface BenchScore {
  readonly text: string;
  /** The score for a call. */
  readonly at: (shape: ModShape) => ShapedScore;
  /** Bytes of its tensors with one element per pair of query and key. */
  readonly pairBytes: (shape: ModShape) => number;
}

/** A score made for a call. */
export interface ShapedScore {
  readonly description: ScoreDescription;
  /** The kernels' argument. */
  readonly make: (gpu: Gpu) => AttentionScore;
  readonly reference: Score;
  /** The same in f32, with every operation rounded, for plain f32 loops. */
  readonly emulation: Score;
  /** What WGSL's accuracy table allows its builtins, in ulps of attention's result. */
  readonly allowed: number;
  /** Bytes of its tensors that are read regardless of the mask, and bytes per pair of query and key. */
  readonly bytes: { readonly once: number; readonly perPair: number };
}

/** One of the scores of a chain. */
interface Link {
  readonly text: string;
  readonly describe: (shape: ModShape) => ScoreDescription;
  readonly emulation?: ((shape: ModShape) => Score) | undefined;
  readonly allowed?: ((shape: ModShape) => number) | undefined;
  readonly pairBytes?: (shape: ModShape) => number;
}

const f = Math.fround;

/** The scores that `--scores` accepts, with typical numbers. */
export const usualScores = [...scoreRecords.values()].map(usualText);

/** The forms that `--scores` accepts. */
export const scoreForms = [...scoreRecords.values()].map(formOf);

/** Several scores, applied in order. */
function benchScore(links: readonly Link[]): BenchScore {
  const hasPairs = ({ pairBytes: bytes }: Link) => (bytes?.({ b: 1, h: 1, t: 1, s: 1 }) ?? 0) > 0;
  return {
    text: links.map(({ text }) => text).join("+"),
    at: (shape) => {
      const all = links.map((link) => link.describe(shape));
      const description = all.length === 1 ? (all[0] ?? "none") : all;
      const start = shape.s - shape.t;
      const emulated = links.map(({ emulation, describe }): Score => {
        const own = emulation?.(shape) ?? scoreOf(describe(shape), start);
        return (score, b, h, q, k) => f(own(score, b, h, q, k));
      });
      return {
        description,
        make: (gpu) => uploaded(gpu, description),
        reference: scoreOf(description, start),
        emulation: chain(emulated),
        allowed: links.reduce((sum, { allowed }) => sum + (allowed?.(shape) ?? 0), 0),
        bytes: {
          once: 4 * elementsIn(all.filter((_, i) => links[i] && !hasPairs(links[i]))),
          perPair: 4 * links.filter(hasPairs).length,
        },
      };
    },
    pairBytes: (shape) => Math.max(...links.map((link) => link.pairBytes?.(shape) ?? 0)),
  };
}

/** A custom score, by its description. */
export const ownBenchScore = (text: string, score: ScoreDescription): BenchScore =>
  benchScore([{ text, describe: () => score }]);

/**
 * Reads `none`, `softcap:50`, `alibi` and so on, or several one after the other, joined by `+`; `own` are custom scores
 * by their texts. Throws a RangeError that lists the valid forms.
 */
export function parseScore(text: string, own: ReadonlyMap<string, ScoreDescription> = new Map()): BenchScore {
  const links = text.split("+").map((part): Link => {
    const mine = own.get(part);
    return mine ? { text: part, describe: () => mine } : writtenLink(part, text);
  });
  if (links.length > 1 && links.some((link) => link.text === "none")) {
    throw new RangeError(`score is "${text}": none cannot be joined with others`);
  }
  return benchScore(links);
}

function writtenLink(part: string, text: string): Link {
  const written = parseWritten("score", scoreRecords, part, text);
  const { record } = written;
  const values = (shape: ModShape) => valuesFor(written, shape) as never;
  const { emulation, builtins } = record;
  return {
    text: written.text,
    describe: (shape) => describeWritten<ScoreDescription>(written, shape),
    emulation: emulation && ((shape) => emulation(values(shape))),
    allowed: builtins && ((shape) => builtins(values(shape)) * allowedUlps.exp(0)),
    pairBytes: (shape) => pairBytes(written, shape),
  };
}
