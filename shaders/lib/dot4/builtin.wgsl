requires packed_4x8_integer_dot_product;
// The dot product of four signed bytes with four others, which some GPUs compute in one instruction.

fn dot_bytes(a: u32, b: u32) -> i32 {
  return dot4I8Packed(a, b);
}
