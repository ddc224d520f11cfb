// with: lib/vector/four, lib/run-sums, lib/grid
// Gradient of softmax, from its result:  dx = y∘(dy - Σ y∘dy)
//
// As softmax/backward, with a subgroup a row: sums meet by shuffles, with the same bits for every subgroup size.
// Requests 4·rows·cols reads and rows·cols writes. Choose it where subgroups all have one size and a shuffle costs less
// than a barrier; long rows are refused, because a thread adds up its part one by one.
enable subgroups;

const ROWS: u32 = 4;  // of a subgroup, one after the other

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> y: array<Vector>;         // [rows, cols]
@group(0) @binding(1) var<storage, read> dy: array<Vector>;        // [rows, cols]
@group(0) @binding(2) var<storage, read_write> dx: array<Vector>;  // [rows, cols]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(SUBGROUP)
fn main(grid: Grid, @builtin(subgroup_invocation_id) thread: u32) {
  let first_row = linear_workgroup(grid) * ROWS;
  for (var row = first_row; row < min(first_row + ROWS, params.rows); row++) { gradients_of(row, thread); }
}

fn gradients_of(row: u32, thread: u32) {
  let width = params.cols / WIDTH;
  let first = row * width;
  var products: array<f32, OWN_RUNS>;
  for (var r = 0u; r < OWN_RUNS; r++) {
    var run = Vector();
    for (var i = r * SUBGROUP + thread; i < width; i += RUNS) {
      let share = y[first + i];
      run += select(share * dy[first + i], Vector(), share == Vector());
    }
    products[r] = vector_sum(run);
  }
  let sum = sum_of_runs(products);

  for (var i = thread; i < width; i += SUBGROUP) {
    let share = y[first + i];
    dx[first + i] = select(share * (dy[first + i] - sum), Vector(), share == Vector());
  }
}
