// with: lib/numbers/window
// Windows in a grid of frames, rows and columns, whose cells are numbered along the columns first, then the rows: a cell
// sees those that are in the windows of all three axes. The axes of a grid in two dimensions are one frame, rows and
// columns.

struct WindowGrid { frames: Window, rows: Window, columns: Window }
struct Corners { begin: vec3u, end: vec3u }

// Frame, row and column of a cell.
fn place_of(grid: WindowGrid, cell: u32) -> vec3u {
  let row = cell / grid.columns.length;
  return vec3u(row / grid.rows.length, row % grid.rows.length, cell % grid.columns.length);
}

// True if the query in cell q sees the keys in cell k.
fn grid_has(grid: WindowGrid, q: u32, k: u32) -> bool {
  let query = place_of(grid, q);
  let key = place_of(grid, k);
  return window_has(grid.columns, query.z, key.z) && window_has(grid.rows, query.y, key.y)
    && window_has(grid.frames, query.x, key.x);
}

// The first and last places of cells first to last, along each axis: all rows or columns, where they span several.
fn corners_of(grid: WindowGrid, first: u32, last: u32) -> Corners {
  var begin = place_of(grid, first);
  var end = place_of(grid, last);
  let frames_differ = begin.x != end.x;
  if (frames_differ || begin.y != end.y) {
    begin.z = 0;
    end.z = grid.columns.length - 1;
  }
  if (frames_differ) {
    begin.y = 0;
    end.y = grid.rows.length - 1;
  }
  return Corners(begin, end);
}

// A half-open range of cells that holds all that cells first to last see.
fn grid_range(grid: WindowGrid, first: u32, last: u32) -> vec2u {
  let cells = corners_of(grid, first, last);
  let frames = window_range(grid.frames, cells.begin.x, cells.end.x);
  let rows = window_range(grid.rows, cells.begin.y, cells.end.y);
  let columns = window_range(grid.columns, cells.begin.z, cells.end.z);
  return vec2u((frames.x * grid.rows.length + rows.x) * grid.columns.length + columns.x,
    ((frames.y - 1) * grid.rows.length + rows.y - 1) * grid.columns.length + columns.y);
}

// True if cells first to last all see cells first_key to last_key; with dilation always false.
fn grid_full(grid: WindowGrid, first: u32, last: u32, first_key: u32, last_key: u32) -> bool {
  let queries = corners_of(grid, first, last);
  let keys = corners_of(grid, first_key, last_key);
  return window_full(grid.columns, queries.begin.z, queries.end.z, keys.begin.z, keys.end.z)
    && window_full(grid.rows, queries.begin.y, queries.end.y, keys.begin.y, keys.end.y)
    && window_full(grid.frames, queries.begin.x, queries.end.x, keys.begin.x, keys.end.x);
}
