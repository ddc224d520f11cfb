// Softmax, a row for each thread:  y[row, i] = exp(x[row, i] - largest) / Σ exp(x[row, j] - largest)

const WORKGROUP: u32 = 64;
const LOWEST: f32 = -3.4e38;

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [rows, cols]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [rows, cols]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  if (thread.x >= params.rows) { return; }
  let first = thread.x * params.cols;
  var largest = LOWEST;
  var sum = 0.0;
  for (var i = 0u; i < params.cols; i++) {
    let value = x[first + i];
    let larger = max(largest, value);
    sum = sum * exp(largest - larger) + exp(value - larger);
    largest = larger;
  }
  for (var i = 0u; i < params.cols; i++) { y[first + i] = exp(x[first + i] - largest) / sum; }
}
