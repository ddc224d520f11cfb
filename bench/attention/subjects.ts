import { type AttentionOptions, attention } from "../../src/index.ts";
import type { AttentionSubject } from "./plan.ts";

type Name = keyof typeof attention.variants;
const names = Object.keys(attention.variants) as Name[];

/** The variants that are compared where none is named. */
export const everySubject = (): AttentionSubject[] => names.map((name) => subjectOf(name, {}, name));

/** Reads the name of a variant; `splitK:8` is splitK with 8 splits. Throws a RangeError that lists what there is. */
export function parseSubject(text: string): AttentionSubject {
  const [, splits] = /^splitK:([1-9]\d{0,5})$/.exec(text) ?? [];
  if (splits !== undefined) return withSplits(Number(splits), text);
  const name = names.find((variant) => variant === text);
  if (!name) throw new RangeError(`there is no variant "${text}"; there are ${names.join(", ")}, splitK:splits`);
  return subjectOf(name, {}, text);
}

/** splitK with a number of splits, which refuses keys that are too few for them. */
function withSplits(splits: number, text: string): AttentionSubject {
  const subject = subjectOf("splitK", { splits }, text);
  const bytes = (tensors: Parameters<AttentionSubject["refusal"]>[1], count: number) =>
    attention.variants.splitK.workspace?.(tensors, { splits: count }) ?? 0;
  return {
    ...subject,
    refusal: (gpu, tensors, options) => {
      const reason = subject.refusal(gpu, tensors, options);
      if (reason !== undefined) return reason;
      const most = bytes(tensors, splits) / bytes(tensors, 1);
      return most === splits
        ? undefined
        : `${tensors.k.shape[2]} keys are cut into ${most} pieces instead of ${splits}`;
    },
  };
}

function subjectOf(variant: Name, own: AttentionOptions, name: string): AttentionSubject {
  const { workspace } = attention.variants[variant];
  return {
    name,
    record: (gpu, tensors, options) => attention(gpu, tensors, { ...options, ...own, variant }),
    refusal: (gpu, tensors, options) => attention.survey(gpu, tensors, { ...options, ...own }).get(variant),
    workspace: workspace && ((tensors, options) => workspace(tensors, { ...options, ...own })),
  };
}
