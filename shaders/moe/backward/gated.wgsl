// with: moe/glu-slopes/swiglu, moe/slot-bias/none, lib/no-index, lib/grid
// Gradients of the experts' gates, and of the shares of their results:  dshare[slot] = Σ e[row, j] · hidden[row, j]
//
// A row of pairs is the result of an expert's gate and up for a slot, and e the gradient of a token's result times the
// expert's down. So hidden = gated(gate, up) has the gradient share · e, and the share the dot product of e and hidden,
// without the expert's result. In place: pairs become their gradients, e becomes share · hidden, for the gradient of
// down. A team of LANES threads a slot, whose sums meet in workgroup memory. The share of a slot without an expert has
// a gradient of 0. Requests 3 · f reads and writes of two buffers a slot, or 6 · f.

const CHOICES: u32 = 2;
const LANES: u32 = 16;
const WORKGROUP: u32 = 64;
const TEAMS = WORKGROUP / LANES;
const_assert WORKGROUP % LANES == 0;

struct Params { slots: u32, f: u32, c: u32 }

@group(0) @binding(0) var<storage, read> positions: array<u32>;      // [tokens, CHOICES], rows of slots
@group(0) @binding(1) var<storage, read> shares: array<f32>;         // [tokens, CHOICES]
@group(0) @binding(2) var<storage, read_write> pairs: array<vec2f>;  // [rows, f]
@group(0) @binding(3) var<storage, read_write> e: array<f32>;        // [rows, f]
@group(0) @binding(4) var<storage, read_write> dshares: array<f32>;  // [tokens, CHOICES]
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> partial: array<f32, WORKGROUP>;  // [team, lane]

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let first = linear_workgroup(grid) * TEAMS;
  let lane = thread % LANES;
  let slot = first + thread / LANES;
  var sum = 0.0;
  if (slot < params.slots) { sum = differentiate(slot, lane); }
  partial[thread] = sum;
  workgroupBarrier();

  let own = first + thread;
  if (thread < TEAMS && own < params.slots) {
    var total = 0.0;
    for (var l = 0u; l < LANES; l++) { total += partial[thread * LANES + l]; }
    dshares[own] = total;
  }
}

// A lane's columns of a slot; returns its part of the sum.
fn differentiate(slot: u32, lane: u32) -> f32 {
  let row = positions[slot];
  if (row == NO_INDEX) { return 0.0; }
  let share = shares[slot];
  var sum = bias_part(slot, lane);
  for (var j = lane; j < params.f; j += LANES) {
    let i = row * params.f + j;
    let pair = pairs[i];
    let slopes = glu_slopes(pair.x, pair.y);
    let gradient = e[i];
    sum += gradient * slopes.x;
    pairs[i] = share * gradient * slopes.yz;
    e[i] = share * slopes.x;
  }
  return sum;
}
