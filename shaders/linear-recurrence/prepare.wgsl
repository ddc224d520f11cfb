// with: linear-recurrence/exponential, linear-recurrence/gates/none, linear-recurrence/documents/none
// What a chunk of SPAN tokens needs of its keys and queries:  pairs[0] = k · kᵀ, pairs[1] = scale · q · kᵀ, decayed
//
// A pair of tokens, j before i, is weighted by the decay from j to i; pairs of two documents are 0, and so are those
// where i is first. The diagonal of the first matrix holds beta instead. The planes of `decays` are the decay from the
// beginning of the chunk to a token, and that from a token to its end. Decays are exponentials of differences of
// running sums: a quotient of two exponentials would overflow. One workgroup for each chunk of a value head, whose
// threads take pairs. Requests 3·d reads for a pair up to the diagonal. The first of the kernels by chunks.

const WORKGROUP: u32 = 64;
const SPAN: u32 = 16;
const WIDTH: u32 = 64;    // of keys, d
const CHANNELS: u32 = 1;  // gates of a token: 1 or WIDTH
const PLANES: u32 = 2;    // of decays; with 3 the running sums are kept, for gradients
const READS: u32 = 1;     // 1: the delta rule

struct Params { h: u32, hv: u32, t: u32, chunks: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<f32>;               // [b, h, t, d]
@group(0) @binding(1) var<storage, read> k: array<f32>;               // [b, h, t, d]
@group(0) @binding(2) var<storage, read> beta: array<f32>;            // [b, hv, t]
@group(0) @binding(3) var<storage, read_write> pairs: array<f32>;     // [b, hv, chunks, 2, j, i]
@group(0) @binding(4) var<storage, read_write> decays: array<f32>;  // [b, hv, t, PLANES, channels]
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> sums: array<f32, SPAN * CHANNELS>;  // of the logarithms of decays, up to and with each token

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let b = workgroup.z;
  let head = workgroup.y;
  let first = workgroup.x * SPAN;
  let count = min(SPAN, params.t - first);
  let tokens = b * params.t + first;  // of the batch
  let values = (b * params.hv + head) * params.t + first;
  let keys = ((b * params.h + head * params.h / params.hv) * params.t + first) * WIDTH;
  let last = document_of(tokens + count - 1);
  var before = document_of(tokens);  // of the state that enters
  if (first > 0) { before = document_of(tokens - 1); }

  for (var c = thread; c < CHANNELS; c += WORKGROUP) {
    var sum = 0.0;
    for (var i = 0u; i < count; i++) {
      sum += log_decay(values + i, head, c);
      sums[i * CHANNELS + c] = sum;
      let at = (values + i) * PLANES * CHANNELS + c;
      decays[at] = select(0.0, decay_of(sum), document_of(tokens + i) == before);
      if (PLANES > 2) { decays[at + 2 * CHANNELS] = sum; }
    }
    for (var i = 0u; i < count; i++) {
      let decay = decay_of(sum - sums[i * CHANNELS + c]);
      decays[((values + i) * PLANES + 1) * CHANNELS + c] = select(0.0, decay, document_of(tokens + i) == last);
    }
  }
  workgroupBarrier();

  let start = ((b * params.hv + head) * params.chunks + workgroup.x) * 2 * SPAN * SPAN;
  for (var pair = thread; pair < SPAN * SPAN; pair += WORKGROUP) {
    let j = pair / SPAN;
    let i = pair % SPAN;
    var with_key = 0.0;
    var with_query = 0.0;
    if (j <= i && i < count && document_of(tokens + i) == document_of(tokens + j)) {
      for (var row = 0u; row < WIDTH; row++) {
        var key = k[keys + j * WIDTH + row];
        if (CHANNELS > 1) { key *= decay_of(sums[i * CHANNELS + row] - sums[j * CHANNELS + row]); }
        if (READS != 0) { with_key = fma(k[keys + i * WIDTH + row], key, with_key); }
        with_query = fma(q[keys + i * WIDTH + row], key, with_query);
      }
      var factor = 1.0;
      if (CHANNELS == 1) { factor = decay_of(sums[i] - sums[j]); }
      with_key *= factor;
      with_query *= factor * params.scale;
    }
    if (i == j) {
      with_key = 0.0;
      if (i < count) { with_key = beta[values + i]; }
    }
    pairs[start + pair] = with_key;
    pairs[start + SPAN * SPAN + pair] = with_query;
  }
}
