// with: attention/views
// Keys and values as signed bytes, four to a u32, and one scale for each row of a head:  value = byte · scale  (KIVI,
// Liu et al. 2024, section 3.2, calls it per token). `row` is the first word of a row, as the address part gives it,
// and i counts the row's vectors of four. Rows of scales lie as those of k and v.

struct Scales { k_first: u32, v_first: u32 }  // the scale of the row at views.k_first, and of that at views.v_first

@group(0) @binding(1) var<storage, read> k: array<u32>;        // [b, g, s, d / 4]
@group(0) @binding(2) var<storage, read> v: array<u32>;        // [b, g, s, dv / 4]
@group(3) @binding(4) var<storage, read> kScale: array<f32>;   // [b, g, s]
@group(3) @binding(5) var<storage, read> vScale: array<f32>;   // [b, g, s]
@group(3) @binding(6) var<uniform> scales: Scales;

// The lowest byte is the first.
fn signed_bytes(word: u32) -> vec4f {
  return vec4f(bitcast<vec4i>(vec4u(word << 24, word << 16, word << 8, word)) >> vec4u(24));
}

fn load_k4(row: u32, i: u32) -> vec4f {
  return signed_bytes(k[row + i]) * kScale[scales.k_first + (row - views.k_first) / (HEAD_WIDTH / 4)];
}

fn load_v4(row: u32, i: u32) -> vec4f {
  return signed_bytes(v[row + i]) * vScale[scales.v_first + (row - views.v_first) / (VALUE_WIDTH / 4)];
}
