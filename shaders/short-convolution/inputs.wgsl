// with: short-convolution/documents/none
// The inputs of a row, counted from the oldest: width - 1 of the state, then those of x.

@group(0) @binding(0) var<storage, read> x: array<f32>;      // [b, t, channels]
@group(0) @binding(2) var<storage, read> state: array<f32>;  // [b, width - 1, channels]

// Input i as a token of the row sees it: 0 if it is of another document. The state is of the first token's.
fn seen_input(row: u32, token: u32, i: u32, channel: u32) -> f32 {
  let held = params.width - 1;
  let own = row * params.t + max(i, held) - held;
  if (document_of(own) != document_of(row * params.t + token)) { return 0.0; }
  if (i < held) { return state[(row * held + i) * params.channels + channel]; }
  return x[own * params.channels + channel];
}
