import { type AttentionOptions, type AttentionTensors, attention } from "../../src/index.ts";
import { algorithmNames, algorithmsFor, parseAlgorithm } from "./algorithms.ts";
import type { CallTensors } from "./call-shape.ts";
import type { AttentionCase } from "./case.ts";
import type { AttentionSubject } from "./plan.ts";

type Name = keyof typeof attention.variants;
const names = Object.keys(attention.variants) as Name[];

/** The variants of attention's table. */
export const everySubject = (): AttentionSubject[] => names.map((name) => subjectOf(name, {}, name));

/** The default subjects of a case: the table, and the algorithms that apply to it. */
export function subjectsFor(given: AttentionCase): AttentionSubject[] {
  const own = given.variants ?? [...(given.latent ? [] : names), ...algorithmsFor(given)];
  return own.map(parseSubject);
}

/**
 * Reads the name of a variant or an algorithm; `splitK:8` is splitK with 8 splits (and so splitSubgroups), `ring:2` a
 * ring of 2 shards. Throws a RangeError that lists the valid names.
 */
export function parseSubject(text: string): AttentionSubject {
  const [, variant, splits] = /^(splitK|splitSubgroups):([1-9]\d{0,5})$/.exec(text) ?? [];
  if (variant) return withSplits(variant as "splitK" | "splitSubgroups", Number(splits), text);
  const name = names.find((variant) => variant === text);
  const subject = name ? subjectOf(name, {}, text) : parseAlgorithm(text);
  if (subject) return subject;
  const known = [...names, "splitK:splits", "splitSubgroups:splits", ...algorithmNames];
  throw new RangeError(`there is no variant "${text}"; there are ${known.join(", ")}`);
}

/** A variant with a fixed number of splits, which refuses calls with too few keys. */
function withSplits(variant: "splitK" | "splitSubgroups", splits: number, text: string): AttentionSubject {
  const subject = subjectOf(variant, { splits }, text);
  const bytes = (...[tensors, options]: Parameters<NonNullable<AttentionSubject["workspace"]>>) =>
    attention.variants[variant].workspace?.(tensors, options) ?? 0;
  return {
    ...subject,
    refusal: (gpu, tensors, options) => {
      const reason = subject.refusal(gpu, tensors, options);
      if (reason !== undefined) return reason;
      const most = bytes(tensors, { ...options, splits }) / bytes(tensors, { ...options, splits: 1 });
      return most === splits
        ? undefined
        : `${options.length ?? tensors.k.shape[2]} keys are cut into ${most} splits instead of ${splits}`;
    },
  };
}

/** The tensors of attention itself. */
const ofAttention = ({ prefix: _prefix, latent: _latent, ...tensors }: CallTensors): AttentionTensors => tensors;

function subjectOf(variant: Name, own: AttentionOptions, name: string): AttentionSubject {
  const { workspace } = attention.variants[variant];
  return {
    name,
    record: (gpu, tensors, options) => attention(gpu, ofAttention(tensors), { ...options, ...own, variant }),
    refusal: (gpu, tensors, options) =>
      tensors.latent
        ? "keys and values must be computed from the latents first, as expanded and absorbed do"
        : attention.survey(gpu, ofAttention(tensors), { ...options, ...own }).get(variant),
    workspace: (tensors, options) => workspace?.(tensors, { ...options, ...own }) ?? 0,
  };
}
