// with: cross-entropy/row-loss, lib/numbers/exponential, lib/vector/one, lib/grid
// Cross-entropy of each row from its sums:  loss = lse − (1 − ε)·z[target] − ε·mean(z) + ζ·lse²
//
// One thread a row. `others` is the sum of the other tokens' probabilities, 1 − p of the target, from which the
// gradient is computed. A row whose target is `ignored` gives 0 for all three. Requests 5 reads a row.

const WORKGROUP: u32 = 64;

struct Params { rows: u32, vocabulary: u32, ignored: u32, smoothing: f32, z_loss: f32 }

@group(0) @binding(0) var<storage, read> sums: array<vec4f>;        // [rows, 4]: truth, largest, others, apart
@group(0) @binding(1) var<storage, read> targets: array<u32>;       // [rows]
@group(0) @binding(2) var<storage, read_write> losses: array<f32>;  // [rows]
@group(0) @binding(3) var<storage, read_write> lse: array<f32>;     // [rows]
@group(0) @binding(4) var<storage, read_write> others: array<f32>;  // [rows]
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid) * WORKGROUP + thread;
  if (row >= params.rows) { return; }
  let truth = targets[row];
  if (truth == params.ignored) {
    losses[row] = 0.0;
    lse[row] = 0.0;
    others[row] = 0.0;
    return;
  }
  let found = sums[row];
  // Measured from the truth, where that is a number.
  let apart = found.w + f32(params.vocabulary) * (found.y - origin_of(found.x));
  let loss = row_loss(RowSums(found.x, found.y, found.z, apart), truth);
  losses[row] = loss.loss;
  lse[row] = loss.lse;
  others[row] = found.z * exponential(found.y - loss.lse);  // from the rounded lse, which gradients will read
}
