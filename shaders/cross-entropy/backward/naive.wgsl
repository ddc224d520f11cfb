// with: cross-entropy/memory/separate, cross-entropy/backward/gradient, lib/numbers/exponential, lib/vector/one
// with: lib/grid
// Gradient of the mean cross-entropy:  dz = ((1 + 2ζ·lse)·exp(z − lse) − (1 − ε)·[target] − ε/v)·dloss/count
//
// One thread a row, which it reads twice: for the sum of the other tokens' probabilities, and for the gradients.
// Ignored rows, and columns from `vocabulary` on, are 0. Sums are taken in runs, and those in runs again
// (shaders/README.md). Requests 2·vocabulary reads and cols writes a row: the one to read first.

const WORKGROUP: u32 = 64;
const RUN: u32 = 64;  // elements, and runs

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let index = linear_workgroup(grid) * WORKGROUP + thread;
  if (index >= params.rows) { return; }
  let truth = targets[index];
  let first = index * params.cols;
  let width = select(params.vocabulary, 0, truth == params.ignored);
  let row = row_gradient(index);

  var others = 0.0;
  for (var from_runs = 0u; from_runs < width; from_runs += RUN * RUN) {
    var runs = 0.0;
    for (var begin = from_runs; begin < min(from_runs + RUN * RUN, width); begin += RUN) {
      var run = 0.0;
      for (var i = begin; i < min(begin + RUN, width); i++) {
        run += select(probability(load_logits(first + i), row), 0.0, i == truth);
      }
      runs += run;
    }
    others += runs;
  }
  for (var i = 0u; i < width; i++) {
    let logit = load_logits(first + i);
    let other = gradient(logit, probability(logit, row), row);
    store_gradient(first + i, select(other, truth_gradient(logit, others, row), i == truth));
  }
  for (var i = width; i < params.cols; i++) { store_gradient(first + i, 0.0); }
}
