// with: attention/views, attention/split-k/range, attention/split-k/reduce, attention/products, attention/masks/causal, attention/scores/none, lib/extent/fixed, lib/online-softmax
// Attention of few queries over many keys, the keys cut into splits that run side by side (Flash-Decoding, Dao et al. 2023)
//
// One workgroup per ROWS query rows and split. Rows are (token, head) pairs of one key and value head, so that grouped
// heads share what is read. It goes over its keys KEYS at a time: each thread scores THREAD_KEYS keys for all rows,
// straight from k; the weights go to workgroup memory; then each thread gathers a vector of columns of v for all rows,
// over every VALUE_THREADS-th key. Requests d reads of k and of v a key. Empty splits leave at once and write nothing.

const HEAD_WIDTH: u32 = 64;
const ROWS: u32 = 4;
const WORKGROUP: u32 = 64;
const THREAD_KEYS: u32 = 4;

const VECTORS = HEAD_WIDTH / 4;
const FOURS = ROWS / 4;                     // rows are held four to a vector
const KEYS = WORKGROUP * THREAD_KEYS;
const VALUE_THREADS = WORKGROUP / VECTORS;  // threads that share a vector of columns of v
const_assert HEAD_WIDTH % 4 == 0 && VECTORS <= WORKGROUP;
const_assert ROWS % 4 == 0 && THREAD_KEYS >= 4;  // the output passes through the weights' memory
const_assert (WORKGROUP & (WORKGROUP - 1)) == 0;  // the tree reduction halves it

struct Params { h: u32, g: u32, t: u32, splits: u32, span: u32, start: i32, length: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<vec4f>;              // [b, h, t, d]
@group(0) @binding(1) var<storage, read> k: array<vec4f>;              // [b, g, s, d]
@group(0) @binding(2) var<storage, read> v: array<vec4f>;              // [b, g, s, d]
@group(0) @binding(3) var<storage, read_write> mixed: array<vec4f>;    // [b, t, h, splits, d], sum(weight * v)
@group(0) @binding(4) var<storage, read_write> extremes: array<vec2f>; // [b, t, h, splits, 2], max and sum(weight)
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> queries: array<vec4f, HEAD_WIDTH * FOURS>;  // [column][four rows]
var<workgroup> weights: array<vec4f, KEYS * FOURS>;        // [key][four rows]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let split = workgroup.x;
  let block = workgroup.y;
  let b = workgroup.z / params.g;
  let group = workgroup.z % params.g;
  let positions = block_positions(b, block);
  let keys = split_range(block_range(b, positions), split);
  if (keys.x >= keys.y) { return; }  // the whole workgroup leaves

  // Token and head of each row; rows past the end repeat the last.
  let heads = params.h / params.g;
  let rows = min(ROWS, heads * params.t - block * ROWS);
  var token: array<u32, ROWS>;
  var head: array<u32, ROWS>;
  for (var r = 0u; r < ROWS; r++) {
    let row = block * ROWS + min(r, rows - 1);
    token[r] = row / heads;
    head[r] = group * heads + row % heads;
  }
  if (thread < VECTORS) {
    for (var f = 0u; f < FOURS; f++) {
      var values = mat4x4f();
      for (var r = 0u; r < 4; r++) { values[r] = q[q_row(b, head[4 * f + r], token[4 * f + r]) / 4 + thread]; }
      let columns = transpose(values);
      for (var c = 0u; c < 4; c++) { queries[(4 * thread + c) * FOURS + f] = columns[c]; }
    }
  }
  workgroupBarrier();

  let value_column = thread % VECTORS;
  let value_thread = thread / VECTORS;
  let position = first_query(b);
  var largest: array<vec4f, FOURS>;
  var sums: array<vec4f, FOURS>;  // over this thread's keys
  var out_rows: array<vec4f, ROWS>;  // of this thread's columns, over its share of the keys
  for (var f = 0u; f < FOURS; f++) { largest[f] = vec4f(LOWEST); }

  for (var first_key = keys.x; first_key < keys.y; first_key += KEYS) {
    let own_key = first_key + thread * THREAD_KEYS;
    var scores = array<array<vec4f, FOURS>, THREAD_KEYS>();
    if (own_key < keys.y) {
      var row = array<u32, THREAD_KEYS>();
      for (var n = 0u; n < THREAD_KEYS; n++) { row[n] = k_row(b, group, min(own_key + n, keys.y - 1)) / 4; }
      for (var i = 0u; i < VECTORS; i++) {
        var values = array<vec4f, THREAD_KEYS>();
        for (var n = 0u; n < THREAD_KEYS; n++) { values[n] = k[row[n] + i]; }
        for (var f = 0u; f < FOURS; f++) {
          let x = queries[4 * i * FOURS + f];
          let y = queries[(4 * i + 1) * FOURS + f];
          let z = queries[(4 * i + 2) * FOURS + f];
          let w = queries[(4 * i + 3) * FOURS + f];
          for (var n = 0u; n < THREAD_KEYS; n++) {
            scores[n][f] = add_products(values[n], x, y, z, w, scores[n][f]);
          }
        }
      }
    }

    let full = tile_full(positions.x, positions.y, first_key, min(first_key + KEYS, keys.y) - 1);
    for (var f = 0u; f < FOURS; f++) {
      var top = vec4f(LOWEST);
      for (var n = 0u; n < THREAD_KEYS; n++) {
        let key = own_key + n;
        var visible = scores[n][f] * params.scale;
        for (var r = 0u; r < 4; r++) {
          let at = position + token[4 * f + r];
          visible[r] = score_mod(visible[r], b, head[4 * f + r], at, key);
          if (key >= keys.y || (!full && !mask_mod(b, head[4 * f + r], at, key))) { visible[r] = LOWEST; }
        }
        scores[n][f] = visible;
        top = max(top, visible);
      }
      let before = largest[f];
      largest[f] = max(before, workgroup_max4(top, thread));
      let rescale = softmax_rescale4(before, largest[f]);
      sums[f] *= rescale;
      for (var r = 0u; r < 4; r++) { out_rows[4 * f + r] *= rescale[r]; }
    }

    for (var n = 0u; n < THREAD_KEYS; n++) {
      for (var f = 0u; f < FOURS; f++) {
        let weight = softmax_weight4(scores[n][f], largest[f]);
        sums[f] += weight;
        weights[(thread * THREAD_KEYS + n) * FOURS + f] = weight;
      }
    }
    workgroupBarrier();
    if (value_thread < VALUE_THREADS) {
      let count = min(KEYS, keys.y - first_key);
      for (var i = value_thread; i < count; i += VALUE_THREADS) {
        let values = v[v_row(b, group, first_key + i) / 4 + value_column];
        for (var f = 0u; f < FOURS; f++) {
          let weight = weights[i * FOURS + f];
          for (var r = 0u; r < 4; r++) { out_rows[4 * f + r] = fma(vec4f(weight[r]), values, out_rows[4 * f + r]); }
        }
      }
    }
    workgroupBarrier();  // the weights have been read
  }

  for (var f = 0u; f < FOURS; f++) { sums[f] = workgroup_sum4(sums[f], thread); }
  for (var r = 0u; r < ROWS; r++) { weights[thread * ROWS + r] = out_rows[r]; }
  workgroupBarrier();
  for (var r = 0u; r < ROWS; r++) {
    let at = ((b * params.t + token[r]) * params.h + head[r]) * params.splits + split;
    if (r < rows && thread < VECTORS) {
      var total = vec4f(0.0);
      for (var n = 0u; n < VALUE_THREADS; n++) { total += weights[(n * VECTORS + thread) * ROWS + r]; }
      mixed[at * VECTORS + thread] = total;
    }
    if (r < rows && thread == 0) { extremes[at] = vec2f(largest[r / 4][r % 4], sums[r / 4][r % 4]); }
  }
}
