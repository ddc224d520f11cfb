// with: lib/weight/f32, embedding/ids/tensor, lib/grid
// Embedding:  y[t] = scale * weight[id of t]
//
// One workgroup for each WORKGROUP columns of a token. The table, which is the weight, may be a segment, rows `begin`
// to `end` of `v`, and then only the tokens that fall in it are written. An id that is no row of the table gives NaN,
// so that it shows. Requests t·c reads and writes.

const WORKGROUP: u32 = 64;

struct Params { t: u32, c: u32, begin: u32, end: u32, v: u32, tokens: u32, scale: f32 }

@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [t, c]
@group(0) @binding(3) var<uniform> params: Params;

// For lib/weight, which declares binding 1.
fn weight_columns() -> u32 {
  return params.c;
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let pieces = (params.c + WORKGROUP - 1) / WORKGROUP;
  let piece = linear_workgroup(grid);
  let t = piece / pieces;
  let column = piece % pieces * WORKGROUP + thread;
  if (t >= params.t || column >= params.c) { return; }

  let id = token_id(t);
  if (id >= params.begin && id < params.end) {
    y[t * params.c + column] = params.scale * load_weight(id - params.begin, column);
  } else if (id >= params.v) {
    y[t * params.c + column] = bitcast<f32>(id | 0x7fc00000u);  // NaN for every id
  }
}
