// with: lib/numbers/exponential, lib/vector/four, lib/numbers/lowest-float, lib/grid
// Softmax over the last axis:  y = exp(x - max(x)) / Σ exp(x - max(x))
//
// softmax/registers and softmax/subgroups in one, for short rows: a subgroup a row, of which each thread keeps OWN
// Vectors in registers. Requests rows·cols reads and rows·cols writes, and one exponential an element.
enable subgroups;

const SUBGROUP: u32 = 8;  // threads
const ROWS: u32 = 8;      // of a subgroup, one after the other
const OWN: u32 = 4;       // Vectors of a thread: at least those of a row, over SUBGROUP

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<Vector>;        // [rows, cols]
@group(0) @binding(1) var<storage, read_write> y: array<Vector>;  // [rows, cols]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(SUBGROUP)
fn main(grid: Grid, @builtin(subgroup_invocation_id) thread: u32) {
  let first_row = linear_workgroup(grid) * ROWS;
  for (var row = first_row; row < min(first_row + ROWS, params.rows); row++) { softmax_row(row, thread); }
}

fn softmax_row(row: u32, thread: u32) {
  let width = params.cols / WIDTH;
  let first = row * width;

  var own: array<Vector, OWN>;
  var value = Vector(LOWEST_FLOAT);
  for (var j = 0u; j < OWN; j++) {
    let i = j * SUBGROUP + thread;
    if (i < width) {
      own[j] = x[first + i];
      value = max(value, own[j]);
    }
  }
  let shift = subgroupMax(vector_max(value));

  var sums = Vector();
  for (var j = 0u; j < OWN; j++) {
    if (j * SUBGROUP + thread < width) {
      own[j] = exponential(own[j] - shift);
      sums += own[j];
    }
  }
  let sum = subgroupAdd(vector_sum(sums));

  let scale = select(1.0 / sum, 0.0, sum == 0.0);  // a row of -infinity is all zeros
  for (var j = 0u; j < OWN; j++) {
    let i = j * SUBGROUP + thread;
    if (i < width) { y[first + i] = own[j] * scale; }
  }
}
