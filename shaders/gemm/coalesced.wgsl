// with: gemm/a/f32, gemm/b/f32, gemm/operands, gemm/store, lib/grid
// Matrix product:  y[row, column] = activation(Σ a[row, i] · b[i, column] + bias[column])
//
// As gemm/naive, but neighbouring threads have neighbouring columns. At each step they read one element of a together,
// and elements of b that lie side by side in A·B: 32 threads need 4 sectors of 32 bytes, where gemm/naive needs 32.
// Their results lie side by side, too. Nothing else differs.
// Requests 2·k reads for each output. Choose it as the baseline for checking the others.

const WORKGROUP: u32 = 64;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let output = linear_workgroup(grid) * WORKGROUP + thread;
  if (output >= params.batch * params.m * params.n) { return; }
  let column = output % params.n;
  let row = output / params.n % params.m;
  let batch = output / (params.n * params.m);

  let a_first = a_start(batch);
  let b_first = b_start(batch);

  var sum = 0.0;
  for (var i = 0u; i < params.k; i++) {
    sum = fma(load_a(a_index(a_first, row, i)), load_b(b_index(b_first, i, column)), sum);
  }
  store(batch, row, column, sum);
}
