// with: moe/glu/swiglu
// Results come in pairs, a gate and what it lets through, of which one number is left (Shazeer 2020).

fn store4(row: u32, column: u32, sums: vec4f) {
  let first = row * (params.n / 2) + column / 2;
  z[first] = gated(sums.x, sums.y);
  z[first + 1] = gated(sums.z, sums.w);
}
