// A norm, a row for each thread:  y[row, i] = (x[row, i] - mean) / √(variance + eps)

const WORKGROUP: u32 = 64;

struct Params { rows: u32, cols: u32, eps: f32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [rows, cols]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [rows, cols]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  if (thread.x >= params.rows) { return; }
  let first = thread.x * params.cols;
  let shift = x[first];
  var sum = 0.0;
  var squares = 0.0;
  for (var i = 0u; i < params.cols; i++) {
    let value = x[first + i] - shift;
    sum += value;
    squares += value * value;
  }
  let mean = sum / f32(params.cols);
  let variance = max(squares / f32(params.cols) - mean * mean, 0.0);
  let scale = inverseSqrt(variance + params.eps);
  for (var i = 0u; i < params.cols; i++) { y[first + i] = (x[first + i] - shift - mean) * scale; }
}
