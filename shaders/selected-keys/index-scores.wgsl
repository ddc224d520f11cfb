// with: lib/vector/four
// Scores of keys for a selection:  scores[t, s] = Σ weights[t, h] · max(0, q[h, t] · k[s]) over the heads
//
// The lightning indexer (DeepSeek-AI 2025): one head of keys for all heads of queries, and minus infinity for a key
// after the query. One thread a key of QUERIES queries, with the key in registers; neighbouring threads read the same
// query. Requests d reads a key of a block of queries, and for each pair that is not masked h·(d + 1) reads, and a
// write a score.

const WORKGROUP: u32 = 64;
const VECTORS: u32 = 8;  // of a key
const QUERIES: u32 = 8;  // of a block

struct Params { h: u32, t: u32, s: u32, start: i32 }

@group(0) @binding(0) var<storage, read> q: array<Vector>;            // [b, h, t, d]
@group(0) @binding(1) var<storage, read> k: array<Vector>;            // [b, s, d]
@group(0) @binding(2) var<storage, read> weights: array<f32>;         // [b, t, h]
@group(0) @binding(3) var<storage, read_write> scores: array<f32>;    // [b, t, s]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let key = workgroup.x * WORKGROUP + thread;
  let first = workgroup.y * QUERIES;
  let b = workgroup.z;
  if (key >= params.s) { return; }

  var own = array<Vector, VECTORS>();
  for (var i = 0u; i < VECTORS; i++) { own[i] = k[(b * params.s + key) * VECTORS + i]; }
  for (var t = first; t < min(first + QUERIES, params.t); t++) {
    let seen = i32(key) <= params.start + i32(t);
    var sum = 0.0;
    for (var h = 0u; h < params.h && seen; h++) {
      let row = ((b * params.h + h) * params.t + t) * VECTORS;
      var products = Vector();
      for (var i = 0u; i < VECTORS; i++) { products = fma(own[i], q[row + i], products); }
      sum = fma(weights[(b * params.t + t) * params.h + h], max(vector_sum(products), 0.0), sum);
    }
    // WGSL has no literal for minus infinity.
    scores[(b * params.t + t) * params.s + key] = bitcast<f32>(select(0xff800000u, bitcast<u32>(sum), seen));
  }
}
