// with: lib/packed/codes
// The scale of group j of a block of ggml's Q3_K, from the 16 bytes that its sixteen groups share: the lower four bits
// of a group's six in eight bytes, the upper two in four, and a number of f16 that multiplies all.

fn six_bit_scale(shared_bytes: vec4u, j: u32) -> f32 {
  let lower = (select(shared_bytes.x, shared_bytes.y, j % 8 >= 4) >> (j % 4 * 8 + j / 8 * 4)) & 15;
  let upper = (shared_bytes.z >> (j % 4 * 8 + j / 4 * 2)) & 3;
  return half_of(shared_bytes.w, 0) * (f32(lower | (upper << 4)) - 32);
}
