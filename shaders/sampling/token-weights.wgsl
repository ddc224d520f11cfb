// with: sampling/checked-key
// with: sampling/top-k-top-p, lib/grid
// The weights that a row's tokens are drawn by:  weights = kept ? ⌊exp((l − max) / T) / S · 2³¹⌋ : 0
//
// One workgroup a row; see sampling/top-k-top-p. All weights of a row are 0 where one of its logits is not finite.
// Requests 3·v reads a row, 4·v more each for top-k and top-p, and v writes.

const WORKGROUP: u32 = 256;

struct Params { b: u32, v: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;           // [b, v]
@group(0) @binding(1) var<storage, read> settings: array<Settings>;    // [64, 8]
@group(0) @binding(2) var<storage, read_write> weights: array<u32>;    // [b, v]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid);
  if (row >= params.b) { return; }  // the whole workgroup leaves
  let first = row * params.v;

  var largest = IMPOSSIBLE;
  for (var i = thread; i < params.v; i += WORKGROUP) { largest = max(largest, checked_key(logits[first + i])); }
  let found = workgroup_largest(largest);
  let is_finite = found != NOT_FINITE;
  let width = select(0, params.v, is_finite);
  set_distribution(first, width, select(IMPOSSIBLE, found, is_finite), settings[row], params.v, thread);
  for (var i = thread; i < params.v; i += WORKGROUP) {
    var own = 0u;
    if (is_finite) { own = weight(order_key(logits[first + i])); }
    weights[first + i] = own;
  }
}
