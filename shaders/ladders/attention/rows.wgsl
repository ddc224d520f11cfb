// with: lib/online-softmax
// Causal attention, a thread a query:  out = softmax(scale · q · kᵀ) · v
//
// The online softmax alone: a thread keeps its query and its output in registers and goes over the keys one by one, so
// that no score is ever stored. But it reads all keys and values for itself, one after the other, and rescales its
// output for every key: less memory is not yet more speed. Requests d reads and d writes a query, and 2·d reads for
// each key that it sees.

const HEAD_WIDTH: u32 = 64;      // of q, k, v and out
const ROWS: u32 = 64;            // queries of a workgroup
const VECTORS = HEAD_WIDTH / 4;  // of four elements, in a row

struct Params { h: u32, g: u32, t: u32, s: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<vec4f>;          // [h, t, d]
@group(0) @binding(1) var<storage, read> k: array<vec4f>;          // [g, s, d]
@group(0) @binding(2) var<storage, read> v: array<vec4f>;          // [g, s, d]
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;  // [h, t, d]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(ROWS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let t = workgroup.x * ROWS + thread;
  if (t >= params.t) { return; }
  let row = (workgroup.y * params.t + t) * VECTORS;
  let first = workgroup.y / (params.h / params.g) * params.s * VECTORS;
  let seen = params.s - params.t + t + 1;  // the last query sees the last key
  var q_row: array<vec4f, VECTORS>;
  for (var i = 0u; i < VECTORS; i++) { q_row[i] = q[row + i]; }
  var largest = LOWEST;                // score so far
  var sum = 0.0;                       // of exp(score - largest)
  var out_row: array<vec4f, VECTORS>;  // of exp(score - largest) · v
  for (var key = 0u; key < seen; key++) {
    var products = vec4f();
    for (var i = 0u; i < VECTORS; i++) { products = fma(q_row[i], k[first + key * VECTORS + i], products); }
    let score = dot(products, vec4f(1.0)) * params.scale;
    let before = largest;
    largest = max(before, score);
    let rescale = softmax_rescale(before, largest);
    let weight = softmax_weight(score, largest);
    sum = sum * rescale + weight;
    for (var i = 0u; i < VECTORS; i++) {
      out_row[i] = out_row[i] * rescale + weight * v[first + key * VECTORS + i];
    }
  }
  for (var i = 0u; i < VECTORS; i++) { out[row + i] = out_row[i] / sum; }
}
