// The rows of x after their root-mean-square norm, x / sqrt(mean(x · x) + eps) · norm; past the last, the last again.
//
// Every subgroup finds the scales of all rows by itself. The squares of a row are in RUNS sums, vectors r, r + RUNS, …
// in the r-th, which are added up in order: the result is bitwise the same for every subgroup size. A thread has every
// SUBGROUP-th of these sums.

@group(0) @binding(5) var<storage, read> norm: array<vec4f>;  // [k / 4]

const RUNS: u32 = 16;
const OWN_RUNS: u32 = max(1, RUNS / SUBGROUP);

var<private> row_scales: array<f32, ROWS>;

fn begin_rows(thread: u32) {
  let vectors = params.k / 4;
  for (var row = 0u; row < ROWS; row++) {
    let first = min(row, params.rows - 1) * vectors;
    var squares: array<f32, OWN_RUNS>;
    for (var r = 0u; r < OWN_RUNS; r++) {
      var run = vec4f();
      for (var i = r * SUBGROUP + thread; i < vectors; i += RUNS) {
        let value = x[first + i];
        run = fma(value, value, run);
      }
      squares[r] = (run.x + run.y) + (run.z + run.w);
    }
    var sum = 0.0;
    for (var r = 0u; r < RUNS; r++) { sum += subgroupShuffle(squares[r / SUBGROUP], r % SUBGROUP); }
    row_scales[row] = inverseSqrt(sum / f32(params.k) + params.eps);
  }
}

fn load_x(row: u32, i: u32) -> vec4f {
  return x[min(row, params.rows - 1) * (params.k / 4) + i] * row_scales[row] * norm[i];
}
