import type { RandomSource } from "../../../src/check/random.ts";
import { type Files, type Folder, jsonText } from "./folders.ts";

/** A model folder that is not what it should be. */
export interface Mutated {
  /** What was done, and to which folder. */
  readonly what: string;
  readonly files: Files;
  /** Noticed: an error or a warning. Whatever is not said may also be accepted. */
  readonly expected?: "refused" | "noticed";
  /** Names of which an error or warning has to have one; unset: the error names a file, and its place there. */
  readonly names?: readonly string[];
}

export type Mutation = (folder: Folder, random: RandomSource) => Mutated | undefined;

/** One of several. */
export const pick = <T>(random: RandomSource, from: readonly T[]): T => from[random.integer(from.length)] as T;

/** A copy whose parts can be changed. */
export const copyOf = (folder: Folder): Folder => ({ ...structuredClone(folder) });

export const stringOf = (value: unknown) => (typeof value === "symbol" ? "absent" : jsonText(value).slice(0, 80));

/** Files of weights. */
export const isWeights = (name: string) => name.endsWith(".safetensors");
