// with: sampling/count/off, sampling/checked-key
// with: sampling/top-k-top-p, sampling/draw, lib/numbers/threefry, lib/row, lib/grid, lib/no-index
// One token per row, drawn by its weight:  the first id with Σ weight[0..=id] > ⌊word · Σ weight / 2³²⌋
//
// One workgroup a row. The weights are those of sampling/top-k-top-p, and the token the one of sampling/draw: integers
// from thresholds, so that it does not depend on the order of atomics. The random word depends on seed and position
// alone (lib/numbers/threefry). Rows without tokens to compute are left alone. Where logits are checked, a row with one
// that is not finite gives NO_TOKEN and ends. Requests 3·v reads a row, and 4·v more each for top-k and top-p.

const WORKGROUP: u32 = 256;
const NO_TOKEN: u32 = 0xfffffffe;

struct Params { b: u32, v: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;           // [b, v]
@group(0) @binding(1) var<storage, read> settings: array<Settings>;    // [64, 8]
@group(0) @binding(2) var<storage, read_write> step: array<Row, 64>;   // [64, 4]
@group(0) @binding(3) var<storage, read_write> chosen: array<u32>;     // [b]
@group(0) @binding(4) var<uniform> params: Params;

var<workgroup> now: Row;

fn weight_at(i: u32) -> u32 {
  return weight(order_key(logits[i]));
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid);
  if (row >= params.b) { return; }  // the whole workgroup leaves
  if (thread == 0) { now = step[row]; }
  workgroupBarrier();
  let first = row * params.v;
  var width = select(params.v, 0, now.tokens == 0);  // finished rows only take part in the barriers
  let own_settings = settings[row];

  var largest = IMPOSSIBLE;
  for (var i = thread; i < width; i += WORKGROUP) { largest = max(largest, checked_key(logits[first + i])); }
  let found = workgroup_largest(largest);
  let is_finite = found != NOT_FINITE;
  if (!is_finite) { width = 0; }
  set_distribution(first, width, select(IMPOSSIBLE, found, is_finite), own_settings, params.v, thread);
  var word = 0u;  // which draws the first of the tokens that tie, where the temperature is 0
  if (own_settings.temperature > 0) {
    word = threefry2x32(vec2u(now.seed, 0), vec2u(now.position + now.tokens, 0)).x;
  }

  let id = draw(first, width, params.v, word, thread);
  if (thread == 0) {
    chosen[row] = select(select(NO_TOKEN, id, is_finite), NO_INDEX, now.tokens == 0);
    if (!is_finite) { step[row].tokens = 0; }  // it ends with the token that it has
    if (now.tokens > 0 && is_finite) {
      step[row] = Row(now.position + now.tokens, 1, id, now.seed);
      count_token(row, id);
    }
  }
}
