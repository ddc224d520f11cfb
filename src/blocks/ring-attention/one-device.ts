import type { Gpu } from "../../gpu/gpu.ts";
import { contiguous } from "../../kernels/layout/contiguous.ts";
import { copyTo } from "../../kernels/layout/copy.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { slice, transpose } from "../../tensor/views.ts";
import { attendBlock, type Fold, foldStates, tokensOf } from "./fold.ts";
import type { RingAttentionOptions, RingSizes } from "./options.ts";
import type { RingSchedule, TokenRun } from "./schedule.ts";

/**
 * A ring simulated on one device: every block of the schedule in turn, on views of q, k and v; each run's results are
 * written at its queries' positions. Can be recorded; nothing is sent.
 */
export function ringOnOneDevice(
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
