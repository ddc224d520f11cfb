// Where element i of the result lies in a tensor: all tensors have the result's shape and no gaps.

fn element(i: u32, first: u32, strides: vec4u) -> u32 {
  return first + i;
}
