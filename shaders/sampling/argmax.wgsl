// with: sampling/order, lib/grid
// Index of each row's largest element, the lowest where several tie:  index = min { i : x[i] = max(x) }
//
// One workgroup a row. Each thread strides down the row and keeps the first largest it meets; a tree in workgroup
// memory joins them. NaN counts as −∞; a row with no number above −∞ gives 0. Requests v reads a row.

const WORKGROUP: u32 = 256;
const_assert 0 == (WORKGROUP & (WORKGROUP - 1));  // the tree halves it

struct Params { rows: u32, v: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;           // [rows, v]
@group(0) @binding(1) var<storage, read_write> index: array<u32>; // [rows]
@group(0) @binding(2) var<uniform> params: Params;

struct Best { key: u32, index: u32 }

var<workgroup> bests: array<Best, WORKGROUP>;

fn better(a: Best, b: Best) -> Best {
  if (b.key > a.key || (b.key == a.key && b.index < a.index)) { return b; }
  return a;
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid);
  if (row >= params.rows) { return; }  // the whole workgroup leaves

  var best = Best(IMPOSSIBLE, 0);
  for (var i = thread; i < params.v; i += WORKGROUP) {
    let key = order_key(x[row * params.v + i]);
    if (key > best.key) { best = Best(key, i); }
  }
  bests[thread] = best;
  workgroupBarrier();
  for (var width = WORKGROUP / 2; width > 0; width /= 2) {
    if (thread < width) { bests[thread] = better(bests[thread], bests[thread + width]); }
    workgroupBarrier();
  }
  if (thread == 0) { index[row] = bests[0].index; }
}
