// with: attention/split-k/range, attention/masks/causal, attention/lse/none, lib/extent/fixed, lib/online-softmax
// Joins the splits of splitK:  out = sum(exp(max_i - max) * mixed_i) / sum(exp(max_i - max) * sum_i)
//
// One workgroup per query row of a head, one thread per vector of four columns. Splits whose range is empty were never
// written and are not read. Requests splits·(3·d / 2) reads a row.

const HEAD_WIDTH: u32 = 64;
const ROWS: u32 = 4;

const VECTORS = HEAD_WIDTH / 4;

struct Params { h: u32, g: u32, t: u32, splits: u32, span: u32, start: i32, length: u32 }

@group(0) @binding(0) var<storage, read> mixed: array<vec4f>;      // [b, t, h, splits, d]
@group(0) @binding(1) var<storage, read> extremes: array<vec2f>;   // [b, t, h, splits, 2]
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;  // [b, t, h, d]
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(VECTORS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) column: u32) {
  let t = workgroup.x;
  let h = workgroup.y;
  let b = workgroup.z;
  let heads = params.h / params.g;
  let keys = block_range(b, block_positions(b, (t * heads + h % heads) / ROWS));
  let row = (b * params.t + t) * params.h + h;

  var largest = LOWEST;
  var sum = 0.0;
  var total = vec4f(0.0);
  for (var split = 0u; split < params.splits; split++) {
    let range = split_range(keys, split);
    if (range.x >= range.y) { continue; }
    let extreme = extremes[row * params.splits + split];
    let before = largest;
    largest = max(before, extreme.x);
    let rescale = softmax_rescale(before, largest);
    let weight = softmax_rescale(extreme.x, largest);
    sum = sum * rescale + weight * extreme.y;
    total = total * rescale + weight * mixed[(row * params.splits + split) * VECTORS + column];
  }
  out[row * VECTORS + column] = select(total / sum, vec4f(0.0), sum == 0.0);
  if (column == 0) { store_lse(b, h, t, log_sum_exp(largest, sum)); }
}
