import gatesSource from "#shaders/linear-recurrence/backward/gates.wgsl";
import pairsSource from "#shaders/linear-recurrence/backward/pairs.wgsl";
import readsSource from "#shaders/linear-recurrence/backward/reads.wgsl";
import scanSource from "#shaders/linear-recurrence/backward/scan.wgsl";
import statesSource from "#shaders/linear-recurrence/backward/states.wgsl";
import writesSource from "#shaders/linear-recurrence/backward/writes.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { defineKernel } from "../define/kernel.ts";
import { add, mul, sub } from "../elementwise/elementwise.ts";
import { fill } from "../elementwise/fill.ts";
import { sum } from "../reduce/reduce.ts";
import {
  channelsOf,
  documentsPart,
  pairsOfChunk,
  pairsRead,
  prepareKernel,
  type RecurrenceProblem,
  SPAN,
  threadsFor,
  WORKGROUP,
} from "./kernels.ts";
import { begin, type RecurrenceTensors, type RecurrenceUpstream } from "./problem.ts";

const prepared = {
  pairs: "[b, hv, chunks, both, span, span]",
  decays: "[b, hv, t, planes, channels]",
} as const;

/** Constants of the kernels that have a column of the state in each thread. */
const byColumn = (
  { d = 0, dv = 0 }: Readonly<Partial<Record<"d" | "dv", number>>>,
  { gates, reads }: RecurrenceProblem,
) => ({
  constants: { WIDTH: d, CHANNELS: channelsOf(gates, d), READS: Number(reads), WORKGROUP: threadsFor(dv) },
});

const statesKernel = /* @__PURE__ */ defineKernel({
  name: "linear-recurrence/backward/states",
  source: statesSource,
  inputs: { k: "[b, h, t, d]", v: "[b, hv, t, dv]", ...prepared, start: "[b, hv, d, dv]" },
  outputs: { states: "[b, hv, states, d, dv]", errors: "[b, hv, t, dv]" },
  axes: ({ chunks = 0 }, _problem: RecurrenceProblem) => ({ states: chunks + 1 }),
  params: ({ h, hv, t, dv, chunks }) => ({ h, hv, t, dv, chunks }),
  specialise: byColumn,
  workgroups: ({ b, hv, dv }) => [Math.ceil(dv / WORKGROUP), hv, b],
  cost: ({ b, hv, chunks, d, dv }, { reads }) => {
    const read = Number(reads);
    const tiles = Math.ceil(dv / WORKGROUP) * 2 * SPAN * d * (1 + read);
    return {
      flops: 2 * b * hv * chunks * dv * (SPAN * d * (1 + read) + pairsRead * read),
      requestedBytes: 4 * b * hv * (chunks * (tiles + dv * (3 * SPAN + 2 * d + pairsRead * read)) + 2 * d * dv),
    };
  },
});

const scanKernel = /* @__PURE__ */ defineKernel({
  name: "linear-recurrence/backward/scan",
  source: scanSource,
  inputs: { q: "[b, h, t, d]", k: "[b, h, t, d]", ...prepared, dout: "[b, hv, t, dv]" },
  inout: { dstate: "[b, hv, d, dv]" },
  outputs: { du: "[b, hv, t, dv]", dstates: "[b, hv, chunks, d, dv]" },
  params: ({ h, hv, t, dv, chunks }, { scale }: RecurrenceProblem) => ({ h, hv, t, dv, chunks, scale }),
  specialise: byColumn,
  workgroups: ({ b, hv, dv }) => [Math.ceil(dv / WORKGROUP), hv, b],
  cost: ({ b, hv, chunks, d, dv }, { reads }) => {
    const read = Number(reads);
    const tiles = Math.ceil(dv / WORKGROUP) * 2 * SPAN * d * (2 + read);
    const column = 3 * SPAN + 2 * d + pairsRead * (1 + read);
    return {
      flops: 2 * b * hv * chunks * dv * (SPAN * d * (2 + read) + pairsRead * (1 + read)),
      requestedBytes: 4 * b * hv * (chunks * (tiles + dv * column) + 2 * d * dv),
    };
  },
});

const pairsKernel = /* @__PURE__ */ defineKernel({
  name: "linear-recurrence/backward/pairs",
  source: pairsSource,
  inputs: {
    derrors: "[b, hv, t, dv]",
    dout: "[b, hv, t, dv]",
    errors: "[b, hv, t, dv]",
    beta: "[b, hv, t]",
    "documents?": "[b, t]",
  },
  outputs: { dpairs: "[b, hv, chunks, both, span, span]" },
  accepts: { documents: ["u32"] },
  axes: ({ t = 0 }, _problem: RecurrenceProblem) => ({ chunks: Math.ceil(t / SPAN), both: 2, span: SPAN }),
  params: ({ hv, t, dv, chunks }) => ({ hv, t, dv, chunks }),
  specialise: (_axes, { reads }, context) => ({ parts: [documentsPart(context)], constants: { READS: Number(reads) } }),
  workgroups: ({ b, hv, chunks }) => [chunks, hv, b],
  cost: ({ b, hv, chunks, dv }, { reads }, { dtypes }) => {
    const ofPair = dv * (reads ? 3 : 2) + 2 + ("documents" in dtypes ? 2 : 0);
    return {
      flops: 2 * b * hv * chunks * pairsOfChunk * dv * (reads ? 2 : 1),
      requestedBytes: 4 * b * hv * chunks * (pairsOfChunk * ofPair + 2 * SPAN ** 2),
    };
  },
});

/** Whose gradients: of queries, or of keys as a token's error reads them. */
interface ReadsProblem extends RecurrenceProblem {
  readonly plane: 0 | 1;
}

const readsKernel = /* @__PURE__ */ defineKernel({
  name: "linear-recurrence/backward/reads",
  source: readsSource,
  inputs: {
    y: "[b, hv, t, dv]",
    states: "[b, hv, states, d, dv]",
    dpairs: "[b, hv, chunks, both, span, span]",
    decays: "[b, hv, t, planes, channels]",
    k: "[b, h, t, d]",
  },
  outputs: { dx: "[b, hv, t, d]" },
  params: ({ h, hv, t, dv, chunks }, { plane }: ReadsProblem) => ({ h, hv, t, dv, chunks, sign: plane === 1 ? 1 : -1 }),
  specialise: ({ d }, { gates, plane }) => ({
    constants: { WIDTH: d, CHANNELS: channelsOf(gates, d), PLANE: plane },
  }),
  workgroups: ({ b, hv, t }) => [t, hv, b],
  cost: ({ b, hv, chunks, d, dv }) => ({
    flops: 2 * b * hv * chunks * d * (SPAN * dv + pairsOfChunk),
    requestedBytes: 4 * b * hv * chunks * d * (SPAN * (2 * dv + 2) + 4 * pairsOfChunk),
  }),
});

const writesKernel = /* @__PURE__ */ defineKernel({
  name: "linear-recurrence/backward/writes",
  source: writesSource,
  inputs: {
    q: "[b, h, t, d]",
    k: "[b, h, t, d]",
    dpairs: "[b, hv, chunks, both, span, span]",
    decays: "[b, hv, t, planes, channels]",
    errors: "[b, hv, t, dv]",
    beta: "[b, hv, t]",
    dstates: "[b, hv, chunks, d, dv]",
  },
  outputs: { dx: "[b, hv, t, d]" },
  params: ({ h, hv, t, dv, chunks }, { scale }: RecurrenceProblem) => ({ h, hv, t, dv, chunks, scale }),
  specialise: ({ d }, { gates, reads }) => ({
    constants: { WIDTH: d, CHANNELS: channelsOf(gates, d), READS: Number(reads) },
  }),
  workgroups: ({ b, hv, t }) => [t, hv, b],
  cost: ({ b, hv, chunks, d, dv }, { reads }) => ({
    flops: 2 * b * hv * chunks * d * (SPAN * dv + pairsOfChunk * (reads ? 2 : 1)),
    requestedBytes: 4 * b * hv * chunks * d * (SPAN * (2 * dv + 3) + pairsOfChunk * (reads ? 6 : 4)),
  }),
});

const gatesKernel = /* @__PURE__ */ defineKernel({
  name: "linear-recurrence/backward/gates",
  source: gatesSource,
  inputs: {
    dsums: "[b, hv, t, d]",
    states: "[b, hv, states, d, dv]",
    dstates: "[b, hv, chunks, d, dv]",
    decays: "[b, hv, t, planes, channels]",
    "documents?": "[b, t]",
  },
  outputs: { dg: "[b, hv, t, channels]" },
  accepts: { documents: ["u32"] },
  params: ({ hv, t, dv, chunks }, _problem: RecurrenceProblem) => ({ hv, t, dv, chunks }),
  specialise: ({ d }, { gates }, context) => ({
    parts: [documentsPart(context)],
    constants: { WIDTH: d, CHANNELS: channelsOf(gates, d) },
  }),
  workgroups: ({ b, hv, chunks }) => [chunks, hv, b],
  cost: ({ b, hv, chunks, d, dv }, { gates }, { dtypes }) => {
    const documents = "documents" in dtypes ? WORKGROUP + 3 * SPAN * d : 0;
    return {
      flops: 2 * b * hv * chunks * d * dv,
      requestedBytes: 4 * b * hv * chunks * (d * (2 * dv + 3 * SPAN - 1) + SPAN * channelsOf(gates, d) + documents),
    };
  },
});

/** Gradients of the tensors of a recurrence; those of keys and queries for each value head. */
interface RecurrenceGradients {
  readonly dq: Tensor;
  readonly dk: Tensor;
  readonly dv: Tensor;
  readonly dbeta: Tensor;
  /** Of the logarithms of decays, `[b, hv, t, channels]`; none without gates. */
  readonly dlog?: Tensor;
  readonly dstate: Tensor;
}

/**
 * Gradients of a recurrence, by chunks: the states before each chunk are computed again, the gradients of what tokens
 * wrote and of states in a scan from the last chunk to the first; all else is products within chunks.
 */
export function recurrenceGradients(
  gpu: Gpu,
  { dout, dstate, ...tensors }: RecurrenceTensors & RecurrenceUpstream,
  given: RecurrenceProblem,
): RecurrenceGradients {
  using scope = gpu.scope();
  const problem = { ...given, keeps: true };
  const { q, k, v, beta, state: start, ...rest } = begin(gpu, tensors);
  const documents = rest.documents ? { documents: rest.documents } : {};
  const [b = 0, hv = 0, t = 0] = v.shape;
  const [, h = 1, , d = 0] = q.shape;
  const upstream = begin(gpu, { ...tensors, v: dout ?? fill(gpu, v.shape, 0), state: dstate });
  const of = { dout: upstream.v, dstate: upstream.state };
  const { pairs, decays } = prepareKernel(gpu, { q, k, beta, ...rest }, problem);
  const { states, errors } = statesKernel(gpu, { k, v, pairs, decays, start }, problem);
  const { du, dstates, dstate: first } = scanKernel(gpu, { q, k, pairs, decays, ...of }, problem);
  const derrors = mul(gpu, { a: du, b: reshape(beta, [b, hv, t, 1]) }).y;
  const dbeta = sum(gpu, { x: mul(gpu, { a: du, b: errors }).y }, { axis: -1 }).y;
  const { dpairs } = pairsKernel(gpu, { derrors, dout: of.dout, errors, beta, ...documents }, problem);
  const shared = { states, dpairs, decays, k };
  const dq = readsKernel(gpu, { y: of.dout, ...shared }, { ...problem, plane: 1 }).dx;
  const written = writesKernel(gpu, { q, k, dpairs, decays, errors, beta, dstates }, problem).dx;
  const read = problem.reads ? readsKernel(gpu, { y: derrors, ...shared }, { ...problem, plane: 0 }).dx : undefined;
  /** As many heads as values have, in groups of those that share a head of keys. */
  const grouped = (x: Tensor) =>
    reshape(
      x,
      [b, h, -1, t, d].map((size) => (size < 0 ? hv / h : size)),
    );
  const scaled = scale(gpu, dq, problem.scale);
  const dk = read ? add(gpu, { a: written, b: read }).y : written;
  const dlog = () => {
    const ofKeys = read ? sub(gpu, { a: read, b: written }).y : scale(gpu, written, -1);
    const one = (x: Tensor) => reshape(x, [b, h, 1, t, d]);
    const dsums = add(gpu, {
      a: mul(gpu, { a: grouped(scaled), b: one(q) }).y,
      b: mul(gpu, { a: grouped(ofKeys), b: one(k) }).y,
    }).y;
    return gatesKernel(gpu, { dsums: reshape(dsums, [b, hv, t, d]), states, dstates, decays, ...documents }, problem)
      .dg;
  };
  const ofHeads = (x: Tensor) => (h === hv ? x : sum(gpu, { x: grouped(x) }, { axis: 2 }).y);
  return {
    dq: scope.keep(reshape(ofHeads(scaled), q.shape)),
    dk: scope.keep(reshape(ofHeads(dk), k.shape)),
    dv: scope.keep(derrors),
    dbeta: scope.keep(reshape(dbeta, [b, hv, t])),
    dstate: scope.keep(first),
    ...(problem.gates === "none" ? {} : { dlog: scope.keep(dlog()) }),
  };
}

/** All elements times a number. */
const scale = (gpu: Gpu, x: Tensor, factor: number): Tensor => mul(gpu, { a: x, b: fill(gpu, [1], factor) }).y;
