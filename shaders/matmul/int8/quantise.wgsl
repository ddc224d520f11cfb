// with: lib/grid
// Blocks of 32 numbers as signed bytes and a scale:  scale = max |x| / 127,  code = round(x / scale)
//
// One block per thread. A byte is off by at most half a step, so that x is off by at most scale / 2. Where a block is
// all zeros, or holds an infinity or a NaN, its scale is 0 or not finite, and the results that it enters are too.

const WORKGROUP: u32 = 64;
const BLOCK: u32 = 32;  // as in Q8_0
const VECTORS: u32 = BLOCK / 4;

struct Params { blocks: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;              // [rows, k / 4]
@group(0) @binding(1) var<storage, read_write> codes: array<vec4u>;    // [rows, k / 16], the first byte lowest
@group(0) @binding(2) var<storage, read_write> scales: array<f32>;     // [rows, k / 32]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let block = linear_workgroup(grid) * WORKGROUP + thread;
  if (block >= params.blocks) { return; }
  var most = vec4f();
  for (var i = 0u; i < VECTORS; i++) { most = max(most, abs(x[block * VECTORS + i])); }
  let largest = max(max(most.x, most.y), max(most.z, most.w));
  let inverse = select(127.0 / largest, 0.0, largest == 0.0);
  for (var i = 0u; i < VECTORS; i += 4) {
    var words: vec4u;
    for (var word = 0u; word < 4; word++) {
      let scaled = x[block * VECTORS + i + word] * inverse;
      let code = bitcast<vec4u>(vec4i(clamp(round(scaled), vec4f(-127.0), vec4f(127.0)))) & vec4u(255);
      words[word] = code.x | (code.y << 8) | (code.z << 16) | (code.w << 24);
    }
    codes[(block * VECTORS + i) / 4] = words;
  }
  scales[block] = largest / 127.0;
}
