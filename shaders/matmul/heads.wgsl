// with: lib/grid
// A linear layer for each head:  y[row, h, column] = Σ x[row, h, i] · weight[h, column, i]
//
// One output per thread, neighbouring threads in neighbouring columns. The weight is a view, so that the same memory
// serves transposed. Requests 2·k reads for each of rows·h·n outputs. For the small matrices that latent attention has
// in every head (DeepSeek-V2).

const WORKGROUP: u32 = 64;

struct Params {
  size: u32,  // threads: rows·h·n
  h: u32, k: u32, n: u32,
  x_first: u32, x_row: u32, x_head: u32,  // where x, a view, begins and its strides
  weight_first: u32, weight_head: u32, weight_column: u32, weight_i: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [rows, h, k]
@group(0) @binding(1) var<storage, read> weight: array<f32>;   // [h, n, k]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [rows, h, n]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let output = linear_workgroup(grid) * WORKGROUP + thread;
  if (output >= params.size) { return; }
  let column = output % params.n;
  let h = output / params.n % params.h;
  let row = output / (params.n * params.h);
  let x_first = params.x_first + row * params.x_row + h * params.x_head;
  let weight_first = params.weight_first + h * params.weight_head + column * params.weight_column;

  var sum = 0.0;
  for (var i = 0u; i < params.k; i++) {
    sum = fma(x[x_first + i], weight[weight_first + i * params.weight_i], sum);
  }
  y[output] = sum;
}
