// with: attention/cache/f32, attention/masks/causal, attention/scores/none, lib/extent/fixed
// with: attention/split-k/range, attention/split-k/rows, attention/views, lib/products, attention/split-k/reduce
// with: lib/numbers/not-finite, lib/online-softmax, attention/split-k/store
// Attention over splits of the keys, side by side:  accumulators = Σ exp(score - max) · v,  stats = (max, Σ exp(score -
// max))
//
// For few queries and many keys (Flash-Decoding, Dao et al. 2023); split-k/join divides, when all splits are done.
// One workgroup per split and block of ROWS rows. Rows are (token, head) pairs of one key and value head, so that
// grouped heads share what is read. It goes over the keys of its split, KEYS at a time: each thread scores THREAD_KEYS
// keys for all rows, straight from k; the weights go to workgroup memory; then each thread adds up weight · v for all
// rows in COLUMNS vectors of columns, over every VALUE_THREADS-th key. Requests d reads of k and dv of v a key. The
// workgroup of a split without keys leaves at once, and writes only the sum of 0.

const HEAD_WIDTH: u32 = 64;   // of q and k
const VALUE_WIDTH: u32 = 64;  // of v
const ROWS: u32 = 4;          // of a block
const WORKGROUP: u32 = 64;    // threads
const THREAD_KEYS: u32 = 4;   // that a thread scores at a time

const VECTORS = HEAD_WIDTH / 4;                            // of four elements, of a row of q or k
const VALUE_VECTORS = VALUE_WIDTH / 4;                     // of a row of v
const ROW_VECTORS = ROWS / 4;                              // a vector holds a number for each of four rows
const KEYS = WORKGROUP * THREAD_KEYS;                      // that a workgroup scores at a time
const COLUMN_THREADS = min(VALUE_VECTORS, WORKGROUP);      // threads side by side along a row of v
const COLUMNS = (VALUE_VECTORS - 1) / COLUMN_THREADS + 1;  // vectors of a row of v for each of them
const VALUE_THREADS = WORKGROUP / COLUMN_THREADS;          // threads that share a vector of columns of v
const_assert HEAD_WIDTH % 4 == 0 && VALUE_WIDTH % 4 == 0;
const_assert ROWS % 4 == 0 && THREAD_KEYS >= 4;  // the output passes through the weights' memory
const_assert 0 == (WORKGROUP & (WORKGROUP - 1));  // the tree reduction halves it

struct Params { h: u32, g: u32, t: u32, splits: u32, span: u32, start: i32, length: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<vec4f>;              // [b, h, t, d]
@group(0) @binding(3) var<storage, read_write> accumulators: array<vec4f>;  // [b, t, h, splits, dv], sum(weight * v)
@group(0) @binding(4) var<storage, read_write> stats: array<vec2f>;         // [b, t, h, splits, 2], max and sum(weight)
@group(0) @binding(5) var<uniform> params: Params;

// In both, what neighbouring threads store at a time lies side by side, in different banks.
var<workgroup> queries: array<vec4f, HEAD_WIDTH * ROW_VECTORS>;  // [column % 4][column / 4][four rows]
var<workgroup> weights: array<vec4f, KEYS * ROW_VECTORS>;        // [key of a thread][thread][four rows]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let split = workgroup.x;
  let group = workgroup.z % params.g;
  let heads = params.h / params.g;
  let b_and_block = batch_and_block(workgroup.y, workgroup.z / params.g, ROWS, heads);
  let b = b_and_block.x;
  let block = b_and_block.y;
  if (block * ROWS >= heads * query_count(b)) { return; }  // the whole workgroup leaves
  let rows = min(ROWS, heads * query_count(b) - block * ROWS);
  let positions = block_positions(b, block);
  let keys = split_range(block_range(b, positions), split);
  if (keys.x >= keys.y) {
    if (thread < rows) { stats[part_of_row(b, group, block * ROWS + thread, split)] = vec2f(LOWEST, 0.0); }
    return;
  }

  var token: array<u32, ROWS>;
  var head: array<u32, ROWS>;
  name_rows(block, group, rows, &token, &head);

  // q, transposed: so that a vector holds one column of four rows.
  for (var i = thread; i < VECTORS; i += WORKGROUP) {
    for (var f = 0u; f < ROW_VECTORS; f++) {
      var values = mat4x4f();
      for (var r = 0u; r < 4; r++) { values[r] = q[q_row(b, head[4 * f + r], token[4 * f + r]) / 4 + i]; }
      let columns = transpose(values);
      for (var c = 0u; c < 4; c++) { queries[(c * VECTORS + i) * ROW_VECTORS + f] = columns[c]; }
    }
  }
  workgroupBarrier();

  let threads = min(WORKGROUP, (keys.y - keys.x + THREAD_KEYS - 1) / THREAD_KEYS);  // those that have keys
  let value_column = thread % COLUMN_THREADS;
  let value_thread = thread / COLUMN_THREADS;
  var largest: array<vec4f, ROW_VECTORS>;
  var sums: array<vec4f, ROW_VECTORS>;  // over this thread's keys
  var out_rows: array<array<vec4f, ROWS>, COLUMNS>;  // of this thread's columns, over its share of the keys
  for (var f = 0u; f < ROW_VECTORS; f++) { largest[f] = vec4f(LOWEST); }
  for (var first_key = keys.x; first_key < keys.y; first_key += KEYS) {
    // Scores: q · k, of THREAD_KEYS keys in each thread.
    let own_key = first_key + thread * THREAD_KEYS;
    var scores = array<array<vec4f, ROW_VECTORS>, THREAD_KEYS>();
    if (own_key < keys.y) {
      var row = array<u32, THREAD_KEYS>();
      for (var n = 0u; n < THREAD_KEYS; n++) { row[n] = k_row(b, group, min(own_key + n, keys.y - 1)); }
      for (var i = 0u; i < VECTORS; i++) {
        var values = array<vec4f, THREAD_KEYS>();
        for (var n = 0u; n < THREAD_KEYS; n++) { values[n] = load_k4(row[n], i); }
        for (var f = 0u; f < ROW_VECTORS; f++) {
          let x = queries[i * ROW_VECTORS + f];
          let y = queries[(VECTORS + i) * ROW_VECTORS + f];
          let z = queries[(2 * VECTORS + i) * ROW_VECTORS + f];
          let w = queries[(3 * VECTORS + i) * ROW_VECTORS + f];
          for (var n = 0u; n < THREAD_KEYS; n++) {
            scores[n][f] = add_products(values[n], x, y, z, w, scores[n][f]);
          }
        }
      }
    }

    // The largest score of each row so far, over all threads; what was summed up to now is rescaled to it.
    let last_key = min(first_key + KEYS, keys.y) - 1;
    let full = tile_full(b, positions.x, positions.y, key_position(b, first_key), key_position(b, last_key))
      && keys_stored(b, first_key, last_key);
    var new_largest = largest;
    for (var f = 0u; f < ROW_VECTORS; f++) {
      for (var n = 0u; n < THREAD_KEYS; n++) {
        let key = own_key + n;
        let position_of_key = key_position(b, key);
        let there = key < keys.y && (full || key_stored(b, key));
        var visible = scores[n][f] * params.scale;
        for (var r = 0u; r < 4; r++) {
          let at = first_query(b) + token[4 * f + r];
          visible[r] = score_mod(visible[r], b, head[4 * f + r], at, position_of_key);
          if (!there || (!full && !mask_mod(b, head[4 * f + r], at, position_of_key))) { visible[r] = LOWEST; }
        }
        scores[n][f] = visible;
        new_largest[f] = max(new_largest[f], visible);
      }
    }
    workgroup_maxima(&new_largest, threads, thread);
    for (var f = 0u; f < ROW_VECTORS; f++) {
      let rescale = softmax_rescale4(largest[f], new_largest[f]);
      largest[f] = new_largest[f];
      sums[f] *= rescale;
      for (var c = 0u; c < COLUMNS; c++) {
        for (var r = 0u; r < 4; r++) { out_rows[c][4 * f + r] *= rescale[r]; }
      }
    }

    // Scores become weights, which all threads need.
    for (var n = 0u; n < THREAD_KEYS; n++) {
      for (var f = 0u; f < ROW_VECTORS; f++) {
        let weight = softmax_weight4(scores[n][f], largest[f]);
        sums[f] += weight;
        weights[(n * WORKGROUP + thread) * ROW_VECTORS + f] = weight;
      }
    }
    workgroupBarrier();
    // Output: weights · v. Threads are left over where VALUE_THREADS · COLUMN_THREADS is less than WORKGROUP.
    if (value_thread < VALUE_THREADS) {
      let count = min(KEYS, keys.y - first_key);
      var own = array<array<vec4f, ROWS>, COLUMNS>();  // of these keys
      for (var i = value_thread; i < count; i += VALUE_THREADS) {
        if (!full && !key_stored(b, first_key + i)) { continue; }
        let row = v_row(b, group, first_key + i);
        for (var c = 0u; c < COLUMNS; c++) {
          let values = load_v4(row, min(c * COLUMN_THREADS + value_column, VALUE_VECTORS - 1));
          for (var f = 0u; f < ROW_VECTORS; f++) {
            let weight = weights[weight_place(i) + f];
            for (var r = 0u; r < 4; r++) { own[c][4 * f + r] = fma(vec4f(weight[r]), values, own[c][4 * f + r]); }
          }
        }
      }
      var spoilt = false;  // a masked key held NaN, which affects every row
      for (var c = 0u; c < COLUMNS; c++) { spoilt = spoilt || not_finite(own[c][0]); }
      if (spoilt) { own = without_hidden(b, group, first_key, count, value_column, value_thread); }
      for (var c = 0u; c < COLUMNS; c++) {
        for (var r = 0u; r < ROWS; r++) { out_rows[c][r] += own[c][r]; }
      }
    }
    workgroupBarrier();  // the weights have been read
  }

  workgroup_sums(&sums, threads, thread);
  store_parts(b, group, block, split, rows, largest, sums, out_rows, thread);
}

// Where the weights of key i begin, counted from the first of the workgroup's.
fn weight_place(i: u32) -> u32 {
  return (i % THREAD_KEYS * WORKGROUP + i / THREAD_KEYS) * ROW_VECTORS;
}

// weights · v of `count` keys for a thread's columns, without keys whose weight is 0. A key that the mask hides may
// hold NaN, and 0 · NaN is NaN: it then affects all rows, which are added up again without it.
fn without_hidden(
  b: u32,
  group: u32,
  first_key: u32,
  count: u32,
  value_column: u32,
  value_thread: u32,
) -> array<array<vec4f, ROWS>, COLUMNS> {
  var own = array<array<vec4f, ROWS>, COLUMNS>();
  for (var i = value_thread; i < count; i += VALUE_THREADS) {
    if (!key_stored(b, first_key + i)) { continue; }
    for (var c = 0u; c < COLUMNS; c++) {
      let values = load_v4(v_row(b, group, first_key + i), min(c * COLUMN_THREADS + value_column, VALUE_VECTORS - 1));
      for (var r = 0u; r < ROWS; r++) {
        own[c][r] = add_weighted(weights[weight_place(i) + r / 4][r % 4], values, own[c][r]);
      }
    }
  }
  return own;
}
