// with: cross-entropy/memory/separate, cross-entropy/backward/gradient, lib/numbers/exponential, lib/vector/four
// with: lib/elements/four, lib/row-lanes, lib/reduce
// Gradient of the mean cross-entropy:  dz = ((1 + 2ζ·lse)·exp(z − lse) − (1 − ε)·[target] − ε/v)·dloss/count
//
// LANES threads share a row, which they read once. The target's gradient, from the sum of all other probabilities, is
// written last, by the thread that has its Vector: no other reads or writes it, so the gradients may overwrite the
// logits. Ignored rows, and columns from `vocabulary` on, are 0. Requests vocabulary reads and cols writes a row.

const WORKGROUP: u32 = 128;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  if (first_row(grid) >= params.rows) { return; }  // the whole workgroup leaves
  let lane = row_lane(grid, thread);
  let index = min(first_row(grid) + thread / LANES, params.rows - 1);
  let truth = targets[index];
  let width = select((params.vocabulary + WIDTH - 1) / WIDTH, 0, lane.width == 0 || truth == params.ignored);
  let row = row_gradient(index);

  var others = 0.0;
  var truth_logits = Vector();
  var truth_gradients = Vector();
  for (var begin = lane.lane; begin < width; begin += RUN) {
    var run = Vector();
    for (var i = begin; i < min(begin + RUN, width); i += LANES) {
      let elements = elements_of(i);
      let logit = load_logits(lane.first + i);
      let p = probability(logit, row);
      let outside = elements >= Bits(params.vocabulary);
      run += select(p, Vector(), outside | (elements == Bits(truth)));
      let value = select(gradient(logit, p, row), Vector(), outside);
      if (i == truth / WIDTH) {
        truth_logits = logit;
        truth_gradients = value;
      }
      store_gradient(lane.first + i, value);
    }
    others += vector_sum(run);
  }
  for (var i = width + lane.lane; i < lane.width; i += LANES) { store_gradient(lane.first + i, Vector()); }

  let sum = workgroup_sum(others, thread);
  let i = truth / WIDTH;
  if (i < width && i % LANES == lane.lane) {
    let own = truth_gradient(truth_logits, sum, row);
    store_gradient(lane.first + i, select(truth_gradients, own, elements_of(i) == Bits(truth)));
  }
}
