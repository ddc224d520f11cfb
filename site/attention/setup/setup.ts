import { parseBatch } from "../../../bench/attention/batch.ts";
import { type AttentionCase, attentionCase } from "../../../bench/attention/case.ts";
import { parseFormat } from "../../../bench/attention/formats.ts";
import { parseHeads } from "../../../bench/attention/heads.ts";
import { parseLayout } from "../../../bench/attention/layouts.ts";
import { type BenchMask, parseMask } from "../../../bench/attention/masks.ts";
import { type BenchScore, parseScore } from "../../../bench/attention/scores.ts";
import { parseSubject } from "../../../bench/attention/subjects.ts";
import { standardTiming } from "../../../bench/harness/timing.ts";
import { type Painted, paintedMask, paintedName } from "../mask/painted.ts";
import { type OwnFunction, ownMask, ownName, ownScore } from "../own/function.ts";

/** Everything that the reader chose, in the words of the command line. */
export interface Setup {
  readonly variants: readonly string[];
  readonly batches: readonly string[];
  readonly heads: string;
  readonly masks: readonly string[];
  readonly score: string;
  /** Type of keys and values. */
  readonly dtype: string;
  /** Layout of keys and values in memory. */
  readonly layout: string;
  readonly model: string;
  /** Most intervals that each variant is timed over. */
  readonly samples: string;
}

/** What the reader made by hand, and the set-up names. */
export interface Handmade {
  readonly own?: OwnFunction | undefined;
  readonly painted?: Painted | undefined;
}

/** A set-up that makes its point as it is. */
export interface Preset {
  readonly name: string;
  readonly setup: Partial<Setup>;
}

export const standard: Setup = {
  variants: ["naive", "rows", "flash"],
  batches: ["q128", "q256", "q512"],
  heads: "8x64",
  masks: ["causal"],
  score: "none",
  dtype: "f32",
  layout: "contiguous",
  model: "",
  samples: String(standardTiming.samples),
};

export const presets: readonly Preset[] = [
  { name: "GPT-2 prefill", setup: { heads: "12x64", model: "GPT-2" } },
  { name: "Llama-3.2-1B prefill", setup: { heads: "32/8x64", model: "Llama-3.2-1B", batches: ["q128", "q256"] } },
  {
    name: "Decode",
    setup: {
      heads: "32/8x64",
      variants: ["rows", "flash", "splitK", "splitSubgroups"],
      batches: ["q1s512", "q1s1k", "q1s2k", "q1s4k"],
    },
  },
  {
    name: "Long context, window",
    setup: { heads: "8x64", variants: ["flash"], batches: ["q512", "q1k"], masks: ["causal", "sliding-window:128"] },
  },
  {
    name: "Packed documents",
    setup: { heads: "8x64", variants: ["naive", "flash", "blocks"], batches: ["q256", "q512"], masks: ["document:64"] },
  },
];

/** More than these cannot be told apart in one plot. */
export const mostVariants = 6;

/** What is wrong with a set-up, by field; empty where it can be run. */
export function problemsOf(setup: Setup, made: Handmade = {}): ReadonlyMap<keyof Setup, string> {
  const problems = new Map<keyof Setup, string>();
  const check = (field: keyof Setup, test: () => void) => {
    try {
      test();
    } catch (error) {
      problems.set(field, error instanceof Error ? error.message : String(error));
    }
  };
  check("variants", () => {
    setup.variants.forEach(parseSubject);
    if (setup.variants.length === 0) throw new RangeError("choose a variant");
    if (setup.variants.length > mostVariants) throw new RangeError(`choose ${mostVariants} variants at most`);
  });
  check("batches", () => {
    if (setup.batches.length === 0) throw new RangeError("name a batch, such as q256");
    setup.batches.forEach(parseBatch);
  });
  check("heads", () => void parseHeads(setup.heads));
  check("masks", () => {
    if (setup.masks.length === 0) throw new RangeError("choose a mask");
    setup.masks.forEach((text) => void maskNamed(text, made));
  });
  check("score", () => void scoreNamed(setup.score, made));
  check("dtype", () => void parseFormat(setup.dtype));
  check("layout", () => void parseLayout(setup.layout));
  check("samples", () => {
    if (!/^[1-9]\d{0,3}$/.test(setup.samples)) throw new RangeError("time each over 1 to 9999 intervals");
  });
  return problems;
}

/** The mask of a name, which may be the reader's own. Throws a RangeError or, for its twin, a SyntaxError. */
export function maskNamed(text: string, { own, painted }: Handmade): BenchMask {
  if (text === paintedName) {
    if (!painted) throw new RangeError("no tiles are painted yet");
    return paintedMask(painted);
  }
  if (text !== ownName) return parseMask(text);
  if (own?.kind !== "mask") throw new RangeError("there is no mask of your own yet");
  return ownMask(own);
}

function scoreNamed(text: string, { own }: Handmade): BenchScore {
  if (text !== ownName) return parseScore(text);
  if (own?.kind !== "score") throw new RangeError("there is no score of your own yet");
  return ownScore(own);
}

/** The cases of a set-up, the shortest first. Throws a RangeError for a set-up with problems. */
export function casesOf(
  { batches, heads, masks, score, dtype, layout, model }: Setup,
  made: Handmade,
): AttentionCase[] {
  const size = ({ batch }: AttentionCase) => Math.max(...batch.groups.map(({ count, t, s }) => count * t * s));
  const cases = batches.flatMap((batch) =>
    masks.map((mask) => ({
      ...attentionCase({
        batch,
        heads,
        mask: "causal",
        score: "none",
        dtype,
        layout,
        ...(model === "" ? {} : { model }),
      }),
      mask: maskNamed(mask, made),
      score: scoreNamed(score, made),
    })),
  );
  return cases.sort((p, q) => size(p) - size(q));
}

/** Fields that are lists; a link separates them by commas. */
const lists: readonly string[] = ["variants", "batches", "masks"] satisfies (keyof Setup)[];

/** The keys of a set-up for a link: what differs from the standard. */
export function keysOf(setup: Setup): [string, string][] {
  const keys: [string, string][] = [];
  for (const field of Object.keys(standard) as (keyof Setup)[]) {
    const text = (value: Setup[keyof Setup]) => (typeof value === "string" ? value : value.join(","));
    if (text(setup[field]) !== text(standard[field])) keys.push([field, text(setup[field])]);
  }
  return keys;
}

/** The set-up of a link, and the keys that this page does not have. */
export function setupOf(keys: ReadonlyMap<string, string>): {
  readonly setup: Setup;
  readonly unknown: readonly string[];
} {
  const given: Record<string, string | string[]> = {};
  const unknown: string[] = [];
  for (const [key, value] of keys) {
    if (!Object.hasOwn(standard, key)) {
      if (!["own", "tiles", "sim"].includes(key)) unknown.push(key);
      continue;
    }
    given[key] = lists.includes(key) ? value.split(",").filter((one) => one !== "") : value;
  }
  return { setup: { ...standard, ...given }, unknown };
}
