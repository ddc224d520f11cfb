import { parseVariant, type Subject, subjectsFor } from "../../../bench/attention/backward/subjects.ts";
import { parseBatch } from "../../../bench/attention/batch.ts";
import { type AttentionCase, attentionCase } from "../../../bench/attention/case.ts";
import { parseFormat } from "../../../bench/attention/inputs/formats.ts";
import { parseHeads } from "../../../bench/attention/inputs/heads.ts";
import { parseLayout } from "../../../bench/attention/inputs/layouts.ts";
import { type BenchMask, parseMask } from "../../../bench/attention/inputs/masks.ts";
import { type BenchScore, parseScore } from "../../../bench/attention/inputs/scores.ts";
import { parseSubject } from "../../../bench/attention/subjects.ts";
import { standardTiming } from "../../../bench/harness/timing.ts";
import { type Painted, paintedMask, paintedName } from "../mask/painted.ts";
import { type OwnFunction, ownMask, ownName, ownScore } from "../own/function.ts";

/** What is measured: attention, its gradients as well, or both in one program too. */
export const passes = ["forward", "backward", "both"] as const;
/** The subjects of each pass that computes gradients; `both` has all of `bench attention --backward`. */
const kindsOf: Readonly<Record<string, readonly Subject["kind"][]>> = {
  backward: ["forward", "backward"],
  both: ["inference", "forward", "backward", "both"],
};

/** Everything that the reader chose, in command-line terms. */
export interface Setup {
  /** One of {@link passes}. */
  readonly pass: string;
  readonly variants: readonly string[];
  /** Variants of the gradients, for passes that compute them. */
  readonly gradients: readonly string[];
  readonly batches: readonly string[];
  readonly heads: string;
  readonly masks: readonly string[];
  readonly score: string;
  /** Type of keys and values. */
  readonly dtype: string;
  /** Layout of keys and values in memory. */
  readonly layout: string;
  readonly model: string;
  /** Maximum timed intervals per variant. */
  readonly samples: string;
  /** "1" to measure the device's peaks first, which takes some seconds, or "0". */
  readonly peaks: string;
}

/** Handmade masks and scores that the set-up names. */
export interface Handmade {
  readonly own?: OwnFunction | undefined;
  readonly painted?: Painted | undefined;
}

/** An example set-up. */
export interface Preset {
  readonly name: string;
  readonly setup: Partial<Setup>;
}

export const standard: Setup = {
  pass: "forward",
  variants: ["naive", "rows", "flash"],
  gradients: ["materialised", "flash"],
  batches: ["q128", "q256", "q512"],
  heads: "8x64",
  masks: ["causal"],
  score: "none",
  dtype: "f32",
  layout: "contiguous",
  model: "",
  samples: String(standardTiming.samples),
  peaks: "1",
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
  { name: "Gradients", setup: { pass: "both", heads: "4x64" } },
];

/** Maximum variants that can be distinguished in one plot. */
export const maxVariants = 6;

/** True if a set-up measures gradients. */
export const hasGradients = ({ pass }: Pick<Setup, "pass">): boolean => pass !== "forward";

/**
 * Variants of the gradients that a set-up measures, and which of their subjects. Throws a RangeError for unknown ones.
 */
export const gradientPlan = ({ gradients, pass }: Pick<Setup, "gradients" | "pass">) => ({
  variants: gradients.map(parseVariant),
  kinds: kindsOf[pass] ?? [],
});

/** The gradient subjects of a set-up, and what they measure. Throws as {@link gradientPlan} does. */
export function gradientSubjects(setup: Pick<Setup, "gradients" | "pass">): readonly Subject[] {
  const { variants, kinds } = gradientPlan(setup);
  return subjectsFor(variants, kinds);
}

/** The names of a set-up's subjects in each case, in order. Throws for unknown ones. */
export const subjectNames = (setup: Setup): readonly string[] =>
  hasGradients(setup) ? gradientSubjects(setup).map(({ name }) => name) : setup.variants;

/** The problems of a set-up, by field; empty if it can run. */
export function problemsOf(setup: Setup, made: Handmade = {}): ReadonlyMap<keyof Setup, string> {
  const problems = new Map<keyof Setup, string>();
  const check = (field: keyof Setup, test: () => void) => {
    try {
      test();
    } catch (error) {
      problems.set(field, error instanceof Error ? error.message : String(error));
    }
  };
  check("pass", () => {
    if (passes.some((pass) => pass === setup.pass)) return;
    throw new RangeError(`there is no pass "${setup.pass}"; there are ${passes.join(", ")}`);
  });
  const field = hasGradients(setup) ? "gradients" : "variants";
  check(field, () => {
    setup[field].forEach(field === "variants" ? parseSubject : parseVariant);
    if (setup[field].length === 0) throw new RangeError("choose a variant");
    if (setup[field].length > maxVariants) throw new RangeError(`choose ${maxVariants} variants at most`);
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
  check("peaks", () => {
    if (setup.peaks !== "0" && setup.peaks !== "1") throw new RangeError(`peaks is "${setup.peaks}", expected 0 or 1`);
  });
  return problems;
}

/** The mask of a name, possibly the reader's own. Throws a RangeError or, for its twin, a SyntaxError. */
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
const lists: readonly string[] = ["variants", "gradients", "batches", "masks"] satisfies (keyof Setup)[];

/** The keys of a set-up for a link: differences from the standard. */
export function keysOf(setup: Setup): [string, string][] {
  const keys: [string, string][] = [];
  for (const field of Object.keys(standard) as (keyof Setup)[]) {
    const text = (value: Setup[keyof Setup]) => (typeof value === "string" ? value : value.join(","));
    if (text(setup[field]) !== text(standard[field])) keys.push([field, text(setup[field])]);
  }
  return keys;
}

/** The set-up in a link, and its unknown keys. */
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
