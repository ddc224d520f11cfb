import masksCausal from "#shaders/attention/masks/causal.wgsl";
import masksFull from "#shaders/attention/masks/full.wgsl";
import { ShapeError } from "../../../tensor/shape.ts";
import { customMask } from "../custom/custom.ts";
import { joinMasks } from "../joined.ts";
import type { KeyRange, MaskMod } from "../mod.ts";
import type { AttentionMask, MaskRecord } from "./kinds.ts";
import { type MaskKind, maskKinds } from "./table.ts";

export type * from "./kinds.ts";

const full: MaskMod = {
  part: masksFull,
  uniforms: {},
  tensors: {},
  byHead: false,
  closed: true,
  range: (_first, _last, keys) => [0, keys],
};

const causal: MaskMod = {
  ...full,
  part: masksCausal,
  range: (_first, last, keys) => clamped([0, last + 1], keys),
};

const made = new WeakMap<object, MaskMod>();

/** The function of a mask. Throws `ShapeError` for parameters that make no sense, `ShaderError` for a user's text. */
export function maskMod(mask: AttentionMask): MaskMod {
  if (mask === "full") return full;
  if (mask === "causal") return causal;
  let mod = made.get(mask);
  if (!mod) {
    mod = makeMask(mask);
    made.set(mask, mod);
  }
  return mod;
}

function makeMask(mask: Exclude<AttentionMask, string>): MaskMod {
  if ("and" in mask) return joinMasks("and", mask.and.map(maskMod));
  if ("or" in mask) return joinMasks("or", mask.or.map(maskMod));
  return mask.kind === "custom" ? customMask(mask) : recordMask(mask);
}

function recordMask<M extends MaskRecord>(mask: M): MaskMod {
  const kind = maskKinds[mask.kind] as MaskKind<M> | undefined;
  if (!kind) {
    const known = ["full", "causal", ...Object.keys(maskKinds), "custom"].join(", ");
    throw new ShapeError(`attention: there is no mask ${mask.kind}; there are ${known}`);
  }
  kind.check?.(mask);
  const part = typeof kind.part === "function" ? kind.part(mask) : kind.part;
  const params = kind.params?.(mask);
  const closed = typeof kind.closed === "function" ? kind.closed(mask) : (kind.closed ?? false);
  const count = closed ? undefined : kind.count; // all of the range, where it is closed
  return {
    part,
    uniforms: params ? { mask_params: params } : {},
    tensors: kind.tensors?.(mask) ?? {},
    byHead: kind.byHead?.(mask) ?? false,
    closed,
    range: (first, last, keys) => clamped(kind.range(mask, first, last), keys),
    count: count && ((query, keys, head) => count(mask, query, keys, head)),
  };
}

/** The part of a range that lies in the keys there are; empty ones end where they begin. */
function clamped([first, end]: KeyRange, keys: number): KeyRange {
  const last = Math.max(0, Math.min(end, keys));
  return [Math.min(Math.max(first, 0), last), last];
}
