// with: lib/numbers/window-grid
// A query sees the mask_params.height by mask_params.width positions around its own, in a grid of mask_params.rows by
// mask_params.columns positions, row after row; at the border the window is shifted, not cut, so that all see as many
// (NATTEN, Hassani et al. 2023). Both axes have the same stride, dilation and form; lib/numbers/window says what these
// are. Positions are u32 in two's complement; those outside of the grid neither see nor are seen.

struct MaskParams {
  rows: u32,
  columns: u32,
  height: u32,
  width: u32,
  stride: u32,
  dilation: u32,
  causal: u32,
}

@group(2) @binding(0) var<uniform> mask_params: MaskParams;

fn grid_of_positions() -> WindowGrid {
  let given = mask_params;
  return WindowGrid(
    Window(1, 1, 1, 1, 0),
    Window(given.rows, given.height, given.stride, given.dilation, given.causal),
    Window(given.columns, given.width, given.stride, given.dilation, given.causal),
  );
}

fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  return max(q, k) < mask_params.rows * mask_params.columns && grid_has(grid_of_positions(), q, k);
}

// The half-open range of existing keys that queries first to last may see in any head.
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  let begin = u32(max(i32(first), 0));
  let end = min(u32(max(i32(last) + 1, 0)), mask_params.rows * mask_params.columns);
  if (begin >= end) { return vec2u(0, 0); }
  return min(grid_range(grid_of_positions(), begin, end - 1), vec2u(keys));
}

// True if every one of these queries sees every one of these keys, in every head.
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return i32(first_query) >= 0 && max(last_query, last_key) < mask_params.rows * mask_params.columns
    && grid_full(grid_of_positions(), first_query, last_query, first_key, last_key);
}
