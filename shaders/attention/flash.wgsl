// with: attention/views, attention/masks/causal, attention/scores/none, attention/lse/none, lib/extent/fixed, lib/online-softmax
// Attention by tiles with an online softmax, the scores never in memory (Dao 2023, algorithm 1)
//
// One workgroup per ROWS query rows. Rows are (token, head) pairs of one key and value head, tokens before heads, so
// that grouped heads share what is read of k and v. It goes over the keys that the mask leaves, KEYS at a time. k and v
// come through one tile of workgroup memory in CHUNKS pieces: k by head columns, transposed, then v by keys. A thread
// owns THREAD_ROWS rows: of the scores KEYS / COLUMN_THREADS keys, of the output HEAD_WIDTH / COLUMN_THREADS columns,
// all in registers. Between the two products the weights change hands through workgroup memory.
// Requests d·ROWS reads of q and 2·d·KEYS of k and v a step. Choose it from a few rows on.

const HEAD_WIDTH: u32 = 64;
const ROWS: u32 = 64;
const THREAD_ROWS: u32 = 8;
const COLUMN_THREADS: u32 = 8;
const KEYS: u32 = 64;
const CHUNKS: u32 = 4;

const ROW_THREADS = ROWS / THREAD_ROWS;
const THREADS = ROW_THREADS * COLUMN_THREADS;
const VECTORS = HEAD_WIDTH / 4;                     // of a row of q, k, v or out
const COLUMNS = VECTORS / COLUMN_THREADS;           // vectors of out that a thread owns
const KEY_VECTORS = KEYS / (4 * COLUMN_THREADS);    // fours of keys that a thread scores
const DEPTH = VECTORS / CHUNKS;                     // vectors of a row of k that are in the tile at a time
const CHUNK_KEYS = KEYS / CHUNKS;                   // rows of v that are in the tile at a time
const CHUNK_FOURS = CHUNK_KEYS / 4;
const_assert HEAD_WIDTH % (4 * COLUMN_THREADS) == 0 && HEAD_WIDTH % (4 * CHUNKS) == 0;
const_assert KEYS % (4 * COLUMN_THREADS) == 0 && KEYS % (4 * CHUNKS) == 0;
const_assert ROWS % THREAD_ROWS == 0 && THREAD_ROWS % 4 == 0;
const_assert COLUMN_THREADS * ROWS / 4 <= KEYS * VECTORS / CHUNKS;  // statistics pass through the tile

struct Params { h: u32, g: u32, t: u32, start: i32, length: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<vec4f>;          // [b, h, t, d]
@group(0) @binding(1) var<storage, read> k: array<vec4f>;          // [b, g, s, d]
@group(0) @binding(2) var<storage, read> v: array<vec4f>;          // [b, g, s, d]
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;  // [b, t, h, d]
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> tile: array<vec4f, KEYS * VECTORS / CHUNKS>;
var<workgroup> weights: array<vec4f, ROWS * CHUNK_FOURS>;  // [row][four keys]

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let block = workgroups.x - 1 - workgroup.x;  // the longest rows of a causal mask start first
  let group = workgroup.y;
  let b = workgroup.z;
  let heads = params.h / params.g;
  let rows = heads * params.t;
  let position = first_query(b);
  let first_position = position + block * ROWS / heads;
  let last_position = position + (min(block * ROWS + ROWS, rows) - 1) / heads;
  let keys = key_range(first_position, last_position, key_count(b));

  let column = thread % COLUMN_THREADS;
  let first_row = thread / COLUMN_THREADS * THREAD_ROWS;
  var query: array<u32, THREAD_ROWS>;  // where each row of q begins
  for (var r = 0u; r < THREAD_ROWS; r++) {
    let row = min(block * ROWS + first_row + r, rows - 1);  // rows past the end repeat the last
    query[r] = q_row(b, group * heads + row % heads, row / heads) / 4;
  }

  var out_rows: array<array<vec4f, COLUMNS>, THREAD_ROWS>;
  var largest: array<f32, THREAD_ROWS>;
  var sums: array<f32, THREAD_ROWS>;  // over this thread's keys
  for (var r = 0u; r < THREAD_ROWS; r++) { largest[r] = LOWEST; }

  for (var first_key = keys.x; first_key < keys.y; first_key += KEYS) {
    // Scores: q · k, a piece of the head's columns at a time.
    var scores = array<array<vec4f, KEY_VECTORS>, THREAD_ROWS>();
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      workgroupBarrier();  // the tile has been read
      stage_keys(b, group, first_key, keys.y, chunk, thread);
      workgroupBarrier();
      for (var i = 0u; i < DEPTH; i++) {
        var key_tile = array<array<vec4f, KEY_VECTORS>, 4>();
        for (var c = 0u; c < 4; c++) {
          for (var j = 0u; j < KEY_VECTORS; j++) {
            key_tile[c][j] = tile[(4 * i + c) * (KEYS / 4) + j * COLUMN_THREADS + column];
          }
        }
        for (var r = 0u; r < THREAD_ROWS; r++) {
          let values = q[query[r] + chunk * DEPTH + i];
          for (var j = 0u; j < KEY_VECTORS; j++) {
            var sum = scores[r][j];
            sum = fma(vec4f(values.x), key_tile[0][j], sum);
            sum = fma(vec4f(values.y), key_tile[1][j], sum);
            sum = fma(vec4f(values.z), key_tile[2][j], sum);
            sum = fma(vec4f(values.w), key_tile[3][j], sum);
            scores[r][j] = sum;
          }
        }
      }
    }

    let full = first_key + KEYS <= keys.y
      && tile_full(first_position, last_position, first_key, first_key + KEYS - 1);
    var tops = array<f32, THREAD_ROWS>();
    for (var r = 0u; r < THREAD_ROWS; r++) {
      let row = block * ROWS + first_row + r;
      tops[r] = LOWEST;
      for (var j = 0u; j < KEY_VECTORS; j++) {
        let key = first_key + 4 * (j * COLUMN_THREADS + column);
        let visible = finish_scores(scores[r][j], b, group * heads + row % heads, position + row / heads, key, keys.y, full);
        scores[r][j] = visible;
        tops[r] = max(tops[r], max(max(visible.x, visible.y), max(visible.z, visible.w)));
      }
    }

    // The largest score of each row, over the threads that share it.
    workgroupBarrier();  // the tile has been read
    for (var r = 0u; r < THREAD_ROWS; r += 4) {
      tile[(column * ROWS + first_row + r) / 4] = vec4f(tops[r], tops[r + 1], tops[r + 2], tops[r + 3]);
    }
    workgroupBarrier();
    for (var r = 0u; r < THREAD_ROWS; r += 4) {
      var top = vec4f(LOWEST);
      for (var c = 0u; c < COLUMN_THREADS; c++) {
        top = max(top, tile[(c * ROWS + first_row + r) / 4]);
      }
      for (var i = 0u; i < 4; i++) { tops[r + i] = top[i]; }
    }

    for (var r = 0u; r < THREAD_ROWS; r++) {
      let before = largest[r];
      largest[r] = max(before, tops[r]);
      let rescale = softmax_rescale(before, largest[r]);
      var sum = sums[r] * rescale;
      for (var j = 0u; j < KEY_VECTORS; j++) {
        let weight = softmax_weight4(scores[r][j], vec4f(largest[r]));
        scores[r][j] = weight;
        sum += dot(weight, vec4f(1.0));
      }
      sums[r] = sum;
      for (var c = 0u; c < COLUMNS; c++) { out_rows[r][c] *= rescale; }
    }

    // Output: weights · v, a piece of the keys at a time.
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      let first = first_key + chunk * CHUNK_KEYS;
      if (first >= keys.y) { break; }
      workgroupBarrier();  // tile and weights have been read
      for (var i = thread; i < CHUNK_KEYS * VECTORS; i += THREADS) {
        let key = first + i / VECTORS;
        var values = vec4f(0.0);
        if (key < keys.y) { values = v[v_row(b, group, key) / 4 + i % VECTORS]; }
        tile[i] = values;
      }
      for (var j = 0u; j < KEY_VECTORS; j++) {
        let four = j * COLUMN_THREADS + column;
        if (four / CHUNK_FOURS == chunk) {
          for (var r = 0u; r < THREAD_ROWS; r++) {
            weights[(first_row + r) * CHUNK_FOURS + four % CHUNK_FOURS] = scores[r][j];
          }
        }
      }
      workgroupBarrier();
      for (var i = 0u; i < CHUNK_FOURS; i++) {
        var values = array<array<vec4f, COLUMNS>, 4>();
        for (var n = 0u; n < 4; n++) {
          for (var c = 0u; c < COLUMNS; c++) {
            values[n][c] = tile[(4 * i + n) * VECTORS + c * COLUMN_THREADS + column];
          }
        }
        for (var r = 0u; r < THREAD_ROWS; r++) {
          let weight = weights[(first_row + r) * CHUNK_FOURS + i];
          for (var c = 0u; c < COLUMNS; c++) {
            var sum = out_rows[r][c];
            sum = fma(vec4f(weight.x), values[0][c], sum);
            sum = fma(vec4f(weight.y), values[1][c], sum);
            sum = fma(vec4f(weight.z), values[2][c], sum);
            sum = fma(vec4f(weight.w), values[3][c], sum);
            out_rows[r][c] = sum;
          }
        }
      }
    }
  }

  workgroupBarrier();
  for (var r = 0u; r < THREAD_ROWS; r += 4) {
    tile[(column * ROWS + first_row + r) / 4] = vec4f(sums[r], sums[r + 1], sums[r + 2], sums[r + 3]);
  }
  workgroupBarrier();
  for (var r = 0u; r < THREAD_ROWS; r++) {
    let row = block * ROWS + first_row + r;
    if (row >= rows) { break; }
    var sum = 0.0;
    for (var c = 0u; c < COLUMN_THREADS; c++) {
      sum += tile[(c * ROWS + first_row + r) / 4][r % 4];
    }
    let t = row / heads;
    let h = group * heads + row % heads;
    for (var c = 0u; c < COLUMNS; c++) {
      let at = ((b * params.t + t) * params.h + h) * VECTORS + c * COLUMN_THREADS + column;
      out[at] = select(out_rows[r][c] / sum, vec4f(0.0), sum == 0.0);
    }
    if (column == 0) { store_lse(b, h, t, log_sum_exp(largest[r], sum)); }
  }
}

// Four rows of k at a time, turned so that a vector of the tile holds one column of four keys.
fn stage_keys(b: u32, group: u32, first_key: u32, end: u32, chunk: u32, thread: u32) {
  for (var i = thread; i < KEYS / 4 * DEPTH; i += THREADS) {
    let four = i / DEPTH;
    let depth = i % DEPTH;
    var values = mat4x4f();  // zeros where there are no keys
    for (var n = 0u; n < 4; n++) {
      let key = first_key + 4 * four + n;
      if (key < end) { values[n] = k[k_row(b, group, key) / 4 + chunk * DEPTH + depth]; }
    }
    let columns = transpose(values);
    for (var c = 0u; c < 4; c++) {
      tile[(4 * depth + c) * (KEYS / 4) + four] = columns[c];
    }
  }
}

fn finish_scores(products: vec4f, b: u32, h: u32, q: u32, key: u32, end: u32, full: bool) -> vec4f {
  var scores = products * params.scale;
  for (var n = 0u; n < 4; n++) {
    scores[n] = score_mod(scores[n], b, h, q, key + n);
    if (!full && (key + n >= end || !mask_mod(b, h, q, key + n))) { scores[n] = LOWEST; }
  }
  return scores;
}
