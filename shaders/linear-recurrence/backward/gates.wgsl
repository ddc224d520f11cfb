// with: linear-recurrence/documents/none
// Gradients of the logarithms of decays:  dg_i = Σ dsums_j over the tokens j from i on
//
// A decay acts on all that follows in its sequence: in the chunk by the running sums, whose gradients are dsums, and
// after the chunk by the state, whose product with its gradient, row by row, counts as one token more. A thread takes
// rows, whose sums meet in workgroup memory where a token has one gate; a workgroup takes a chunk of a head. The first
// token of a document has no state to decay. Requests 2·dv / SPAN + 3 reads for each number of dsums.

const WORKGROUP: u32 = 64;
const SPAN: u32 = 16;
const WIDTH: u32 = 64;    // of keys, d
const CHANNELS: u32 = 1;  // gates of a token: 1 or WIDTH
const PLANES: u32 = 3;    // of decays: the third are running sums of their logarithms
const LOWEST: f32 = -16.0;  // a decay below 2⁻²³ has no gradient but what rounding leaves of the sum

struct Params { hv: u32, t: u32, dv: u32, chunks: u32 }

@group(0) @binding(0) var<storage, read> dsums: array<f32>;      // [b, hv, t, d]
@group(0) @binding(1) var<storage, read> states: array<f32>;     // [b, hv, chunks + 1, d, dv]
@group(0) @binding(2) var<storage, read> dstates: array<f32>;    // [b, hv, chunks, d, dv], after each chunk
@group(0) @binding(3) var<storage, read> decays: array<f32>;     // [b, hv, t, PLANES, channels]
@group(0) @binding(4) var<storage, read_write> dg: array<f32>;   // [b, hv, t, channels]
@group(0) @binding(5) var<uniform> params: Params;

const PITCH: u32 = WORKGROUP + 1;  // of a token's shares: neighbouring tokens are in other banks

var<workgroup> shares: array<f32, SPAN * PITCH>;  // of a token, each thread's

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let b = workgroup.z;
  let head = workgroup.y;
  let first = workgroup.x * SPAN;
  let count = min(SPAN, params.t - first);
  let row_of_heads = b * params.hv + head;
  let values = row_of_heads * params.t + first;
  let tokens = b * params.t + first;
  let last = document_of(tokens + count - 1);
  var own = array<f32, SPAN>();  // with one gate a token, summed over rows
  for (var row = thread; row < WIDTH; row += WORKGROUP) {
    let before = ((row_of_heads * (params.chunks + 1) + workgroup.x + 1) * WIDTH + row) * params.dv;
    let after = ((row_of_heads * params.chunks + workgroup.x) * WIDTH + row) * params.dv;
    var sum = 0.0;
    for (var c = 0u; c < params.dv; c++) { sum = fma(states[before + c], dstates[after + c], sum); }
    var document = last;
    for (var n = count; n > 0; n--) {
      let i = n - 1;
      let token = tokens + i;
      if (document_of(token) != document) { sum = 0.0; }
      document = document_of(token);
      sum += dsums[(values + i) * WIDTH + row];
      let is_new = first + i > 0 && document_of(max(token, 1) - 1) != document;
      let at = ((values + i) * PLANES + 2) * CHANNELS + row % CHANNELS;
      var log_decay = decays[at];
      if (i > 0) { log_decay -= decays[at - PLANES * CHANNELS]; }
      if (is_new || log_decay < LOWEST) { sum = 0.0; }
      if (CHANNELS > 1) { dg[(values + i) * CHANNELS + row] = sum; } else { own[i] += sum; }
    }
  }
  if (CHANNELS == 1) {
    for (var i = 0u; i < SPAN; i++) { shares[i * PITCH + thread] = own[i]; }
    workgroupBarrier();
    for (var i = thread; i < count; i += WORKGROUP) {
      var sum = 0.0;
      for (var j = 0u; j < WORKGROUP; j++) { sum += shares[i * PITCH + j]; }
      dg[values + i] = sum;
    }
  }
}
