// Delta rules and a state space on the inputs of attention: other functions of the same queries, keys and values.
import { deltaRule, fill, type Gpu, stateSpace, type Tensor } from "../../src/index.ts";
import type { CallTensors } from "./call-shape.ts";
import type { AttentionSubject } from "./plan.ts";
import { beta, kinds, logDecay, type RecurrenceName, recurrenceNames } from "./recurrence-truth.ts";

const variants = ["recurrent", "chunks", "subgroups"] as const;

/** A recurrence, `name` or `name:variant`; undefined for other texts. */
export function recurrenceSubject(text: string): AttentionSubject | undefined {
  const [kind = "", way, ...rest] = text.split(":");
  const name = recurrenceNames.find((one) => one === kind);
  const variant = variants.find((one) => one === way);
  if (!name || (way !== undefined && !variant) || rest.length > 0) return undefined;
  return {
    name: text,
    definition: name,
    refusal: (gpu, tensors, options) => refusalOf(tensors, options) ?? variantRefusal(gpu, tensors, variant),
    record: (gpu, tensors) => record(gpu, name, tensors, variant),
    // Reading at the key but for state spaces, writing, reading at the query.
    flops: ({ batch, heads: { h, d, dv } }) =>
      batch.groups.reduce((sum, { count, t }) => sum + count * t * h * d * dv * (name === "stateSpace" ? 4 : 6), 0),
  };
}

/** Why a recurrence cannot take a call of attention. */
function refusalOf(
  { q, k, latent }: CallTensors,
  { mask = "causal", score = "none", layout = "contiguous" }: Parameters<AttentionSubject["refusal"]>[2],
): string | undefined {
  const [, h = 0, t = 0] = q.shape;
  const [, g = 0, s = 0] = k.shape;
  if (latent) return "its keys come from latents: expanded and absorbed take it";
  if (layout !== "contiguous") return "it reads keys in their order, and takes no other layout";
  if (k.dtype !== "f32") return `it takes keys and values of f32, not ${k.dtype === "u32" ? "integers" : k.dtype}`;
  if (mask !== "causal") return "it goes from token to token, as a causal mask does";
  if (score !== "none") return "it has no scores";
  if (h !== g) return `it takes as many heads of keys as of queries, not ${g} and ${h}`;
  return t === s ? undefined : `it reads a whole sequence, not ${t} queries of ${s} keys; a state takes their place`;
}

/** The widest keys of the kernels. */
const widest = 256;

/** Why a variant cannot take a call; undefined when it can. */
function variantRefusal({ adapter }: Gpu, { q }: CallTensors, variant: string | undefined): string | undefined {
  const d = q.shape[3] ?? 0;
  if (d > widest) return `heads are ${d} wide, it takes at most ${widest}`;
  const isMissing = variant === "subgroups" && adapter.subgroupSize === undefined;
  return isMissing ? "this device's subgroups have no fixed size" : undefined;
}

type Given = Readonly<Record<"q" | "k" | "v", Tensor>>;

const spaceOf = (gpu: Gpu, { q, k, v }: Given) => {
  const [b = 0, h = 0, t = 0] = v.shape;
  return { x: v, dt: fill(gpu, [b, h, t], beta), a: fill(gpu, [h], logDecay / beta), b: k, c: q };
};

const ruleOf = (gpu: Gpu, name: RecurrenceName, { q, k, v }: Given) => {
  const [b = 0, h = 0, t = 0] = v.shape;
  const shape = { none: undefined, head: [b, h, t], channel: [b, h, t, q.shape[3] ?? 0], step: undefined }[kinds[name]];
  return { q, k, v, beta: fill(gpu, [b, h, t], beta), ...(shape ? { g: fill(gpu, shape, logDecay) } : {}) };
};

function record(
  gpu: Gpu,
  name: RecurrenceName,
  { q, k, v }: Given,
  variant: (typeof variants)[number] | undefined,
): { readonly out: Tensor } {
  const choice = variant ? { variant } : {};
  if (name === "stateSpace") return { out: stateSpace(gpu, spaceOf(gpu, { q, k, v }), choice).y };
  return deltaRule(gpu, ruleOf(gpu, name, { q, k, v }), { normalise: true, ...choice });
}
