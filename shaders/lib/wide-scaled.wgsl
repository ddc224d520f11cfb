// with: lib/products
// What parts of the slot lib/wide share that hold their elements as f32, in order.

const QUADS: u32 = WIDE / 4;
alias Wide = array<vec4f, QUADS>;

fn add_wide(x: array<vec4f, QUADS>, w: Wide, sum: f32) -> f32 {
  var total = sum;
  for (var q = 0u; q < QUADS; q++) { total = add_dot(x[q], w[q], total); }
  return total;
}
