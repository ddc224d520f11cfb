// with: lib/packed/wide-block, lib/packed/codes, lib/touch/vectors
// Weights stored as ggml's Q8_0 (lib/weight/q8-0), a block at a time: 32 signed bytes in 32 bytes, and their scale.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

const WIDE: u32 = 32;

// The signed bytes of a word as numbers.
fn signed_bytes(word: u32) -> vec4f {
  return vec4f(bitcast<vec4i>(bytes_of(word) << vec4u(24)) >> vec4u(24));
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / WIDE) + i;
  let first = weight[2 * block];
  let second = weight[2 * block + 1];
  let scale = half_of(weight_scales[block / 2], block);
  let numbers = array(
    signed_bytes(first.x),
    signed_bytes(first.y),
    signed_bytes(first.z),
    signed_bytes(first.w),
    signed_bytes(second.x),
    signed_bytes(second.y),
    signed_bytes(second.z),
    signed_bytes(second.w),
  );
  return Wide(numbers, scale);
}
