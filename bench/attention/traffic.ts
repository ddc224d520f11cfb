// Bytes that move between memory and the kernels with each variant's tiles, if every tile comes from memory and nothing
// is cached: a model, next to the compulsory bytes (reference: FlashAttention's section 3.2, Θ(N²d²/M)).
import type { Call, Dispatch } from "../../src/gpu/program/dispatch.ts";
import { type GroupWork, liveKeys } from "./work.ts";

/** Bytes of an element of queries, scores and results. */
const width = 4;

type Model = (dispatch: Dispatch, work: GroupWork) => number;

/** A constant that the shader declares as a literal. */
const constant = ({ shader, kernel }: Dispatch, name: string): number => {
  const value = Number.parseInt(shader.declarations.constants.get(name) ?? "", 10);
  if (Number.isNaN(value)) throw new Error(`${kernel} has no literal constant ${name}`);
  return value;
};

/** Bytes of q and of out. */
const queriesAndResults = ({ group, heads }: GroupWork) =>
  width * group.count * group.t * heads.h * (heads.d + heads.dv);

/**
 * Bytes of k and v when each block of `block` out of `rows` query rows reads the keys that it sees; `tokenOf` maps a
 * row to its token.
 */
function keysAndValues(work: GroupWork, rows: number, block: number, tokenOf = (row: number) => row): number {
  const { group, mask } = work;
  let keys = 0;
  for (let row = 0; row < rows; row += block) {
    const last = Math.min(row + block, rows) - 1;
    keys += liveKeys(mask, group.t, group.s, tokenOf(row), tokenOf(last));
  }
  return group.count * keys * (work.rows.k + work.rows.v);
}

const scores = ({ group, heads }: GroupWork) => width * group.count * heads.h * group.t * group.s;

/** For a kernel whose workgroup has `block` queries of one head. */
const byBlocks =
  (block: (dispatch: Dispatch) => number): Model =>
  (dispatch, work) =>
    queriesAndResults(work) + work.heads.h * keysAndValues(work, work.group.t, block(dispatch));

/** Bytes that each kernel moves. Other kernels have no model yet. */
const models: Readonly<Record<string, Model>> = {
  "attention/rows": byBlocks(() => 1),
  // As rows, with the keys read a second time.
  "attention/two-pass": (dispatch, work) => {
    const { k, v } = work.rows;
    return byBlocks(() => 1)(dispatch, work) + (work.heads.h * keysAndValues(work, work.group.t, 1) * k) / (k + v);
  },
  "attention/flash-plain": byBlocks((dispatch) => constant(dispatch, "ROWS")),
  "attention/flash": (dispatch, work) => {
    const rows = constant(dispatch, "ROWS");
    if (!isJoined(dispatch, "attention/flash/rows-of/group")) return byBlocks(() => rows)(dispatch, work);
    return queriesAndResults(work) + work.heads.g * byGroup(work, rows);
  },
  "attention/subgroups": (dispatch, work) =>
    isJoined(dispatch, "attention/flash/rows-of/split")
      ? bySplits(dispatch, work)
      : byBlocks(() => constant(dispatch, "ROWS"))(dispatch, work),
  // Products as in an ideal matrix product; the scores go to memory and back between the kernels.
  "attention/naive/scores": (_, work) => {
    const { group, heads } = work;
    return width * group.count * (group.t * heads.h + group.s * heads.g) * heads.d + scores(work);
  },
  "attention/naive/softmax": (_, work) => 2 * scores(work),
  "attention/naive/values": (_, work) => {
    const { group, heads } = work;
    return width * group.count * (group.t * heads.h + group.s * heads.g) * heads.dv + scores(work);
  },
  "attention/split-k/parts": bySplits,
  "attention/split-k/join": (dispatch, work) => splitsOf(dispatch) * partials(work) + resultsOf(work),
};

/**
 * For a kernel whose rows are the query heads of one key and value head, tokens outermost, each with a split of the
 * keys.
 */
function bySplits(dispatch: Dispatch, work: GroupWork): number {
  const { group, heads } = work;
  const queries = width * group.count * group.t * heads.h * heads.d;
  const shared = heads.g * byGroup(work, constant(dispatch, "ROWS"));
  return splitsOf(dispatch) * (queries + partials(work)) + shared;
}

/** Bytes of k and v of one key head when the query heads of its group are the rows of blocks, tokens outermost. */
function byGroup(work: GroupWork, block: number): number {
  const ratio = work.heads.h / work.heads.g;
  return keysAndValues(work, ratio * work.group.t, block, (row) => Math.floor(row / ratio));
}

const resultsOf = ({ group, heads }: GroupWork) => width * group.count * group.t * heads.h * heads.dv;

/** Bytes that one split of all queries writes: accumulator, maximum and sum. */
const partials = ({ group, heads }: GroupWork) => width * group.count * group.t * heads.h * (heads.dv + 2);

/** Number of splits of the keys: the fourth of five axes of the kernel's output. */
const splitsOf = ({ bindings }: Dispatch) => bindings.find(({ shape }) => shape.length === 5)?.shape[3] ?? 1;

const isJoined = ({ shader }: Dispatch, part: string) => shader.parts.includes(part);

/**
 * Modelled bytes of one call of attention; null if a kernel has no model, or if a mask's visible keys are not one run.
 */
export function modelledBytes({ dispatches }: Call, work: GroupWork): number | null {
  if (!work.mask.keyRange) return null;
  let bytes = 0;
  for (const dispatch of dispatches) {
    const model = models[dispatch.kernel];
    if (!model) return null;
    bytes += model(dispatch, work);
  }
  return bytes;
}
