#version 450
// The twin of shaders/gemm/naive.wgsl in GLSL, for A·B of f32:  y[row, column] = Σ a[row, i] · b[i, column]
//
// One output per thread, neighbouring threads in neighbouring rows.

layout(local_size_x = 64) in;

layout(std430, set = 0, binding = 0) readonly buffer A { float a[]; };   // [batch, m, k]
layout(std430, set = 0, binding = 1) readonly buffer B { float b[]; };   // [batch, k, n]
layout(std430, set = 0, binding = 2) writeonly buffer Y { float y[]; };  // [batch, m, n]
layout(std140, set = 0, binding = 3) uniform Params { uint batch, m, k, n; } params;

void main() {
  uint workgroup = gl_WorkGroupID.x + gl_WorkGroupID.y * gl_NumWorkGroups.x;
  uint result = workgroup * gl_WorkGroupSize.x + gl_LocalInvocationIndex;
  if (result >= params.batch * params.m * params.n) { return; }
  uint row = result % params.m;
  uint column = result / params.m % params.n;
  uint batch = result / (params.m * params.n);
  uint a_first = batch * params.m * params.k;
  uint b_first = batch * params.k * params.n;

  float sum = 0.0;
  for (uint i = 0u; i < params.k; i++) {
    sum = fma(a[a_first + row * params.k + i], b[b_first + i * params.n + column], sum);
  }
  y[(batch * params.m + row) * params.n + column] = sum;
}
