// with: lib/weight/f32, moe/bias/none, moe/turns/gathered, moe/result/gated
// Products of a few tokens with the experts that they chose:  z[slot, column] = Σ x[row, i] · weight[expert, column, i] + bias
//
// All choices in one dispatch; those of a token may add up to one row, each by its share. The decode shape, as
// matmul/vector has it: a team of LANES threads strides along four columns, four values of each at a time; the lanes'
// sums meet in workgroup memory. Experts are looked up where they are needed: nothing is sorted. A row's result does not
// depend on the rows beside it. Needs k and n to be multiples of 4. The weight may be a segment, rows `begin` to `end`
// of those of all experts.
// Requests 5 / 4 · k reads for each column of each slot. Choose it for a few tokens.

const EXPERTS: u32 = 8;
const CHOICES: u32 = 2;
const LANES: u32 = 4;  // a GPU wants 64, to have more loads under way
const WORKGROUP: u32 = 64;
const TEAMS: u32 = WORKGROUP / LANES;
const_assert WORKGROUP % LANES == 0;

struct Params { k: u32, n: u32, begin: u32, end: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;      // [rows of slots, k / 4]
@group(0) @binding(2) var<storage, read_write> z: array<f32>;  // [rows, n], or half as many columns
@group(0) @binding(3) var<uniform> params: Params;
@group(0) @binding(5) var<storage, read> experts: array<u32>;  // [tokens, CHOICES]

var<workgroup> partial: array<vec4f, WORKGROUP>;  // [lane, team], for four columns

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
  for (var turn = 0u; turn < TURNS; turn++) {
    let slot = row * TURNS + turn;
    let weight_row = experts[slot] * params.n + column;
    if (experts[slot] >= EXPERTS || column >= params.n || weight_row < params.begin || weight_row >= params.end) {
      continue;
    }
    let own_row = weight_row - params.begin;
    var sum = vec4f();
    for (var i = lane; i < vectors; i += LANES) {
      let v = x[row_of(slot) * vectors + i];
      let w = transpose(mat4x4f(  // w[j]: value j of the four columns
        load_weight4(own_row, i * 4),
        load_weight4(own_row + 1, i * 4),
        load_weight4(own_row + 2, i * 4),
        load_weight4(own_row + 3, i * 4),
      ));
      sum = fma(vec4f(v.w), w[3], fma(vec4f(v.z), w[2], fma(vec4f(v.y), w[1], fma(vec4f(v.x), w[0], sum))));
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
