// with: lib/packed/wide-offset-codes, lib/packed/six-bit-steps, lib/touch/vectors
// As lib/wide/q4-k, an eighth of a block at a time: for several rows of x, which take many registers.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<vec4u>;

const WIDE: u32 = 32;
const GROUP: u32 = 32;
const CODE: u32 = 0xf;

// The codes of four elements, less 8, in a word of them, from bit `shift` of each byte on.
fn codes_of(word: u32, shift: u32) -> vec4f {
  return bytes_in_place(word >> shift, 8);
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / 256) + i / 8;
  let group = i % 8;
  let shift = group % 2 * 4;
  let low = weight[block * 8 + group / 2 * 2];
  let high = weight[block * 8 + group / 2 * 2 + 1];
  let step = six_bit_steps(weight_scales[block], group);
  let codes = array(
    codes_of(low.x, shift),
    codes_of(low.y, shift),
    codes_of(low.z, shift),
    codes_of(low.w, shift),
    codes_of(high.x, shift),
    codes_of(high.y, shift),
    codes_of(high.z, shift),
    codes_of(high.w, shift),
  );
  return Wide(codes, array(step.x), array(fma(8, step.x, -step.y)));
}
