// with: lib/products
// Shared by the parts of the slot lib/wide that load whole blocks with one scale: the sum of a block is scaled once.

const QUADS: u32 = WIDE / 4;
struct Wide { numbers: array<vec4f, QUADS>, scale: f32 }

fn add_wide(x: array<vec4f, QUADS>, w: Wide, sum: f32) -> f32 {
  var block = 0.0;
  for (var q = 0u; q < QUADS; q++) { block = add_dot(x[q], w.numbers[q], block); }
  return fma(w.scale, block, sum);
}
