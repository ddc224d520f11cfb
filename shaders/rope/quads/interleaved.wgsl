// Vectors of a head whose elements are rotated together, where neighbours are pairs: a vector has two pairs.

fn quad_vectors(i: u32) -> vec2u {
  return vec2u(2 * i, 2 * i + 1);
}

fn pairs_of(vectors: mat2x4f) -> mat2x4f {
  return mat2x4f(vec4f(vectors[0].xz, vectors[1].xz), vec4f(vectors[0].yw, vectors[1].yw));
}

fn vectors_of(pairs: mat2x4f) -> mat2x4f {
  return mat2x4f(
    vec4f(pairs[0].x, pairs[1].x, pairs[0].y, pairs[1].y),
    vec4f(pairs[0].z, pairs[1].z, pairs[0].w, pairs[1].w),
  );
}
