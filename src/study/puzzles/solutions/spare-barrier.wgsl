// Blocks of 64 read backwards, 0 beyond n:  y[64 b + i] = x[64 b + 63 - i]

const WORKGROUP: u32 = 64;
const TURNS: u32 = 4;  // blocks of a workgroup

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> tile: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = (workgroup.x * TURNS + turn) * WORKGROUP + thread;
    tile[thread] = 0.0;
    if (i < params.n) { tile[thread] = x[i]; }
    workgroupBarrier();
    let mirrored = tile[WORKGROUP - 1 - thread];
    workgroupBarrier();
    if (i < params.n) { y[i] = mirrored; }
  }
}
