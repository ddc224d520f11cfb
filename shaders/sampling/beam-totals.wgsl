// with: sampling/log-sum, lib/grid
// Scores of texts with one more token:  totals = score + l − log Σ exp(l)
//
// One workgroup a row, which it reads three times. A row whose score is −∞ has no text: its totals are −∞ regardless of
// its logits. Other rows that hold NaN or +∞, or nothing above −∞, become NaN. Requests 3·v reads a row and v writes.

const WORKGROUP: u32 = 256;
const MINUS_INFINITY: u32 = 0xff800000;  // its bits
const NOT_A_NUMBER: u32 = 0x7fc00000;

struct Params { b: u32, v: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;        // [b, v]
@group(0) @binding(1) var<storage, read> scores: array<f32>;        // [b]
@group(0) @binding(2) var<storage, read_write> totals: array<f32>;  // [b, v]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid);
  if (row >= params.b) { return; }  // the whole workgroup leaves
  let first = row * params.v;
  let score = scores[row];
  let is_text = bitcast<u32>(score) != MINUS_INFINITY;
  let sum = log_sum(first, params.v, thread);
  for (var i = thread; i < params.v; i += WORKGROUP) {
    let logit = logits[first + i];
    var bits = bitcast<u32>(score + (logit - sum.largest - sum.log));
    if (!sum.exists) { bits = NOT_A_NUMBER; }
    if (!is_text || (sum.exists && bitcast<u32>(logit) == MINUS_INFINITY)) { bits = MINUS_INFINITY; }
    totals[first + i] = bitcast<f32>(bits);
  }
}
