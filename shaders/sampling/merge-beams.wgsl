// with: sampling/order, lib/grid
// The n best continuations of a source's texts:  sorted by total, then by token, then by the rank of the text
//
// One workgroup for the `beams` rows of a source, each with its k best tokens. Each thread counts those before one of
// them. NaN comes first, so that it is noticed. Requests (beams·k)² reads of totals a source, and of tokens and
// ranks where totals tie.

const WORKGROUP: u32 = 64;

struct Params { sources: u32, beams: u32, k: u32, n: u32, v: u32 }

@group(0) @binding(0) var<storage, read> tokens: array<u32>;        // [b, k]
@group(0) @binding(1) var<storage, read> values: array<f32>;        // [b, k]
@group(0) @binding(2) var<storage, read> ranks: array<u32>;         // [b]
@group(0) @binding(3) var<storage, read_write> ids: array<u32>;     // [sources, n]: rank · v + token
@group(0) @binding(4) var<storage, read_write> totals: array<f32>;  // [sources, n]
@group(0) @binding(5) var<uniform> params: Params;

fn total_key(i: u32) -> u32 {
  let value = values[i];
  return select(order_key(value), NOT_FINITE, is_nan(value));
}

fn goes_before(a: u32, b: u32) -> bool {
  let keys = vec2u(total_key(a), total_key(b));
  if (keys.x != keys.y) { return keys.x > keys.y; }
  if (tokens[a] != tokens[b]) { return tokens[a] < tokens[b]; }
  return ranks[a / params.k] < ranks[b / params.k];
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let source = linear_workgroup(grid);
  if (source >= params.sources) { return; }  // the whole workgroup leaves
  let first = source * params.beams * params.k;
  let end = first + params.beams * params.k;
  for (var own = first + thread; own < end; own += WORKGROUP) {
    var before = 0u;
    for (var other = first; other < end; other++) { before += u32(goes_before(other, own)); }
    if (before < params.n) {
      ids[source * params.n + before] = ranks[own / params.k] * params.v + tokens[own];
      totals[source * params.n + before] = values[own];
    }
  }
}
