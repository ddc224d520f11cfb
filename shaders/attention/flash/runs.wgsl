// Sums over keys in runs, so that small weights are not added one by one to a large sum (shaders/README.md): a piece of
// a tile adds up by itself, the pieces of RUN tiles are a run, and each run joins those before it. A run is in
// registers. The sum of the earlier ones is kept in out; the kernel has the sums of their weights, and the maxima of
// this run and of the earlier ones.

const RUN = max(1, 1024 / KEYS);  // tiles

// Ends a run: adds it to the earlier ones, if any. `first_and_end` are the thread's first row and the end of the rows
// that exist.
//
// The loop stores only the first row, and the others move up, because drivers take long to compile as many stores as
// there are rows. Arrays are only indexed by constants, so that they stay in registers.
fn put_aside(
  b: u32,
  workgroup_y: u32,
  first_and_end: vec2u,
  column: u32,
  any_earlier: bool,
  rescales: array<f32, THREAD_ROWS>,
  out_rows: array<array<vec4f, COLUMNS>, THREAD_ROWS>,
) {
  var rescale = rescales;
  var left = out_rows;
  for (var row = first_and_end.x; row < min(first_and_end.x + THREAD_ROWS, first_and_end.y); row++) {
    for (var c = 0u; c < COLUMNS; c++) {
      let i = out_row(b, workgroup_y, row) * VALUE_VECTORS + c * COLUMN_THREADS + column;
      out[i] = with_earlier(left[0][c], i, any_earlier, rescale[0]);
    }
    for (var r = 1u; r < THREAD_ROWS; r++) {
      rescale[r - 1] = rescale[r];
      for (var c = 0u; c < COLUMNS; c++) { left[r - 1][c] = left[r][c]; }
    }
  }
}

// A vector of the last run and, if there are any, of the earlier ones, which are vector i of out.
fn with_earlier(last: vec4f, i: u32, any_earlier: bool, rescale: f32) -> vec4f {
  if (!any_earlier) { return last; }
  return fma(out[i], vec4f(rescale), last);
}

// The factors that rescale earlier runs when the maxima of rows have grown from `before` to `after`.
fn run_rescales(before: array<f32, THREAD_ROWS>, after: array<f32, THREAD_ROWS>) -> array<f32, THREAD_ROWS> {
  var rescales = array<f32, THREAD_ROWS>();
  for (var r = 0u; r < THREAD_ROWS; r++) { rescales[r] = softmax_rescale(before[r], after[r]); }
  return rescales;
}
