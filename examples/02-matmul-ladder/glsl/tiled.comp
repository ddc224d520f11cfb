#version 450
// The twin of shaders/gemm/tiled.wgsl in GLSL, for A·B of f32:  y[row, column] = Σ a[row, i] · b[i, column]
//
// A workgroup copies tiles of a and b into its shared memory, where every element is used TILE times.

const uint TILE = 16u;

layout(local_size_x = 16, local_size_y = 16) in;

layout(std430, set = 0, binding = 0) readonly buffer A { float a[]; };   // [batch, m, k]
layout(std430, set = 0, binding = 1) readonly buffer B { float b[]; };   // [batch, k, n]
layout(std430, set = 0, binding = 2) writeonly buffer Y { float y[]; };  // [batch, m, n]
layout(std140, set = 0, binding = 3) uniform Params { uint batch, m, k, n; } params;

shared float a_tile[TILE][TILE];  // [row, i]
shared float b_tile[TILE][TILE];  // [i, column]

void main() {
  uvec3 thread = gl_LocalInvocationID;
  uint batch = gl_WorkGroupID.z;
  uint row = gl_WorkGroupID.y * TILE + thread.y;
  uint column = gl_WorkGroupID.x * TILE + thread.x;
  uint a_first = batch * params.m * params.k;
  uint b_first = batch * params.k * params.n;

  float sum = 0.0;
  for (uint first = 0u; first < params.k; first += TILE) {
    uint a_i = first + thread.x;
    uint b_i = first + thread.y;
    float a_value = 0.0;
    float b_value = 0.0;
    if (row < params.m && a_i < params.k) { a_value = a[a_first + row * params.k + a_i]; }
    if (column < params.n && b_i < params.k) { b_value = b[b_first + b_i * params.n + column]; }
    a_tile[thread.y][thread.x] = a_value;
    b_tile[thread.y][thread.x] = b_value;
    barrier();
    for (uint i = 0u; i < TILE; i++) {
      sum = fma(a_tile[thread.y][i], b_tile[i][thread.x], sum);
    }
    barrier();
  }
  if (row < params.m && column < params.n) { y[(batch * params.m + row) * params.n + column] = sum; }
}
