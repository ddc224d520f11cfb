// Common to the kernels of this folder: the sizes, and where the elements of a and b lie in memory. a and b
// are views: a transposed matrix is the same memory with its strides swapped, and a matrix that serves a
// whole batch has a stride of 0 along it. So the same text computes A·B, A·Bᵀ and Aᵀ·B.

struct Params {
  batch: u32, h: u32,  // products to compute, and how many of them the inner of two batch axes has
  m: u32, k: u32, n: u32,
  a_first: u32, a_batch: u32, a_h: u32, a_row: u32, a_i: u32,     // where it begins, and its strides, in elements
  b_first: u32, b_batch: u32, b_h: u32, b_i: u32, b_column: u32,
}

@group(0) @binding(3) var<uniform> params: Params;

// Where the matrices of a product begin.
fn a_start(batch: u32) -> u32 {
  return params.a_first + batch / params.h * params.a_batch + batch % params.h * params.a_h;
}

fn b_start(batch: u32) -> u32 {
  return params.b_first + batch / params.h * params.b_batch + batch % params.h * params.b_h;
}

// Where an element lies in the matrix that begins at start.
fn a_index(start: u32, row: u32, i: u32) -> u32 {
  return start + row * params.a_row + i * params.a_i;
}

fn b_index(start: u32, i: u32, column: u32) -> u32 {
  return start + i * params.b_i + column * params.b_column;
}
