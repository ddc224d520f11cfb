// with: linear-recurrence/exponential
// Gradients of what reads a state, keys or queries:  dx_i = entering_i · state · y_i + Σ dpairs_ij · decay_ij · k_j
//
// With y the gradient of what a query found (PLANE 1), or minus that of a token's error (PLANE 0); j goes over the
// tokens of the chunk up to i. One thread an element of dx, in a workgroup for each token of a head. Requests 2·dv +
// 2·SPAN reads for each, and what its decays take.

const WORKGROUP: u32 = 64;
const SPAN: u32 = 16;
const WIDTH: u32 = 64;    // of keys, d
const CHANNELS: u32 = 1;  // gates of a token: 1 or WIDTH
const PLANES: u32 = 3;    // of decays: the third are running sums of their logarithms
const PLANE: u32 = 1;     // of dpairs

struct Params { h: u32, hv: u32, t: u32, dv: u32, chunks: u32, sign: f32 }

@group(0) @binding(0) var<storage, read> y: array<f32>;         // [b, hv, t, dv]
@group(0) @binding(1) var<storage, read> states: array<f32>;    // [b, hv, chunks + 1, d, dv]
@group(0) @binding(2) var<storage, read> dpairs: array<f32>;    // [b, hv, chunks, 2, j, i]
@group(0) @binding(3) var<storage, read> decays: array<f32>;    // [b, hv, t, PLANES, channels]
@group(0) @binding(4) var<storage, read> k: array<f32>;         // [b, h, t, d]
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;  // [b, hv, t, d]
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let b = workgroup.z;
  let head = workgroup.y;
  let token = workgroup.x;
  let chunk = token / SPAN;
  let i = token % SPAN;
  let row_of_heads = b * params.hv + head;
  let values = row_of_heads * params.t + chunk * SPAN;
  let keys = ((b * params.h + head * params.h / params.hv) * params.t + chunk * SPAN) * WIDTH;
  let pair = ((row_of_heads * params.chunks + chunk) * 2 + PLANE) * SPAN * SPAN + i;
  for (var row = thread; row < WIDTH; row += WORKGROUP) {
    let at = (values + i) * PLANES * CHANNELS + row % CHANNELS;
    let state = ((row_of_heads * (params.chunks + 1) + chunk) * WIDTH + row) * params.dv;
    var sum = 0.0;
    for (var c = 0u; c < params.dv; c++) { sum = fma(states[state + c], y[(values + i) * params.dv + c], sum); }
    sum *= params.sign * decays[at];
    for (var j = 0u; j <= i; j++) {
      let earlier = (values + j) * PLANES * CHANNELS + row % CHANNELS;
      let decay = decay_of(decays[at + 2 * CHANNELS] - decays[earlier + 2 * CHANNELS]);
      sum = fma(dpairs[pair + j * SPAN] * decay, k[keys + j * WIDTH + row], sum);
    }
    dx[(values + i) * WIDTH + row] = sum;
  }
}
