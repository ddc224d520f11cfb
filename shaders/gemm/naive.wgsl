// with: gemm/a/f32, gemm/b/f32, gemm/operands, gemm/store, lib/grid
// Matrix product:  y[row, column] = activation(Σ a[row, i] · b[i, column] + bias[column])
//
// One output per thread, and two loads for each multiplication. Neighbouring threads have neighbouring rows: at each
// step they read one element of b together, but elements of a that lie a whole row apart, each in a cache line of its
// own.
// Requests 2·k reads for each output. Choose it to see the definition.

const WORKGROUP: u32 = 64;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let output = linear_workgroup(grid) * WORKGROUP + thread;
  if (output >= params.batch * params.m * params.n) { return; }
  let row = output % params.m;
  let column = output / params.m % params.n;
  let batch = output / (params.m * params.n);

  let a_first = a_start(batch);
  let b_first = b_start(batch);

  var sum = 0.0;
  for (var i = 0u; i < params.k; i++) {
    sum = fma(load_a(a_index(a_first, row, i)), load_b(b_index(b_first, i, column)), sum);
  }
  store(batch, row, column, sum);
}
