// with: lib/wide/f32, matmul/rows/plain, matmul/result/plain, lib/bias/none, lib/grid
// Linear layer for 1 to 8 rows:  y[row, column] = Σ x[row, i] · weight[column, i] + bias[column]
//
// The decode shape, where reading the weight is all the work: its elements are loaded 16 bytes at a time, as many as a
// storage format packs in them, once each. A thread goes along COLUMNS columns. All threads of a subgroup are at the
// same elements: each loads a vector of every row of x, and these go round by shuffles. How a row of x is read (as it
// is, or normed) and what is done with the sums (stored, added to the residual stream, gated) are parts. A row's sum
// goes in order of i, or of blocks of it, and so has the same bits with any other rows and for every subgroup size.
// Loads that follow one another wait for memory each: so a subgroup first loads a word of every cache line of its rows,
// which are contiguous, so that many lines are in flight at once and cached when they are read. Needs k to be a
// multiple of WIDE. The weight may be a segment, rows `begin` to `begin + n` of `total`; y is whole. Requests (1 + ROWS
// / (COLUMNS · SUBGROUP)) · k reads for each column. Choose it where subgroups all have one size and a shuffle costs
// less than a load.
enable subgroups;

const SUBGROUP: u32 = 8;  // threads
const ROWS: u32 = 1;      // at least as many as there are
const COLUMNS: u32 = 4;   // of the weight, for a thread
const HELD: u32 = max(1, QUADS / SUBGROUP);  // vectors of a row that a thread holds, so that all threads hold STEP loads
const STEP: u32 = max(1, SUBGROUP / QUADS);
const LINE: u32 = 16;        // words of a cache line
const TOUCHED: u32 = 12288;  // words of a subgroup's rows at most: 48 KiB, which stay near the core until they are read

struct Params {
  rows: u32, k: u32, n: u32, begin: u32, total: u32, eps: f32,
  row_words: u32,  // of the weight, without its scales
  none: u32,       // 0, which compilers do not know
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;      // [rows, k / 4]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [rows, total]
@group(0) @binding(3) var<uniform> params: Params;

// For lib/wide, which declares binding 1.
fn weight_columns() -> u32 {
  return params.k;
}

// Loads a word of each cache line of the rows of this subgroup; `start` is its first output.
fn touch_rows(start: u32, thread: u32) -> u32 {
  var touched = 0u;
  let few = SUBGROUP * COLUMNS * params.row_words <= TOUCHED;  // long rows are streams, which are prefetched anyway
  let words = select(0, min(SUBGROUP * OUTPUTS, params.n - start) * params.row_words, few);
  for (var output = start; output < COLUMNS / OUTPUTS * params.n; output += params.n) {
    let first = output * params.row_words;
    for (var word = thread * LINE; word < words; word += SUBGROUP * LINE) { touched |= touch_weight(first + word); }
  }
  return touched;
}

@compute @workgroup_size(SUBGROUP)
fn main(grid: Grid, @builtin(subgroup_invocation_id) thread: u32) {
  let start = linear_workgroup(grid) * SUBGROUP * OUTPUTS;
  if (start >= params.n) { return; }  // the whole workgroup leaves
  let first = start + thread * OUTPUTS;
  let last = params.k / 4 - 1;  // vector of a row
  let loads = params.k / WIDE;
  let touched = touch_rows(start, thread);
  begin_rows(thread);

  var sums: array<array<f32, COLUMNS>, ROWS>;
  var held: array<array<vec4f, HELD>, ROWS>;
  for (var i = 0u; i < loads; i++) {
    if (i % STEP == 0) {
      for (var r = 0u; r < ROWS; r++) {
        for (var h = 0u; h < HELD; h++) { held[r][h] = load_x(r, min(i * QUADS + h * SUBGROUP + thread, last)); }
      }
    }
    var v: array<array<vec4f, QUADS>, ROWS>;
    for (var r = 0u; r < ROWS; r++) {
      for (var q = 0u; q < QUADS; q++) { v[r][q] = subgroupShuffle(held[r][q / SUBGROUP], (i % STEP * QUADS + q) % SUBGROUP); }
    }
    for (var c = 0u; c < COLUMNS; c++) {
      let w = load_wide(weight_row(first, c), i);
      for (var r = 0u; r < ROWS; r++) { sums[r][c] = add_wide(v[r], w, sums[r][c]); }
    }
  }
  let place = first + (touched & params.none);  // the words touched have no other use
  for (var r = 0u; r < ROWS; r++) {
    if (r < params.rows) { store_row(r, place, sums[r]); }
  }
}
