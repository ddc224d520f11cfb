// with: lib/products
// Weights stored as ggml's Q8_0 (lib/weight/q8-0), a block at a time: 32 signed bytes in 32 bytes, and their scale.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

const WIDE: u32 = 32;
const QUADS: u32 = WIDE / 4;
struct Wide { codes: array<vec4u, 2>, scale: f32 }

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / WIDE) + i;
  let scale = unpack2x16float(weight_scales[block / 2] >> (block % 2 * 16)).x;
  return Wide(array(weight[2 * block], weight[2 * block + 1]), scale);
}

// The sum of a block is scaled once.
fn add_wide(x: array<vec4f, QUADS>, w: Wide, sum: f32) -> f32 {
  var block = 0.0;
  for (var q = 0u; q < QUADS; q++) {
    let word = w.codes[q / 4][q % 4];
    block = add_dot(x[q], vec4f(bitcast<vec4i>(vec4u(word << 24, word << 16, word << 8, word)) >> vec4u(24)), block);
  }
  return fma(w.scale, block, sum);
}
