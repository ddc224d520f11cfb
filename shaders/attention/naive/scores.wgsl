// with: attention/masks/causal, attention/scores/none, lib/extent/fixed
// with: attention/views, lib/online-softmax
// Attention in three kernels, the first:  scores[t, s] = score_mod(scale * q · k), or LOWEST where the mask hides k
//
// One thread per score, which reads a whole row of q and of k: 2·d reads for 2·d operations, the least reuse
// possible, and t·s scores in memory. The first rung of the ladder, and the variant that takes any head width and
// stride.

const WORKGROUP: u32 = 64;

// Counts, as the shapes name them: query heads h, key and value heads g, queries t, room for keys s, width d. The first
// query is at position start, and length is the number of keys.
struct Params { h: u32, g: u32, t: u32, s: u32, d: u32, start: i32, length: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<f32>;             // [b, h, t, d]
@group(0) @binding(1) var<storage, read> k: array<f32>;             // [b, g, s, d]
@group(0) @binding(2) var<storage, read_write> scores: array<f32>;  // [b, h, t, s]
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let key = thread.x;
  let query = thread.y;
  let b = thread.z / params.h;
  let head = thread.z % params.h;
  if (key >= key_count(b)) { return; }  // rows of the cache that are not in use

  let q_first = q_row(b, head, query);  // where the two rows begin
  let k_first = k_row(b, head / (params.h / params.g), key);
  var product = 0.0;
  for (var i = 0u; i < params.d; i++) {
    product = fma(q[q_first + i], k[k_first + i], product);
  }
  let position = first_query(b) + query;
  let score = score_mod(product * params.scale, b, head, position, key);
  scores[(thread.z * params.t + query) * params.s + key] = select(LOWEST, score, mask_mod(b, head, position, key));
}
