// with: attention/batch, attention/lse/none, attention/sink/none, lib/online-softmax
// Joins the splits of splitK:  out = Σ exp(max_i - max) · accumulator_i / Σ exp(max_i - max) · sum_i
//
// One workgroup per query row of a head, one thread per vector of four columns. A split that saw no keys has a sum of
// 0, and its accumulator is not read: it was not written. Requests splits·(3·dv / 2) reads a row.

const VALUE_WIDTH: u32 = 64;

const VECTORS = VALUE_WIDTH / 4;

struct Params { h: u32, t: u32, splits: u32 }

@group(0) @binding(0) var<storage, read> accumulators: array<vec4f>;  // [b, t, h, splits, dv]
@group(0) @binding(1) var<storage, read> stats: array<vec2f>;         // [b, t, h, splits, 2]
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;     // [b, t, h, dv]
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(VECTORS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) column: u32) {
  let t = workgroup.x;
  let h = workgroup.y;
  let b = workgroup.z;
  let row = token_index(b, t) * params.h + h;

  var largest = LOWEST;
  var sum = 0.0;
  var total = vec4f(0.0);
  for (var split = 0u; split < params.splits; split++) {
    let stat = stats[row * params.splits + split];
    if (stat.y == 0.0) { continue; }
    let before = largest;
    largest = max(before, stat.x);
    let rescale = softmax_rescale(before, largest);
    let weight = softmax_rescale(stat.x, largest);
    sum = sum * rescale + weight * stat.y;
    total = total * rescale + weight * accumulators[(row * params.splits + split) * VECTORS + column];
  }
  let state = with_sink(h, largest, sum);
  out[row * VECTORS + column] = select(total * state.rescale / state.sum, vec4f(0.0), state.sum == 0.0);
  if (column == 0) { store_lse(b, h, t, log_sum_exp(state.largest, state.sum)); }
}
