// with: linear-recurrence/documents/none
// Gradients of the pairs of tokens in chunks:  dpairs[0] = -derrors · uᵀ,  dpairs[1] = dout · uᵀ
//
// With u = beta · errors, what each token wrote. Pairs of two documents are 0. One thread a pair, in a workgroup for
// each chunk of a head. Requests 4·dv reads a pair. Without READS keys are not read, and the first matrix is 0.

const WORKGROUP: u32 = 64;
const SPAN: u32 = 16;
const READS: u32 = 1;  // 1: the delta rule

struct Params { hv: u32, t: u32, dv: u32, chunks: u32 }

@group(0) @binding(0) var<storage, read> derrors: array<f32>;       // [b, hv, t, dv]
@group(0) @binding(1) var<storage, read> dout: array<f32>;          // [b, hv, t, dv]
@group(0) @binding(2) var<storage, read> errors: array<f32>;        // [b, hv, t, dv]
@group(0) @binding(3) var<storage, read> beta: array<f32>;          // [b, hv, t]
@group(0) @binding(4) var<storage, read_write> dpairs: array<f32>;  // [b, hv, chunks, 2, j, i]
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let b = workgroup.z;
  let head = workgroup.y;
  let first = workgroup.x * SPAN;
  let count = min(SPAN, params.t - first);
  let tokens = b * params.t + first;
  let values = (b * params.hv + head) * params.t + first;
  let start = ((b * params.hv + head) * params.chunks + workgroup.x) * 2 * SPAN * SPAN;
  for (var pair = thread; pair < SPAN * SPAN; pair += WORKGROUP) {
    let j = pair / SPAN;
    let i = pair % SPAN;
    var of_key = 0.0;
    var of_query = 0.0;
    if (j <= i && i < count && document_of(tokens + i) == document_of(tokens + j)) {
      let of_i = (values + i) * params.dv;
      let of_j = (values + j) * params.dv;
      for (var c = 0u; c < params.dv; c++) {
        let written = errors[of_j + c];
        if (READS != 0) { of_key = fma(-derrors[of_i + c], written, of_key); }
        of_query = fma(dout[of_i + c], written, of_query);
      }
      of_key = select(beta[values + j] * of_key, 0.0, i == j);
      of_query *= beta[values + j];
    }
    dpairs[start + pair] = of_key;
    dpairs[start + SPAN * SPAN + pair] = of_query;
  }
}
