// with: rope/pairs/halves, lib/position/start, kv-cache/slot/contiguous, kv-cache/word/f32, lib/grid
// Rotates queries and keys and stores keys and values:  keys[cache_row(b, g, position(b, t))] = rotated k[b, t, g],  …
//
// Rotates q and k as rope/rotate and stores the result as kv-cache/append, in one dispatch of a decode step. One
// thread per element of a rotated query, and per word of a key and of a value. Padding tokens of the step and positions
// without a row in the cache are not written. Requests 4 reads an element of q and k, one of v.

const WORKGROUP: u32 = 64;

struct Params {
  size: u32,  // threads: b·t·(h·d + g·(d + dv) / PACKED)
  t: u32, h: u32, g: u32, s: u32,
  d: u32, width: u32,  // of queries and keys, of values
  pairs: u32,
  start: u32,
  q_first: u32, q_batch: u32, q_token: u32, q_head: u32,  // where q [b, t, h, d], a view, begins and its strides
  k_first: u32, k_batch: u32, k_token: u32, k_head: u32,
  v_first: u32, v_batch: u32, v_token: u32, v_head: u32,
}

@group(0) @binding(0) var<storage, read> q: array<f32>;              // [b, t, h, d]
@group(0) @binding(1) var<storage, read> k: array<f32>;              // [b, t, g, d]
@group(0) @binding(2) var<storage, read> v: array<f32>;              // [b, t, g, dv]
@group(0) @binding(3) var<storage, read> table: array<vec2f>;        // [p, pairs, 2], cosine and sine
@group(0) @binding(4) var<storage, read_write> rotated: array<f32>;  // [b, t, h, d]
@group(0) @binding(5) var<storage, read_write> keys: array<Word>;    // [b, g, s, d]
@group(0) @binding(6) var<storage, read_write> values: array<Word>;  // [b, g, s, dv]
@group(0) @binding(8) var<uniform> params: Params;  // 7 is for given positions

// One of the two elements of a pair, after its rotation.
fn rotate(first: f32, second: f32, cosine_sine: vec2f, which: u32) -> f32 {
  let cosine = cosine_sine.x;
  let sine = cosine_sine.y;
  return select(first * cosine - second * sine, second * cosine + first * sine, which == 1);
}

fn element_of_q(row: u32, at: u32, element: u32) -> f32 {
  if (element >= 2 * params.pairs) { return q[row + element]; }
  let pair = pair_of(element);
  let both = row + pair_elements(pair.x);
  return rotate(q[both.x], q[both.y], table[at * params.pairs + pair.x], pair.y);
}

fn element_of_k(row: u32, at: u32, element: u32) -> f32 {
  if (element >= 2 * params.pairs) { return k[row + element]; }
  let pair = pair_of(element);
  let both = row + pair_elements(pair.x);
  return rotate(k[both.x], k[both.y], table[at * params.pairs + pair.x], pair.y);
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.size) { return; }
  let words = vec2u(params.d, params.width) / PACKED;  // of a key, of a value
  let queries = params.h * params.d;
  let each = queries + params.g * (words.x + words.y);
  let token = i / each;  // of all batch rows
  let t = token % params.t;
  let b = token / params.t;
  let at = position(b, t);
  if (i % each < queries) {
    let head = i % each / params.d;
    let row = params.q_first + b * params.q_batch + t * params.q_token + head * params.q_head;
    rotated[token * queries + i % each] = element_of_q(row, at, i % each % params.d);
    return;
  }
  if (!is_token(b, t)) { return; }
  let word = (i % each - queries) % (words.x + words.y);
  let group = (i % each - queries) / (words.x + words.y);
  let row = cache_row(b, group, at);
  if (row == NO_INDEX) { return; }

  var elements: array<f32, PACKED>;
  if (word < words.x) {
    let row_of_k = params.k_first + b * params.k_batch + t * params.k_token + group * params.k_head;
    for (var e = 0u; e < PACKED; e++) { elements[e] = element_of_k(row_of_k, at, word * PACKED + e); }
    keys[row * words.x + word] = word_of(elements);
  } else {
    let row_of_v = params.v_first + b * params.v_batch + t * params.v_token + group * params.v_head;
    for (var e = 0u; e < PACKED; e++) { elements[e] = v[row_of_v + (word - words.x) * PACKED + e]; }
    values[row * words.y + word - words.x] = word_of(elements);
  }
}
