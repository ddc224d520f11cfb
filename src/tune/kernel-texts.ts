// Hashes of the kernels that the variants of a call would run: measurements are only valid for the same texts.
import type { Gpu } from "../gpu/gpu.ts";
import type { Shader } from "../gpu/shader/specialise.ts";
import { type OpCall, withPreference } from "../kernels/define/preference.ts";
import { withoutComments } from "../wgsl/comments.ts";

/** Hashes of texts by kernel and parts, and the variants that accept the call. */
interface KernelTexts {
  readonly variants: readonly string[];
  readonly texts: Readonly<Record<string, string>>;
}

/** The variants that accept a call, in the order of the op's table. */
export function acceptedBy(gpu: Gpu, { op, tensors, options }: OpCall): string[] {
  return [...op.survey(gpu, tensors, options)].flatMap(([variant, why]) => (why === undefined ? [variant] : []));
}

/** The kernels of all variants that accept a call, without running or recording any; inner ops choose by the table. */
export function kernelTexts(gpu: Gpu, call: OpCall): KernelTexts {
  const { op, tensors, options } = call;
  const variants = acceptedBy(gpu, call);
  const operations = withPreference(gpu, undefined, () =>
    variants.flatMap((variant) => gpu.sketch(() => void op.variants[variant]?.record(gpu, tensors, options))),
  );
  const texts: Record<string, string> = {};
  for (const operation of operations) {
    if (operation.kind !== "dispatch") continue;
    const { shader } = operation.dispatch;
    texts[[shader.name, ...shader.parts].join(" ")] = hashOf(shader);
  }
  return { variants, texts };
}

const known = new WeakMap<Shader, string>();

/** The hash of a shader's text without comments, and without the constants and types that one use of it sets. */
function hashOf(shader: Shader): string {
  const before = known.get(shader);
  if (before !== undefined) return before;
  const { constants = {}, aliases = {} } = shader.specialisation;
  const set = [...Object.keys(constants), ...Object.keys(aliases)].join("|");
  const pattern = new RegExp(`\\b((?:const|alias)\\s+(?:${set})\\b[^=;]*=)[^;]*;`, "gu");
  const code = withoutComments(shader.code).replaceAll(/\s+/g, " ");
  const hash = textHash(set === "" ? code : code.replace(pattern, "$1;"));
  known.set(shader, hash);
  return hash;
}

/** A hash of 53 bits, as 14 hexadecimal digits: texts that were changed by mistake or by hand do not collide. */
export function textHash(text: string): string {
  let [low, high] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 2654435761);
    high = Math.imul(high ^ code, 1597334677);
  }
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  return (4294967296 * (2097151 & high) + (low >>> 0)).toString(16).padStart(14, "0");
}
