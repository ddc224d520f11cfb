// with: lib/wide-scaled, lib/packed, lib/six-bit-steps
// As lib/wide/q4-k, an eighth of a block at a time: for several rows of x, which take many registers.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<vec4u>;

const WIDE: u32 = 32;

// The codes of four elements in a word of them, from bit `shift` of each byte on, as numbers.
fn codes_of(word: u32, shift: u32) -> vec4f {
  return vec4f((bytes_of(word) >> vec4u(shift)) & vec4u(15));
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / 256) + i / 8;
  let group = i % 8;
  let shift = group % 2 * 4;
  let low = weight[block * 8 + group / 2 * 2];
  let high = weight[block * 8 + group / 2 * 2 + 1];
  let step = six_bit_steps(weight_scales[block], group);
  return Wide(
    codes_of(low.x, shift) * step.x - step.y,
    codes_of(low.y, shift) * step.x - step.y,
    codes_of(low.z, shift) * step.x - step.y,
    codes_of(low.w, shift) * step.x - step.y,
    codes_of(high.x, shift) * step.x - step.y,
    codes_of(high.y, shift) * step.x - step.y,
    codes_of(high.z, shift) * step.x - step.y,
    codes_of(high.w, shift) * step.x - step.y,
  );
}
