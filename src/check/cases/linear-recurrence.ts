import { type DeltaRuleOptions, deltaRule } from "../../kernels/linear-recurrence/delta-rule.ts";
import { deltaRuleBackward } from "../../kernels/linear-recurrence/delta-rule-backward.ts";
import { stateSpace } from "../../kernels/linear-recurrence/state-space.ts";
import { stateSpaceBackward } from "../../kernels/linear-recurrence/state-space-backward.ts";
import * as deltaRuleReference from "../../reference/delta-rule.ts";
import * as stateSpaceReference from "../../reference/state-space.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type Case, type CaseInput, type CaseTable, requirementsOf, variantsOf } from "../case-table.ts";
import { normal, randomSource } from "../random.ts";

type Upstream = "dout?" | "dstate?";
type Inputs = "q" | "k" | "v" | "beta" | "g?" | "state?" | "documents?";

interface Sizes {
  readonly b: number;
  readonly h: number;
  readonly hv: number;
  readonly t: number;
  readonly d: number;
  readonly dv: number;
}

/** Logarithms of decays are between 0 and minus this; a number a head, or a row of the state. */
interface Given {
  readonly gates?: { readonly of: "head" | "channel"; readonly to: number };
  readonly beta?: number;
  readonly documents?: readonly number[];
  readonly start?: boolean;
  readonly equalKeys?: boolean;
  readonly options?: DeltaRuleOptions;
  readonly refusedBy?: readonly string[];
}

/** Random inputs, each from a seed of its own. */
function drawing() {
  let seed = 0;
  return {
    random: (shape: readonly number[], factor = 1): CaseInput => ({
      shape,
      values: normal(sizeOf(shape), ++seed, factor),
    }),
    between: (shape: readonly number[], least: number, most: number): CaseInput => {
      const source = randomSource(++seed);
      return { shape, values: Array.from({ length: sizeOf(shape) }, () => least + (most - least) * source.uniform()) };
    },
  };
}

const documentsOf = (shape: readonly number[], values: readonly number[]): CaseInput => ({
  shape,
  values,
  dtype: "u32",
});

/** A problem of these sizes, with random inputs. */
export function deltaRuleShape(
  name: string,
  { b, h, hv, t, d, dv }: Sizes,
  { gates, beta, documents, start = true, equalKeys = false, options = {}, refusedBy }: Given = {},
): Case<Inputs, DeltaRuleOptions> {
  const { random, between } = drawing();
  const key = random([d], 1 / Math.sqrt(d));
  const k = random([b, h, t, d], 1 / Math.sqrt(d));
  return {
    name,
    inputs: {
      q: random([b, h, t, d]),
      k: equalKeys ? { shape: k.shape, values: Array.from(k.values, (_, i) => key.values[i % d] ?? 0) } : k,
      v: random([b, hv, t, dv]),
      beta: beta === undefined ? between([b, hv, t], 0, 1) : between([b, hv, t], beta, beta),
      ...(gates ? { g: between(gates.of === "head" ? [b, hv, t] : [b, hv, t, d], -gates.to, 0) } : {}),
      ...(start ? { state: random([b, hv, d, dv], 0.5) } : {}),
      ...(documents ? { documents: documentsOf([b, t], documents) } : {}),
    },
    options,
    ...(refusedBy ? { refusedBy } : {}),
  };
}

const odd = { b: 2, h: 2, hv: 6, t: 37, d: 12, dv: 9 } as const;
const inRow = Array.from({ length: 2 * 37 }, (_, i) => (i < 37 ? Math.floor(i / 5) : Math.floor((i - 37) / 18)));

const cases = [
  deltaRuleShape("one of everything", { b: 1, h: 1, hv: 1, t: 1, d: 1, dv: 1 }),
  deltaRuleShape("odd sizes, heads in groups", odd),
  deltaRuleShape("a gate for each head", odd, { gates: { of: "head", to: 0.5 } }),
  deltaRuleShape("a gate for each row", odd, { gates: { of: "channel", to: 0.5 } }),
  deltaRuleShape("gates that forget nearly all", odd, { gates: { of: "channel", to: 2661 } }),
  deltaRuleShape("gates of 0", odd, { gates: { of: "head", to: 0 } }),
  deltaRuleShape("from zeros, normalised", odd, {
    gates: { of: "head", to: 0.1 },
    start: false,
    options: { normalise: true, scale: 0.7 },
  }),
  deltaRuleShape("documents in a row", odd, { gates: { of: "head", to: 0.2 }, documents: inRow }),
  deltaRuleShape("documents in a row, a gate for each row", odd, {
    gates: { of: "channel", to: 0.2 },
    documents: inRow,
  }),
  deltaRuleShape("nothing written", { ...odd, t: 18 }, { gates: { of: "head", to: 0.2 }, beta: 0 }),
  deltaRuleShape(
    "equal keys, all of the error written",
    { ...odd, t: 33 },
    {
      beta: 1,
      equalKeys: true,
      options: { normalise: true },
    },
  ),
  deltaRuleShape("a token before a chunk's end", { b: 1, h: 1, hv: 1, t: 15, d: 8, dv: 8 }),
  deltaRuleShape("whole chunks", { b: 1, h: 1, hv: 2, t: 32, d: 64, dv: 64 }, { gates: { of: "head", to: 0.1 } }),
  deltaRuleShape("several workgroups a head", { b: 1, h: 1, hv: 1, t: 17, d: 16, dv: 150 }),
  deltaRuleShape("the widest keys", { b: 1, h: 1, hv: 1, t: 20, d: 256, dv: 5 }, { gates: { of: "channel", to: 0.1 } }),
  deltaRuleShape("no tokens", { b: 1, h: 1, hv: 2, t: 0, d: 4, dv: 3 }),
];

/** The delta rule: plain, with a gate for each head, with one for each row of the state. */
export const deltaRuleCases: CaseTable<Inputs, "out" | "state", DeltaRuleOptions, keyof typeof deltaRule.variants> = {
  op: "deltaRule",
  variants: variantsOf(deltaRule),
  requires: (variant) => requirementsOf(deltaRule, variant),
  reference: deltaRuleReference.deltaRule,
  run: (gpu, tensors, { into: _, ...options }, variant) => deltaRule(gpu, tensors, { ...options, variant }),
  canaries: false,
  cases,
};

/** The same with gradients of its results. */
const withUpstream = ({
  inputs,
  ...item
}: Case<Inputs, DeltaRuleOptions>): Case<Inputs | Upstream, DeltaRuleOptions> => {
  const [b = 0, hv = 0, , dv = 0] = inputs.v.shape;
  const upstream = { dout: inputs.v.shape, dstate: [b, hv, inputs.q.shape[3] ?? 0, dv] };
  return { ...item, inputs: { ...inputs, ...gradientsOf(upstream) } };
};

/** Random gradients of these shapes. */
const gradientsOf = <N extends string>(shapes: Readonly<Record<N, readonly number[]>>) =>
  Object.fromEntries(
    Object.entries<readonly number[]>(shapes).map(([name, shape], i) => [
      name,
      { shape, values: normal(sizeOf(shape), 31 + i) },
    ]),
  ) as unknown as Record<N, CaseInput>;

/** Gradients of the delta rule. */
export const deltaRuleBackwardCases: CaseTable<
  Inputs | Upstream,
  "dq" | "dk" | "dv" | "dbeta" | "dg?" | "dstate",
  DeltaRuleOptions,
  keyof typeof deltaRuleBackward.variants
> = {
  op: "deltaRule/backward",
  variants: variantsOf(deltaRuleBackward),
  requires: (variant) => requirementsOf(deltaRuleBackward, variant),
  reference: deltaRuleReference.deltaRuleBackward,
  run: (gpu, tensors, { into: _, ...options }, variant) =>
    deltaRuleBackward(gpu, tensors, { ...options, variant }) as Required<ReturnType<typeof deltaRuleBackward>>,
  canaries: false,
  cases: cases.map(withUpstream),
};

type SpaceInputs = "x" | "dt" | "a" | "b" | "c" | "d?" | "state?" | "documents?";

interface SpaceSizes {
  readonly batch: number;
  readonly groups: number;
  readonly h: number;
  readonly t: number;
  readonly n: number;
  readonly p: number;
}

/** A problem of these sizes, with random inputs; steps of time are up to `to`. */
export function stateSpaceShape(
  name: string,
  { batch, groups, h, t, n, p }: SpaceSizes,
  { to = 0.5, documents, start = true, skip = true }: Given & { readonly to?: number; readonly skip?: boolean } = {},
): Case<SpaceInputs> {
  const { random, between } = drawing();
  return {
    name,
    inputs: {
      x: random([batch, h, t, p]),
      dt: between([batch, h, t], 0, to),
      a: between([h], -16, -1),
      b: random([batch, groups, t, n], 1 / Math.sqrt(n)),
      c: random([batch, groups, t, n]),
      ...(skip ? { d: random([h]) } : {}),
      ...(start ? { state: random([batch, h, n, p], 0.5) } : {}),
      ...(documents ? { documents: documentsOf([batch, t], documents) } : {}),
    },
  };
}

const spaces = { batch: 2, groups: 2, h: 6, t: 37, n: 12, p: 9 } as const;

const spaceCases = [
  stateSpaceShape("one of everything", { batch: 1, groups: 1, h: 1, t: 1, n: 1, p: 1 }),
  stateSpaceShape("odd sizes, heads in groups", spaces),
  stateSpaceShape("from zeros, without a skip", spaces, { start: false, skip: false }),
  stateSpaceShape("long steps of time", spaces, { to: 4 }),
  stateSpaceShape("steps of no time", { ...spaces, t: 20 }, { to: 0 }),
  stateSpaceShape("documents in a row", spaces, { documents: inRow }),
  stateSpaceShape("whole chunks", { batch: 1, groups: 1, h: 2, t: 32, n: 64, p: 64 }),
  stateSpaceShape("several workgroups a head", { batch: 1, groups: 1, h: 1, t: 17, n: 16, p: 150 }),
  stateSpaceShape("the widest state", { batch: 1, groups: 1, h: 1, t: 20, n: 256, p: 5 }),
  stateSpaceShape("no tokens", { batch: 1, groups: 1, h: 2, t: 0, n: 4, p: 3 }),
];

/** State spaces with a decay for each head and token. */
export const stateSpaceCases: CaseTable<SpaceInputs, "y" | "state", object, keyof typeof stateSpace.variants> = {
  op: "stateSpace",
  variants: variantsOf(stateSpace),
  requires: (variant) => requirementsOf(stateSpace, variant),
  reference: stateSpaceReference.stateSpace,
  run: (gpu, tensors, _options, variant) => stateSpace(gpu, tensors, { variant }),
  canaries: false,
  cases: spaceCases,
};

/** Their gradients. */
export const stateSpaceBackwardCases: CaseTable<
  SpaceInputs | "dy?" | "dstate?",
  "dx" | "ddt" | "da" | "db" | "dc" | "dd?" | "dstate",
  object,
  keyof typeof stateSpaceBackward.variants
> = {
  op: "stateSpace/backward",
  variants: variantsOf(stateSpaceBackward),
  requires: (variant) => requirementsOf(stateSpaceBackward, variant),
  reference: stateSpaceReference.stateSpaceBackward,
  run: (gpu, tensors, _options, variant) =>
    stateSpaceBackward(gpu, tensors, { variant }) as Required<ReturnType<typeof stateSpaceBackward>>,
  canaries: false,
  cases: spaceCases.map(({ inputs, ...item }) => {
    const [batch = 0, h = 0, , p = 0] = inputs.x.shape;
    const upstream = { dy: inputs.x.shape, dstate: [batch, h, inputs.b.shape[3] ?? 0, p] };
    return { ...item, inputs: { ...inputs, ...gradientsOf(upstream) } };
  }),
};
