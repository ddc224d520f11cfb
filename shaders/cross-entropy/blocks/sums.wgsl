// with: cross-entropy/row-loss, cross-entropy/cap/none, lib/numbers/exponential, lib/vector/four, lib/elements/four
// with: lib/numbers/lowest-float, lib/row-lanes
// The sums of rows over one block of the vocabulary, joined with those of the blocks before:  others += Σ exp(z −
// largest)
//
// LANES threads share a row of the block. As in cross-entropy/online, but the target may be in any block, so all logits
// are measured from the largest so far, and both sums are rescaled to it (Milakov and Gimelshein 2018, section 3). Rows
// whose target is `ignored` are not read. Requests 2·cols reads a row.

const WORKGROUP: u32 = 128;

// `first` is the token of the block's first column.
struct Params { rows: u32, cols: u32, first: u32, vocabulary: u32, ignored: u32, smoothing: f32, z_loss: f32, cap: f32 }

@group(0) @binding(0) var<storage, read> logits: array<Vector>;     // [rows, cols]
@group(0) @binding(1) var<storage, read> targets: array<u32>;       // [rows]
@group(0) @binding(2) var<storage, read_write> sums: array<vec4f>;  // [rows, 4]: truth, largest, others, apart
@group(0) @binding(3) var<uniform> params: Params;

struct Share {
  sums: RowSums,
  tokens: f32,
}

var<workgroup> lanes: array<Share, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  if (first_row(grid) >= params.rows) { return; }  // the whole workgroup leaves
  let row = row_lane(grid, thread);
  let index = first_row(grid) + thread / LANES;
  let token = targets[min(index, params.rows - 1)];
  let tokens = min(params.cols, params.vocabulary - params.first);
  let width = select((tokens + WIDTH - 1) / WIDTH, 0, row.width == 0 || token == params.ignored);
  let truth = token - params.first;  // its column, which one block has
  var own = nothing();

  for (var begin = row.lane; begin < width; begin += RUN) {
    let end = min(begin + RUN, width);
    var value = Vector(LOWEST_FLOAT);
    for (var i = begin; i < end; i += LANES) {
      let logit = capped(logits[row.first + i]);
      value = max(value, select(Vector(LOWEST_FLOAT), logit, elements_of(i) < Bits(tokens)));
    }
    let larger = max(own.sums.largest, vector_max(value));
    var others = Vector();
    var apart = Vector();
    var count = Vector();
    for (var i = begin; i < end; i += LANES) {
      let logit = capped(logits[row.first + i]);
      let elements = elements_of(i);
      let outside = elements >= Bits(tokens);
      others += select(exponential(logit - larger), Vector(), outside | (elements == Bits(truth)));
      apart += select(logit - larger, Vector(), outside);
      count += select(Vector(1.0), Vector(), outside);
    }
    own = joined(own, Share(RowSums(0.0, larger, vector_sum(others), vector_sum(apart)), vector_sum(count)));
  }
  lanes[thread] = own;
  workgroupBarrier();
  for (var half = LANES / 2; half > 0; half /= 2) {
    if (row.lane < half) { lanes[thread] = joined(lanes[thread], lanes[thread + half]); }
    workgroupBarrier();
  }
  if (row.lane != 0 || width == 0) { return; }
  own = nothing();
  if (params.first > 0) {
    let before = sums[index];
    own = Share(RowSums(before.x, before.y, before.z, before.w), f32(params.first));
  }
  let all = joined(own, lanes[thread]).sums;
  var logit = all.truth;
  if (truth < tokens) { logit = element_of(capped(logits[row.first + truth / WIDTH]), truth); }
  sums[index] = vec4f(logit, all.largest, all.others, all.apart);
}

fn nothing() -> Share {
  return Share(RowSums(0.0, LOWEST_FLOAT, 0.0, 0.0), 0.0);
}

// The sums of two sets of tokens, from the larger of their maxima, with the first one's truth.
fn joined(a: Share, b: Share) -> Share {
  let largest = max(a.sums.largest, b.sums.largest);
  let others = a.sums.others * exp(a.sums.largest - largest) + b.sums.others * exp(b.sums.largest - largest);
  return Share(RowSums(a.sums.truth, largest, others, moved(a, largest) + moved(b, largest)), a.tokens + b.tokens);
}

// The sum of a set's differences, from another origin than its maximum.
fn moved(one: Share, origin: f32) -> f32 {
  return select(0.0, one.sums.apart + one.tokens * (one.sums.largest - origin), one.tokens > 0.0);
}
