// Layer norm from the mean of squares:  y = (x - mean) / sqrt(mean(x²) - mean² + eps) · weight
//
// As ladders/norm/rows, with one pass less, by the shorter formula. A trap: where the mean is much larger than the
// spread, the two means are nearly equal, and their difference has no correct digits left. Do not choose it; the next
// rungs read as little and keep the digits. Requests 3·rows·cols reads and rows·cols writes.

const WORKGROUP: u32 = 64;

struct Params { rows: u32, cols: u32, eps: f32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [rows, cols]
@group(0) @binding(1) var<storage, read> weight: array<f32>;   // [cols]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [rows, cols]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  if (thread.x >= params.rows) { return; }
  let first = thread.x * params.cols;
  let count = f32(params.cols);

  var sum = 0.0;
  var squares = 0.0;
  for (var i = 0u; i < params.cols; i++) {
    let value = x[first + i];
    sum += value;
    squares = fma(value, value, squares);
  }
  let mean = sum / count;
  let scale = inverseSqrt(max(squares / count - mean * mean, 0.0) + params.eps);

  for (var i = 0u; i < params.cols; i++) { y[first + i] = (x[first + i] - mean) * scale * weight[i]; }
}
