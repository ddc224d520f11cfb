// Layer norm with a running mean:  y = (x - mean) / sqrt(mean((x - mean)²) + eps) · weight
//
// As ladders/norm/squares, in as few passes, but with the digits of three (Welford 1962): each element moves the mean
// towards itself, and the sum of squares grows by its deviation from the mean before times that from the mean after.
// Costs a division an element. Requests 3·rows·cols reads and rows·cols writes.

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

  var mean = 0.0;
  var squares = 0.0;
  for (var i = 0u; i < params.cols; i++) {
    let value = x[first + i];
    let deviation = value - mean;
    mean += deviation / f32(i + 1);
    squares = fma(deviation, value - mean, squares);
  }
  let scale = inverseSqrt(squares / count + params.eps);

  for (var i = 0u; i < params.cols; i++) { y[first + i] = (x[first + i] - mean) * scale * weight[i]; }
}
