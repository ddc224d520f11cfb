// with: attention/flash/rows-of/head, attention/flash/tiles/range, attention/cache/f32, attention/masks/causal
// with: attention/scores/none, attention/score-derivatives/one, lib/extent/fixed, attention/backward/quads
// with: attention/backward/stage, lib/online-softmax
// The gradient of queries by tiles, the weights never in memory:  dq = Σ (gradient of q · k) · k
//
// One workgroup per block of ROWS queries of a head, as in attention/flash: it goes over the tiles of KEYS keys that
// the mask leaves, and computes q · k and dout · v of all pairs of a tile, from these and from each row's log-sum-exp
// the gradients of the dot products, and the products of those with k (attention/backward/quads). Sums over keys are
// taken in runs, which join in the memory of the result. Requests (d + dv)·(ROWS + KEYS) reads for the dot products of
// a tile, and d·KEYS more for what is added to dq.

const HEAD_WIDTH: u32 = 64;   // of q and k
const VALUE_WIDTH: u32 = 64;  // of v and dout
const ROWS: u32 = 64;         // of a block
const KEYS: u32 = 64;         // of a tile
const RUN: u32 = 16;          // tiles

const BLOCK = ROWS;
const TILE = KEYS;

struct Params {
  h: u32, g: u32, t: u32,
  start: i32, length: u32, scale: f32,
  dout_first: u32, dout_batch: u32, dout_head: u32, dout_token: u32,  // where dout begins, and its strides
}

@group(0) @binding(5) var<uniform> params: Params;
@group(0) @binding(7) var<storage, read_write> dq: array<vec4f>;  // [b, h, t, d]

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  // From the last: under a causal mask it has the most keys.
  let at = batch_and_block(workgroups.x - 1 - workgroup.x, workgroup.z, ROWS, 1);
  let b = at.x;
  let block = at.y;
  let first_row = block * ROWS;
  if (first_row >= query_count(b)) { return; }  // the whole workgroup leaves
  let h = workgroup.y;
  let group = group_at(h);
  let first_position = first_query(b) + first_row;
  let last_position = first_query(b) + min(first_row + ROWS, query_count(b)) - 1;
  let tiles = tiles_of(b, h, block, first_position, last_position);
  let head_key = dropout_key(b, h);
  var figures: array<vec2f, THREAD_ROWS>;  // of each row; rows past the end repeat the last
  for (var r = 0u; r < THREAD_ROWS; r++) {
    figures[r] = stats[row_of(b, h, min(first_row + own_row(thread, r), query_count(b) - 1))];
  }

  var sums = Sums();  // of this run
  for (var n = 0u; n < tiles.count; n++) {
    if (n > 0 && n % RUN == 0) {
      store_rows(b, h, first_row, thread, n > RUN, sums);
      sums = Sums();
    }
    let visit = visit_of(tiles, n, b, first_position, last_position);
    let full = visit.full == 1;
    var products = Pairs();
    var gradients = Pairs();  // first of the weights
    for (var first = 0u; first < max(HEAD_WIDTH, VALUE_WIDTH); first += DEPTH) {
      workgroupBarrier();  // all tiles have been read
      stage(0, b, h, group, first_row, visit.first_key, tiles.end, first, thread);
      stage(1, b, h, group, first_row, visit.first_key, tiles.end, first, thread);
      workgroupBarrier();
      products = add_pairs(0, min(DEPTH, HEAD_WIDTH - min(first, HEAD_WIDTH)), thread, products);
      gradients = add_pairs(1, min(DEPTH, VALUE_WIDTH - min(first, VALUE_WIDTH)), thread, gradients);
    }
    for (var r = 0u; r < THREAD_ROWS; r++) {
      let position = first_position + own_row(thread, r);
      for (var j = 0u; j < TILE_QUADS; j++) {
        let dots = products[r][j];
        var quad = gradients[r][j];
        let first_of_quad = visit.first_key + own_column(thread, j);
        let kept = kept_shares(head_key, position, first_of_quad);
        for (var c = 0u; c < 4; c++) {
          let key = first_of_quad + c;
          let pair = gradients_of_pair(dots[c], quad[c], kept[c], figures[r], b, h, position, key);
          let hidden = !full && (key >= tiles.end || !mask_mod(b, h, position, key));
          quad[c] = select(pair.y, 0.0, hidden);
        }
        gradients[r][j] = quad;
      }
    }
    for (var first = 0u; first < KEYS; first += DEPTH) {
      if (visit.first_key + first >= tiles.end) { break; }
      workgroupBarrier();  // both tiles have been read
      place_factors(0, first, thread, gradients);
      for (var i = thread; i < DEPTH * VECTORS; i += THREADS) {
        let key = visit.first_key + first + i / VECTORS;
        right[right_place(i / VECTORS, i % VECTORS)] = key_vector(false, b, group, key, tiles.end, i % VECTORS);
      }
      workgroupBarrier();
      sums = add_rows(0, full, thread, sums);
    }
  }
  store_rows(b, h, first_row, thread, tiles.count > RUN, sums);
}

// Stores a thread's part of its rows, added to what earlier runs have stored.
fn store_rows(b: u32, h: u32, first_row: u32, thread: u32, any_earlier: bool, sums: Sums) {
  var left_sums = sums;
  for (var r = 0u; r < THREAD_ROWS; r++) {
    let row = first_row + own_row(thread, r);
    for (var c = 0u; c < COLUMNS; c++) {
      let column = c * COLUMN_THREADS + thread % COLUMN_THREADS;
      if (row >= query_count(b) || column >= VECTORS) { continue; }
      let i = row_of(b, h, row) * VECTORS + column;
      var sum = left_sums[0][c];
      if (any_earlier) { sum += dq[i]; }
      dq[i] = sum;
    }
    left_sums = moved_up(left_sums);
  }
}
