import { quantile } from "../harness/timing.ts";
import type { Verdict } from "../result.ts";

/** Several measurements of one thing. */
export interface Spread {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
  readonly samples: number;
}

/** The spread of some values; null without any. */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const at = (q: number) => quantile(values, q);
  return { median: at(0.5), p10: at(0.1), p90: at(0.9), samples: values.length };
}

/** Bytes loaded by a visit. */
export interface LoadedBytes {
  readonly total: number;
  /** Pages and scripts, WebAssembly, and the model's files. */
  readonly scripts: number;
  readonly wasm: number;
  readonly model: number;
  /** The total if scripts and WebAssembly were sent with gzip; the bench's own server sends them as they are. */
  readonly compressed: number;
}

/** Visits, in milliseconds since the start of the navigation or of the process. */
export interface Visits {
  readonly loadedMs: Spread | null;
  readonly firstTokenMs: Spread | null;
  readonly bytes: LoadedBytes | null;
}

/** Generations of one length, with the model loaded. */
export interface Rate {
  readonly tokens: number;
  /** Tokens after the first. */
  readonly tokensPerSecond: Spread | null;
  /** From the request to the first token, milliseconds. */
  readonly firstTokenMs: Spread | null;
}

/** One engine in one environment. Wrong results have no speed. */
export interface SubjectResult {
  readonly id: string;
  readonly title: string;
  readonly peer: boolean;
  readonly version: string | null;
  readonly device: string | null;
  readonly verdict: Verdict;
  readonly reason: string | null;
  /**
   * With an empty profile, and again with the profile of the first visit, in a new process of the browser or of Node.
   */
  readonly firstVisit: Visits | null;
  readonly returnVisit: Visits | null;
  readonly rates: readonly Rate[];
}

/** Tokens a second of one subject over those of another, round by round. */
export interface Ratio {
  readonly of: string;
  readonly to: string;
  readonly tokens: number;
  readonly ratio: Spread | null;
}

/** Where it was measured. */
export interface GenerateEnvironment {
  readonly date: string;
  readonly model: string;
  readonly platform: string;
  readonly processor: string;
  readonly node: string;
  readonly browser: string | null;
  /** Load average over a minute, before and after. */
  readonly load: readonly [before: number, after: number];
}

/** The result of the comparison. */
export interface GenerateResult {
  readonly environment: GenerateEnvironment;
  readonly subjects: readonly SubjectResult[];
  readonly ratios: readonly Ratio[];
}
