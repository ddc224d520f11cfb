// with: attention/flash/rows-of/head, attention/flash/tiles/range, attention/cache/f32, attention/masks/causal
// with: attention/scores/none, attention/flash/store/rows, attention/sink/none, attention/lse/none, lib/extent/fixed
// with: attention/views, lib/products, lib/numbers/not-finite, attention/flash/runs, lib/online-softmax
// with: attention/dropout/none
// Attention by tiles, the scores never in memory:  out = softmax(score(scale · q · kᵀ)) · v
//
// With an online softmax (Dao 2023, algorithm 1); shaders/README.md has a drawing of the tiles. One workgroup per block
// of ROWS rows, the queries of a head or of a group of heads. It goes over the tiles of KEYS keys that the mask leaves
// (visible_scores applies mask_mod). First k of such a tile, then v, is staged, that is, copied to workgroup memory
// (the variable tile), in CHUNKS pieces: k by columns of the head, transposed, and v by keys. COLUMN_THREADS threads
// share THREAD_ROWS rows. Of each row a thread has, in registers, the scores of KEYS / COLUMN_THREADS keys and
// VALUE_WIDTH / COLUMN_THREADS columns of the output, so that each loaded vector is reused up to eight times. Between
// the two products the weights are exchanged through workgroup memory. For ROWS queries it requests (d + dv)·s reads of
// k and v, and COLUMN_THREADS·d reads of q per row and tile, mostly from the GPU's cache. Choose it for many queries.

const HEAD_WIDTH: u32 = 64;     // of q and k
const VALUE_WIDTH: u32 = 64;    // of v and out
const ROWS: u32 = 64;           // of a block
const THREAD_ROWS: u32 = 8;     // of a thread
const COLUMN_THREADS: u32 = 8;  // threads that share a row
const KEYS: u32 = 64;           // of a tile
const CHUNKS: u32 = 2;          // pieces of a tile that are staged one after the other

const THREADS = ROWS / THREAD_ROWS * COLUMN_THREADS;
const VECTORS = HEAD_WIDTH / 4;                   // of four elements, of a row of q or k
const VALUE_VECTORS = VALUE_WIDTH / 4;            // of a row of v or out
const COLUMNS = VALUE_VECTORS / COLUMN_THREADS;   // vectors of out that a thread owns
const KEY_VECTORS = KEYS / (4 * COLUMN_THREADS);  // groups of four keys that a thread scores
const DEPTH = VECTORS / CHUNKS;                   // vectors of a row of k that are staged at a time
const CHUNK_KEYS = KEYS / CHUNKS;                 // rows of v that are staged at a time
const CHUNK_KEY_VECTORS = CHUNK_KEYS / 4;         // groups of four keys among them
const_assert VALUE_WIDTH % (4 * COLUMN_THREADS) == 0 && HEAD_WIDTH % (4 * CHUNKS) == 0;
const_assert KEYS % (4 * COLUMN_THREADS) == 0 && KEYS % (4 * CHUNKS) == 0;
const_assert ROWS % THREAD_ROWS == 0 && THREAD_ROWS % 4 == 0;
const_assert COLUMN_THREADS * ROWS / 4 <= KEYS * max(VECTORS, VALUE_VECTORS) / CHUNKS;  // room for share_rows

struct Params { h: u32, g: u32, t: u32, start: i32, length: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<vec4f>;          // [b, h, t, d]
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;  // [b, t, h, dv]
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> tile: array<vec4f, KEYS * max(VECTORS, VALUE_VECTORS) / CHUNKS>;
var<workgroup> weight_tile: array<vec4f, ROWS * CHUNK_KEY_VECTORS>;  // [row][four keys]

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let block_index = workgroups.x - 1 - workgroup.x;  // the last first: under a causal mask it has the most keys
  let b_and_block = batch_and_block(block_index, workgroup.z, ROWS, rows_of_query());
  let b = b_and_block.x;
  let block = b_and_block.y;
  let rows = query_count(b) * rows_of_query();
  if (block * ROWS >= rows) { return; }  // the whole workgroup leaves
  let group = group_at(workgroup.y);
  let column = thread % COLUMN_THREADS;
  let own_row = thread / COLUMN_THREADS * THREAD_ROWS;  // first of this thread's, in the block
  let first_row = block * ROWS + own_row;
  let first_position = first_query(b) + query_of_row(block * ROWS);
  let last_position = first_query(b) + query_of_row(min(block * ROWS + ROWS, rows) - 1);
  let tiles = tiles_of(b, workgroup.y, block, first_position, last_position);

  var q_first: array<u32, THREAD_ROWS>;  // where each row of q begins; rows past the end repeat the last
  var largest: array<f32, THREAD_ROWS>;
  var sums: array<f32, THREAD_ROWS>;  // of this run, over this thread's keys
  var out_rows: array<array<vec4f, COLUMNS>, THREAD_ROWS>;  // of this run
  var earlier_largest: array<f32, THREAD_ROWS>;  // when this run began
  var earlier_sums: array<f32, THREAD_ROWS>;     // of the runs before it
  for (var r = 0u; r < THREAD_ROWS; r++) {
    let row = min(first_row + r, rows - 1);
    q_first[r] = q_row(b, head_of_row(workgroup.y, row), query_of_row(row)) / 4;
    largest[r] = LOWEST;
    earlier_largest[r] = LOWEST;
  }

  for (var n = 0u; n < tiles.count; n++) {
    if (n > 0 && n % RUN == 0) {
      let rescales = run_rescales(earlier_largest, largest);
      put_aside(b, workgroup.y, vec2u(first_row, rows), column, n > RUN, rescales, out_rows);
      for (var r = 0u; r < THREAD_ROWS; r++) {
        earlier_largest[r] = largest[r];
        earlier_sums[r] = earlier_sums[r] * rescales[r] + sums[r];
        sums[r] = 0.0;
        for (var c = 0u; c < COLUMNS; c++) { out_rows[r][c] = vec4f(0.0); }
      }
    }
    let visit = visit_of(tiles, n, b, first_position, last_position);

    // Scores: q · k, a piece of the columns at a time. Further below they become the weights of the softmax.
    var scores = array<array<vec4f, KEY_VECTORS>, THREAD_ROWS>();
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      workgroupBarrier();  // the tile has been read
      stage_keys(b, group, visit.first_key, tiles.end, chunk, thread);
      workgroupBarrier();
      for (var i = 0u; i < DEPTH; i++) {
        var transposed = array<array<vec4f, KEY_VECTORS>, 4>();  // [column][four keys]
        for (var c = 0u; c < 4; c++) {
          for (var j = 0u; j < KEY_VECTORS; j++) {
            transposed[c][j] = tile[key_place(i, c, j * COLUMN_THREADS + column)];
          }
        }
        for (var r = 0u; r < THREAD_ROWS; r++) {
          let x = q[q_first[r] + chunk * DEPTH + i];
          for (var j = 0u; j < KEY_VECTORS; j++) {
            scores[r][j] = add_products(
              x, transposed[0][j], transposed[1][j], transposed[2][j], transposed[3][j], scores[r][j],
            );
          }
        }
      }
    }

    // The largest score of each row so far, over the threads that share it. What was summed up to now is rescaled to
    // it, and the scores become weights.
    var new_largest = array<f32, THREAD_ROWS>();
    for (var r = 0u; r < THREAD_ROWS; r++) {
      new_largest[r] = largest[r];
      let h = head_of_row(workgroup.y, first_row + r);
      let position = first_query(b) + query_of_row(first_row + r);
      for (var j = 0u; j < KEY_VECTORS; j++) {
        let key = visit.first_key + 4 * (j * COLUMN_THREADS + column);
        let visible = visible_scores(scores[r][j], b, h, position, key, tiles.end, visit.full);
        scores[r][j] = visible;
        new_largest[r] = max(new_largest[r], max(max(visible.x, visible.y), max(visible.z, visible.w)));
      }
    }
    new_largest = row_maxima(new_largest, own_row, column);
    for (var r = 0u; r < THREAD_ROWS; r++) {
      let rescale = softmax_rescale(largest[r], new_largest[r]);
      largest[r] = new_largest[r];
      let head_key = dropout_key(b, head_of_row(workgroup.y, first_row + r));
      let position = first_query(b) + query_of_row(first_row + r);
      var tile_sum = 0.0;
      for (var j = 0u; j < KEY_VECTORS; j++) {
        let weights = softmax_weight4(scores[r][j], vec4f(largest[r]));
        tile_sum += dot(weights, vec4f(1.0));
        scores[r][j] = weights * kept_shares(head_key, position, visit.first_key + 4 * (j * COLUMN_THREADS + column));
      }
      sums[r] = sums[r] * rescale + tile_sum;
      for (var c = 0u; c < COLUMNS; c++) { out_rows[r][c] *= rescale; }
    }

    // Output: weights · v, a piece of the keys at a time.
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      let first_key = visit.first_key + chunk * CHUNK_KEYS;
      if (first_key >= tiles.end) { break; }
      workgroupBarrier();  // both tiles have been read
      stage_values(b, group, first_key, tiles.end, thread);
      for (var j = 0u; j < KEY_VECTORS; j++) {
        let key_vector = j * COLUMN_THREADS + column;  // of this thread, stored if it is in this piece
        if (key_vector / CHUNK_KEY_VECTORS == chunk) {
          let first_weight = own_row * CHUNK_KEY_VECTORS + key_vector % CHUNK_KEY_VECTORS;
          for (var r = 0u; r < THREAD_ROWS; r++) { weight_tile[first_weight + r * CHUNK_KEY_VECTORS] = scores[r][j]; }
        }
      }
      workgroupBarrier();
      var piece = array<array<vec4f, COLUMNS>, THREAD_ROWS>();
      for (var i = 0u; i < CHUNK_KEY_VECTORS; i++) {
        var values = array<array<vec4f, COLUMNS>, 4>();  // [key][vector]
        for (var c = 0u; c < COLUMNS; c++) {
          for (var j = 0u; j < 4; j++) { values[j][c] = tile[(4 * i + j) * VALUE_VECTORS + c * COLUMN_THREADS + column]; }
        }
        for (var r = 0u; r < THREAD_ROWS; r++) {
          let weight = weight_tile[(own_row + r) * CHUNK_KEY_VECTORS + i];
          for (var c = 0u; c < COLUMNS; c++) {
            piece[r][c] = add_products(weight, values[0][c], values[1][c], values[2][c], values[3][c], piece[r][c]);
          }
        }
      }
      var spoilt = false;  // a masked key held NaN, which affects every row
      for (var c = 0u; c < COLUMNS; c++) { spoilt = spoilt || not_finite(piece[0][c]); }
      if (spoilt) { piece = without_hidden(own_row, column, min(CHUNK_KEYS, tiles.end - first_key)); }
      for (var r = 0u; r < THREAD_ROWS; r++) {
        for (var c = 0u; c < COLUMNS; c++) { out_rows[r][c] += piece[r][c]; }
      }
    }
  }

  let rescales = run_rescales(earlier_largest, largest);
  for (var r = 0u; r < THREAD_ROWS; r++) { sums[r] += earlier_sums[r] * rescales[r]; }
  sums = row_sums(sums, own_row, column);
  let any_earlier = tiles.count > RUN;
  store_rows(b, workgroup.y, vec2u(first_row, rows), column, largest, sums, any_earlier, rescales, out_rows);
}

// A piece of k or v is staged in workgroup memory. Rows from `end` on, and those that are not in memory, are not read:
// they count as zeros.

// DEPTH vectors of KEYS rows of k, transposed: a vector of the tile holds one column of four neighbouring keys, see
// key_place.
fn stage_keys(b: u32, group: u32, first_key: u32, end: u32, chunk: u32, thread: u32) {
  for (var i = thread; i < KEYS / 4 * DEPTH; i += THREADS) {
    let key_vector = i / DEPTH;
    let depth = i % DEPTH;
    var values = mat4x4f();
    for (var n = 0u; n < 4; n++) {
      let key = first_key + 4 * key_vector + n;
      if (key < end && key_stored(b, key)) { values[n] = load_k4(k_row(b, group, key), chunk * DEPTH + depth); }
    }
    let columns = transpose(values);
    for (var c = 0u; c < 4; c++) { tile[key_place(depth, c, key_vector)] = columns[c]; }
  }
}

// Where the tile has four keys of column 4 · depth + c: it is [4 · DEPTH columns][KEYS / 4 vectors of keys], with each
// row rotated by its depth. Neighbouring threads stage neighbouring depths, which would otherwise share their banks.
fn key_place(depth: u32, c: u32, key_vector: u32) -> u32 {
  return (4 * depth + c) * (KEYS / 4) + (key_vector + depth) % (KEYS / 4);
}

// CHUNK_KEYS rows of v as they are, [key][vector].
fn stage_values(b: u32, group: u32, first_key: u32, end: u32, thread: u32) {
  for (var i = thread; i < CHUNK_KEYS * VALUE_VECTORS; i += THREADS) {
    let key = first_key + i / VALUE_VECTORS;
    var values = vec4f(0.0);
    if (key < end && key_stored(b, key)) { values = load_v4(v_row(b, group, key), i % VALUE_VECTORS); }
    tile[i] = values;
  }
}

// weights · v of a thread's rows and columns for the keys of this piece, without those whose weight is 0. A key that
// the mask hides may hold NaN, and 0 · NaN is NaN: it then affects all rows of a piece, which are added up again
// without it.
fn without_hidden(own_row: u32, column: u32, keys: u32) -> array<array<vec4f, COLUMNS>, THREAD_ROWS> {
  var piece = array<array<vec4f, COLUMNS>, THREAD_ROWS>();
  for (var key = 0u; key < keys; key++) {
    for (var r = 0u; r < THREAD_ROWS; r++) {
      let weight = weight_tile[(own_row + r) * CHUNK_KEY_VECTORS + key / 4][key % 4];
      for (var c = 0u; c < COLUMNS; c++) {
        let values = tile[key * VALUE_VECTORS + c * COLUMN_THREADS + column];
        piece[r][c] = add_weighted(weight, values, piece[r][c]);
      }
    }
  }
  return piece;
}

// Scores of one query and four neighbouring keys from their dot products; LOWEST for keys from `end` on, those that are
// not in memory and those that the mask hides. A full tile has none of them.
fn visible_scores(products: vec4f, b: u32, h: u32, q: u32, key: u32, end: u32, full: u32) -> vec4f {
  var scores = products * params.scale;
  for (var n = 0u; n < 4; n++) {
    let position = key_position(b, key + n);
    scores[n] = score_mod(scores[n], b, h, q, position);
    let hidden = key + n >= end || !key_stored(b, key + n) || !mask_mod(b, h, q, position);
    if (full == 0 && hidden) { scores[n] = LOWEST; }
  }
  return scores;
}

// Maximum and sum over the threads that share rows, for each of a thread's rows. Each thread leaves its values in the
// tile; then each reduces some of the rows, into the tile of the weights, from which all read the results. The contents
// of both are lost.
fn row_maxima(values: array<f32, THREAD_ROWS>, own_row: u32, column: u32) -> array<f32, THREAD_ROWS> {
  share_rows(values, own_row, column);
  for (var row = own_row + column; row < own_row + THREAD_ROWS; row += COLUMN_THREADS) {
    var largest = LOWEST;
    for (var c = 0u; c < COLUMN_THREADS; c++) { largest = max(largest, shared_value(c, row)); }
    weight_tile[row] = vec4f(largest);
  }
  workgroupBarrier();
  return reduced_rows(own_row);
}

fn row_sums(values: array<f32, THREAD_ROWS>, own_row: u32, column: u32) -> array<f32, THREAD_ROWS> {
  share_rows(values, own_row, column);
  for (var row = own_row + column; row < own_row + THREAD_ROWS; row += COLUMN_THREADS) {
    var sum = 0.0;
    for (var c = 0u; c < COLUMN_THREADS; c++) { sum += shared_value(c, row); }
    weight_tile[row] = vec4f(sum);
  }
  workgroupBarrier();
  return reduced_rows(own_row);
}

fn share_rows(values: array<f32, THREAD_ROWS>, own_row: u32, column: u32) {
  workgroupBarrier();  // the tile has been read
  for (var r = 0u; r < THREAD_ROWS; r += 4) {
    tile[shared_place(column, own_row + r)] = vec4f(values[r], values[r + 1], values[r + 2], values[r + 3]);
  }
  workgroupBarrier();
}

fn shared_value(column: u32, row: u32) -> f32 {
  return tile[shared_place(column, row)][row % 4];
}

// Where four rows of a column are shared: the columns of these rows side by side, rotated, so that neither threads with
// neighbouring columns, which store, nor those with neighbouring rows, which read, share banks.
fn shared_place(column: u32, row: u32) -> u32 {
  return row / 4 * COLUMN_THREADS + (column + row / 4) % COLUMN_THREADS;
}

// What the threads of these rows have reduced. All components are equal; threads of other rows read others, since the
// rows of a component share a bank.
fn reduced_rows(own_row: u32) -> array<f32, THREAD_ROWS> {
  var result: array<f32, THREAD_ROWS>;
  for (var r = 0u; r < THREAD_ROWS; r++) { result[r] = weight_tile[own_row + r][own_row / THREAD_ROWS % 4]; }
  return result;
}
