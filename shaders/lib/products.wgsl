// Steps of matrix products by vectors of four. fma leaves compilers no choice of rounding, and the order is always that
// of the elements: kernels that add up in these steps agree bitwise.

// sum + a · b, a dot product continued.
fn add_dot(a: vec4f, b: vec4f, sum: f32) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}

// sum + weight · values, without keys of weight 0: the mask hides them, so they may hold NaN, and 0 · NaN is NaN.
fn add_weighted(weight: f32, values: vec4f, sum: vec4f) -> vec4f {
  return select(fma(vec4f(weight), values, sum), sum, weight == 0.0);
}

// sum + factors · (x, y, z, w), where x to w are pieces of four rows of a matrix.
fn add_products(factors: vec4f, x: vec4f, y: vec4f, z: vec4f, w: vec4f, sum: vec4f) -> vec4f {
  let first = fma(vec4f(factors.y), y, fma(vec4f(factors.x), x, sum));
  return fma(vec4f(factors.w), w, fma(vec4f(factors.z), z, first));
}
