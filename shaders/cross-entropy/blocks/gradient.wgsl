// with: cross-entropy/memory/in-place, cross-entropy/backward/gradient, lib/numbers/exponential, lib/vector/one
// with: lib/grid
// Gradient of the mean cross-entropy in a block of the vocabulary:  dz = ((1 + 2ζ·lse)·exp(z − lse) − (1 − ε)·[target]
// − ε/v)·dloss/count
//
// One thread a logit, in place. The target's is computed from the sum of all other probabilities, which the loss has
// stored, since they are in other blocks too. Ignored rows, and tokens from `vocabulary` on, are 0. Requests 8 reads
// and 1 write a logit.

const WORKGROUP: u32 = 64;

struct Block { first: u32 }  // the token of its first column

@group(0) @binding(8) var<uniform> block: Block;
@group(0) @binding(7) var<storage, read> others: array<f32>;  // [rows]

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.rows * params.cols) { return; }
  let index = i / params.cols;
  let token = block.first + i % params.cols;
  let truth = targets[index];
  if (truth == params.ignored || token >= params.vocabulary) {
    store_gradient(i, 0.0);
    return;
  }
  let row = row_gradient(index);
  let logit = load_logits(i);
  let other = gradient(logit, probability(logit, row), row);
  store_gradient(i, select(other, truth_gradient(logit, others[index], row), token == truth));
}
