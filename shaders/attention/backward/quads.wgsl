// with: attention/backward/row, attention/dropout/none, lib/products
// The products of tiles in flash-q and flash-kv, as in gemm/vectors. A workgroup has a block of BLOCK
// rows, queries or keys, and goes over tiles of TILE rows of the other side. Of its ROW_THREADS × COLUMN_THREADS
// threads each has THREAD_ROWS rows of the block, and of these every pair with TILE / COLUMN_THREADS rows of the tile,
// and then four times COLUMNS columns of their gradients. The operands lie in workgroup memory in quads, DEPTH of i at
// a time: four rows of the block in a vector of `left`, four columns in one of `right`, for two products at once. The
// kernel defines BLOCK, TILE and the widths.

const DEPTH: u32 = 16;          // of i at a time
const STEPS: u32 = 2;           // of i that are in registers at a time
const THREAD_ROWS: u32 = 8;     // of a thread
const COLUMN_THREADS: u32 = 8;  // threads that share a row

const ROW_THREADS = BLOCK / THREAD_ROWS;
const THREADS = ROW_THREADS * COLUMN_THREADS;
const ROW_QUADS = THREAD_ROWS / 4;               // of a thread
const TILE_QUADS = TILE / (4 * COLUMN_THREADS);  // of a thread
const VECTORS = HEAD_WIDTH / 4;                  // of four elements, of a row of q or k
const VALUE_VECTORS = VALUE_WIDTH / 4;           // of a row of v or dout
const COLUMNS = 1 + (max(VECTORS, VALUE_VECTORS) - 1) / COLUMN_THREADS;  // vectors of a row of a gradient
const LEFT_PITCH = BLOCK / 4;
const RIGHT_PITCH = max(TILE / 4, COLUMNS * COLUMN_THREADS);
const_assert BLOCK % THREAD_ROWS == 0 && THREAD_ROWS % 4 == 0 && TILE % (4 * COLUMN_THREADS) == 0;
const_assert TILE % DEPTH == 0 && DEPTH % 4 == 0 && DEPTH % STEPS == 0;
const_assert HEAD_WIDTH % 4 == 0 && VALUE_WIDTH % 4 == 0;

alias Pairs = array<array<vec4f, TILE_QUADS>, THREAD_ROWS>;  // of a row of the block and four of the tile
alias Sums = array<array<vec4f, COLUMNS>, THREAD_ROWS>;      // four columns of a row of the block

@group(0) @binding(0) var<storage, read> q: array<vec4f>;      // [b, h, t, d]
@group(0) @binding(3) var<storage, read> dout: array<vec4f>;   // [b, h, t, dv]
@group(0) @binding(4) var<storage, read> stats: array<vec2f>;  // [b, h, t, 2], log-sum-exp and out · dout

var<workgroup> left: array<vec4f, 2 * DEPTH * LEFT_PITCH>;    // [product, i, quad of rows], see left_place
var<workgroup> right: array<vec4f, 2 * DEPTH * RIGHT_PITCH>;  // [product, i, quad of columns], see right_place

// Row r of a thread, in the block.
fn own_row(thread: u32, r: u32) -> u32 {
  return 4 * (r / 4 * ROW_THREADS + thread / COLUMN_THREADS) + r % 4;
}

// The first of the four rows of the tile in quad j of a thread.
fn own_column(thread: u32, j: u32) -> u32 {
  return 4 * (j * COLUMN_THREADS + thread % COLUMN_THREADS);
}

// Vector i of a query, or of the gradient of its result; the last query again past the last.
fn query_vector(gradient: bool, b: u32, h: u32, t: u32, i: u32) -> vec4f {
  let row = min(t, query_count(b) - 1);
  if (!gradient) { return q[q_row(b, h, row) / 4 + i]; }
  return dout[dout_row(b, h, row) + i];
}

// Vector i of a key, or of its value; the last key again past the last, which are hidden.
fn key_vector(value: bool, b: u32, group: u32, key: u32, end: u32, i: u32) -> vec4f {
  let row = min(key, end - 1);
  if (!value) { return load_k4(k_row(b, group, row), i); }
  return load_v4(v_row(b, group, row), i);
}

fn place_left(side: u32, i: u32, quad: u32, columns: mat4x4f) {
  for (var c = 0u; c < 4; c++) { left[left_place(side * DEPTH + 4 * i + c, quad)] = columns[c]; }
}

fn place_right(side: u32, i: u32, quad: u32, columns: mat4x4f) {
  for (var c = 0u; c < 4; c++) { right[right_place(side * DEPTH + 4 * i + c, quad)] = columns[c]; }
}

// Adds to a product's sums of pairs the products staged in left and right, at up to `depth` of i.
fn add_pairs(side: u32, depth: u32, thread: u32, before: Pairs) -> Pairs {
  var sums = before;
  for (var i = 0u; i < depth; i += STEPS) {
    var rows: array<array<vec4f, ROW_QUADS>, STEPS>;
    var columns: array<array<vec4f, TILE_QUADS>, STEPS>;
    for (var n = 0u; n < STEPS; n++) {
      let at = side * DEPTH + i + n;
      for (var quad = 0u; quad < ROW_QUADS; quad++) { rows[n][quad] = left[left_at(at, quad, thread)]; }
      for (var j = 0u; j < TILE_QUADS; j++) { columns[n][j] = right[right_at(at, j, thread)]; }
    }
    for (var r = 0u; r < THREAD_ROWS; r++) {
      for (var j = 0u; j < TILE_QUADS; j++) {
        var sum = sums[r][j];
        for (var n = 0u; n < STEPS; n++) { sum = fma(vec4f(rows[n][r / 4][r % 4]), columns[n][j], sum); }
        sums[r][j] = sum;
      }
    }
  }
  return sums;
}

// The same where left has factors of DEPTH rows of the tile, and right the columns of these rows. Where some pairs are
// hidden, a factor of 0 is skipped, since 0 · NaN is NaN.
fn add_rows(side: u32, full: bool, thread: u32, before: Sums) -> Sums {
  var sums = before;
  for (var i = 0u; i < DEPTH; i += STEPS) {
    var factors: array<array<vec4f, ROW_QUADS>, STEPS>;
    var columns: array<array<vec4f, COLUMNS>, STEPS>;
    for (var n = 0u; n < STEPS; n++) {
      let at = side * DEPTH + i + n;
      for (var quad = 0u; quad < ROW_QUADS; quad++) { factors[n][quad] = left[left_at(at, quad, thread)]; }
      for (var c = 0u; c < COLUMNS; c++) { columns[n][c] = right[right_at(at, c, thread)]; }
    }
    for (var r = 0u; r < THREAD_ROWS; r++) {
      for (var c = 0u; c < COLUMNS; c++) {
        var sum = sums[r][c];
        for (var n = 0u; n < STEPS; n++) {
          let factor = factors[n][r / 4][r % 4];
          sum = select(fma(vec4f(factor), columns[n][c], sum), sum, !full && factor == 0.0);
        }
        sums[r][c] = sum;
      }
    }
  }
  return sums;
}

// Where a thread's quads of rows, and of columns, are at an i.
fn left_at(i: u32, quad: u32, thread: u32) -> u32 {
  return left_place(i, quad * ROW_THREADS + thread / COLUMN_THREADS);
}

fn right_at(i: u32, quad: u32, thread: u32) -> u32 {
  return right_place(i, quad * COLUMN_THREADS + thread % COLUMN_THREADS);
}

// Where a quad is at an i. The quads of four i are rotated by two more than those of the four before: neighbouring
// threads stage these, and would otherwise share banks.
fn left_place(i: u32, quad: u32) -> u32 {
  return i * LEFT_PITCH + (quad + i / 4 * 2) % LEFT_PITCH;
}

fn right_place(i: u32, quad: u32) -> u32 {
  return i * RIGHT_PITCH + (quad + i / 4 * 2) % RIGHT_PITCH;
}

// Places a thread's numbers of pairs whose row of the tile is one of DEPTH from `first` on, as factors of these rows.
fn place_factors(side: u32, first: u32, thread: u32, factors: Pairs) {
  for (var j = 0u; j < TILE_QUADS; j++) {
    let column = own_column(thread, j);
    if (column / DEPTH != first / DEPTH) { continue; }
    for (var quad = 0u; quad < ROW_QUADS; quad++) {
      let rows = 4 * quad;
      let columns = transpose(
        mat4x4f(factors[rows][j], factors[rows + 1][j], factors[rows + 2][j], factors[rows + 3][j]),
      );
      place_left(side, (column - first) / 4, quad * ROW_THREADS + thread / COLUMN_THREADS, columns);
    }
  }
}

// A pair's weight and the gradient of its dot product: from the dot product, dout · v, the weight's factor in dropout
// and the row's statistics.
fn gradients_of_pair(
  product: f32, dweight: f32, kept: f32, row: vec2f, b: u32, h: u32, position: u32, key: u32,
) -> vec2f {
  return gradients_of_score(product, dweight, kept, row, b, h, position, key) * vec2f(1.0, params.scale);
}

// The weight, and the gradient of the pair's score times the score's derivative.
fn gradients_of_score(
  product: f32, dweight: f32, kept: f32, row: vec2f, b: u32, h: u32, position: u32, key: u32,
) -> vec2f {
  let score = score_mod(product * params.scale, b, h, position, key);
  let weight = select(exp(score - row.x), 0.0, score <= LOWEST);
  let moves = score_derivative(product * params.scale, b, h, position, key);
  return vec2f(weight * kept, select(weight * (dweight * kept - row.y) * moves, 0.0, weight == 0.0));
}

// The rows after the first, moved up: a loop over the rows stores only the first, because drivers take long to compile
// as many stores as there are rows (attention/flash/runs).
fn moved_up(sums: Sums) -> Sums {
  var moved = sums;
  for (var r = 1u; r < THREAD_ROWS; r++) { moved[r - 1] = sums[r]; }
  return moved;
}
