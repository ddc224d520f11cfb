// with: linear-recurrence/exponential
// Gradients of keys as they are written:  dx_j = leaving_j · dstate · u_j + Σ decay_ij · (dpairs_ij · scale · q_i)
//
// And with READS the same of dpairs[0] and k_i, as later keys read what was written. With dstate the gradient of the
// state after the chunk, u = beta · errors, and i over the tokens of the chunk from j on. One thread an element of dx,
// in a workgroup for each token of a head. Requests 2·dv + 4·SPAN reads for each, and what its decays take.

const WORKGROUP: u32 = 64;
const SPAN: u32 = 16;
const WIDTH: u32 = 64;    // of keys, d
const CHANNELS: u32 = 1;  // gates of a token: 1 or WIDTH
const PLANES: u32 = 3;    // of decays: the third are running sums of their logarithms
const READS: u32 = 1;     // 1: the delta rule

struct Params { h: u32, hv: u32, t: u32, dv: u32, chunks: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<f32>;         // [b, h, t, d]
@group(0) @binding(1) var<storage, read> k: array<f32>;         // [b, h, t, d]
@group(0) @binding(2) var<storage, read> dpairs: array<f32>;    // [b, hv, chunks, 2, j, i]
@group(0) @binding(3) var<storage, read> decays: array<f32>;    // [b, hv, t, PLANES, channels]
@group(0) @binding(4) var<storage, read> errors: array<f32>;    // [b, hv, t, dv]
@group(0) @binding(5) var<storage, read> beta: array<f32>;      // [b, hv, t]
@group(0) @binding(6) var<storage, read> dstates: array<f32>;   // [b, hv, chunks, d, dv]
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;  // [b, hv, t, d]
@group(0) @binding(8) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let b = workgroup.z;
  let head = workgroup.y;
  let token = workgroup.x;
  let chunk = token / SPAN;
  let j = token % SPAN;
  let count = min(SPAN, params.t - chunk * SPAN);
  let row_of_heads = b * params.hv + head;
  let values = row_of_heads * params.t + chunk * SPAN;
  let keys = ((b * params.h + head * params.h / params.hv) * params.t + chunk * SPAN) * WIDTH;
  let pair = (row_of_heads * params.chunks + chunk) * 2 * SPAN * SPAN + j * SPAN;
  for (var row = thread; row < WIDTH; row += WORKGROUP) {
    let at = (values + j) * PLANES * CHANNELS + row % CHANNELS;
    let state = ((row_of_heads * params.chunks + chunk) * WIDTH + row) * params.dv;
    var sum = 0.0;
    for (var c = 0u; c < params.dv; c++) { sum = fma(dstates[state + c], errors[(values + j) * params.dv + c], sum); }
    sum *= beta[values + j] * decays[at + CHANNELS];
    for (var i = j; i < count; i++) {
      let later = (values + i) * PLANES * CHANNELS + row % CHANNELS;
      let decay = decay_of(decays[later + 2 * CHANNELS] - decays[at + 2 * CHANNELS]);
      var read = dpairs[pair + SPAN * SPAN + i] * params.scale * q[keys + i * WIDTH + row];
      if (READS != 0) { read = fma(dpairs[pair + i], k[keys + i * WIDTH + row], read); }
      sum = fma(decay, read, sum);
    }
    dx[(values + j) * WIDTH + row] = sum;
  }
}
