// with: attention/batch, attention/lse/none, lib/no-index, lib/online-softmax, lib/grid
// Attention over selected keys:  out = Σ exp(scale · q · k[i] - lse) · v[i] over the keys i that the query has selected
//
// An index stands for params.block keys in a row, of which those up to the query count; NO_INDEX for none, whose memory
// is not read. One thread a query of a head goes over its indices one by one, with a running maximum (online softmax)
// and the output in registers. A query without a key gives zeros. Requests an index, d reads of q and k each and dv of
// v for a key, and dv writes a query.

const WORKGROUP: u32 = 64;
const WIDTH: u32 = 64;        // of q and k
const VALUE_WIDTH: u32 = 64;  // of v

struct Params {
  h: u32, g: u32, t: u32, s: u32, m: u32, n: u32, block: u32, start: i32, scale: f32,
  size: u32,  // queries of all heads
}

@group(0) @binding(0) var<storage, read> q: array<f32>;         // [b, h, t, d]
@group(0) @binding(1) var<storage, read> k: array<f32>;         // [b, g, s, d]
@group(0) @binding(2) var<storage, read> v: array<f32>;         // [b, g, s, dv]
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // [b, t, h, dv]
@group(0) @binding(5) var<storage, read> indices: array<u32>;   // [b, m, t, n]
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let query = linear_workgroup(grid) * WORKGROUP + thread;  // [b, h, t]
  if (query >= params.size) { return; }
  let t = query % params.t;
  let h = query / params.t % params.h;
  let b = query / params.t / params.h;
  let keys = (b * params.g + h * params.g / params.h) * params.s;
  let selected = ((b * params.m + h * params.m / params.h) * params.t + t) * params.n;
  let end = u32(clamp(params.start + i32(t) + 1, 0, i32(params.s)));  // of the keys that it may see

  var largest = LOWEST;
  var sum = 0.0;
  var total = array<f32, VALUE_WIDTH>();
  for (var i = 0u; i < params.n; i++) {
    let index = indices[selected + i];
    if (index == NO_INDEX || index >= (end + params.block - 1) / params.block) { continue; }
    for (var key = index * params.block; key < min(index * params.block + params.block, end); key++) {
      var product = 0.0;
      for (var c = 0u; c < WIDTH; c++) { product = fma(q[query * WIDTH + c], k[(keys + key) * WIDTH + c], product); }
      let score = params.scale * product;
      let before = largest;
      largest = max(before, score);
      let rescale = softmax_rescale(before, largest);
      let weight = softmax_weight(score, largest);
      sum = sum * rescale + weight;
      for (var c = 0u; c < VALUE_WIDTH; c++) {
        total[c] = fma(weight, v[(keys + key) * VALUE_WIDTH + c], total[c] * rescale);
      }
    }
  }
  for (var c = 0u; c < VALUE_WIDTH; c++) {
    out[((b * params.t + t) * params.h + h) * VALUE_WIDTH + c] = select(total[c] / sum, 0.0, sum == 0.0);
  }
  store_lse(b, h, t, log_sum_exp(largest, sum));
}
