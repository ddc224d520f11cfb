// with: moe/glu/swiglu
// Stores four results as they are, or, GATED, as two: pairs of a gate and the value that it scales (Shazeer 2020).

const GATED: bool = true;

fn store4(row: u32, column: u32, sums: vec4f) {
  if (GATED) {
    let first = row * (params.n / 2) + column / 2;
    z[first] = gated(sums.x, sums.y);
    z[first + 1] = gated(sums.z, sums.w);
    return;
  }
  let first = row * params.n + column;
  for (var i = 0u; i < 4; i++) { z[first + i] = sums[i]; }
}
