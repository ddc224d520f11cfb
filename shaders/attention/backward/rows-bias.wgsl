// with: attention/backward/pair, lib/extent/fixed
// The gradient of a bias for every pair:  dbias[i, j] = Σ dscore[i, j] over the batch rows and heads that share it
//
// One thread an element, which computes the gradients of the score in each of those again and adds them up alone.
// Requests 2·(d + dv) reads a pair.

const WORKGROUP: u32 = 64;

struct Params {
  b: u32, h: u32, g: u32, t: u32, s: u32, d: u32, dv: u32,
  start: i32, length: u32, scale: f32,
  dout_first: u32, dout_batch: u32, dout_head: u32, dout_token: u32,  // where dout begins, and its strides
  batches: u32, heads: u32,                                           // of the bias: 1 where they share it
}

@group(0) @binding(5) var<uniform> params: Params;
@group(0) @binding(7) var<storage, read_write> dbias: array<f32>;  // [batches, heads, t, s]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let key = thread.x;
  let t = thread.y;
  if (key >= params.s) { return; }
  let first_batch = thread.z / params.heads;
  let first_head = thread.z % params.heads;
  var sum = 0.0;
  for (var b = first_batch; b < params.b; b += params.batches) {
    if (key >= key_count(b)) { continue; }
    for (var h = first_head; h < params.h; h += params.heads) { sum += score_gradients(b, h, t, key).y; }
  }
  dbias[(thread.z * params.t + t) * params.s + key] = sum;
}
