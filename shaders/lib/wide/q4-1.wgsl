// with: lib/wide-scaled, lib/packed
// Weights stored as ggml's Q4_1 (lib/weight/q4-1), a block at a time: 32 codes in 16 bytes, a scale and a minimum.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

const WIDE: u32 = 32;

// The codes of four elements in a word of them, from bit `shift` of each byte on, as numbers.
fn codes_of(word: u32, shift: u32) -> vec4f {
  return vec4f((bytes_of(word) >> vec4u(shift)) & vec4u(15));
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / WIDE) + i;
  let words = weight[block];
  let step = unpack2x16float(weight_scales[block]);
  return Wide(
    codes_of(words.x, 0) * step.x + step.y,
    codes_of(words.y, 0) * step.x + step.y,
    codes_of(words.z, 0) * step.x + step.y,
    codes_of(words.w, 0) * step.x + step.y,
    codes_of(words.x, 4) * step.x + step.y,
    codes_of(words.y, 4) * step.x + step.y,
    codes_of(words.z, 4) * step.x + step.y,
    codes_of(words.w, 4) * step.x + step.y,
  );
}
