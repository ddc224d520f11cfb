// A query sees the keys of the blocks that a map marks, mask_params.size positions by as many; nothing outside of the
// map. Batch rows and heads may share it: their strides are 0 then. A position before the beginning is large as u32.

struct MaskParams { batch: u32, head: u32, rows: u32, columns: u32, size: u32 }

@group(2) @binding(0) var<uniform> mask_params: MaskParams;
@group(2) @binding(1) var<storage, read> map: array<u32>;  // [b or 1, h or 1, rows, columns]

fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  let row = q / mask_params.size;
  let column = k / mask_params.size;
  if (row >= mask_params.rows || column >= mask_params.columns) { return false; }
  let first = b * mask_params.batch + h * mask_params.head;
  return map[first + row * mask_params.columns + column] != 0;
}

// The half-open range of existing keys that queries first to last may see in any head.
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  return vec2u(0, min(keys, mask_params.columns * mask_params.size));
}

// True of no tile: only testing every pair could show it.
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return false;
}
