// with: short-convolution/inputs, lib/bias/none, lib/activation/none, lib/vector/one, lib/grid
// A short causal convolution of each channel:  y[t] = activation(bias + Σ weight[j] · input[t + j]) over j < width
//
// The inputs are those of the state, then those of x, so that the last weight meets the token itself. One thread an
// element of y, or of the next state, which is the last width - 1 inputs. Requests 2 · width reads and a write for each
// element of y, with a bias one read more, and a read and a write for each of the state. Documents add two reads for
// each input.

const WORKGROUP: u32 = 64;

struct Params { b: u32, t: u32, channels: u32, width: u32 }

@group(0) @binding(1) var<storage, read> weight: array<f32>;      // [channels, width]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;     // [b, t, channels]
@group(0) @binding(5) var<storage, read_write> next: array<f32>;  // [b, width - 1, channels]
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let at = linear_workgroup(grid) * WORKGROUP + thread;
  let held = params.width - 1;
  let channel = at % params.channels;
  let step = at / params.channels % (params.t + held);
  let row = at / params.channels / (params.t + held);
  if (row >= params.b) { return; }
  if (step >= params.t) {
    next[(row * held + step - params.t) * params.channels + channel] = seen_input(row, params.t - 1, step, channel);
    return;
  }
  var sum = bias_at(channel);
  for (var j = 0u; j < params.width; j++) {
    sum = fma(weight[channel * params.width + j], seen_input(row, step, step + j, channel), sum);
  }
  y[(row * params.t + step) * params.channels + channel] = activation(sum);
}
