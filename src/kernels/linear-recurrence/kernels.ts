import chunksSource from "#shaders/linear-recurrence/chunks.wgsl";
import documentsGiven from "#shaders/linear-recurrence/documents/given.wgsl";
import documentsNone from "#shaders/linear-recurrence/documents/none.wgsl";
import gatesChannel from "#shaders/linear-recurrence/gates/channel.wgsl";
import gatesHead from "#shaders/linear-recurrence/gates/head.wgsl";
import gatesNone from "#shaders/linear-recurrence/gates/none.wgsl";
import gatesStep from "#shaders/linear-recurrence/gates/step.wgsl";
import prepareSource from "#shaders/linear-recurrence/prepare.wgsl";
import recurrentSource from "#shaders/linear-recurrence/recurrent.wgsl";
import subgroupsSource from "#shaders/linear-recurrence/subgroups.wgsl";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { defineKernel, type KernelContext } from "../define/kernel.ts";

/** What decays the state at a token: nothing, a gate of the head, one for each row, or a step of time. */
type Gates = "none" | "head" | "channel" | "step";

/** What both recurrences' options have. */
export interface InPlace {
  /**
   * The state given becomes that after the last token, and is the result's: a cache's memory stays where it is. Not for
   * gradients, which read the state before.
   * @defaultValue false
   */
  readonly inPlace?: boolean | undefined;
}

/** What the kernels are specialised for. */
export interface RecurrenceProblem extends InPlace {
  readonly gates: Gates;
  /** Whether the state is read at the key before it is written: the delta rule. */
  readonly reads: boolean;
  /** Of queries. */
  readonly scale: number;
  /** Whether running sums of decays are kept, for gradients. */
  readonly keeps?: boolean | undefined;
}

const gateParts = { none: gatesNone, head: gatesHead, channel: gatesChannel, step: gatesStep } as const;

/** The part for documents. */
export const documentsPart = ({ dtypes }: KernelContext) => ("documents" in dtypes ? documentsGiven : documentsNone);

/** Parts of the kernels that read gates and documents. */
const partsOf = ({ gates }: RecurrenceProblem, context: KernelContext) => [gateParts[gates], documentsPart(context)];

/** Tokens of a chunk, and threads of a workgroup. */
export const { SPAN, WORKGROUP } = /* @__PURE__ */ constantsOf(prepareSource, "SPAN", "WORKGROUP");

/** Threads for `columns` of a head's state: no more than a workgroup, and none without a column but the last few. */
export const threadsFor = (columns: number): number => Math.min(WORKGROUP, 8 * Math.ceil(columns / 8));

const tokens = {
  inputs: {
    q: "[b, h, t, d]",
    k: "[b, h, t, d]",
    v: "[b, hv, t, dv]",
    beta: "[b, hv, t]",
    "g?": "[b, hv, gates]",
    "a?": "[hv]",
    "documents?": "[b, t]",
  },
  inout: { state: "[b, hv, d, dv]" },
  outputs: { out: "[b, hv, t, dv]" },
  accepts: { documents: ["u32"] },
} as const;

type Axes = Readonly<Record<"b" | "h" | "hv" | "t" | "d" | "dv", number>>;

/** Operations of the definition: reading at the key, writing, reading at the query. */
const flopsOf = ({ b, hv, t, d, dv }: Axes, { reads }: RecurrenceProblem): number =>
  b * hv * t * dv * d * (reads ? 6 : 4);

/** Gates that are read for `rows` of a token. */
const gatesRead = (gates: Gates, rows: number): number => ({ none: 0, head: 1, channel: 1, step: 2 })[gates] * rows;

/** Factor of what documents take. */
const withDocuments = (dtypes: object): number => Number("documents" in dtypes);

/** All tokens, one after the other, with the state in registers. */
export const recurrentKernel = /* @__PURE__ */ defineKernel({
  name: "linear-recurrence/recurrent",
  source: recurrentSource,
  ...tokens,
  params: ({ h, hv, t, dv }, { scale }: RecurrenceProblem) => ({ h, hv, t, dv, scale }),
  specialise: ({ d, dv }, problem, context) => ({
    parts: partsOf(problem, context),
    constants: { WIDTH: d, READS: Number(problem.reads), WORKGROUP: threadsFor(dv) },
  }),
  workgroups: ({ b, hv, dv }) => [Math.ceil(dv / WORKGROUP), hv, b],
  cost: (axes, problem, { dtypes }) => {
    const { b, hv, t, d, dv } = axes;
    const shared = Math.ceil(dv / WORKGROUP) * (2 * d + gatesRead(problem.gates, d));
    return {
      flops: flopsOf(axes, problem),
      requestedBytes: 4 * b * hv * (t * (shared + dv * (3 + 2 * withDocuments(dtypes))) + 2 * d * dv),
    };
  },
});

/** Columns of a subgroup. */
const { COLUMNS } = /* @__PURE__ */ constantsOf(subgroupsSource, "COLUMNS");

/** The same with a subgroup for some of the columns. */
export const subgroupsKernel = /* @__PURE__ */ defineKernel({
  name: "linear-recurrence/subgroups",
  source: subgroupsSource,
  ...tokens,
  params: ({ h, hv, t, dv }, { scale }: RecurrenceProblem) => ({ h, hv, t, dv, scale }),
  specialise: ({ d }, problem, context) => ({
    parts: partsOf(problem, context),
    constants: { WIDTH: d, READS: Number(problem.reads), SUBGROUP: context.gpu.adapter.subgroupSize ?? 0 },
  }),
  workgroups: ({ b, hv, dv }) => [Math.ceil(dv / COLUMNS), hv, b],
  cost: (axes, problem, { dtypes, gpu }) => {
    const { b, hv, t, d, dv } = axes;
    const lanes = gpu.adapter.subgroupSize ?? 0;
    const groups = Math.ceil(dv / COLUMNS);
    const shared = 2 * d + gatesRead(problem.gates, d) + lanes * (COLUMNS + 1 + 2 * withDocuments(dtypes));
    return {
      flops: flopsOf(axes, problem),
      executedFlops: 2 * b * hv * t * groups * (d * ((problem.reads ? 3 : 2) * COLUMNS + 1) + COLUMNS),
      requestedBytes: 4 * b * hv * (t * (groups * shared + dv) + 2 * d * dv),
    };
  },
});

/** Pairs of a token and one up to it in a chunk, of which a quad of four columns has those of its last and later. */
export const pairsOfChunk = (SPAN * (SPAN + 1)) / 2;

/** Numbers of the pairs that a column reads in a chunk, in vectors of four. */
export const pairsRead = (SPAN * (SPAN + 4)) / 2;

/** Planes of the decays. */
const planesOf = (keeps: boolean | undefined): number => (keeps ? 3 : 2);

/** Gates of a token as the kernels by chunks have them: one for each row, or one. */
export const channelsOf = (gates: Gates, d: number): number => (gates === "channel" ? d : 1);

/** Products of keys and queries within chunks, and decays from and to their borders. */
export const prepareKernel = /* @__PURE__ */ defineKernel({
  name: "linear-recurrence/prepare",
  source: prepareSource,
  inputs: {
    q: "[b, h, t, d]",
    k: "[b, h, t, d]",
    beta: "[b, hv, t]",
    "g?": "[b, hv, gates]",
    "a?": "[hv]",
    "documents?": "[b, t]",
  },
  outputs: {
    pairs: "[b, hv, chunks, both, span, span]",
    decays: "[b, hv, t, planes, channels]",
  },
  accepts: { documents: ["u32"] },
  axes: ({ t = 0, d = 0 }, { gates, keeps }: RecurrenceProblem) => ({
    chunks: Math.ceil(t / SPAN),
    both: 2,
    span: SPAN,
    planes: planesOf(keeps),
    channels: channelsOf(gates, d),
  }),
  params: ({ h, hv, t, chunks }, { scale }) => ({ h, hv, t, chunks, scale }),
  specialise: ({ d }, problem, context) => ({
    parts: partsOf(problem, context),
    constants: {
      WIDTH: d,
      CHANNELS: channelsOf(problem.gates, d),
      PLANES: planesOf(problem.keeps),
      READS: Number(problem.reads),
    },
  }),
  workgroups: ({ b, hv, chunks }) => [chunks, hv, b],
  cost: ({ b, hv, chunks, d }, { gates, reads, keeps }, { dtypes }) => {
    const channels = channelsOf(gates, d);
    const numbers = SPAN * (channels * (gatesRead(gates, 1) + planesOf(keeps)) + 1 + 2 * SPAN);
    const documents = withDocuments(dtypes) * (3 * WORKGROUP + 2 * SPAN * channels + 2 * pairsOfChunk);
    return {
      flops: b * hv * chunks * pairsOfChunk * d * (reads ? 4 : 2),
      requestedBytes: 4 * b * hv * chunks * (numbers + documents + pairsOfChunk * d * (reads ? 3 : 2)),
    };
  },
});

/** All tokens, a chunk after the other. */
export const chunksKernel = /* @__PURE__ */ defineKernel({
  name: "linear-recurrence/chunks",
  source: chunksSource,
  inputs: {
    q: "[b, h, t, d]",
    k: "[b, h, t, d]",
    v: "[b, hv, t, dv]",
    pairs: "[b, hv, chunks, both, span, span]",
    decays: "[b, hv, t, planes, channels]",
  },
  inout: { state: "[b, hv, d, dv]" },
  outputs: { out: "[b, hv, t, dv]" },
  params: ({ h, hv, t, dv, chunks }, { scale }: RecurrenceProblem) => ({ h, hv, t, dv, chunks, scale }),
  specialise: ({ d, dv }, { gates, reads }) => ({
    constants: { WIDTH: d, CHANNELS: channelsOf(gates, d), READS: Number(reads), WORKGROUP: threadsFor(dv) },
  }),
  workgroups: ({ b, hv, dv }) => [Math.ceil(dv / WORKGROUP), hv, b],
  cost: (axes, problem) => {
    const { b, hv, chunks, d, dv } = axes;
    const read = Number(problem.reads);
    const tiles = Math.ceil(dv / WORKGROUP) * SPAN * d * (4 + 2 * read);
    const column = 3 * SPAN + d + pairsRead * (1 + read);
    return {
      flops: flopsOf(axes, problem),
      executedFlops: 2 * b * hv * chunks * dv * (SPAN * d * (2 + read) + pairsRead * (1 + read)),
      requestedBytes: 4 * b * hv * (chunks * (tiles + dv * column) + 2 * d * dv),
    };
  },
});
