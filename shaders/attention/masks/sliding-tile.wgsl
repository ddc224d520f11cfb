// with: lib/numbers/window-grid
// A query sees the tiles around its own, mask_params.height by mask_params.width of mask_params.rows by
// mask_params.columns, each of mask_params.size positions in a row; at the border the window is shifted, not cut (STA,
// Zhang et al. 2025). Of a video, mask_params.frames such planes of tiles follow one another, and a query sees
// mask_params.depth of them. After the last tile there are mask_params.text positions of a text, which see all and which
// all see. Positions are u32 in two's complement; those after the text neither see nor are seen.

struct MaskParams {
  size: u32,
  rows: u32,
  columns: u32,
  height: u32,
  width: u32,
  frames: u32,
  depth: u32,
  text: u32,
}

@group(2) @binding(0) var<uniform> mask_params: MaskParams;

fn grid_of_tiles() -> WindowGrid {
  let given = mask_params;
  return WindowGrid(
    Window(given.frames, given.depth, 1, 1, 0),
    Window(given.rows, given.height, 1, 1, 0),
    Window(given.columns, given.width, 1, 1, 0),
  );
}

// Where the text begins.
fn tiled_positions() -> u32 {
  return mask_params.frames * mask_params.rows * mask_params.columns * mask_params.size;
}

fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  let text = tiled_positions();
  if (max(q, k) >= text) { return max(q, k) < text + mask_params.text; }
  return grid_has(grid_of_tiles(), q / mask_params.size, k / mask_params.size);
}

// The half-open range of existing keys that queries first to last may see in any head.
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  let text = tiled_positions();
  let begin = u32(max(i32(first), 0));
  let end = min(u32(max(i32(last) + 1, 0)), text + mask_params.text);
  if (begin >= end) { return vec2u(0, 0); }
  var range = vec2u(0, text);
  if (end <= text) {
    range = grid_range(grid_of_tiles(), begin / mask_params.size, (end - 1) / mask_params.size) * mask_params.size;
  }
  if (mask_params.text > 0) { range.y = text + mask_params.text; }
  return min(range, vec2u(keys));
}

// True if every one of these queries sees every one of these keys, in every head.
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  let text = tiled_positions();
  if (i32(first_query) < 0 || max(last_query, last_key) >= text + mask_params.text) { return false; }
  if (max(first_query, first_key) >= text) { return true; }
  let first_tiles = vec2u(first_query, first_key) / mask_params.size;
  let last_tiles = min(vec2u(last_query, last_key), vec2u(text - 1)) / mask_params.size;
  return grid_full(grid_of_tiles(), first_tiles.x, last_tiles.x, first_tiles.y, last_tiles.y);
}
