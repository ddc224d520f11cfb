// with: lib/weight/f32, lib/bias/none, lib/grid, lib/products, lib/columns
// Linear layer for 1 to 8 rows:  y[row, column] = Σ x[row, i] · weight[column, i] + bias[column]
//
// The decode shape, where reading the weight is all the work: each of its values is loaded once and used for every row.
// A team of LANES threads strides along four columns, four values of each at a time; WORKGROUP / LANES teams make a
// workgroup. The lanes' sums meet in workgroup memory, where one thread adds up those of four columns. The order of
// additions does not depend on ROWS, and `fma` leaves the compiler no choice, so a row's result is bitwise the same
// with any other rows. Needs k to be a multiple of 4. The weight may be a segment, rows `begin` to `begin + n` of
// `total`; y is whole. Requests (1 + ROWS / 4) · k reads for each column.

const ROWS: u32 = 1;   // at least as many as there are
const LANES: u32 = 4;  // a GPU needs 64, for more loads in flight
const WORKGROUP: u32 = 64;
const TEAMS: u32 = WORKGROUP / LANES;
const PITCH = WORKGROUP + 1;  // so that the threads that add up different rows read different banks
const_assert WORKGROUP % LANES == 0;
const_assert ROWS * PITCH * 16 <= 16384;  // workgroup memory that every device has

struct Params { rows: u32, k: u32, n: u32, begin: u32, total: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;      // [rows, k / 4]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [rows, total]
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> partial: array<vec4f, ROWS * PITCH>;  // [row, lane, team], for four columns

// For lib/weight, which declares binding 1.
fn weight_columns() -> u32 {
  return params.k;
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let first = linear_workgroup(grid) * TEAMS * 4;
  if (first >= params.n) { return; }  // the whole workgroup leaves
  let lane = thread % LANES;
  let team = thread / LANES;
  let column = first + team * 4;
  let columns = min(column + vec4u(0, 1, 2, 3), vec4u(params.n - 1));  // past the edge the last again, and nothing stored
  let vectors = params.k / 4;

  var sums: array<vec4f, ROWS>;
  for (var i = lane; i < vectors; i += LANES) {
    let w = load_columns(columns, i * 4);
    for (var r = 0u; r < ROWS; r++) {
      let v = x[min(r, params.rows - 1) * vectors + i];
      sums[r] = add_products(v, w[0], w[1], w[2], w[3], sums[r]);
    }
  }
  for (var r = 0u; r < ROWS; r++) {
    partial[r * PITCH + lane * TEAMS + team] = sums[r];
  }
  workgroupBarrier();

  for (var output = thread; output < params.rows * TEAMS; output += WORKGROUP) {
    let row = output / TEAMS;
    var sum = vec4f();
    for (var l = 0u; l < LANES; l++) {
      sum += partial[row * PITCH + l * TEAMS + output % TEAMS];
    }
    for (var c = 0u; c < 4; c++) {
      let place = first + output % TEAMS * 4 + c;
      if (place < params.n) {
        y[row * params.total + params.begin + place] = sum[c] + bias_at(params.begin + place);
      }
    }
  }
}
