import type { Gpu } from "../../gpu/gpu.ts";
import { checkCall, tensorFields } from "../../kernels/define/arguments.ts";
import { contiguous } from "../../kernels/layout/contiguous.ts";
import { copyTo } from "../../kernels/layout/copy.ts";
import { empty, type Tensor, upload } from "../../tensor/tensor.ts";
import { slice, transpose } from "../../tensor/views.ts";
import { runRingDevice } from "./device.ts";
import { attendBlock, type Fold, foldStates, tokensOf } from "./fold.ts";
import { type HostTensor, toHost } from "./host.ts";
import { gather, type MovedBytes, openLinks, scatter } from "./mailboxes.ts";
import { type RingAttentionOptions, type RingSizes, ringOptions, ringPlan, ringSizes, shardsOf } from "./options.ts";
import { figuresOf, type RingFigures, type RingSchedule, ringSchedule, type TokenRun } from "./schedule.ts";

export type { MovedBytes } from "./mailboxes.ts";
export type { PlacelessScore, RingAttentionOptions } from "./options.ts";
export type { RingFigures } from "./schedule.ts";

/** Queries `[b, h, t, d]`, keys `[b, g, s, d]` and values `[b, g, s, dv]` of whole sequences, f32. */
export interface RingTensors {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
}

const inputs = tensorFields("q", "k", "v");

/** The result of ring attention, with its cost. */
export interface RingResult {
  /** `[b, h, t, dv]`, a view of memory `[b, t, h, dv]`. */
  readonly out: Tensor;
  /** `[b, h, t]` */
  readonly lse: Tensor;
  readonly schedule: RingSchedule;
  readonly figures: RingFigures;
  /** Bytes actually sent between devices; 0 on a single one. */
  readonly moved: MovedBytes;
}

/**
 * Attention of sequences whose tokens are distributed over the devices of a ring. Keys and values travel round the ring
 * while each device attends to those that it holds; partial results are merged by their log-sum-exp (Liu, Zaharia and
 * Abbeel 2023; balanced for causal masks by zigzag or stripes, Brandon et al. 2023). The result equals that of
 * `attention`, up to rounding.
 *
 * With one `gpu` the ring is simulated on it with views, and can be recorded. With several, the tensors may be on any
 * of them; all shards and results go through the CPU, since WebGPU devices share no memory, and the result is on the
 * first device. Throws `ShapeError` for shapes and options that do not fit, before anything is computed.
 */
export function ringAttention(gpu: Gpu, tensors: RingTensors, options: RingAttentionOptions): RingResult;
export function ringAttention(
  gpus: readonly Gpu[],
  tensors: RingTensors,
  options?: RingAttentionOptions,
): Promise<RingResult>;
export function ringAttention(
  gpus: Gpu | readonly Gpu[],
  tensors: RingTensors,
  options: RingAttentionOptions = {},
): RingResult | Promise<RingResult> {
  checkCall("ringAttention", inputs, tensors, ringOptions, options);
  const sizes = ringSizes(tensors);
  const schedule = ringSchedule(ringPlan(sizes, options, shardsOf(gpus, options)));
  const figures = figuresOf(schedule, sizes);
  if (isOne(gpus)) {
    const { out, lse } = ringOnOneDevice(gpus, tensors, sizes, schedule, options);
    return { out, lse, schedule, figures, moved: { dealt: 0, sent: 0, collected: 0 } };
  }
  return (async () => {
    const [q, k, v] = await Promise.all([toHost(tensors.q), toHost(tensors.k), toHost(tensors.v)]);
    const shares = scatter({ q, k, v }, schedule);
    const mail = openLinks(schedule.shards);
    const runs = await mail.whole(
      gpus.map((gpu, device) =>
        runRingDevice(gpu, device, shares.parts[device] ?? { q, k, v }, sizes, schedule, options, mail.link(device)),
      ),
    );
    const { out, lse, bytes } = gather(runs.flat(), sizes);
    const [first] = gpus as readonly [Gpu, ...Gpu[]];
    const toDevice = ({ shape, dtype, elements }: HostTensor) => upload(first, shape, dtype, elements, "ring");
    return {
      out: transpose(toDevice(out), [0, 2, 1, 3]),
      lse: toDevice(lse),
      schedule,
      figures,
      moved: { dealt: shares.bytes, sent: mail.bytes(), collected: bytes },
    };
  })();
}

function isOne(gpus: Gpu | readonly Gpu[]): gpus is Gpu {
  return !Array.isArray(gpus);
}

/**
 * A ring simulated on one device: every block of the schedule in turn, on views of q, k and v; each run's results are
 * written at its queries' positions. Can be recorded; nothing is sent.
 */
function ringOnOneDevice(
  gpu: Gpu,
  { q, k, v }: { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor },
  sizes: RingSizes,
  schedule: RingSchedule,
  options: RingAttentionOptions,
): { readonly out: Tensor; readonly lse: Tensor } {
  using scope = gpu.scope();
  const { b, h, t, dv } = sizes;
  const out = empty(gpu, [b, t, h, dv], "f32", "ring out");
  const lse = empty(gpu, [b, t, h], "f32", "ring lse"); // tokens before heads, so that a token is one run
  const folds = new Map<TokenRun, Fold>();
  for (const run of schedule.queries.flat()) folds.set(run, foldStates(gpu, run, sizes, options));
  for (const block of schedule.blocks) {
    if (block.relation === "skip") continue;
    const views = { q: tokensOf(q, block.queries), k: tokensOf(k, block.keys), v: tokensOf(v, block.keys) };
    folds.get(block.queries)?.add(block, attendBlock(gpu, views, block, options));
  }
  for (const [run, fold] of folds) {
    const state = fold.finish();
    place(gpu, transpose(state.out, [0, 2, 1, 3]), out, run);
    place(gpu, transpose(state.lse), lse, run);
  }
  const { y } = contiguous(gpu, { x: transpose(lse) });
  return { out: transpose(scope.keep(out), [0, 2, 1, 3]), lse: scope.keep(y) };
}

/** Copies the tokens of a run, `[b, count, …]`, to their positions in `[b, t, …]`. */
function place(gpu: Gpu, tokens: Tensor, whole: Tensor, { first, stride, count }: TokenRun): void {
  const [b = 0] = tokens.shape;
  const token = tokens.size / (b * count); // elements of one token
  const sequence = whole.size / b;
  if (stride === 1) {
    copyTo("ringAttention", gpu, tokens, { y: whole, begin: first * token, run: count * token, pitch: sequence });
    return;
  }
  for (let row = 0; row < b; row++) {
    const begin = row * sequence + first * token;
    copyTo("ringAttention", gpu, slice(tokens, 0, row, row + 1), {
      y: whole,
      begin,
      run: token,
      pitch: stride * token,
    });
  }
}
