// with: cross-entropy/loss, lib/numbers/exponential, lib/vector/four, lib/elements/four, lib/numbers/lowest-float
// with: lib/row-lanes, lib/reduce
// Cross-entropy of each row:  loss = lse − (1 − ε)·z[target] − ε·mean(z) + ζ·lse²,  lse = log Σ exp(z)
//
// LANES threads share a row, which they read in blocks of RUN, each block twice while it is cached: for its maximum,
// and for its exponentials. The sum so far is rescaled once a block (Milakov and Gimelshein 2018, section 3); the same
// step joins the threads, in one tree. z are the first `vocabulary` logits of a row, soft-capped if there is a cap;
// rows whose target is `ignored` are not read. Requests 2·vocabulary + LANES reads a row.

const WORKGROUP: u32 = 128;

var<workgroup> lanes: array<RowSums, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  if (first_row(grid) >= params.rows) { return; }  // the whole workgroup leaves
  let row = row_lane(grid, thread);
  let index = first_row(grid) + thread / LANES;
  let truth = targets[min(index, params.rows - 1)];
  let width = select((params.vocabulary + WIDTH - 1) / WIDTH, 0, row.width == 0 || truth == params.ignored);
  let known = min(truth, params.vocabulary - 1);
  var sums = RowSums(0.0, LOWEST_FLOAT, 0.0, 0.0);
  if (width > 0) { sums.truth = element_of(capped(logits[row.first + known / WIDTH]), known); }
  let origin = origin_of(sums.truth);

  for (var begin = row.lane; begin < width; begin += RUN) {
    let end = min(begin + RUN, width);
    var value = Vector(LOWEST_FLOAT);
    for (var i = begin; i < end; i += LANES) {
      let logit = capped(logits[row.first + i]);
      value = max(value, select(Vector(LOWEST_FLOAT), logit, elements_of(i) < Bits(params.vocabulary)));
    }
    let larger = max(sums.largest, vector_max(value));
    var others = Vector();
    var apart = Vector();
    for (var i = begin; i < end; i += LANES) {
      let logit = capped(logits[row.first + i]);
      let elements = elements_of(i);
      let outside = elements >= Bits(params.vocabulary);
      others += select(exponential(logit - larger), Vector(), outside | (elements == Bits(truth)));
      apart += select(logit - origin, Vector(), outside);
    }
    sums.others = sums.others * exp(sums.largest - larger) + vector_sum(others);
    sums.apart += vector_sum(apart);
    sums.largest = larger;
  }
  lanes[thread] = sums;
  workgroupBarrier();
  for (var half = LANES / 2; half > 0; half /= 2) {
    if (row.lane < half) { lanes[thread] = joined(lanes[thread], lanes[thread + half]); }
    workgroupBarrier();
  }
  if (row.lane != 0 || row.width == 0) { return; }
  let found = row_loss(lanes[thread], truth);
  losses[index] = select(0.0, found.loss, width > 0);
  lse[index] = select(0.0, found.lse, width > 0);
}

// Of two threads: sums are rescaled to the larger maximum.
fn joined(a: RowSums, b: RowSums) -> RowSums {
  let largest = max(a.largest, b.largest);
  let others = a.others * exp(a.largest - largest) + b.others * exp(b.largest - largest);
  return RowSums(a.truth, largest, others, a.apart + b.apart);
}
