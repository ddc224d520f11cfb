// with: lib/packed/bytes-in-place
// Shared by the parts of the slot lib/wide that load codes with a scale for each GROUP of them: a group's sum is scaled
// once.

const QUADS: u32 = WIDE / 4;
const GROUPS: u32 = WIDE / GROUP;
struct Wide { codes: array<vec4f, QUADS>, scales: array<f32, GROUPS> }

fn add_wide(x: array<vec4f, QUADS>, w: Wide, sum: f32) -> f32 {
  var total = sum;
  for (var g = 0u; g < GROUPS; g++) {
    var products = vec4f();
    for (var q = g * GROUP / 4; q < (g + 1) * GROUP / 4; q++) { products = fma(x[q], w.codes[q], products); }
    total = fma(w.scales[g], sum_in_place(products), total);
  }
  return total;
}
