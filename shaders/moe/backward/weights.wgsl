// Gradients of the experts' weights:  dw[expert, row, column] = Σ a[i, row] · b[i, column] over the slots of the expert
//
// A product of two transposed matrices whose common axis, the slots of an expert, has any length: outer
// products, added up slot by slot. Rows of a and of b are those of slots in the order of moe/align, or tokens.
// A thread has four rows and COLUMNS columns in registers; without slots the sums are 0, and are written. dw has rows
// `begin` to `end` of those of all experts, as its weight's segment. Needs these, n and m to be multiples of 4.
// Requests (1 / 4 + 1 / COLUMNS) reads for each slot and output.

const GATHERED_A: bool = false;  // rows of a are tokens
const GATHERED_B: bool = true;   // rows of b are tokens
const COLUMNS: u32 = 8;          // of a thread
const COLUMN_THREADS: u32 = 8;   // of a workgroup, side by side along the columns
const ROW_THREADS: u32 = 8;      // of a workgroup, one below the other along the rows
const VECTORS = COLUMNS / 4;
const_assert COLUMNS % 4 == 0;

struct Params { n: u32, m: u32, choices: u32, begin: u32, end: u32 }

@group(0) @binding(0) var<storage, read> a: array<vec4f>;         // [rows, n / 4]
@group(0) @binding(1) var<storage, read> b: array<vec4f>;         // [rows, m / 4]
@group(0) @binding(2) var<storage, read> slots: array<u32>;       // see moe/align/plan
@group(0) @binding(3) var<storage, read> counts: array<u32>;      // [experts]
@group(0) @binding(4) var<storage, read> offsets: array<u32>;     // [experts + 1]
@group(0) @binding(5) var<storage, read_write> dw: array<vec4f>;  // [end - begin, m / 4]
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(COLUMN_THREADS, ROW_THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) thread: vec3u) {
  let expert = params.begin / params.n + workgroup.z;
  let quad = workgroup.y * ROW_THREADS + thread.y;  // of rows
  let first_column = workgroup.x * COLUMN_THREADS * VECTORS + thread.x;  // of each COLUMN_THREADS-th vector
  let a_width = params.n / 4;
  let b_width = params.m / 4;
  let row = expert * params.n + 4 * quad;  // of all experts' rows
  if (quad >= a_width || first_column >= b_width || row < params.begin || row >= params.end) { return; }
  var columns: array<u32, VECTORS>;  // past the edge the last
  for (var c = 0u; c < VECTORS; c++) { columns[c] = min(first_column + c * COLUMN_THREADS, b_width - 1); }

  let first = offsets[expert];
  var sums: array<array<vec4f, VECTORS>, 4>;
  for (var i = 0u; i < counts[expert]; i++) {
    let own = first + i;
    let token = slots[own] / params.choices;
    let rows = a[select(own, token, GATHERED_A) * a_width + quad];
    let b_row = select(own, token, GATHERED_B) * b_width;
    for (var c = 0u; c < VECTORS; c++) {
      let value = b[b_row + columns[c]];
      for (var r = 0u; r < 4; r++) { sums[r][c] = fma(vec4f(rows[r]), value, sums[r][c]); }
    }
  }

  for (var r = 0u; r < 4; r++) {
    for (var c = 0u; c < VECTORS; c++) {
      let column = first_column + c * COLUMN_THREADS;
      if (column < b_width) { dw[(row + r - params.begin) * b_width + column] = sums[r][c]; }
    }
  }
}
