// with: attention/flash/rows-of/head, attention/flash/tiles/range, attention/cache/f32, attention/masks/causal
// with: attention/scores/none, attention/flash/store/rows, attention/sink/none, attention/lse/none, lib/extent/fixed
// with: attention/views, lib/products, lib/numbers/not-finite, attention/flash/runs, lib/online-softmax
// Attention by tiles, in the registers of one subgroup:  out = softmax(score(scale · q · kᵀ)) · v
//
// With an online softmax (Dao 2023, algorithm 1).
// Flash without workgroup memory and without barriers: one workgroup is one subgroup, and has a block of ROWS rows of a
// head or group. Of a tile of KEYS keys each thread scores every SUBGROUP-th, straight from k. The vectors of q are
// spread over the threads, and a shuffle hands each of them to all. Weights are handed on the same way, while each
// thread adds up weight · v in COLUMNS vectors of columns. The number of keys in a tile and the order of sums do not
// depend on the size of a subgroup, so results are bitwise the same for all sizes. For ROWS queries it requests (d +
// dv)·s reads of k and v, and ROWS·d reads of q a tile. Choose it where subgroups all have one size and a shuffle costs
// less than a load.
enable subgroups;

const HEAD_WIDTH: u32 = 64;   // of q and k
const VALUE_WIDTH: u32 = 64;  // of v and out
const SUBGROUP: u32 = 8;      // threads
const ROWS: u32 = 8;          // of a block
const KEYS: u32 = 32;         // of a tile

const VECTORS = HEAD_WIDTH / 4;               // of four elements, of a row of q or k
const VALUE_VECTORS = VALUE_WIDTH / 4;        // of a row of v or out
const COLUMNS = VALUE_VECTORS / SUBGROUP;     // vectors of out that a thread owns
const THREAD_KEYS = KEYS / SUBGROUP;          // keys of a tile that a thread scores
const THREAD_ROWS = ROWS;                     // rows of a thread, and
const COLUMN_THREADS = SUBGROUP;              // threads that share a row, for flash/store: all threads share all rows
const_assert VECTORS % SUBGROUP == 0 && VALUE_VECTORS % SUBGROUP == 0 && KEYS % SUBGROUP == 0;

struct Params { h: u32, g: u32, t: u32, d: u32, start: i32, length: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<vec4f>;          // [b, h, t, d]
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;  // [b, t, h, dv]
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u,
        @builtin(subgroup_invocation_id) thread: u32) {
  let block_index = workgroups.x - 1 - workgroup.x;  // from the last: under a causal mask it has the most keys
  let b_and_block = batch_and_block(block_index, workgroup.z, ROWS, rows_of_query());
  let b = b_and_block.x;
  let first_row = b_and_block.y * ROWS;
  let rows = query_count(b) * rows_of_query();
  if (first_row >= rows) { return; }  // the whole workgroup leaves
  let group = group_at(workgroup.y);
  let first_position = first_query(b) + query_of_row(first_row);
  let last_position = first_query(b) + query_of_row(min(first_row + ROWS, rows) - 1);
  let tiles = tiles_of(b, workgroup.y, b_and_block.y, first_position, last_position);

  var q_first: array<u32, ROWS>;  // where each row of q begins; rows past the end repeat the last
  var largest: array<f32, ROWS>;
  var sums: array<f32, ROWS>;  // of this run
  var out_rows: array<array<vec4f, COLUMNS>, ROWS>;  // of this run
  var earlier_largest: array<f32, ROWS>;  // when the last run began, and
  var earlier_sums: array<f32, ROWS>;     // the sums until then
  for (var r = 0u; r < ROWS; r++) {
    let row = min(first_row + r, rows - 1);
    q_first[r] = q_row(b, head_of_row(workgroup.y, row), query_of_row(row)) / 4;
    largest[r] = LOWEST;
    earlier_largest[r] = LOWEST;
  }

  for (var tile = 0u; tile < tiles.count; tile++) {
    if (tile > 0 && tile % RUN == 0) {
      let rescales = run_rescales(earlier_largest, largest);
      put_aside(b, workgroup.y, vec2u(first_row, rows), thread, tile > RUN, rescales, out_rows);
      for (var r = 0u; r < ROWS; r++) {
        earlier_largest[r] = largest[r];
        earlier_sums[r] = earlier_sums[r] * rescales[r] + sums[r];
        sums[r] = 0.0;
        for (var c = 0u; c < COLUMNS; c++) { out_rows[r][c] = vec4f(0.0); }
      }
    }
    let visit = visit_of(tiles, tile, b, first_position, last_position);

    // Scores: q · k, SUBGROUP vectors of columns at a time, of which each thread has one of every row. The loops run to
    // params.d and not to a constant: unrolled, they take seconds to compile.
    var scores = array<array<f32, ROWS>, THREAD_KEYS>();
    var key_rows: array<u32, THREAD_KEYS>;  // keys past the end repeat the last
    for (var n = 0u; n < THREAD_KEYS; n++) {
      key_rows[n] = k_row(b, group, min(visit.first_key + n * SUBGROUP + thread, tiles.end - 1));
    }
    for (var first = 0u; first < params.d / 4; first += SUBGROUP) {
      var own: array<vec4f, ROWS>;
      for (var r = 0u; r < ROWS; r++) { own[r] = q[q_first[r] + first + thread]; }
      for (var i = first; i < min(first + SUBGROUP, params.d / 4); i++) {
        var keys: array<vec4f, THREAD_KEYS>;
        for (var n = 0u; n < THREAD_KEYS; n++) { keys[n] = load_k4(key_rows[n], i); }
        for (var r = 0u; r < ROWS; r++) {
          let x = subgroupShuffle(own[r], i - first);
          for (var n = 0u; n < THREAD_KEYS; n++) {
            scores[n][r] = add_dot(x, keys[n], scores[n][r]);
          }
        }
      }
    }

    // The largest score of each row, over all threads; then the weights.
    for (var r = 0u; r < ROWS; r++) {
      let h = head_of_row(workgroup.y, first_row + r);
      let position = first_query(b) + query_of_row(first_row + r);
      var new_largest = largest[r];
      for (var n = 0u; n < THREAD_KEYS; n++) {
        let key = visit.first_key + n * SUBGROUP + thread;
        scores[n][r] = visible_score(scores[n][r], b, h, position, key, tiles.end, visit.full);
        new_largest = max(new_largest, scores[n][r]);
      }
      new_largest = subgroupMax(new_largest);
      let rescale = softmax_rescale(largest[r], new_largest);
      largest[r] = new_largest;
      sums[r] *= rescale;
      for (var n = 0u; n < THREAD_KEYS; n++) { scores[n][r] = softmax_weight(scores[n][r], new_largest); }
      for (var c = 0u; c < COLUMNS; c++) { out_rows[r][c] *= rescale; }
    }

    // Output: weights · v, key by key. Every thread adds up all weights, so that none have to be exchanged at the end.
    var tile_sums = array<f32, ROWS>();
    var tile_rows = array<array<vec4f, COLUMNS>, ROWS>();
    let end = min(visit.first_key + KEYS, tiles.end);
    for (var n = 0u; n < THREAD_KEYS; n++) {
      let first_key = visit.first_key + n * SUBGROUP;
      if (first_key >= end) { break; }
      var own = scores[n];
      for (var key = first_key; key < min(first_key + SUBGROUP, end); key++) {
        if (!key_stored(b, key)) { continue; }
        let row = v_row(b, group, key);
        var values: array<vec4f, COLUMNS>;
        for (var c = 0u; c < COLUMNS; c++) { values[c] = load_v4(row, c * SUBGROUP + thread); }
        for (var r = 0u; r < ROWS; r++) {
          let weight = subgroupShuffle(own[r], key - first_key);
          tile_sums[r] += weight;
          for (var c = 0u; c < COLUMNS; c++) { tile_rows[r][c] = fma(vec4f(weight), values[c], tile_rows[r][c]); }
        }
      }
    }
    var spoilt = false;  // a masked key held NaN, which affects every row
    for (var c = 0u; c < COLUMNS; c++) { spoilt = spoilt || not_finite(tile_rows[0][c]); }
    if (subgroupAny(spoilt)) {
      tile_rows = without_hidden(b, group, visit.first_key, end, thread, scores);
    }
    for (var r = 0u; r < ROWS; r++) {
      sums[r] += tile_sums[r];
      for (var c = 0u; c < COLUMNS; c++) { out_rows[r][c] += tile_rows[r][c]; }
    }
  }

  let rescales = run_rescales(earlier_largest, largest);
  for (var r = 0u; r < ROWS; r++) { sums[r] += earlier_sums[r] * rescales[r]; }
  let any_earlier = tiles.count > RUN;
  store_rows(b, workgroup.y, vec2u(first_row, rows), thread, largest, sums, any_earlier, rescales, out_rows);
}

// The score of a query and a key; LOWEST for keys from `end` on, those that are not in memory and those that the mask
// hides. A full tile has none of them.
fn visible_score(product: f32, b: u32, h: u32, q: u32, key: u32, end: u32, full: u32) -> f32 {
  let position = key_position(b, key);
  let score = score_mod(product * params.scale, b, h, q, position);
  let hidden = key >= end || !key_stored(b, key) || !mask_mod(b, h, q, position);
  return select(score, LOWEST, full == 0 && hidden);
}

// weights · v of a tile for this thread's columns, without keys whose weight is 0. A key that the mask hides may hold
// NaN, and 0 · NaN is NaN: it then affects all rows of a tile, which are added up again without it. All threads call it
// or none, which compilers cannot infer from subgroupAny's result.
@diagnostic(off, subgroup_uniformity)
fn without_hidden(
  b: u32,
  group: u32,
  first_key: u32,
  end: u32,
  thread: u32,
  weights: array<array<f32, ROWS>, THREAD_KEYS>,
) -> array<array<vec4f, COLUMNS>, ROWS> {
  var rows = array<array<vec4f, COLUMNS>, ROWS>();
  for (var n = 0u; n < THREAD_KEYS; n++) {
    for (var i = 0u; i < min(SUBGROUP, end - min(end, first_key + n * SUBGROUP)); i++) {
      let key = first_key + n * SUBGROUP + i;
      if (!key_stored(b, key)) { continue; }
      for (var r = 0u; r < ROWS; r++) {
        let weight = subgroupShuffle(weights[n][r], i);
        for (var c = 0u; c < COLUMNS; c++) {
          let values = load_v4(v_row(b, group, key), c * SUBGROUP + thread);
          rows[r][c] = add_weighted(weight, values, rows[r][c]);
        }
      }
    }
  }
  return rows;
}
