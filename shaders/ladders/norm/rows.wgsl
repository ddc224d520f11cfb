// Layer norm, a thread a row:  y = (x - mean) / sqrt(mean((x - mean)²) + eps) · weight
//
// The first rung: three passes over the row, for the mean, the squared deviations from it and the result. Neighbouring
// threads are in neighbouring rows, so that each touches a sector of 32 bytes of its own. Requests 4·rows·cols reads
// and rows·cols writes.

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
  for (var i = 0u; i < params.cols; i++) { sum += x[first + i]; }
  let mean = sum / count;

  var squares = 0.0;
  for (var i = 0u; i < params.cols; i++) {
    let deviation = x[first + i] - mean;
    squares = fma(deviation, deviation, squares);
  }
  let scale = inverseSqrt(squares / count + params.eps);

  for (var i = 0u; i < params.cols; i++) { y[first + i] = (x[first + i] - mean) * scale * weight[i]; }
}
