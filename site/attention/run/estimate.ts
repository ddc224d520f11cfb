import { computed, signal } from "@preact/signals";
import { productFlops, refusalOf } from "../../../bench/attention/backward/subjects.ts";
import { type AttentionCase, caseName } from "../../../bench/attention/case.ts";
import { pairs } from "../../../src/reference/attention/masks.ts";
import { device } from "../../shell/device/device.ts";
import { sim } from "../../shell/sim.ts";
import { keep, kept } from "../../shell/store.ts";
import { knownPeaks, shown } from "../results/results.ts";
import { casesOf, gradientSubjects, type Handmade, hasGradients, type Setup } from "../setup/setup.ts";
import { handmade, setup } from "../state.ts";
import { roomOf, tooLarge } from "./room.ts";

/** Estimated cost of a case. */
export interface CaseEstimate {
  readonly name: string;
  /** Operations of the longest run; an upper bound if the mask's pairs are not counted beforehand. */
  readonly flops: number;
  readonly atMost: boolean;
  /** Bytes of inputs and result, and of the largest tensor among them. */
  readonly memory: number;
  readonly largest: number;
  readonly seconds: number;
  /** The longest single run of a variant, seconds. */
  readonly longest: number;
  /** Why it will be skipped. */
  readonly skipped: string | undefined;
  /** True if it is too large for this device. */
  readonly isTooLarge: boolean;
}

/** Estimated cost of a set-up on this device. */
export interface Estimate {
  readonly cases: readonly CaseEstimate[];
  readonly seconds: number;
}

/** Before any measurement: operations per second of a plain kernel, and seconds to compile a shader. */
const guesses = {
  software: { gflops: 0.15, compile: 0.8, peaks: 6 },
  hardware: { gflops: 200, compile: 0.15, peaks: 5 },
} as const;

/** Seconds of float64 for a case, and of the rest of the bench's work: inputs and their upload. */
const reference = { forward: 0.6, gradients: 2.5 } as const;

const paceName = () => `pace-${device.value.kind === "ready" ? device.value.facts.label : ""}`;
const paceLearned = signal(0);
/** Actual over estimated time of the last run on this device. */
function pace(): number {
  void paceLearned.value;
  return Number(kept(paceName())) || 1;
}

/** Remembers the actual time of a run estimated at `estimated` seconds. */
export function learnPace(estimated: number, took: number): void {
  if (!(estimated > 0)) return;
  const next = Math.min(10, Math.max(0.1, (pace() * took) / estimated));
  keep(paceName(), next.toPrecision(3));
  paceLearned.value++;
}

/** Estimated cost of the chosen set-up on the open device. */
export const estimate = computed<Estimate>(() => estimateOf(setup.value, handmade.value));

/** Estimated cost of a set-up; empty for one with problems. */
function estimateOf(setup: Setup, made: Handmade): Estimate {
  let cases: AttentionCase[];
  try {
    cases = casesOf(setup, made);
  } catch {
    return { cases: [], seconds: 0 };
  }
  const facts = device.value.kind === "ready" ? device.value.facts : undefined;
  const guess = guesses[facts?.software ? "software" : "hardware"];
  const compiled = new Set<string>();
  const measured = measuredOf(setup);
  const gradients = hasGradients(setup);
  const estimates = cases.map((given): CaseEstimate => {
    const { live, all, atMost } = pairsOf(given);
    const room = roomOf(given, gradients);
    const refused = given.missing ?? (gradients ? refusalOf(given) : undefined);
    const large = facts && tooLarge(given, facts.limits);
    let [seconds, longest]: [number, number] = [reference[gradients ? "gradients" : "forward"], 0];
    for (const { name, op, dense, flopsOf } of measured) {
      const one = flopsOf(given, dense ? all : live) / 1e9 / (measuredRate(op, name) ?? guess.gflops);
      const kernel = `${name} ${given.mask.text.split(":")[0]}`;
      if (!compiled.has(kernel)) seconds += guess.compile;
      compiled.add(kernel);
      longest = Math.max(longest, one);
      seconds += timingSeconds(one, Number(setup.samples));
    }
    const skipped = refused ?? large;
    return {
      name: caseName(given),
      atMost,
      skipped,
      isTooLarge: refused === undefined && large !== undefined,
      flops: Math.max(0, ...measured.map(({ flopsOf }) => flopsOf(given, live))),
      memory: room.all,
      largest: room.largest,
      seconds: skipped ? 0 : seconds,
      longest: sim === "watchdog" ? 3.2 : longest,
    };
  });
  const runs = estimates.some(({ skipped }) => skipped === undefined);
  const peaks = runs && setup.peaks === "1" && !knownPeaks.value ? guess.peaks : 0;
  return {
    cases: estimates,
    seconds: (peaks + estimates.reduce((sum, { seconds }) => sum + seconds, 0)) * pace(),
  };
}

/** The subjects measured in each case. */
interface Measured {
  /** Of its rows. */
  readonly op: string;
  readonly name: string;
  /** Also computes masked pairs. */
  readonly dense: boolean;
  /** Operations for so many pairs of query and key. */
  readonly flopsOf: (given: AttentionCase, pairs: number) => number;
}

function measuredOf(setup: Setup): readonly Measured[] {
  if (hasGradients(setup)) {
    return gradientSubjects(setup).map((subject) => ({
      op: "attention-backward",
      name: subject.name,
      dense: subject.variant === "materialised",
      flopsOf: (given, pairs) => productFlops(given, pairs, subject),
    }));
  }
  return setup.variants.map((name) => ({
    op: "attention",
    name,
    dense: name === "naive",
    flopsOf: ({ heads: { d, dv } }, pairs) => 2 * pairs * (d + dv),
  }));
}

/**
 * Warm-up, finding out how many runs an interval takes, and the intervals: as many as fit half a second, three at
 * least, `samples` at most.
 */
function timingSeconds(one: number, samples: number): number {
  const interval = Math.max(one, 0.022);
  const intervals = Math.min(samples * interval, Math.max(3 * interval, 0.5));
  return one + Math.min(5 * one, 0.25 + one) + 2 * interval + intervals;
}

/** Measured operations per second of a variant on this device, in the longest case. */
function measuredRate(op: string, variant: string): number | undefined {
  const { environment, rows } = shown.value;
  if (device.value.kind !== "ready" || environment?.adapter !== device.value.facts.label) return undefined;
  const own = rows.filter((row) => row.op === op && row.variant === variant);
  const rates = own.flatMap(({ tflops }) => (tflops === null ? [] : [1000 * tflops]));
  return rates.at(-1);
}

/** Pairs of query and key: visible ones, if they are cheap to count, and all. */
function pairsOf({ batch, heads: { h }, mask }: AttentionCase): { live: number; all: number; atMost: boolean } {
  let [live, all, atMost] = [0, 0, false];
  for (const { count: b, t, s } of batch.groups) {
    all += b * h * t * s;
    const twin = mask.reference({ b: 1, h: 1, t: 1, s: 1 });
    const counted = twin.keyRange !== undefined && t <= 2 ** 16;
    live += b * h * (counted ? pairs(twin, { b: 1, t, s }) : t * s);
    atMost ||= !counted;
  }
  return { live, all, atMost };
}

/** A rough time in words. */
export function about(seconds: number): string {
  if (seconds < 4) return "a few seconds";
  const step = seconds < 20 ? 1 : seconds < 60 ? 5 : 10;
  if (seconds < 100) return `about ${Math.round(seconds / step) * step} s`;
  return `about ${Math.round(seconds / 60)} min`;
}
