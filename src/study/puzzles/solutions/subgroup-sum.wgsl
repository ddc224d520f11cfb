// Sums of rows, a row for each subgroup at a time:  y[row] = Σ x[row, i]
enable subgroups;

const WORKGROUP: u32 = 64;
const ROWS: u32 = 16;  // of a workgroup

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [rows, cols]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [rows]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_size) size: u32,
) {
  for (var own = 0u; own < ROWS; own++) {
    // Nothing says which threads a subgroup has: a row is that of the subgroup with this one.
    let is_ours = subgroupAny(thread == own * (WORKGROUP / ROWS));
    let row = workgroup.x * ROWS + own;
    var sum = 0.0;
    if (is_ours && row < params.rows) {
      for (var i = lane; i < params.cols; i += size) { sum += x[row * params.cols + i]; }
    }
    sum = subgroupAdd(sum);
    if (is_ours && row < params.rows && lane == 0) { y[row] = sum; }
  }
}
