// with: short-convolution/inputs, lib/grid
// Gradients of a short convolution's weight and bias over each run of RUN tokens:  dweights[run, j] = Σ dsum · input[j],
// dbiases[run] = Σ dsum
//
// dsum are the gradients of the sums before the activation. One thread a channel of a run, with the last TAPS inputs
// and the sums in registers (short-convolution/window). The runs are added up by a sum over columns, so that no sum is
// long (shaders/README.md) and all are in a fixed order. Requests 2 reads for each element of x, TAPS - 1 reads and
// TAPS + 1 writes for each thread. Documents add a read for each element, and 2 · TAPS - 1 for each thread.

const WORKGROUP: u32 = 64;
const RUN: u32 = 32;
const TAPS: u32 = 4;  // the width

struct Params { b: u32, t: u32, channels: u32, width: u32 }

@group(0) @binding(1) var<storage, read> dsum: array<f32>;            // [b, t, channels]
@group(0) @binding(3) var<storage, read_write> dweights: array<f32>;  // [runs, channels, width]
@group(0) @binding(4) var<storage, read_write> dbiases: array<f32>;   // [runs, channels]
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let at = linear_workgroup(grid) * WORKGROUP + thread;
  let runs = (params.t + RUN - 1) / RUN;
  let channel = at % params.channels;
  let first = at / params.channels % runs * RUN;
  let row = at / params.channels / runs;
  if (row >= params.b) { return; }

  var sums = array<f32, TAPS>();
  var inputs = array<f32, TAPS>();
  for (var j = 1u; j < TAPS; j++) { inputs[j] = seen_input(row, first, first + j - 1, channel); }
  var sum = 0.0;
  var document = document_of(row * params.t + first);
  for (var token = row * params.t + first; token < row * params.t + min(first + RUN, params.t); token++) {
    let own = document_of(token);
    if (own != document) {
      document = own;
      inputs = array<f32, TAPS>();
    }
    for (var j = 1u; j < TAPS; j++) { inputs[j - 1] = inputs[j]; }
    inputs[TAPS - 1] = x[token * params.channels + channel];
    let gradient = dsum[token * params.channels + channel];
    for (var j = 0u; j < TAPS; j++) { sums[j] = fma(gradient, inputs[j], sums[j]); }
    sum += gradient;
  }
  for (var j = 0u; j < TAPS; j++) { dweights[at * TAPS + j] = sums[j]; }
  dbiases[at] = sum;
}
