// with: attention/backward/blocks/range, attention/cache/f32, attention/masks/causal, attention/scores/none
// with: attention/score-derivatives/one, lib/extent/fixed, attention/backward/quads, lib/online-softmax
// The gradients of keys and values by tiles:  dk = Σ (gradient of q · k) · q, dv = Σ weight · dout
//
// One workgroup per tile of KEYS keys of a key and value head. It goes over the query heads that read it and, of each,
// over the blocks of ROWS queries of which one may see a key. As flash-q, with the sides exchanged: no sum is
// shared by workgroups, so there are no atomics. Both gradients are in one buffer, which leaves buffers to masks and
// scores. Requests 2·(d + dv)·(ROWS + KEYS) reads for the products of a block and a tile, and
// (d + dv)·ROWS more for what is added to the gradients.

const HEAD_WIDTH: u32 = 64;   // of q and k
const VALUE_WIDTH: u32 = 64;  // of v and dout
const ROWS: u32 = 64;         // queries of a block
const KEYS: u32 = 64;         // of a tile
const RUN: u32 = 16;          // blocks

const BLOCK = KEYS;
const TILE = ROWS;

struct Params {
  h: u32, g: u32, t: u32, s: u32, dv_first: u32,                      // where dv begins
  unused: u32,                                                        // slots after the keys, whose gradients are 0
  start: i32, length: u32, scale: f32,
  dout_first: u32, dout_batch: u32, dout_head: u32, dout_token: u32,  // where dout begins, and its strides
}

@group(0) @binding(5) var<uniform> params: Params;
@group(0) @binding(7) var<storage, read_write> dkv: array<vec4f>;  // dk [b, g, s, d], and then dv [b, g, s, dv]

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = batch_and_tile(workgroup.x, workgroup.z, KEYS);
  let b = at.x;
  let first_key = at.y * KEYS;
  let end = key_count(b);
  if (first_key >= end + params.unused) { return; }  // the whole workgroup leaves
  let group = workgroup.y;
  let heads = params.h / params.g;
  var visits = 0u;
  var key_sums = Sums();    // of this run
  var value_sums = Sums();
  for (var h = group * heads; h < (group + 1) * heads; h++) {
    let blocks = blocks_of(b, h, at.y);
    let head_key = dropout_key(b, h);
    for (var n = next_block(blocks, 0, b, first_key, end); n < blocks.count;
         n = next_block(blocks, n + 1, b, first_key, end)) {
      let visit = block_of(blocks, n, b, first_key, end);
      let full = visit.full == 1;
      if (visits > 0 && visits % RUN == 0) {
        store_rows(b, group, first_key, thread, visits > RUN, key_sums, value_sums);
        key_sums = Sums();
        value_sums = Sums();
      }
      visits++;
      var weights = Pairs();    // first dot products
      var gradients = Pairs();  // first of the weights
      for (var first = 0u; first < max(HEAD_WIDTH, VALUE_WIDTH); first += DEPTH) {
        workgroupBarrier();  // all tiles have been read
        stage(0, b, h, group, visit.first_row, first_key, end, first, thread);
        stage(1, b, h, group, visit.first_row, first_key, end, first, thread);
        workgroupBarrier();
        weights = add_pairs(0, min(DEPTH, HEAD_WIDTH - min(first, HEAD_WIDTH)), thread, weights);
        gradients = add_pairs(1, min(DEPTH, VALUE_WIDTH - min(first, VALUE_WIDTH)), thread, gradients);
      }
      for (var j = 0u; j < TILE_QUADS; j++) {
        let first_of_quad = visit.first_row + own_column(thread, j);
        var figures: array<vec2f, 4>;  // of each query; those past the end repeat the last
        for (var c = 0u; c < 4; c++) {
          figures[c] = stats[row_of(b, h, min(first_of_quad + c, query_count(b) - 1))];
        }
        var kept: array<vec4f, 4>;  // of four queries, and four keys each
        for (var r = 0u; r < THREAD_ROWS; r++) {
          let key = first_key + own_row(thread, r);
          if (r % 4 == 0) {
            for (var c = 0u; c < 4; c++) { kept[c] = kept_shares(head_key, first_query(b) + first_of_quad + c, key); }
          }
          var of_values = weights[r][j];
          var of_keys = gradients[r][j];
          for (var c = 0u; c < 4; c++) {
            let row = first_of_quad + c;
            let position = first_query(b) + row;
            let pair = gradients_of_pair(of_values[c], of_keys[c], share_at(kept[c], r % 4), figures[c], b, h, position, key);
            let hidden = !full && (row >= query_count(b) || key >= end || !mask_mod(b, h, position, key));
            of_values[c] = select(pair.x, 0.0, hidden);
            of_keys[c] = select(pair.y, 0.0, hidden);
          }
          weights[r][j] = of_values;
          gradients[r][j] = of_keys;
        }
      }
      for (var first = 0u; first < ROWS; first += DEPTH) {
        if (visit.first_row + first >= query_count(b)) { break; }
        workgroupBarrier();  // all tiles have been read
        stage_rows(0, b, h, visit.first_row + first, thread);
        stage_rows(1, b, h, visit.first_row + first, thread);
        place_factors(0, first, thread, gradients);
        place_factors(1, first, thread, weights);
        workgroupBarrier();
        key_sums = add_rows(0, full, thread, key_sums);
        value_sums = add_rows(1, full, thread, value_sums);
      }
    }
  }
  store_rows(b, group, first_key, thread, visits > RUN, key_sums, value_sums);
}

// Stages DEPTH columns of the tile's keys and of a block of queries, or of values and dout.
fn stage(side: u32, b: u32, h: u32, group: u32, first_row: u32, first_key: u32, end: u32, first: u32, thread: u32) {
  let vectors = select(VECTORS, VALUE_VECTORS, side == 1);
  for (var n = thread; n < DEPTH / 4 * (KEYS / 4); n += THREADS) {
    let i = n % (DEPTH / 4);
    let vector = min(first / 4 + i, vectors - 1);  // columns past the last are not multiplied
    let key = first_key + n / (DEPTH / 4) * 4;
    let keys = mat4x4f(
      key_vector(side == 1, b, group, key, end, vector),
      key_vector(side == 1, b, group, key + 1, end, vector),
      key_vector(side == 1, b, group, key + 2, end, vector),
      key_vector(side == 1, b, group, key + 3, end, vector),
    );
    place_left(side, i, n / (DEPTH / 4), transpose(keys));
  }
  for (var n = thread; n < DEPTH / 4 * (ROWS / 4); n += THREADS) {
    let i = n % (DEPTH / 4);
    let vector = min(first / 4 + i, vectors - 1);  // columns past the last are not multiplied
    let row = first_row + n / (DEPTH / 4) * 4;
    let rows = mat4x4f(
      query_vector(side == 1, b, h, row, vector),
      query_vector(side == 1, b, h, row + 1, vector),
      query_vector(side == 1, b, h, row + 2, vector),
      query_vector(side == 1, b, h, row + 3, vector),
    );
    place_right(side, i, n / (DEPTH / 4), transpose(rows));
  }
}

// Stages DEPTH queries, or gradients of results, as they are.
fn stage_rows(side: u32, b: u32, h: u32, first_row: u32, thread: u32) {
  let vectors = select(VECTORS, VALUE_VECTORS, side == 1);
  for (var i = thread; i < DEPTH * vectors; i += THREADS) {
    let row = i / vectors;
    let vector = i % vectors;
    right[right_place(side * DEPTH + row, vector)] = query_vector(side == 1, b, h, first_row + row, vector);
  }
}

// Stores a thread's part of its rows, added to what earlier runs have stored.
fn store_rows(b: u32, group: u32, first_key: u32, thread: u32, any_earlier: bool, key_sums: Sums, value_sums: Sums) {
  var left_keys = key_sums;
  var left_values = value_sums;
  for (var r = 0u; r < THREAD_ROWS; r++) {
    let key = first_key + own_row(thread, r);
    let is_there = key < key_count(b) + params.unused;
    let row = (batch_row(b) * params.g + group) * params.s + keys_before(b) + key;
    for (var c = 0u; c < COLUMNS; c++) {
      let column = c * COLUMN_THREADS + thread % COLUMN_THREADS;
      if (is_there && column < VECTORS) { add_to(row * VECTORS + column, any_earlier, left_keys[0][c]); }
      if (is_there && column < VALUE_VECTORS) {
        add_to(params.dv_first / 4 + row * VALUE_VECTORS + column, any_earlier, left_values[0][c]);
      }
    }
    left_keys = moved_up(left_keys);
    left_values = moved_up(left_values);
  }
}

fn add_to(i: u32, any_earlier: bool, sum: vec4f) {
  var total = sum;
  if (any_earlier) { total += dkv[i]; }
  dkv[i] = total;
}
