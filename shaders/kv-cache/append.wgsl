// with: lib/position/start, lib/grid, kv-cache/slot/contiguous, kv-cache/word/f32
// Stores new keys and values in a cache:  keys[cache_row(b, g, position(b, t))] = k[b, t, g],  and values likewise
//
// Tokens before heads in what is stored, heads before positions in the cache, so that attention reads the keys of one
// head one after the other. One thread per word of a key and of a value, which holds one element or two. Padding tokens
// of the step and positions without a row in the cache are not written. Requests a read an element and
// a write a word.

const WORKGROUP: u32 = 64;

struct Params {
  size: u32,  // threads: b·t·g·(d + dv) / PACKED
  t: u32, g: u32, s: u32,
  d: u32, width: u32,  // of keys, of values
  start: u32,
  k_first: u32, k_batch: u32, k_token: u32, k_head: u32,  // where k [b, t, g, d], a view, begins and its strides
  v_first: u32, v_batch: u32, v_token: u32, v_head: u32,
}

@group(0) @binding(0) var<storage, read> k: array<f32>;             // [b, t, g, d]
@group(0) @binding(1) var<storage, read> v: array<f32>;             // [b, t, g, dv]
@group(0) @binding(2) var<storage, read_write> keys: array<Word>;    // [b, g, s, d]
@group(0) @binding(3) var<storage, read_write> values: array<Word>;  // [b, g, s, dv]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.size) { return; }
  let words = vec2u(params.d, params.width) / PACKED;  // of a key, of a value
  let both = words.x + words.y;
  let word = i % both;
  let head = i / both;  // of all heads of all tokens
  let group = head % params.g;
  let t = head / params.g % params.t;
  let b = head / (params.g * params.t);
  if (!is_token(b, t)) { return; }
  let row = cache_row(b, group, position(b, t));
  if (row == NO_INDEX) { return; }

  var elements: array<f32, PACKED>;
  if (word < words.x) {
    let row_of_k = params.k_first + b * params.k_batch + t * params.k_token + group * params.k_head;
    for (var e = 0u; e < PACKED; e++) { elements[e] = k[row_of_k + word * PACKED + e]; }
    keys[row * words.x + word] = word_of(elements);
  } else {
    let row_of_v = params.v_first + b * params.v_batch + t * params.v_token + group * params.v_head;
    for (var e = 0u; e < PACKED; e++) { elements[e] = v[row_of_v + (word - words.x) * PACKED + e]; }
    values[row * words.y + word - words.x] = word_of(elements);
  }
}
