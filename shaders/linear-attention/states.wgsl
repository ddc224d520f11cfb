// with: linear-attention/feature
// What chunks of keys add to the state of linear attention:  states[chunk] = Σ φ(k) ⊗ (v, 1) over the keys of the chunk
//
// The product of φ(k)ᵀ and v, with a column of ones after those of v for the sum of φ(k) itself. One thread per
// element, TILE × TILE of them a workgroup, which loads TILE keys at a time into workgroup memory. Requests 1/TILE of
// the reads that an element for itself would. The first kernel of linear attention: one chunk of all keys where every
// query sees them all.

const TILE: u32 = 16;
const RUN: u32 = 64;  // tiles whose sum is taken by itself (shaders/README.md)

struct Params {
  g: u32, d: u32, width: u32, chunks: u32, span: u32,  // width: dv + 1
  k_first: u32, k_batch: u32, k_head: u32, k_token: u32,
  v_first: u32, v_batch: u32, v_head: u32, v_token: u32,
}

@group(0) @binding(0) var<storage, read> k: array<f32>;             // [b, g, s, d]
@group(0) @binding(1) var<storage, read> v: array<f32>;             // [b, g, s, dv]
@group(0) @binding(2) var<storage, read_write> states: array<f32>;  // [b, g, chunks, d, width]
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> features: array<array<f32, TILE>, TILE>;  // [key][row of the state]
var<workgroup> values: array<array<f32, TILE>, TILE>;    // [key][column of the state]

@compute @workgroup_size(TILE, TILE)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) thread: vec3u) {
  let columns = (params.width + TILE - 1) / TILE;  // of tiles
  let first_row = workgroup.x / columns * TILE;
  let column = workgroup.x % columns * TILE + thread.x;
  let chunk = workgroup.y;
  let b = workgroup.z / params.g;
  let g = workgroup.z % params.g;
  let end = chunk * params.span + params.span;

  var sum = 0.0;
  var run = 0.0;
  for (var first = chunk * params.span; first < end; first += TILE) {
    if ((first - chunk * params.span) % (RUN * TILE) == 0) {
      sum += run;
      run = 0.0;
    }
    // A thread loads one feature and one value; those that do not exist are 0.
    let key = first + thread.y;
    var own_feature = 0.0;
    if (key < end && first_row + thread.x < params.d) {
      own_feature = feature(k[params.k_first + b * params.k_batch + g * params.k_head + key * params.k_token
        + first_row + thread.x]);
    }
    var value = 0.0;
    if (key < end && column < params.width) {
      value = 1.0;  // after the last column of v
      if (column + 1 < params.width) {
        value = v[params.v_first + b * params.v_batch + g * params.v_head + key * params.v_token + column];
      }
    }
    features[thread.y][thread.x] = own_feature;
    values[thread.y][thread.x] = value;
    workgroupBarrier();
    var own = 0.0;
    for (var i = 0u; i < TILE; i++) { own = fma(features[i][thread.y], values[i][thread.x], own); }
    run += own;
    workgroupBarrier();  // the tile has been read
  }
  let row = first_row + thread.y;
  if (row < params.d && column < params.width) {
    states[((workgroup.z * params.chunks + chunk) * params.d + row) * params.width + column] = sum + run;
  }
}
