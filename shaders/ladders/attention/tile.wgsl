// with: lib/online-softmax
// Causal attention with shared keys:  out = softmax(scale · q · kᵀ) · v
//
// As ladders/attention/rows, but the threads of a workgroup copy KEYS keys and values at a time to workgroup memory,
// and all of them read them there: each key is read from memory once for ROWS queries. The output is still rescaled for
// every key. Requests d reads and d writes a query, and 2·d reads for each key that the workgroup sees.

const HEAD_WIDTH: u32 = 64;      // of q, k, v and out
const ROWS: u32 = 64;            // queries of a workgroup
const KEYS: u32 = 16;            // of a tile
const VECTORS = HEAD_WIDTH / 4;  // of four elements, in a row

struct Params { h: u32, g: u32, t: u32, s: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<vec4f>;          // [h, t, d]
@group(0) @binding(1) var<storage, read> k: array<vec4f>;          // [g, s, d]
@group(0) @binding(2) var<storage, read> v: array<vec4f>;          // [g, s, d]
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;  // [h, t, d]
@group(0) @binding(4) var<uniform> params: Params;
var<workgroup> k_tile: array<vec4f, KEYS * VECTORS>;
var<workgroup> v_tile: array<vec4f, KEYS * VECTORS>;

@compute @workgroup_size(ROWS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let t = min(workgroup.x * ROWS + thread, params.t - 1);  // threads past the last query repeat it
  let row = (workgroup.y * params.t + t) * VECTORS;
  let first = workgroup.y / (params.h / params.g) * params.s * VECTORS;
  let seen = params.s - params.t + t + 1;  // the last query sees the last key
  let seen_by_all = params.s - params.t + min(workgroup.x * ROWS + ROWS, params.t);
  var q_row: array<vec4f, VECTORS>;
  for (var i = 0u; i < VECTORS; i++) { q_row[i] = q[row + i]; }
  var largest = LOWEST;                // score so far
  var sum = 0.0;                       // of exp(score - largest)
  var out_row: array<vec4f, VECTORS>;  // of exp(score - largest) · v
  for (var begin = 0u; begin < seen_by_all; begin += KEYS) {
    workgroupBarrier();  // the tile before this one has been read
    for (var i = thread; i < KEYS * VECTORS && begin + i / VECTORS < seen_by_all; i += ROWS) {
      k_tile[i] = k[first + begin * VECTORS + i];
      v_tile[i] = v[first + begin * VECTORS + i];
    }
    workgroupBarrier();
    for (var key = 0u; key < KEYS && begin + key < seen; key++) {
      var products = vec4f();
      for (var i = 0u; i < VECTORS; i++) { products = fma(q_row[i], k_tile[key * VECTORS + i], products); }
      let score = dot(products, vec4f(1.0)) * params.scale;
      let before = largest;
      largest = max(before, score);
      let rescale = softmax_rescale(before, largest);
      let weight = softmax_weight(score, largest);
      sum = sum * rescale + weight;
      for (var i = 0u; i < VECTORS; i++) { out_row[i] = out_row[i] * rescale + weight * v_tile[key * VECTORS + i]; }
    }
  }
  if (workgroup.x * ROWS + thread >= params.t) { return; }
  for (var i = 0u; i < VECTORS; i++) { out[row + i] = out_row[i] / sum; }
}
