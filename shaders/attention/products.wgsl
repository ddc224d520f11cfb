// The step of matrix products by vectors:  sum + factors · (x, y, z, w), where x to w are pieces of four rows of a matrix.

fn add_products(factors: vec4f, x: vec4f, y: vec4f, z: vec4f, w: vec4f, sum: vec4f) -> vec4f {
  let first = fma(vec4f(factors.y), y, fma(vec4f(factors.x), x, sum));
  return fma(vec4f(factors.w), w, fma(vec4f(factors.z), z, first));
}
