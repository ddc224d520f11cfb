// with: attention/split-range, attention/masks/causal, attention/lse/none, lib/extent/fixed, lib/online-softmax, lib/grid
// Joins the splits of splitK:  out = sum(exp(max_i - max) * mixed_i) / sum(exp(max_i - max) * sum_i)
//
// One thread per vector of four columns of out. Splits whose range is empty were never written and are not read.
// Requests splits·(d + 4) reads a row.

const HEAD_WIDTH: u32 = 64;
const ROWS: u32 = 4;
const WORKGROUP: u32 = 64;

const VECTORS = HEAD_WIDTH / 4;

struct Params { h: u32, g: u32, t: u32, size: u32, splits: u32, span: u32, start: i32, length: u32 }

@group(0) @binding(0) var<storage, read> mixed: array<vec4f>;      // [b, t, h, splits, d]
@group(0) @binding(1) var<storage, read> extremes: array<vec2f>;   // [b, t, h, splits, 2]
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;  // [b, t, h, d]
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = linear_workgroup(workgroup, workgroups) * WORKGROUP + thread;
  if (i >= params.size) { return; }
  let column = i % VECTORS;
  let first = i / VECTORS * params.splits;
  let h = i / VECTORS % params.h;
  let t = i / (VECTORS * params.h) % params.t;
  let b = i / (VECTORS * params.h * params.t);
  let heads = params.h / params.g;
  let block = (t * heads + h % heads) / ROWS;

  var largest = LOWEST;
  var sum = 0.0;
  var total = vec4f(0.0);
  for (var split = 0u; split < params.splits; split++) {
    let keys = split_range(b, block, split);
    if (keys.x >= keys.y) { continue; }
    let extreme = extremes[first + split];
    let before = largest;
    largest = max(before, extreme.x);
    let rescale = softmax_rescale(before, largest);
    let weight = softmax_rescale(extreme.x, largest);
    sum = sum * rescale + weight * extreme.y;
    total = total * rescale + weight * mixed[(first + split) * VECTORS + column];
  }
  out[i] = select(total / sum, vec4f(0.0), sum == 0.0);
  if (column == 0) { store_lse(b, h, t, log_sum_exp(largest, sum)); }
}
