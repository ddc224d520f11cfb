// with: attention/flash/rows-of/head, attention/flash/tiles/range, attention/cache/f32, attention/masks/causal
// with: attention/scores/none, attention/score-derivatives/one, lib/extent/fixed, attention/backward/quads
// with: attention/backward/stage, attention/backward/along, lib/online-softmax
// The gradients of scores along the diagonals of queries and keys, by tiles:  diagonals[j - i] = Σ dscore[i, j]
//
// For scores that read a table by distance; the pairs are never in memory. One workgroup per head and part of its
// blocks of ROWS queries: a part has every parts-th block, so that under a causal mask all have about equally much to
// do. As in flash-q it computes the gradients of a tile's pairs, and then each thread adds up those diagonals of the
// tile whose number is its own modulo THREADS. So a sum belongs to one thread, without atomics, and its order is always
// the same. The parts have separate sums, which attention/backward/table adds up. Requests (d + dv)·(ROWS + KEYS) reads
// for the dot products of a tile, and reads and writes ROWS + KEYS sums.

const HEAD_WIDTH: u32 = 64;   // of q and k
const VALUE_WIDTH: u32 = 64;  // of v and dout
const ROWS: u32 = 64;         // of a block
const KEYS: u32 = 64;         // of a tile

const BLOCK = ROWS;
const TILE = KEYS;

struct Params {
  h: u32, g: u32, t: u32, s: u32,
  start: i32, length: u32, scale: f32, first: i32,                    // offset k - q of the first sum
  dout_first: u32, dout_batch: u32, dout_head: u32, dout_token: u32,  // where dout begins, and its strides
}

@group(0) @binding(5) var<uniform> params: Params;
@group(0) @binding(7) var<storage, read_write> diagonals: array<f32>;  // [b·parts, h, t + s - 1]

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let h = workgroup.y;
  let b = workgroup.z;
  let group = group_at(h);
  let head_key = dropout_key(b, h);
  let count = params.t + params.s - 1;
  let first_sum = ((b * workgroups.x + workgroup.x) * params.h + h) * count;
  for (var i = thread; i < count; i += THREADS) { diagonals[first_sum + i] = 0.0; }
  for (var block = workgroup.x; block * ROWS < query_count(b); block += workgroups.x) {
    let first_row = block * ROWS;
    let first_position = first_query(b) + first_row;
    let last_position = first_query(b) + min(first_row + ROWS, query_count(b)) - 1;
    let tiles = tiles_of(b, h, block, first_position, last_position);
    var figures: array<vec2f, THREAD_ROWS>;  // of each row; rows past the end repeat the last
    for (var r = 0u; r < THREAD_ROWS; r++) {
      figures[r] = stats[row_of(b, h, min(first_row + own_row(thread, r), query_count(b) - 1))];
    }
    for (var n = 0u; n < tiles.count; n++) {
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
        let row = first_row + own_row(thread, r);
        let position = first_query(b) + row;
        for (var j = 0u; j < TILE_QUADS; j++) {
          let dots = products[r][j];
          var quad = gradients[r][j];
          let first_of_quad = visit.first_key + own_column(thread, j);
          let kept = kept_shares(head_key, position, first_of_quad);
          for (var c = 0u; c < 4; c++) {
            let key = first_of_quad + c;
            let dscore = gradients_of_score(dots[c], quad[c], kept[c], figures[r], b, h, position, key).y;
            let hidden = !full && (key >= tiles.end || !mask_mod(b, h, position, key));
            quad[c] = select(dscore, 0.0, hidden || row >= query_count(b));
          }
          gradients[r][j] = quad;
        }
      }
      let lowest = visit.first_key + KEYS + 1 - first_position - u32(params.first);
      add_diagonals(first_sum, count, lowest, thread, gradients);
    }
  }
}
