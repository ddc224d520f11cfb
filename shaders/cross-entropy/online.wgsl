// with: cross-entropy/loss, lib/exponential, lib/vector/four, lib/elements/four, lib/lowest-float, lib/row-lanes, lib/reduce
// Cross-entropy of each row:  loss = lse − (1 − ε)·z[target] − ε·mean(z) + ζ·lse²,  lse = log Σ exp(z)
//
// LANES threads share a row, of which each has OWN Vectors at a time in registers: once for their maximum, once for their
// exponentials. The sum so far is rescaled once a block (Milakov and Gimelshein 2018, section 3), so a row is read once,
// however long it is. z are the first `vocabulary` logits of a row, bent if there is a cap; rows whose target is `ignored`
// are not read. Requests vocabulary + LANES reads a row.

const WORKGROUP: u32 = 128;
const OWN: u32 = 8;  // Vectors

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

  for (var begin = row.lane; begin < width; begin += OWN * LANES) {
    var own: array<Vector, OWN>;
    var value = Vector(LOWEST_FLOAT);
    for (var j = 0u; j < OWN; j++) {
      let i = begin + j * LANES;
      if (i < width) {
        own[j] = capped(logits[row.first + i]);
        value = max(value, select(Vector(LOWEST_FLOAT), own[j], elements_of(i) < Bits(params.vocabulary)));
      }
    }
    let larger = max(sums.largest, vector_max(value));
    var others = Vector();
    var apart = Vector();
    for (var j = 0u; j < OWN; j++) {
      let i = begin + j * LANES;
      if (i < width) {
        let elements = elements_of(i);
        let outside = elements >= Bits(params.vocabulary);
        others += select(exponential(own[j] - larger), Vector(), outside | (elements == Bits(truth)));
        apart += select(own[j] - origin, Vector(), outside);
      }
    }
    sums.others = sums.others * exp(sums.largest - larger) + vector_sum(others);
    sums.apart += vector_sum(apart);
    sums.largest = larger;
  }
  let largest = workgroup_max(sums.largest, thread);
  let others = workgroup_sum(sums.others * exp(sums.largest - largest), thread);
  let apart = workgroup_sum(sums.apart, thread);
  if (row.lane != 0 || row.width == 0) { return; }
  let found = row_loss(RowSums(sums.truth, largest, others, apart), truth);
  losses[index] = select(0.0, found.loss, width > 0);
  lse[index] = select(0.0, found.lse, width > 0);
}
