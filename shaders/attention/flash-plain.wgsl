// with: lib/online-softmax
// Causal attention by tiles, the scores never in memory:  out = softmax(scale · q · kᵀ) · v
//
// Flash attention (Dao 2023, algorithm 1) and nothing else. A workgroup has ROWS queries of a head, one a thread. It
// copies KEYS keys and values at a time to workgroup memory, for all of them. Requests d reads and d + 1 writes a
// query, 2·d reads a key that the workgroup sees. Without runs, sums may lose small weights. Choose it to learn.

const HEAD_WIDTH: u32 = 64;      // of q, k, v and out
const ROWS: u32 = 64;            // queries of a block
const KEYS: u32 = 16;            // of a tile
const VECTORS = HEAD_WIDTH / 4;  // of four elements, in a row

// Counts, as the shapes name them. Where q, k and v begin, and their strides (they may be views), in vectors of four.
struct Params {
  h: u32, g: u32, t: u32, start: i32, length: u32, scale: f32,
  q_first: u32, q_batch: u32, q_head: u32, q_token: u32,
  k_first: u32, k_batch: u32, k_head: u32, k_token: u32, v_first: u32, v_batch: u32, v_head: u32, v_token: u32,
}
@group(0) @binding(0) var<storage, read> q: array<vec4f>;          // [b, h, t, d]
@group(0) @binding(1) var<storage, read> k: array<vec4f>;          // [b, g, s, d]
@group(0) @binding(2) var<storage, read> v: array<vec4f>;          // [b, g, s, d]
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;  // [b, t, h, d]
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;    // [b, h, t], log Σ exp(score)
@group(0) @binding(5) var<uniform> params: Params;
var<workgroup> k_tile: array<vec4f, KEYS * VECTORS>;
var<workgroup> v_tile: array<vec4f, KEYS * VECTORS>;

// How many keys query t sees: those up to its own position, start + t.
fn keys_seen(t: u32) -> u32 { return u32(clamp(params.start + i32(t) + 1, 0, i32(params.length))); }

@compute @workgroup_size(ROWS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let t = workgroup.x * ROWS + thread;
  let h = workgroup.y;
  let b = workgroup.z;
  let g = h / (params.h / params.g);
  let q_first = params.q_first + b * params.q_batch + h * params.q_head + t * params.q_token;
  let k_first = params.k_first + b * params.k_batch + g * params.k_head;
  let v_first = params.v_first + b * params.v_batch + g * params.v_head;
  let seen = select(0u, keys_seen(t), t < params.t);  // threads past the last query only copy
  let seen_by_block = keys_seen(min(workgroup.x * ROWS + ROWS, params.t) - 1);  // by its last query, which sees most
  var q_row: array<vec4f, VECTORS>;
  for (var i = 0u; i < VECTORS && t < params.t; i++) { q_row[i] = q[q_first + i]; }
  var largest = LOWEST;                // score so far
  var sum = 0.0;                       // of exp(score - largest)
  var out_row: array<vec4f, VECTORS>;  // of exp(score - largest) · v
  for (var first = 0u; first < seen_by_block; first += KEYS) {
    workgroupBarrier();  // the tile before this one has been read
    for (var i = thread; i < KEYS * VECTORS && first + i / VECTORS < seen_by_block; i += ROWS) {
      k_tile[i] = k[k_first + (first + i / VECTORS) * params.k_token + i % VECTORS];
      v_tile[i] = v[v_first + (first + i / VECTORS) * params.v_token + i % VECTORS];
    }
    workgroupBarrier();
    let keys = min(KEYS, seen - min(first, seen));  // of the tile, that the query sees
    let before = largest;
    var weights: array<f32, KEYS>;  // first the scores
    for (var key = 0u; key < keys; key++) {
      var products = vec4f(0.0);
      for (var i = 0u; i < VECTORS; i++) { products = fma(q_row[i], k_tile[key * VECTORS + i], products); }
      weights[key] = dot(products, vec4f(1.0)) * params.scale;
      largest = max(largest, weights[key]);
    }
    let rescale = softmax_rescale(before, largest);
    var tile_sum = 0.0;
    for (var key = 0u; key < keys; key++) {
      weights[key] = softmax_weight(weights[key], largest);
      tile_sum += weights[key];
    }
    sum = sum * rescale + tile_sum;
    for (var i = 0u; i < VECTORS; i++) {
      var tile_out = vec4f(0.0);
      for (var key = 0u; key < keys; key++) { tile_out = fma(vec4f(weights[key]), v_tile[key * VECTORS + i], tile_out); }
      out_row[i] = out_row[i] * rescale + tile_out;
    }
  }
  if (t >= params.t) { return; }
  let out_first = ((b * params.t + t) * params.h + h) * VECTORS;
  for (var i = 0u; i < VECTORS; i++) { out[out_first + i] = select(out_row[i] / sum, vec4f(0.0), sum == 0.0); }
  lse[(b * params.h + h) * params.t + t] = log_sum_exp(largest, sum);
}
