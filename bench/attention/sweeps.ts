import { digits, percent, quantity } from "../harness/numbers.ts";
import type { BenchRow } from "../result.ts";
import { formatBatch } from "./batch.ts";
import type { CaseText } from "./case.ts";

/** Options of a sweep. */
export interface SweepOptions {
  /** True for an adapter on which a long case takes minutes. */
  readonly software: boolean;
  readonly heads?: string | undefined;
  readonly mask?: string | undefined;
  /** Tokens per batch in the sweep over lengths. */
  readonly tokens?: number | undefined;
}

/** A set of cases that answers a question. */
export interface Sweep {
  readonly question: string;
  readonly cases: (options: SweepOptions) => readonly CaseText[];
  /** Names of the compared variants; default all. */
  readonly subjects?: (options: SweepOptions) => readonly string[];
  /** Options that do not apply to it. */
  readonly own?: readonly ("masks" | "heads")[];
  readonly answers: (rows: readonly BenchRow[]) => readonly string[];
}

/** The correct rows of a case, the fastest first. */
const ranking = (rows: readonly BenchRow[]): BenchRow[] =>
  rows.filter(({ medianMs }) => medianMs !== null).sort((a, b) => (a.medianMs ?? 0) - (b.medianMs ?? 0));

const groupBy = <K extends string | number>(
  rows: readonly BenchRow[],
  key: (row: BenchRow) => K,
): Map<K, BenchRow[]> => {
  const groups = new Map<K, BenchRow[]>();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return groups;
};

const doublings = (from: number, to: number): number[] => {
  const values: number[] = [];
  for (let value = from; value <= to; value *= 2) values.push(value);
  return values;
};

/** Queries and keys of a batch of equal sequences. */
function lengths(batch: string): { readonly t: number; readonly s: number } {
  const [, q = "0", qk = "", keys = "", sk = ""] = /q(\d+)(k?)(?:s(\d+)(k?))?$/.exec(batch) ?? [];
  const t = Number(q) * (qk ? 1024 : 1);
  return { t, s: keys ? Number(keys) * (sk ? 1024 : 1) : t };
}

/** Query heads per key and value head, for heads such as `8/2x64`. */
function groupSize(heads: string): number {
  const [, h = "1", g = h] = /^(\d+)(?:\/(\d+))?x/.exec(heads) ?? [];
  return Number(h) / Number(g);
}

/**
 * The fastest variants along an axis, each with its range and its maximum lead: "splitK at 1 to 8 queries (up to 9.00×
 * as fast as the next), flash at 16 queries (…)".
 */
function winners(rows: readonly BenchRow[], along: (row: BenchRow) => number, unit: string): string {
  const axis = [...groupBy(rows, along)].sort(([a], [b]) => a - b);
  const runs: { variant: string; from: number; to: number; lead: number }[] = [];
  for (const [at, group] of axis) {
    const [fastest, next] = ranking(group);
    if (!fastest) continue;
    const lead = (next?.medianMs ?? 0) / (fastest.medianMs ?? 1);
    const last = runs.at(-1);
    if (last?.variant === fastest.variant) Object.assign(last, { to: at, lead: Math.max(last.lead, lead) });
    else runs.push({ variant: fastest.variant, from: at, to: at, lead });
  }
  const spans = runs.map(({ variant, from, to, lead }) => {
    const ahead = lead > 0 ? ` (up to ${digits(lead)}× as fast as the next)` : "";
    return `${variant} at ${from === to ? from : `${from} to ${to}`}${unit}${ahead}`;
  });
  return spans.length > 0 ? spans.join(", ") : "no correct result";
}

/** Ratios of times along an axis: where they are below 1, where they are not, and by how much. */
function sharesAlong(shares: readonly { readonly at: number; readonly share: number }[]): string {
  const side = (some: typeof shares) => {
    const [least, most] = [Math.min(...some.map(({ share }) => share)), Math.max(...some.map(({ share }) => share))];
    const range = some.length === 1 ? percent(least) : `${percent(least)} to ${percent(most)}`;
    return [some.map(({ at }) => at).join(", "), range] as const;
  };
  const [faster, slower] = [shares.filter(({ share }) => share < 1), shares.filter(({ share }) => share >= 1)];
  const texts: string[] = [];
  if (faster.length > 0) {
    const [places, range] = side(faster);
    texts.push(`it is the faster at ${places} queries, in ${range} of the time of flash`);
  }
  if (slower.length > 0) {
    const [places, range] = side(slower);
    texts.push(
      `it takes ${range} of ${faster.length > 0 ? "that" : "the"} time ${faster.length > 0 ? "" : "of flash "}at ${places}`,
    );
  }
  return texts.join("; ");
}

/** The sweeps by name. To add one, add a row. */
export const sweeps: Readonly<Record<string, Sweep>> = {
  tokens: {
    question: "How do rates grow with the length, at the same number of tokens (as in FlashAttention)?",
    // Its hidden width is 2,048 and its batches have 16k tokens; a software adapter gets a sixteenth of each.
    cases: ({ software, heads, mask, tokens = software ? 1024 : 16384 }) => {
      const hidden = software ? 256 : 2048;
      const given = heads ? [heads] : [64, 128].map((d) => `${hidden / d}x${d}`);
      const masks = mask ? [mask] : ["full", "causal"];
      const sizes = doublings(Math.max(1, tokens / 32), tokens).filter((s) => Number.isInteger(s) && s >= 64);
      return given.flatMap((one) =>
        masks.flatMap((each) =>
          sizes.map((s) => ({
            batch: formatBatch([{ count: Math.floor(tokens / s), t: s, s }]),
            heads: one,
            mask: each,
          })),
        ),
      );
    },
    subjects: () => ["naive", "flash"],
    answers: (rows) =>
      [...groupBy(rows, ({ heads, mask, variant }) => `${heads} ${mask}: ${variant}`)].map(([name, group]) => {
        const rates = group.flatMap(({ tflops, batch }) => (tflops === null ? [] : [{ tflops, ...lengths(batch) }]));
        const [first, last] = [rates.at(0), rates.at(-1)];
        if (!first || !last) return `${name} has no correct result`;
        const text = ({ tflops, t }: typeof first) => `${quantity(tflops * 1e12, "FLOP/s")} at ${t} queries`;
        return `${name} goes from ${text(first)} to ${text(last)}`;
      }),
  },
  splits: {
    question: "How many splits of the keys are best at each length?",
    cases: ({ software, heads = software ? "8/2x64" : "32/8x128", mask = "causal" }) =>
      doublings(512, software ? 8192 : 65536).map((s) => ({
        batch: formatBatch([{ count: 1, t: 1, s }]),
        heads,
        mask,
      })),
    subjects: ({ software }) => ["splitK", ...doublings(1, software ? 32 : 128).map((count) => `splitK:${count}`)],
    answers: (rows) =>
      [...groupBy(rows, ({ batch }) => lengths(batch).s)].map(([s, group]) => {
        const counted = group.filter(({ variant }) => variant.includes(":"));
        const [best] = ranking(counted);
        const usual = group.find(({ variant }) => variant === "splitK")?.medianMs;
        if (!best?.medianMs || !usual) return `over ${s} keys: no correct result`;
        const [, count] = best.variant.split(":");
        const share = percent(best.medianMs / usual);
        return `over ${s} keys: best with --variants splitK:${count}, in ${share} of the time of splitK's own choice`;
      }),
  },
  density: {
    question: "At which density of live blocks does skipping the empty ones pay?",
    cases: ({ software, heads = "8x64" }) =>
      [100, 75, 50, 25, 12, 6].map((share) => ({
        batch: software ? "q512" : "q4k",
        heads,
        mask: `block-sparse:64:${share}`,
      })),
    own: ["masks"],
    subjects: () => ["flash", "blocks"],
    answers: (rows) => [`fastest is ${winners(rows, ({ mask }) => Number(mask?.split(":")[2]), "% live")}`],
  },
  packing: {
    question: "What does packing the query heads of a group buy, by group and by queries?",
    cases: ({ software, mask = "causal" }) =>
      [1, 2, 4, 8].flatMap((ratio) =>
        [1, 4, 16, 64].map((t) => ({
          batch: formatBatch([{ count: 1, t, s: software ? 512 : 8192 }]),
          heads: software ? `8/${8 / ratio}x64` : `32/${32 / ratio}x128`,
          mask,
        })),
      ),
    own: ["heads"],
    subjects: () => ["flash", "packed"],
    answers: (rows) =>
      [...groupBy(rows, ({ heads }) => groupSize(heads ?? ""))].map(([ratio, group]) => {
        const shares = [...groupBy(group, ({ batch }) => lengths(batch).t)].flatMap(([at, pair]) => {
          const time = (name: string) => pair.find(({ variant }) => variant === name)?.medianMs;
          const [flash, packed] = [time("flash"), time("packed")];
          return flash && packed ? [{ at, share: packed / flash }] : [];
        });
        const who = `packed with ${ratio} query head${ratio === 1 ? "" : "s"} to a group`;
        return `${who}: ${shares.length === 0 ? "no correct result" : sharesAlong(shares)}`;
      }),
  },
  crossover: {
    question: "From how many queries on do the prefill kernels beat the decode kernels?",
    cases: ({ software, heads = "8/2x64", mask = "causal" }) =>
      (software ? [512, 2048] : [1024, 8192, 32768]).flatMap((s) =>
        doublings(1, software ? 64 : 256).map((t) => ({ batch: formatBatch([{ count: 1, t, s }]), heads, mask })),
      ),
    subjects: () => ["flash", "subgroups", "splitK", "splitSubgroups"],
    answers: (rows) =>
      [...groupBy(rows, ({ batch }) => lengths(batch).s)].map(
        ([s, group]) => `over ${s} keys: fastest is ${winners(group, ({ batch }) => lengths(batch).t, " queries")}`,
      ),
  },
  recurrent: {
    question: "From how many tokens on does a prompt cost a recurrence less than softmax attention?",
    cases: ({ software, heads = software ? "2x64" : "16x128" }) =>
      doublings(256, software ? 8192 : 65536).map((t) => ({
        batch: formatBatch([{ count: 1, t, s: t }]),
        heads,
        mask: "causal",
      })),
    own: ["masks"],
    subjects: () => [
      ...["flash", "subgroups", "linear", "stateSpace"],
      ...["recurrent", "chunks", "subgroups"].map((variant) => `gatedDeltaRule:${variant}`),
    ],
    answers: (rows) => {
      const isSoftmax = ({ definition = null }: BenchRow) => definition === null;
      const crossings = [...groupBy(rows, ({ definition }) => definition ?? "")].flatMap(([definition, own]) => {
        if (definition === "") return [];
        const ratios = timesOf([...rows.filter(isSoftmax), ...own], (row) => !isSoftmax(row), isSoftmax);
        const [from, last] = [ratios.find(({ ratio }) => ratio < 1), ratios.at(-1)];
        if (!last) return [`${definition}: no correct result`];
        const longest = `${percent(last.ratio)} of the time of the fastest softmax at ${last.at} tokens`;
        return [`${definition}: ${from ? `less from ${from.at} tokens on, ${longest}` : `never less, ${longest}`}`];
      });
      const named = (variant: string) => (row: BenchRow) => row.variant === `gatedDeltaRule:${variant}`;
      const chunks = timesOf(rows, named("recurrent"), named("chunks"));
      const gains = chunks.map(({ at, ratio }) => `${digits(ratio)}× at ${at}`).join(", ");
      return [...crossings, ...(gains === "" ? [] : [`gatedDeltaRule by chunks against token by token: ${gains}`])];
    },
  },
};

/** What a sweep over recurrences says of a length: the ratio of two times, or nothing. */
function timesOf(rows: readonly BenchRow[], one: (row: BenchRow) => boolean, other: (row: BenchRow) => boolean) {
  return [...groupBy(rows, ({ batch }) => lengths(batch).t)].flatMap(([at, group]) => {
    const [first, second] = [one, other].map((is) => ranking(group.filter(is))[0]?.medianMs);
    return first && second ? [{ at, ratio: first / second }] : [];
  });
}

/** The sweep with this name. Throws a RangeError that lists the valid names. */
export function findSweep(name: string): Sweep {
  const sweep = Object.hasOwn(sweeps, name) ? sweeps[name] : undefined;
  if (sweep) return sweep;
  throw new RangeError(`there is no sweep "${name}"; there are ${Object.keys(sweeps).join(", ")}`);
}
