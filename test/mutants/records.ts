// What was found for each file, so that a run tries only what has changed, and one that is interrupted goes on.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { withoutComments } from "../../src/wgsl/comments.ts";
import type { Mistake, Mutant } from "./mutant.ts";

/** How one mutant fared. */
export interface Outcome {
  readonly mutant: Mutant;
  readonly end: "noticed" | "survived" | "invalid";
  readonly message: string;
  readonly seconds: number;
}

export const kinds = ["hand", "token", "barrier"] as const;

/** The mistakes in one file and how they fared. */
export interface FileRecord {
  /** Of the file without its comments, its mistakes written by hand, and the seed. */
  readonly hash: string;
  /** Noticed and made, by kind. */
  readonly counts: Readonly<Record<Mutant["kind"], readonly [noticed: number, made: number]>>;
  /** Ids of those that were not noticed, with what happened. */
  readonly left: Readonly<Record<string, string>>;
  readonly seconds: number;
}

export type Records = Readonly<Record<string, FileRecord>>;

/** Where the records are. */
export const recordsFile = "test/mutants/results/files.json";

export function readRecords(): Records {
  return existsSync(recordsFile) ? (JSON.parse(readFileSync(recordsFile, "utf8")) as Records) : {};
}

/** Writes the records, a line for each file. */
export function writeRecords(records: Records): void {
  mkdirSync(dirname(recordsFile), { recursive: true });
  const names = Object.keys(records).sort();
  const lines = names.map((name) => `  ${JSON.stringify(name)}: ${JSON.stringify(records[name])}`);
  writeFileSync(recordsFile, `{\n${lines.join(",\n")}\n}\n`);
}

/** What a record of a file is true of. Tests are left out: that they find less is no reason to try all again. */
export function hashOf(file: string, text: string, mistakes: readonly Mistake[], seed: number): string {
  const code = file.endsWith(".wgsl") ? withoutComments(text).replaceAll(/\s+/g, " ") : text;
  const own = mistakes.map(({ find, replace }) => [find, replace]);
  return createHash("sha256")
    .update(JSON.stringify([code, own, seed]))
    .digest("base64url")
    .slice(0, 16);
}

/** The record of a file whose mistakes have all been tried. */
export function recordOf(hash: string, outcomes: readonly Outcome[]): FileRecord {
  const countsOf = (kind: Mutant["kind"]) => {
    const of = outcomes.filter(({ mutant }) => mutant.kind === kind);
    return [of.filter(({ end }) => end === "noticed").length, of.length] as const;
  };
  const left = outcomes.filter(({ end }) => end !== "noticed").map(({ mutant, message }) => [mutant.id, message]);
  return {
    hash,
    counts: { hand: countsOf("hand"), token: countsOf("token"), barrier: countsOf("barrier") },
    left: Object.fromEntries(left),
    seconds: Math.round(outcomes.reduce((sum, { seconds }) => sum + seconds, 0)),
  };
}

/** A record after the mistakes that were left in it have been tried again. */
export function joinedRecord(record: FileRecord, again: readonly Outcome[]): FileRecord {
  const noticed = again.filter(({ end }) => end === "noticed").map(({ mutant }) => mutant);
  const countsOf = (kind: Mutant["kind"]) => {
    const [before, made] = record.counts[kind];
    return [before + noticed.filter((mutant) => mutant.kind === kind).length, made] as const;
  };
  const found = new Set(noticed.map(({ id }) => id));
  return {
    hash: record.hash,
    counts: { hand: countsOf("hand"), token: countsOf("token"), barrier: countsOf("barrier") },
    left: Object.fromEntries(Object.entries(record.left).filter(([id]) => !found.has(id))),
    seconds: record.seconds,
  };
}
