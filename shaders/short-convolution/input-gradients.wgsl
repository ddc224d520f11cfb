// with: short-convolution/documents/none, lib/grid
// Gradients of a short convolution's inputs:  dinput[i] = Σ weight[j] · dsum[i - j] over the tokens i - j that see it
//
// dsum are the gradients of the sums before the activation. An input that the next state keeps has a share of its
// gradient too. One thread an element of x or of the state before it. Requests 2 reads for each of the products, a write
// for each element, and a read for each that is kept. Documents add two reads for each product, and for each that is
// kept.

const WORKGROUP: u32 = 64;

struct Params { b: u32, t: u32, channels: u32, width: u32 }

@group(0) @binding(0) var<storage, read> dsum: array<f32>;          // [b, t, channels]
@group(0) @binding(1) var<storage, read> weight: array<f32>;        // [channels, width]
@group(0) @binding(2) var<storage, read> dnext: array<f32>;         // [b, width - 1, channels]
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;      // [b, t, channels]
@group(0) @binding(5) var<storage, read_write> dstate: array<f32>;  // [b, width - 1, channels]
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let at = linear_workgroup(grid) * WORKGROUP + thread;
  let held = params.width - 1;
  let channel = at % params.channels;
  let i = at / params.channels % (params.t + held);
  let row = at / params.channels / (params.t + held);
  if (row >= params.b) { return; }
  let first = row * params.t;
  let own = first + max(i, held) - held;

  var sum = 0.0;
  // The last token that sees the input is i, or the last of all; the first one is i - held.
  for (var token = own; token < first + min(i + 1, params.t); token++) {
    if (document_of(token) == document_of(own)) {
      sum = fma(weight[channel * params.width + first + i - token], dsum[token * params.channels + channel], sum);
    }
  }
  if (i >= params.t && document_of(first + params.t - 1) == document_of(own)) {
    sum += dnext[(row * held + i - params.t) * params.channels + channel];
  }
  if (i < held) {
    dstate[(row * held + i) * params.channels + channel] = sum;
  } else {
    dx[own * params.channels + channel] = sum;
  }
}
