// with: attention/cache/f32, attention/masks/causal, lib/extent/fixed, attention/views, lib/products, lib/no-index
// with: lib/online-softmax, selected-keys/rows
// Attention over selected keys, in splits of them:  accumulators = Σ exp(score - max) · v,  stats = (max, Σ exp(score -
// max))
//
// An index stands for params.block keys in a row, of which those up to the query count; NO_INDEX for none, whose memory
// is not read. One workgroup a split and ROWS heads of one query that share both keys and indices, so that a key that is
// gathered serves all of them. KEYS at a time: each thread scores THREAD_KEYS keys straight from k, the weights go to
// workgroup memory, then each thread adds up weight · v over every VALUE_THREADS-th key in COLUMNS vectors of columns.
// attention/split-k/join divides. Requests an index, d reads of k and dv of v a key.
// Choose it: keys are read once for several heads, and a few queries are shared out among all workgroups.

const HEAD_WIDTH: u32 = 64;   // of q and k
const VALUE_WIDTH: u32 = 64;  // of v
const ROWS: u32 = 4;          // heads of a workgroup
const WORKGROUP: u32 = 64;
const THREAD_KEYS: u32 = 4;   // that a thread scores at a time

const VECTORS = HEAD_WIDTH / 4;
const VALUE_VECTORS = VALUE_WIDTH / 4;
const KEYS = WORKGROUP * THREAD_KEYS;
const COLUMN_THREADS = min(VALUE_VECTORS, WORKGROUP);      // threads side by side along a row of v
const COLUMNS = (VALUE_VECTORS - 1) / COLUMN_THREADS + 1;  // vectors of a row of v for each of them
const VALUE_THREADS = WORKGROUP / COLUMN_THREADS;          // threads that share a vector of columns of v
const_assert HEAD_WIDTH % 4 == 0 && VALUE_WIDTH % 4 == 0;

struct Params {
  h: u32, g: u32, t: u32, m: u32, n: u32, block: u32, splits: u32, span: u32, start: i32, length: u32, scale: f32,
}

@group(0) @binding(0) var<storage, read> q: array<vec4f>;                   // [b, h, t, d]
@group(0) @binding(3) var<storage, read_write> accumulators: array<vec4f>;  // [b, t, h, splits, dv], sum(weight * v)
@group(0) @binding(4) var<storage, read_write> stats: array<vec2f>;         // [b, t, h, splits, 2], max and sum(weight)
@group(0) @binding(5) var<uniform> params: Params;
@group(0) @binding(7) var<storage, read> indices: array<u32>;               // [b, m, t, n]

var<workgroup> queries: array<vec4f, ROWS * VECTORS>;
var<workgroup> weights: array<f32, ROWS * KEYS>;
var<workgroup> selected: array<u32, KEYS>;
var<workgroup> pieces: array<vec4f, WORKGROUP>;

// The key of an entry of a query's selection, or NO_INDEX.
fn key_of(first_index: u32, entry: u32, b: u32, position: u32) -> u32 {
  let index = indices[first_index + entry / params.block];
  if (index == NO_INDEX || index >= (key_count(b) + params.block - 1) / params.block) { return NO_INDEX; }
  let key = index * params.block + entry % params.block;
  return select(NO_INDEX, key, key < key_count(b) && mask_mod(b, 0, position, key));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let units = max(params.g, params.m);  // heads of a unit share keys and indices
  let heads = params.h / units;
  let blocks = (heads + ROWS - 1) / ROWS;
  let split = workgroup.x;
  let t = workgroup.y / blocks;
  let unit = workgroup.z % units;
  let b = workgroup.z / units;
  let first_row = workgroup.y % blocks * ROWS;
  let first_head = unit * heads + first_row;
  let rows = min(ROWS, heads - first_row);
  let group = unit * params.g / units;
  let first_index = ((b * params.m + unit * params.m / units) * params.t + t) * params.n;
  let position = first_query(b) + t;
  let end = min((split + 1) * params.span, params.n * params.block);

  for (var i = thread; i < ROWS * VECTORS; i += WORKGROUP) {
    let head = first_head + min(i / VECTORS, rows - 1);  // rows past the end repeat the last
    queries[i] = params.scale * q[q_row(b, head, t) / 4 + i % VECTORS];
  }
  workgroupBarrier();

  let value_column = thread % COLUMN_THREADS;
  let value_thread = thread / COLUMN_THREADS;
  var largest: array<f32, ROWS>;
  var sums: array<f32, ROWS>;  // over this thread's keys
  var out_rows: array<array<vec4f, ROWS>, COLUMNS>;  // of this thread's columns, over its share of the keys
  for (var r = 0u; r < ROWS; r++) { largest[r] = LOWEST; }
  for (var first = split * params.span; first < end; first += KEYS) {
    var scores = array<array<f32, ROWS>, THREAD_KEYS>();
    var new_largest = largest;
    for (var n = 0u; n < THREAD_KEYS; n++) {
      let entry = first + n * WORKGROUP + thread;
      var key = NO_INDEX;
      if (entry < end) { key = key_of(first_index, entry, b, position); }
      selected[n * WORKGROUP + thread] = key;
      if (key == NO_INDEX) {
        for (var r = 0u; r < ROWS; r++) { scores[n][r] = LOWEST; }
        continue;
      }
      let row = k_row(b, group, key);
      for (var i = 0u; i < VECTORS; i++) {
        let values = load_k4(row, i);
        for (var r = 0u; r < ROWS; r++) { scores[n][r] = add_dot(queries[r * VECTORS + i], values, scores[n][r]); }
      }
      for (var r = 0u; r < ROWS; r++) { new_largest[r] = max(new_largest[r], scores[n][r]); }
    }
    workgroup_maxima(&new_largest, thread);
    for (var r = 0u; r < ROWS; r++) {
      let rescale = softmax_rescale(largest[r], new_largest[r]);
      largest[r] = new_largest[r];
      sums[r] *= rescale;
      for (var c = 0u; c < COLUMNS; c++) { out_rows[c][r] *= rescale; }
      for (var n = 0u; n < THREAD_KEYS; n++) {
        let weight = softmax_weight(scores[n][r], largest[r]);
        sums[r] += weight;
        weights[r * KEYS + n * WORKGROUP + thread] = weight;
      }
    }
    workgroupBarrier();
    // Threads are left over where VALUE_THREADS · COLUMN_THREADS is less than WORKGROUP.
    if (value_thread < VALUE_THREADS) {
      var own = array<array<vec4f, ROWS>, COLUMNS>();  // of these keys
      for (var i = value_thread; i < min(KEYS, end - first); i += VALUE_THREADS) {
        let key = selected[i];
        if (key == NO_INDEX) { continue; }
        let row = v_row(b, group, key);
        for (var c = 0u; c < COLUMNS; c++) {
          let values = load_v4(row, min(c * COLUMN_THREADS + value_column, VALUE_VECTORS - 1));
          for (var r = 0u; r < ROWS; r++) { own[c][r] = fma(vec4f(weights[r * KEYS + i]), values, own[c][r]); }
        }
      }
      for (var c = 0u; c < COLUMNS; c++) {
        for (var r = 0u; r < ROWS; r++) { out_rows[c][r] += own[c][r]; }
      }
    }
    workgroupBarrier();  // keys and weights have been read
  }

  workgroup_sums(&sums, thread);
  for (var r = 0u; r < rows; r++) {
    let part = (token_index(b, t) * params.h + first_head + r) * params.splits + split;
    for (var c = 0u; c < COLUMNS; c++) {
      pieces[thread] = out_rows[c][r];
      workgroupBarrier();
      let column = c * COLUMN_THREADS + thread;
      if (thread < COLUMN_THREADS && column < VALUE_VECTORS) {
        var total = vec4f();
        for (var i = 0u; i < VALUE_THREADS; i++) { total += pieces[i * COLUMN_THREADS + thread]; }
        accumulators[part * VALUE_VECTORS + column] = total;
      }
      workgroupBarrier();  // the pieces have been read
    }
    if (thread == 0) { stats[part] = vec2f(largest[r], sums[r]); }
  }
}
