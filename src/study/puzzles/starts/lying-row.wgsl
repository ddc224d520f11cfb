// Attention by tiles of keys:  y[query] = Σ exp(score - largest) · value / Σ exp(score - largest), score = query · key

const WORKGROUP: u32 = 32;
const TILE: u32 = 8;  // keys
const LOWEST: f32 = -3.4e38;

struct Params { queries: u32, n: u32 }

@group(0) @binding(0) var<storage, read> q: array<vec4f>;        // [queries]
@group(0) @binding(1) var<storage, read> keys: array<vec4f>;     // [n]
@group(0) @binding(2) var<storage, read> values: array<vec4f>;   // [n]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;  // [queries]
@group(0) @binding(4) var<uniform> params: Params;

var<workgroup> tile_keys: array<vec4f, TILE>;
var<workgroup> tile_values: array<vec4f, TILE>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let query = workgroup.x * WORKGROUP + thread;
  var own = vec4f();
  if (query < params.queries) { own = q[query]; }
  var largest = LOWEST;
  var sum = 0.0;
  var accumulator = vec4f();
  for (var first = 0u; first < params.n; first += TILE) {
    let count = min(TILE, params.n - first);
    if (thread < count) {
      tile_keys[thread] = keys[first + thread];
      tile_values[thread] = values[first + thread];
    }
    workgroupBarrier();
    var larger = largest;
    for (var j = 0u; j < count; j++) { larger = max(larger, dot(own, tile_keys[j])); }
    let rescale = exp(largest - larger);
    sum *= rescale;
    for (var j = 0u; j < count; j++) {
      let weight = exp(dot(own, tile_keys[j]) - larger);
      sum += weight;
      accumulator += weight * tile_values[j];
    }
    largest = larger;
    workgroupBarrier();
  }
  if (query < params.queries) { y[query] = accumulator / sum; }
}
