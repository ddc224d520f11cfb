// with: lib/packed/wide-block, lib/packed/codes, lib/touch/vectors
// Weights stored as signed bytes with a scale for each row (lib/weight/int8-channel), 16 at a time.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<f32>;

const WIDE: u32 = 16;

// The signed bytes of a word as numbers.
fn signed_bytes(word: u32) -> vec4f {
  return vec4f(bitcast<vec4i>(bytes_of(word) << vec4u(24)) >> vec4u(24));
}

fn load_wide(row: u32, i: u32) -> Wide {
  let words = weight[row * (weight_columns() / WIDE) + i];
  let numbers = array(
    signed_bytes(words.x),
    signed_bytes(words.y),
    signed_bytes(words.z),
    signed_bytes(words.w),
  );
  return Wide(numbers, weight_scales[row]);
}
