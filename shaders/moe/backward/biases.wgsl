// with: moe/block-row, moe/row-shares/whole, lib/grid
// Gradients of the experts' biases:  db[expert, column] = Σ share(slot) · x[row, column] over the slots of the expert
//
// One thread a column of an expert, which goes over the expert's slots in their order; neighbours read side by side.
// Without slots the sum is 0, and is written. Requests one read for each slot and column.

const WORKGROUP: u32 = 64;

struct Params { experts: u32, n: u32, choices: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;         // [rows, n]
@group(0) @binding(1) var<storage, read> slots: array<u32>;     // see moe/align/plan
@group(0) @binding(2) var<storage, read> counts: array<u32>;    // [experts]
@group(0) @binding(3) var<storage, read> offsets: array<u32>;   // [experts + 1]
@group(0) @binding(4) var<storage, read_write> db: array<f32>;  // [experts, n]
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let output = linear_workgroup(grid) * WORKGROUP + thread;
  let expert = output / params.n;
  if (expert >= params.experts) { return; }
  let first = offsets[expert];
  var sum = 0.0;
  for (var i = 0u; i < counts[expert]; i++) {
    let slot = slots[first + i];
    sum += row_share(slot) * x[row_of(slot, first + i) * params.n + output % params.n];
  }
  db[output] = sum;
}
