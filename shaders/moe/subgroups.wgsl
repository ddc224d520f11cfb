// with: lib/weight/f32, moe/bias/none, moe/block-row, moe/result, lib/no-index, lib/products, lib/columns
// Products of all experts at once:  z[row, column] = Σ x[row, i] · weight[expert, column, i] + bias[expert, column]
//
// As moe/grouped, in the registers of one subgroup, as matmul/subgroups: all of its threads have the same BLOCK rows,
// and COLUMNS columns each; x goes round by shuffles. Blocks are short, and so is their padding. Sums are added up as
// in moe/grouped, and have its bits. Needs k and n to be multiples of 4. The weight may be a segment, rows `begin` to
// `end` of those of all experts. Requests (1 / BLOCK + 1 / (SUBGROUP · COLUMNS)) · k reads for each output. Choose it
// for more than a few tokens, where subgroups all have one size and a shuffle costs less than a load.
enable subgroups;

const SUBGROUP: u32 = 8;  // threads
const BLOCK: u32 = 8;     // rows
const COLUMNS: u32 = 4;   // of a thread
const GRID: u32 = 0;      // which of the grids is this product's
const_assert COLUMNS == 4;  // they are stored together

struct Params { k: u32, n: u32, choices: u32, begin: u32, end: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;            // [rows, k / 4]
@group(0) @binding(2) var<storage, read_write> z: array<f32>;        // [blocks · BLOCK, n], or half as many columns
@group(0) @binding(3) var<uniform> params: Params;
@group(0) @binding(5) var<storage, read> slots: array<u32>;          // [blocks · BLOCK], see moe/align/plan
@group(0) @binding(6) var<storage, read> block_experts: array<u32>;  // [blocks]
@group(0) @binding(7) var<storage, read> grids: array<u32>;          // [2, 4]

// For lib/weight, which declares binding 1.
fn weight_columns() -> u32 {
  return params.k;
}

@compute @workgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) thread: u32) {
  let block = workgroup.y;
  if (block >= grids[4 * GRID + 3]) { return; }  // the whole workgroup leaves
  let expert = block_experts[block];
  let first_row = block * BLOCK;
  let first_column = workgroup.x * SUBGROUP * COLUMNS;
  let first_weight = expert * params.n + first_column;
  if (first_weight >= params.end || first_weight + SUBGROUP * COLUMNS <= params.begin) { return; }

  let vectors = params.k / 4;
  var x_row: array<u32, BLOCK>;
  for (var r = 0u; r < BLOCK; r++) {
    let slot = slots[first_row + r];  // padding comes last
    x_row[r] = row_of(select(slot, slots[first_row], slot == NO_INDEX), first_row + r) * vectors;
  }
  let column = first_column + thread * COLUMNS;
  let own_weight = expert * params.n + min(column, params.n - COLUMNS);
  let columns = clamp(own_weight, params.begin, params.end - COLUMNS) - params.begin + vec4u(0, 1, 2, 3);

  var sums: array<vec4f, BLOCK>;  // of four columns
  for (var first = 0u; first < vectors; first += SUBGROUP) {
    var own: array<vec4f, BLOCK>;
    for (var r = 0u; r < BLOCK; r++) { own[r] = x[x_row[r] + min(first + thread, vectors - 1)]; }
    for (var i = first; i < min(first + SUBGROUP, vectors); i++) {
      let w = load_columns(columns, i * 4);
      for (var r = 0u; r < BLOCK; r++) {
        let v = subgroupShuffle(own[r], i - first);
        sums[r] = add_products(v, w[0], w[1], w[2], w[3], sums[r]);
      }
    }
  }

  if (column >= params.n || own_weight < params.begin || own_weight >= params.end) { return; }
  let bias = bias4(own_weight);
  for (var r = 0u; r < BLOCK; r++) {
    if (slots[first_row + r] != NO_INDEX) { store4(first_row + r, column, sums[r] + bias); }
  }
}
