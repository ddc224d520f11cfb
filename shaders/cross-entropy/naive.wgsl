// with: cross-entropy/loss, lib/numbers/exponential, lib/vector/one, lib/numbers/lowest-float, lib/grid
// Cross-entropy of each row:  loss = lse − (1 − ε)·z[target] − ε·mean(z) + ζ·lse²,  lse = log Σ exp(z)
//
// One thread a row, which it reads twice: for the largest logit, and for the sums. z are the first `vocabulary` logits
// of the row, soft-capped if there is a cap. A row whose target is `ignored` gives 0 for both. Sums are taken in runs,
// and those in runs again (shaders/README.md). Requests 2·vocabulary + 1 reads a row: the one to read first.

const WORKGROUP: u32 = 64;
const RUN: u32 = 64;  // elements, and runs

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid) * WORKGROUP + thread;
  if (row >= params.rows) { return; }
  let truth = targets[row];
  if (truth == params.ignored) {
    losses[row] = 0.0;
    lse[row] = 0.0;
    return;
  }
  let first = row * params.cols;
  let own = capped(logits[first + min(truth, params.vocabulary - 1)]);
  let origin = origin_of(own);

  var largest = LOWEST_FLOAT;
  for (var i = 0u; i < params.vocabulary; i++) { largest = max(largest, capped(logits[first + i])); }

  var sums = RowSums(own, largest, 0.0, 0.0);
  for (var from_runs = 0u; from_runs < params.vocabulary; from_runs += RUN * RUN) {
    var runs = vec2f();
    for (var begin = from_runs; begin < min(from_runs + RUN * RUN, params.vocabulary); begin += RUN) {
      var run = vec2f();
      for (var i = begin; i < min(begin + RUN, params.vocabulary); i++) {
        let logit = capped(logits[first + i]);
        run += vec2f(select(exponential(logit - largest), 0.0, i == truth), logit - origin);
      }
      runs += run;
    }
    sums.others += runs.x;
    sums.apart += runs.y;
  }
  let found = row_loss(sums, truth);
  losses[row] = found.loss;
  lse[row] = found.lse;
}
