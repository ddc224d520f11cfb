// with: lib/weight/f32, moe/bias/none, moe/row-slots/gathered, moe/result, lib/products, lib/columns
// Products of a few tokens with the experts that they chose:  z[slot, column] = Σ x[row, i] · weight[expert, column, i]
// + bias
//
// All choices in one dispatch; those of a token may add up to one row, each by its share. The decode shape, as
// matmul/vector has it: a team of LANES threads strides along four columns, four values of each at a time; the lanes'
// sums meet in workgroup memory. Experts are looked up where they are needed: nothing is sorted. A row's result does
// not depend on the other rows. Needs k and n to be multiples of 4. The weight may be a segment, rows `begin` to `end`
// of those of all experts. Requests 5 / 4 · k reads for each column of each slot. Choose it for a few tokens.

const EXPERTS: u32 = 8;
const CHOICES: u32 = 2;
const LANES: u32 = 4;  // a GPU needs 64, for more loads in flight
const WORKGROUP: u32 = 64;
const TEAMS: u32 = WORKGROUP / LANES;
const_assert WORKGROUP % LANES == 0;

struct Params { k: u32, n: u32, begin: u32, end: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;      // [rows of slots, k / 4]
@group(0) @binding(2) var<storage, read_write> z: array<f32>;  // [rows, n], or half as many columns
@group(0) @binding(3) var<uniform> params: Params;
@group(0) @binding(5) var<storage, read> experts: array<u32>;  // [tokens, CHOICES]

var<workgroup> partial: array<vec4f, WORKGROUP>;  // [lane, team], for four columns

// For lib/weight, which declares binding 1.
fn weight_columns() -> u32 {
  return params.k;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let lane = thread % LANES;
  let team = thread / LANES;
  let row = workgroup.y;
  let column = (workgroup.x * TEAMS + team) * 4;
  let vectors = params.k / 4;

  var total = vec4f();
  for (var n = 0u; n < ROW_SLOTS; n++) {
    let slot = row * ROW_SLOTS + n;
    let weight_row = experts[slot] * params.n + column;
    if (experts[slot] >= EXPERTS || column >= params.n || weight_row < params.begin || weight_row >= params.end) {
      continue;
    }
    let columns = weight_row - params.begin + vec4u(0, 1, 2, 3);
    var sum = vec4f();
    for (var i = lane; i < vectors; i += LANES) {
      let v = x[row_of(slot) * vectors + i];
      let w = load_columns(columns, i * 4);
      sum = add_products(v, w[0], w[1], w[2], w[3], sum);
    }
    if (lane == 0) { sum += bias4(weight_row); }
    total += share_of(slot) * sum;
  }
  partial[lane * TEAMS + team] = total;
  workgroupBarrier();

  let own = (workgroup.x * TEAMS + thread) * 4;
  if (thread < TEAMS && own < params.n && is_stored(row, own)) {
    var sum = vec4f();
    for (var l = 0u; l < LANES; l++) { sum += partial[l * TEAMS + thread]; }
    store4(row, own, sum);
  }
}
