// with: elementwise/from/float, elementwise/to/float, lib/walk/flat, lib/grid
// The elements as another type holds them:  y = type(x)
//
// One thread a word of the result, which holds two f16 or bf16 or one element of another type. No type needs a device
// feature: all of them are read and written as bits. Requests n reads of words and a write of each word of y.

const WORKGROUP: u32 = 64;
const SOURCE_PACKED: u32 = 1;  // elements in a word of x: 2 for f16 and bf16
const RESULT_PACKED: u32 = 1;  // elements in a word of y

struct Params {
  n: u32,
  d1: u32, d2: u32, d3: u32,
  x: u32, x0: u32, x1: u32, x2: u32, x3: u32,  // first element and strides of x
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;  // [n]
@group(0) @binding(2) var<uniform> params: Params;

fn load(i: u32) -> u32 {
  let at = element(i, params.x, vec4u(params.x0, params.x1, params.x2, params.x3));
  if (SOURCE_PACKED == 1) { return x[at]; }
  return (x[at / 2] >> (16 * (at % 2))) & 0xffff;
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let word = linear_workgroup(grid) * WORKGROUP + thread;
  let first = word * RESULT_PACKED;
  if (first >= params.n) { return; }
  var bits = encode(decode(load(first)));
  if (RESULT_PACKED == 2) {
    if (first + 1 < params.n) { bits |= encode(decode(load(first + 1))) << 16; }
    else { bits |= y[word] & 0xffff0000; }  // the other half of the last word belongs to other data
  }
  y[word] = bits;
}
