// with: attention/views
// Keys and values as signed halves of bytes, eight to a u32, and one scale for each 32 of a row:  value = half · scale
// (blocks as llama.cpp's Q4_0 has them; the scale may be negative). `row` is the first word of a row, as the address
// part gives it, and i counts the row's vectors of four. Rows of scales lie as those of k and v.

struct Scales { k_first: u32, v_first: u32 }  // the scale of the row at views.k_first, and of that at views.v_first

@group(0) @binding(1) var<storage, read> k: array<u32>;        // [b, g, s, d / 8]
@group(0) @binding(2) var<storage, read> v: array<u32>;        // [b, g, s, dv / 8]
@group(3) @binding(4) var<storage, read> kScale: array<f32>;   // [b, g, s, d / 32]
@group(3) @binding(5) var<storage, read> vScale: array<f32>;   // [b, g, s, dv / 32]
@group(3) @binding(6) var<uniform> scales: Scales;

// Four of the eight, in vector i of a row: the lower half of a word is the first.
fn signed_halves(word: u32, i: u32) -> vec4f {
  let four = word >> (i % 2 * 16);
  return vec4f(bitcast<vec4i>(vec4u(four << 28, four << 24, four << 20, four << 16)) >> vec4u(28));
}

fn load_k4(row: u32, i: u32) -> vec4f {
  let word = row + i / 2;
  return signed_halves(k[word], i) * kScale[scales.k_first + (word - views.k_first) / 4];
}

fn load_v4(row: u32, i: u32) -> vec4f {
  let word = row + i / 2;
  return signed_halves(v[word], i) * vScale[scales.v_first + (word - views.v_first) / 4];
}
