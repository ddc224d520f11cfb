// Vectors of a head whose elements are rotated together, where element i is rotated with element i + pairs: the first
// elements of four pairs are a vector, and so are the second.

fn quad_vectors(i: u32) -> vec2u {
  return vec2u(i, params.pairs + i);
}

fn pairs_of(vectors: mat2x4f) -> mat2x4f {
  return vectors;
}

fn vectors_of(pairs: mat2x4f) -> mat2x4f {
  return pairs;
}
