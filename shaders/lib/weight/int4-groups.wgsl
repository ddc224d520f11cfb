// with: lib/packed/codes
// Weights stored as codes of four bits from 0 on, with a scale and a zero point for each GROUP elements of a row:
//   (code - zero) · scale
// Of 32 elements, i and i + 16 share a byte, the first of them in its lower half; scale and zero point are numbers of
// f16, together a u32. The kernel defines weight_columns(), the length of a row in elements, a multiple of GROUP.
// load_weight4 takes k in elements, a multiple of 4.

const GROUP: u32 = 32; // or 64, 128

@group(0) @binding(1) var<storage, read> weight: array<u32>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

fn load_weight4(row: u32, k: u32) -> vec4f {
  let element = row * weight_columns() + k;
  let codes = bytes_of(weight[element / 32 * 4 + k % 16 / 4] >> (k % 32 / 16 * 4)) & vec4u(15);
  let step = unpack2x16float(weight_scales[element / GROUP]);
  return (vec4f(codes) - step.y) * step.x;
}

fn load_weight(row: u32, k: u32) -> f32 {
  return load_weight4(row, k - k % 4)[k % 4];
}
