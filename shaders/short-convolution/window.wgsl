// with: short-convolution/inputs, lib/bias/none, lib/activation/none, lib/vector/one, lib/grid
// A short causal convolution, SPAN tokens a thread:  y[t] = activation(bias + Σ weight[j] · input[t + j])
//
// One thread a channel of SPAN tokens, with the weights and the last TAPS inputs in registers: a token shifts them by
// one, the first of a document makes them zeros. The thread of the last tokens stores the next state. Requests a read
// and a write for each element of y, 2 · TAPS - 1 reads for each thread, with a bias one more, and a write for each
// element of the state. Documents add a read for each element, and 2 · TAPS - 1 for each thread. Choose it: an input is
// read once, not once for each weight that it meets.

const WORKGROUP: u32 = 64;
const SPAN: u32 = 16;
const TAPS: u32 = 4;  // the width

struct Params { b: u32, t: u32, channels: u32, width: u32 }

@group(0) @binding(1) var<storage, read> weight: array<f32>;      // [channels, width]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;     // [b, t, channels]
@group(0) @binding(5) var<storage, read_write> next: array<f32>;  // [b, width - 1, channels]
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let at = linear_workgroup(grid) * WORKGROUP + thread;
  let spans = (params.t + SPAN - 1) / SPAN;
  let channel = at % params.channels;
  let first = at / params.channels % spans * SPAN;
  let row = at / params.channels / spans;
  if (row >= params.b) { return; }

  var weights = array<f32, TAPS>();
  var inputs = array<f32, TAPS>();
  for (var j = 0u; j < TAPS; j++) { weights[j] = weight[channel * TAPS + j]; }
  for (var j = 1u; j < TAPS; j++) { inputs[j] = seen_input(row, first, first + j - 1, channel); }
  let bias = bias_at(channel);
  var document = document_of(row * params.t + first);
  let end = min(first + SPAN, params.t);
  for (var token = row * params.t + first; token < row * params.t + end; token++) {
    let own = document_of(token);
    if (own != document) {
      document = own;
      inputs = array<f32, TAPS>();
    }
    for (var j = 1u; j < TAPS; j++) { inputs[j - 1] = inputs[j]; }
    inputs[TAPS - 1] = x[token * params.channels + channel];
    var sum = bias;
    for (var j = 0u; j < TAPS; j++) { sum = fma(weights[j], inputs[j], sum); }
    y[token * params.channels + channel] = activation(sum);
  }
  if (end < params.t) { return; }
  for (var j = 1u; j < TAPS; j++) { next[(row * (TAPS - 1) + j - 1) * params.channels + channel] = inputs[j]; }
}
