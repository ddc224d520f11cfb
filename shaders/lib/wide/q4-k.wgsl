// with: lib/wide-scaled, lib/packed, lib/six-bit-steps
// Weights stored as ggml's Q4_K (lib/weight/q4-k), a quarter of a block at a time: two groups of 32 codes in the halves
// of 32 bytes, and the block's scales.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<vec4u>;

const WIDE: u32 = 64;

// The codes of four elements in a word of them, from bit `shift` of each byte on, as numbers.
fn codes_of(word: u32, shift: u32) -> vec4f {
  return vec4f((bytes_of(word) >> vec4u(shift)) & vec4u(15));
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / 256) + i / 4;
  let group = i % 4 * 2;
  let low = weight[block * 8 + group];
  let high = weight[block * 8 + group + 1];
  let steps = weight_scales[block];
  let first = six_bit_steps(steps, group);
  let second = six_bit_steps(steps, group + 1);
  return Wide(
    codes_of(low.x, 0) * first.x - first.y,
    codes_of(low.y, 0) * first.x - first.y,
    codes_of(low.z, 0) * first.x - first.y,
    codes_of(low.w, 0) * first.x - first.y,
    codes_of(high.x, 0) * first.x - first.y,
    codes_of(high.y, 0) * first.x - first.y,
    codes_of(high.z, 0) * first.x - first.y,
    codes_of(high.w, 0) * first.x - first.y,
    codes_of(low.x, 4) * second.x - second.y,
    codes_of(low.y, 4) * second.x - second.y,
    codes_of(low.z, 4) * second.x - second.y,
    codes_of(low.w, 4) * second.x - second.y,
    codes_of(high.x, 4) * second.x - second.y,
    codes_of(high.y, 4) * second.x - second.y,
    codes_of(high.z, 4) * second.x - second.y,
    codes_of(high.w, 4) * second.x - second.y,
  );
}
