// with: lib/online-softmax
// A thread's query in causal attention by tiles, for kernels that differ in how a tile lies in workgroup memory. As in
// attention/flash-plain, but scores are added up for four keys at once. The kernel defines columns_of(tile, i, c,
// four), element 4·i + c of four neighbouring keys, and value_of(tile, key, i), vector i of a value.

const HEAD_WIDTH: u32 = 64;      // of q, k, v and out
const ROWS: u32 = 64;            // queries of a workgroup, one a thread
const KEYS: u32 = 32;            // of a tile
const VECTORS = HEAD_WIDTH / 4;  // of four elements, in a row
const FOURS = KEYS / 4;          // groups of four keys in a tile
const_assert 0 == (FOURS & (FOURS - 1));  // for those that swizzle

struct Params { h: u32, g: u32, t: u32, s: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<vec4f>;          // [h, t, d]
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;  // [h, t, d]
@group(0) @binding(4) var<uniform> params: Params;

struct Query {
  seen: u32,                       // keys that it sees
  row: array<vec4f, VECTORS>,
  largest: f32,                    // score so far
  sum: f32,                        // of exp(score - largest)
  out_row: array<vec4f, VECTORS>,  // of exp(score - largest) · v
}

// The query of a thread. Threads past the last query repeat it.
fn query_of(workgroup: vec3u, thread: u32) -> Query {
  let t = min(workgroup.x * ROWS + thread, params.t - 1);
  var query = Query();
  query.seen = params.s - params.t + t + 1;  // the last query sees the last key
  query.largest = LOWEST;
  for (var i = 0u; i < VECTORS; i++) { query.row[i] = q[(workgroup.y * params.t + t) * VECTORS + i]; }
  return query;
}

// How many keys the last query of a workgroup sees, which sees most.
fn keys_of(workgroup: vec3u) -> u32 {
  return params.s - params.t + min(workgroup.x * ROWS + ROWS, params.t);
}

// The vector with which the keys of a workgroup's head begin, and its values.
fn first_vector(workgroup: vec3u) -> u32 {
  return workgroup.y / (params.h / params.g) * params.s * VECTORS;
}

// The query after a tile whose first key is `begin`.
fn add_tile(tile: u32, begin: u32, before: Query) -> Query {
  var query = before;
  let keys = min(KEYS, query.seen - min(begin, query.seen));  // of the tile, that the query sees
  var weights: array<vec4f, FOURS>;                            // first the scores
  for (var four = 0u; 4 * four < keys; four++) {
    var scores = vec4f();
    for (var i = 0u; i < VECTORS; i++) {
      for (var c = 0u; c < 4; c++) { scores = fma(vec4f(query.row[i][c]), columns_of(tile, i, c, four), scores); }
    }
    let hidden = vec4u(4 * four) + vec4u(0, 1, 2, 3) >= vec4u(keys);
    weights[four] = select(scores * params.scale, vec4f(LOWEST), hidden);
    let pair = max(weights[four].xy, weights[four].zw);
    query.largest = max(query.largest, max(pair.x, pair.y));
  }
  let rescale = softmax_rescale(before.largest, query.largest);
  var tile_sum = 0.0;
  for (var key = 0u; key < keys; key++) {
    let weight = softmax_weight(weights[key / 4][key % 4], query.largest);
    weights[key / 4][key % 4] = weight;
    tile_sum += weight;
  }
  query.sum = query.sum * rescale + tile_sum;
  for (var i = 0u; i < VECTORS; i++) {
    var tile_out = vec4f();
    for (var key = 0u; key < keys; key++) {
      tile_out = fma(vec4f(weights[key / 4][key % 4]), value_of(tile, key, i), tile_out);
    }
    query.out_row[i] = query.out_row[i] * rescale + tile_out;
  }
  return query;
}

fn store_query(workgroup: vec3u, thread: u32, last: Query) {
  var query = last;
  let t = workgroup.x * ROWS + thread;
  if (t >= params.t) { return; }
  let row = (workgroup.y * params.t + t) * VECTORS;
  for (var i = 0u; i < VECTORS; i++) { out[row + i] = query.out_row[i] / query.sum; }
}
