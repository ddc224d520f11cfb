// with: lib/grid
// Gradients of the experts' weights:  dw[expert, row, column] = Σ a[i, row] · b[i, column] over the slots of the expert
//
// Rows of a and of b are those of slots in the order of moe/align, or tokens. One thread an output, which goes over the
// slots of its expert; without slots the sum is 0, and is written. dw has rows `begin` to `end` of those of all
// experts, as its weight's segment. Requests 2 reads for each slot and output. Choose it to see the definition.

const GATHERED_A: bool = false;  // rows of a are tokens
const GATHERED_B: bool = true;   // rows of b are tokens
const WORKGROUP: u32 = 64;

struct Params { n: u32, m: u32, choices: u32, begin: u32, end: u32 }

@group(0) @binding(0) var<storage, read> a: array<f32>;          // [rows, n]
@group(0) @binding(1) var<storage, read> b: array<f32>;          // [rows, m]
@group(0) @binding(2) var<storage, read> slots: array<u32>;      // see moe/align/plan
@group(0) @binding(3) var<storage, read> counts: array<u32>;     // [experts]
@group(0) @binding(4) var<storage, read> offsets: array<u32>;    // [experts + 1]
@group(0) @binding(5) var<storage, read_write> dw: array<f32>;   // [end - begin, m]
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let output = linear_workgroup(grid) * WORKGROUP + thread;
  let own_row = params.begin + output / params.m;  // of all experts' rows
  if (own_row >= params.end) { return; }
  let expert = own_row / params.n;
  let row = own_row % params.n;
  let column = output % params.m;
  let first = offsets[expert];
  var sum = 0.0;
  for (var i = 0u; i < counts[expert]; i++) {
    let own = first + i;
    let token = slots[own] / params.choices;
    let a_row = select(own, token, GATHERED_A);
    let b_row = select(own, token, GATHERED_B);
    sum += a[a_row * params.n + row] * b[b_row * params.m + column];
  }
  dw[output] = sum;
}
