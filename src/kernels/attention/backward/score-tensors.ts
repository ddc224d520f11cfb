// What the gradients of scores need: the derivatives of each, and the tensors that have a gradient.
import entriesDistance from "#shaders/attention/backward/entries/distance.wgsl";
import entriesHead from "#shaders/attention/backward/entries/head.wgsl";
import entriesOffset from "#shaders/attention/backward/entries/offset.wgsl";
import entriesSlope from "#shaders/attention/backward/entries/slope.wgsl";
import one from "#shaders/attention/score-derivatives/one.wgsl";
import ofSoftcap from "#shaders/attention/score-derivatives/softcap.wgsl";
import type { ShaderModule } from "../../../gpu/shader/shader-module.ts";
import { ShapeError } from "../../../tensor/shape.ts";
import { Tensor } from "../../../tensor/tensor.ts";
import { chainDerivatives, elementPart } from "../records/joined.ts";
import { anyScoreMod } from "../records/made-mods.ts";
import { type AttentionScore, isChain, isNamedScore } from "../scores/score.ts";
import type { ScoreName } from "../scores/table.ts";

/** What gradients need of a kind of score. */
interface Gradients {
  /** Its derivative with respect to the score before it. */
  readonly derivative: ShaderModule;
  /** The name of its tensor, if it has one that it is linear in. */
  readonly tensor?: string;
  /** Which of the tensor's elements are for which offsets; without that, every pair has its own. */
  readonly entries?: ShaderModule;
}

const kinds = {
  none: { derivative: one },
  softcap: { derivative: ofSoftcap },
  alibi: { derivative: one, tensor: "slopes", entries: entriesSlope },
  "relative-bias": { derivative: one, tensor: "table", entries: entriesDistance },
  "signed-relative-bias": { derivative: one, tensor: "table", entries: entriesOffset },
  bias: { derivative: one, tensor: "bias" },
  "head-bias": { derivative: one, tensor: "bias", entries: entriesHead },
} satisfies Readonly<Record<ScoreName, Gradients>>;

const known: ReadonlyMap<string, Gradients> = new Map(Object.entries(kinds));

/** A score that is not a chain, with the prefix of its tensors' names in their paths: `1.` in a chain. */
interface ScoreMember {
  readonly path: string;
  readonly score: Exclude<AttentionScore, readonly AttentionScore[]>;
}

/** The members of a chain, and of chains in it, in order; a score that is not a chain is the only member. */
export const membersOf = (score: AttentionScore, path = ""): readonly ScoreMember[] =>
  isChain(score) ? score.flatMap((one, i) => membersOf(one, `${path}${i}.`)) : [{ path, score }];

const kindOf = ({ score }: ScoreMember): string => (typeof score === "string" ? score : score.kind);

/**
 * The parts of a score and of its derivative with respect to the input of member `from`, by default the scaled dot
 * product; with `slope`, the member's derivative with respect to an element that it reads, with respect to that
 * element. Throws `ShapeError` for a score whose derivative is not known.
 */
export function derivativeParts(
  members: readonly ScoreMember[],
  isChained: boolean,
  from = 0,
  slope?: ShaderModule,
): readonly ShaderModule[] {
  const mods = members.map((member, i) => {
    const mod = anyScoreMod(member.score);
    if (slope && i === from) return { ...mod, derivative: slope };
    const derivative = isNamedScore(member.score) ? known.get(kindOf(member))?.derivative : mod.derivative;
    if (derivative) return { ...mod, derivative };
    throw new ShapeError(
      "attentionBackward: a score of your own has no derivative, expected one in its text: " +
        "fn score_derivative(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32",
    );
  });
  const [only] = mods;
  if (isChained || !only) return chainDerivatives(mods, from);
  return [only.part, from === 0 ? only.derivative : one];
}

/** A tensor of a score whose gradient is wanted. */
export interface ScoreTensor {
  /** Where it is in the score: `table`, or `1.table` in a chain. */
  readonly path: string;
  readonly tensor: Tensor;
  /** Which of its elements are for which offsets; undefined where every pair has its own, or `element` says which. */
  readonly entries?: ShaderModule | undefined;
  /** Which of its elements a pair reads, of a user's tensor. */
  readonly element?: ShaderModule;
  /** The slope of keys after the query, where elements are slopes. */
  readonly future: number;
  /** The parts of the score, and of its derivative with respect to the value that the tensor is added to. */
  readonly scoreParts: readonly ShaderModule[];
}

/** The tensors at these paths. Throws `ShapeError` for a path at which no tensor has a gradient. */
export function scoreTensors(
  members: readonly ScoreMember[],
  isChained: boolean,
  paths: readonly string[],
): readonly ScoreTensor[] {
  if (paths.length === 0) return [];
  const all = members.flatMap((member, i): ScoreTensor[] => {
    if (!isNamedScore(member.score)) return ownTensors(members, isChained, i);
    const { tensor: name = "", entries } = known.get(kindOf(member)) ?? {};
    const given: Readonly<Record<string, unknown>> = typeof member.score === "string" ? {} : { ...member.score };
    const tensor = given[name];
    if (!(tensor instanceof Tensor)) return [];
    const future = given["convention"] === "difference" ? 1 : -1; // as alibi's record has it
    const scoreParts = derivativeParts(members, isChained, i + 1);
    return [{ path: member.path + name, tensor, entries, future, scoreParts }];
  });
  return paths.map((path) => {
    const found = all.find((tensor) => tensor.path === path);
    if (found) return found;
    const names = all.map((tensor) => `score.${tensor.path}`).join(", ") || "none";
    const [, name] = /(?:^|\.)tensors\.(\w+)(?:\.tensor)?$/.exec(path) ?? [];
    const lacks =
      name === undefined
        ? ""
        : `; a text of your own says which element of ${name} a pair reads, by ${name}_element(b: u32, h: u32, q: u32, k: u32) -> u32`;
    throw new ShapeError(
      `attentionBackward: score.${path} has no gradient; those of this score that have one: ${names}${lacks}`,
    );
  });
}

/** The tensors of a user's score that have a gradient. */
function ownTensors(members: readonly ScoreMember[], isChained: boolean, i: number): ScoreTensor[] {
  const { path, score } = members[i] as ScoreMember;
  if (isNamedScore(score)) return [];
  return [...(anyScoreMod(score).elements ?? [])].flatMap(([name, { element, slope = one }]): ScoreTensor[] => {
    const given = score.tensors?.[name];
    if (!given) return [];
    const [tensor, end] = given instanceof Tensor ? [given, ""] : [given.tensor, ".tensor"];
    if (tensor.dtype !== "f32") return [];
    const of = { tensor, future: 0, element: elementPart(element, isChained ? i : undefined) };
    return [{ path: `${path}tensors.${name}${end}`, ...of, scoreParts: derivativeParts(members, isChained, i, slope) }];
  });
}
